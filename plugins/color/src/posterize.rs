//! `posterize`: few levels.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many levels each channel keeps.
    #[schemars(range(min = 2, max = 256))]
    levels: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { levels: 4 }
    }
}

/// Rounds every channel to the nearest of so many evenly spaced levels; alpha stays.
pub(crate) struct Posterize;

impl Transform for Posterize {
    const NAME: &'static str = "posterize";
    const SUMMARY: &'static str = "Leaves few levels in each channel.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let steps = f64::from(params.levels - 1);
        Ok(with_curve(input.image, |value| (value * steps).round() / steps).into())
    }
}
