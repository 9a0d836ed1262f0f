//! `steganography_read`: finds what `steganography_hide` has hidden.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// Width of the hidden picture in pixels.
    #[schemars(range(min = 1, max = 65535))]
    width: u32,
    /// Height of the hidden picture in pixels.
    #[schemars(range(min = 1, max = 65535))]
    height: u32,
    /// The pixel of the picture, counted row by row, that has the first bit.
    #[serde(default)]
    #[schemars(range(min = 0, max = 268435456))]
    offset: u32,
    /// How many bits of each hidden pixel were kept.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 8))]
    depth_bits: u32,
}

fn eight() -> u32 {
    8
}

/// Reads a gray picture out of the lowest bits; size, offset and depth are those that it was hidden with, and
/// the picture has as many colours as then (gray or not).
pub(crate) struct SteganographyRead;

impl Transform for SteganographyRead {
    const NAME: &'static str = "steganography_read";
    const SUMMARY: &'static str = "Reads a gray picture that was hidden in the lowest bits.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let hidden = Size::new(params.width, params.height);
        if kernels::planes_needed(input.pixels(), hidden.pixels(), params.depth_bits) > 8 {
            let bits = params.depth_bits;
            let message = format!("are {hidden} px at {bits} bits, more than a picture of {input} px can hide");
            return Err(Refusal::params("", format!("width and height {message}")));
        }
        Ok(Planned::to(hidden))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let count = params.width as usize * params.height as usize;
        let found =
            kernels::reveal(&image.pixels, image.format.bytes(), count, params.offset as usize, params.depth_bits);
        Ok(Image::new(params.width, params.height, PixelFormat::Gray8, found).into())
    }
}
