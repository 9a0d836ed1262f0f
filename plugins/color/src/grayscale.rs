//! `grayscale`: brightness without colour.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// Replaces every colour by its luma: 0.2126 R + 0.7152 G + 0.0722 B (ITU-R BT.709; the same as
/// `grayscale(1)` in CSS).
///
/// The result is a gray picture when there is no transparency, else it keeps its alpha channel.
pub(crate) struct Grayscale;

impl Transform for Grayscale {
    const NAME: &'static str = "grayscale";
    const SUMMARY: &'static str = "Makes a gray picture.";
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        match image.format {
            PixelFormat::Gray8 => {}
            PixelFormat::Rgba8 if kernels::has_transparency(&image.pixels) => kernels::grayscale(&mut image.pixels, 4),
            format => {
                let gray = kernels::luma(&image.pixels, format.bytes());
                image = Image::new(image.width, image.height, PixelFormat::Gray8, gray);
            }
        }
        Ok(image.into())
    }
}
