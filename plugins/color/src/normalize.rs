//! `normalize`: contrast over the whole range.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::stretched;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The share of the darkest pixels that may become black.
    #[schemars(range(min = 0.0, max = 0.5))]
    black: f64,
    /// The share of the lightest pixels that may become white.
    #[schemars(range(min = 0.0, max = 0.5))]
    white: f64,
    /// Each channel by its own ends instead of all by those of luma.
    per_channel: bool,
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { black: 0.02, white: 0.01, per_channel: false, blend: 1.0 }
    }
}

/// Spreads what remains over the whole range; the defaults are those of `-normalize` in ImageMagick. A picture of one colour
/// stays.
pub(crate) struct Normalize;

impl Transform for Normalize {
    const NAME: &'static str = "normalize";
    const SUMMARY: &'static str = "Stretches contrast; a share of the pixels is cut off at either end.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { black, white, per_channel, blend } = *params;
        let cut = move |histogram: &kernels::Histogram| {
            let total = histogram.iter().sum::<u64>() as f64;
            kernels::ends(histogram, (total * black) as u64, (total * white) as u64)
        };
        Ok(stretched(input.image, per_channel, cut, blend).into())
    }
}
