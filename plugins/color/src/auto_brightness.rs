//! `auto_brightness`: neither too dark nor too light.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{centred, from_histograms};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { blend: 1.0 }
    }
}

/// Brings the mean of luma two thirds of the way to the middle by a gamma: all of the way would turn night into day.
pub(crate) struct AutoBrightness;

impl Transform for AutoBrightness {
    const NAME: &'static str = "auto_brightness";
    const SUMMARY: &'static str = "Makes a picture that is too dark or too light brighter or darker.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(from_histograms(input.image, false, params.blend * 2.0 / 3.0, centred).into())
    }
}
