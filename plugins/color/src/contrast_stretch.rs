//! `contrast_stretch`: contrast by cutting off the rarest ends.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::stretched;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many pixels may become black.
    #[schemars(range(min = 0))]
    black_pixels: u64,
    /// How many pixels may become white.
    #[schemars(range(min = 0))]
    white_pixels: u64,
    /// How many pixels, from the darkest one on, do not become white: counted from the other end, instead of white_pixels.
    #[schemars(range(min = 0))]
    below_white_pixels: Option<u64>,
    /// Each channel by its own ends instead of all by those of luma.
    per_channel: bool,
}

/// Spreads what remains over the whole range. A picture of one colour stays.
pub(crate) struct ContrastStretch;

impl Transform for ContrastStretch {
    const NAME: &'static str = "contrast_stretch";
    const SUMMARY: &'static str = "Stretches contrast; a number of pixels is cut off at either end.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { black_pixels, white_pixels, below_white_pixels, per_channel } = *params;
        let cut = move |histogram: &kernels::Histogram| {
            let pixels: u64 = histogram.iter().sum();
            let white = below_white_pixels.map_or(white_pixels, |below| pixels.saturating_sub(below));
            kernels::ends(histogram, black_pixels, white)
        };
        Ok(stretched(input.image, per_channel, cut, 1.0).into())
    }
}
