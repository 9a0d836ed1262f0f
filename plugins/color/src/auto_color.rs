//! `auto_color`: contrast over the whole range, colour cast removed.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{common_ends, stretched};

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

/// Stretches each channel so that half a per cent of the pixels is cut off at either end: what was lightest becomes white, what
/// was darkest black.
pub(crate) struct AutoColor;

impl Transform for AutoColor {
    const NAME: &'static str = "auto_color";
    const SUMMARY: &'static str = "Stretches contrast and removes a colour cast.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(stretched(input.image, true, common_ends, params.blend).into())
    }
}
