//! `quantize`: few colours.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many colours the result has at most, a transparent one included.
    #[schemars(range(min = 2, max = 256))]
    colors: u32,
    /// Scatter the error so that areas keep their mean colour (Floyd and Steinberg).
    dither: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { colors: 256, dither: false }
    }
}

/// Chooses a palette for the picture and maps each pixel to it; see the kernel. Pixels under half opaque become invisible,
/// others opaque.
pub(crate) struct Quantize;

impl Transform for Quantize {
    const NAME: &'static str = "quantize";
    const SUMMARY: &'static str = "Leaves few colours.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let indexed = kernels::quantize(&image.pixels, size, channels, params.colors as usize, params.dither);
        let mut pixels = Image::room(image.size(), image.format);
        for index in indexed.indices {
            pixels.extend_from_slice(&indexed.palette[usize::from(index)][..channels]);
        }
        Ok(Image::new(image.width, image.height, image.format, pixels).into())
    }
}
