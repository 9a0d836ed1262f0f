//! `flatten`: no transparency.

use safelight_sdk::{Color, Image, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour behind the picture. Its own opacity is ignored.
    color: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { color: Color::WHITE }
    }
}

/// Composites the picture over a colour, in sRGB values, rounded to nearest. What has no alpha stays.
pub(crate) struct Flatten;

impl Transform for Flatten {
    const NAME: &'static str = "flatten";
    const SUMMARY: &'static str = "Puts a colour behind a transparent picture.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        if image.format != PixelFormat::Rgba8 {
            return Ok(image.into());
        }
        let mut pixels = Image::room(image.size(), PixelFormat::Rgb8);
        let behind = params.color.rgba.map(u32::from);
        for [red, green, blue, alpha] in image.pixels.as_chunks::<4>().0 {
            let alpha = u32::from(*alpha);
            let over = |value: u8, channel: usize| {
                ((u32::from(value) * alpha + behind[channel] * (255 - alpha) + 127) / 255) as u8
            };
            pixels.extend_from_slice(&[over(*red, 0), over(*green, 1), over(*blue, 2)]);
        }
        Ok(Image::new(image.width, image.height, PixelFormat::Rgb8, pixels).into())
    }
}
