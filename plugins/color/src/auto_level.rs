//! `auto_level`: the darkest value to black, the lightest to white.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::stretched;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Each channel by its own ends, which takes away a colour cast, instead of all by those of luma.
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

/// Spreads the values that occur over the whole range; nothing is cut off.
pub(crate) struct AutoLevel;

impl Transform for AutoLevel {
    const NAME: &'static str = "auto_level";
    const SUMMARY: &'static str = "Stretches the values that occur over the whole range.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { per_channel, blend } = *params;
        Ok(stretched(input.image, per_channel, |histogram| kernels::ends(histogram, 0, 0), blend).into())
    }
}
