//! `brightness`: how light the picture is.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// 0 is black, 1 leaves the picture as it is, 2 doubles every value.
    #[schemars(range(min = 0.0, max = 10.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 1.0 }
    }
}

/// Multiplies every value: `amount * x`, as `brightness()` in the W3C's Filter Effects does.
pub(crate) struct Brightness;

impl Transform for Brightness {
    const NAME: &'static str = "brightness";
    const SUMMARY: &'static str = "Makes the picture darker or lighter.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(with_curve(input.image, |value| params.amount * value).into())
    }
}
