//! `pixelate`: large square pixels.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Side of a square in pixels of the picture.
    #[schemars(range(min = 1, max = 65535))]
    size_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { size_px: 10 }
    }
}

/// Replaces squares, counted from the top left corner, by their mean colour, in place. Squares that
/// stand over the edge are the mean of what lies inside.
pub(crate) struct Pixelate;

impl Transform for Pixelate {
    const NAME: &'static str = "pixelate";
    const SUMMARY: &'static str = "Makes large square pixels.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let size = (image.width, image.height);
        kernels::pixelate(&mut image.pixels, size, image.format.bytes(), params.size_px);
        Ok(image.into())
    }
}
