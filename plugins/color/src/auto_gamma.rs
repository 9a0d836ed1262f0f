//! `auto_gamma`: middle tones in the middle.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{centred, from_histograms};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Each channel by its own mean instead of all by that of luma.
    per_channel: bool,
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { per_channel: false, blend: 1.0 }
    }
}

/// Raises values to the power that brings their mean to the middle: `ln 0.5 / ln mean`, as `-auto-gamma` in ImageMagick does.
pub(crate) struct AutoGamma;

impl Transform for AutoGamma {
    const NAME: &'static str = "auto_gamma";
    const SUMMARY: &'static str = "Brings the mean of the picture to the middle by a gamma.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { per_channel, blend } = *params;
        Ok(from_histograms(input.image, per_channel, blend, centred).into())
    }
}
