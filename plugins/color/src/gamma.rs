//! `gamma`: how light the middle tones are.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Above 1 the middle tones become lighter, below 1 darker; 1 leaves the picture as it is.
    #[schemars(range(min = 0.1, max = 10.0))]
    gamma: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { gamma: 1.0 }
    }
}

/// Raises every value to a power: `x ^ (1 / gamma)`. Black and white stay.
pub(crate) struct Gamma;

impl Transform for Gamma {
    const NAME: &'static str = "gamma";
    const SUMMARY: &'static str = "Makes the middle tones lighter or darker.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(with_curve(input.image, |value| value.powf(1.0 / params.gamma)).into())
    }
}
