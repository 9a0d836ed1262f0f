//! `median`: median of a square.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How far the square reaches to each side, in pixels; 0 changes nothing.
    #[schemars(range(min = 0, max = 127))]
    radius_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { radius_px: 1 }
    }
}

/// Replaces every channel by the median of the square around the pixel, in place: specks vanish, edges stay. It costs the same for every
/// radius from 2 on.
pub(crate) struct Median;

impl Transform for Median {
    const NAME: &'static str = "median";
    const SUMMARY: &'static str = "Takes noise away by the median of a square.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::median(&mut image.pixels, size, channels, params.radius_px);
        Ok(image.into())
    }
}
