//! `box_blur`: mean of a square.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How far the square reaches to each side, in pixels; 0 changes nothing.
    #[schemars(range(min = 0, max = 1000))]
    radius_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { radius_px: 2 }
    }
}

/// Replaces every pixel by the mean of the square around it, in place. It costs the same for every radius.
pub(crate) struct BoxBlur;

impl Transform for BoxBlur {
    const NAME: &'static str = "box_blur";
    const SUMMARY: &'static str = "Blurs by the mean of a square.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::box_blur(&mut image.pixels, size, channels, params.radius_px);
        Ok(image.into())
    }
}
