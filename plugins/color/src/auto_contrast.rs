//! `auto_contrast`: contrast over the whole range, colours kept.

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

/// Stretches luma so that half a per cent of the pixels is cut off at either end, all channels alike.
pub(crate) struct AutoContrast;

impl Transform for AutoContrast {
    const NAME: &'static str = "auto_contrast";
    const SUMMARY: &'static str = "Stretches contrast without changing colours.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(stretched(input.image, false, common_ends, params.blend).into())
    }
}
