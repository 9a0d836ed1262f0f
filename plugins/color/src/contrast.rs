//! `contrast`: how far light and dark are apart.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// 0 is middle gray, 1 leaves the picture as it is, 2 doubles every distance from middle gray.
    #[schemars(range(min = 0.0, max = 10.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 1.0 }
    }
}

/// Multiplies every distance from the middle: `amount * (x - 0.5) + 0.5`, as `contrast()` in the W3C's
/// Filter Effects does.
pub(crate) struct Contrast;

impl Transform for Contrast {
    const NAME: &'static str = "contrast";
    const SUMMARY: &'static str = "Strengthens or weakens light and dark.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(with_curve(input.image, |value| params.amount * (value - 0.5) + 0.5).into())
    }
}
