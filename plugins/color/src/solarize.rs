//! `solarize`: light tones turned over.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Values above this fraction of the range are inverted.
    #[schemars(range(min = 0.0, max = 1.0))]
    level: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { level: 0.5 }
    }
}

/// Inverts what is lighter than the level, as over-exposed film does; alpha stays.
pub(crate) struct Solarize;

impl Transform for Solarize {
    const NAME: &'static str = "solarize";
    const SUMMARY: &'static str = "Inverts the light tones.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let level = params.level;
        Ok(with_curve(input.image, |value| if value > level { 1.0 - value } else { value }).into())
    }
}
