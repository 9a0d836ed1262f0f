//! `fill`: one colour over or behind the whole picture.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, PixelFormat, Refusal, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::painter::{straight, with_colors};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour.
    color: Color,
    /// 0 is invisible, 1 the colour as it is.
    #[schemars(range(min = 0, max = 1))]
    opacity: f32,
    /// Whether the colour lies behind the picture, where it is transparent, instead of over it.
    behind: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { color: Color::WHITE, opacity: 1.0, behind: false }
    }
}

/// Lays one colour over the whole picture, or behind it. Behind an opaque picture it is not seen.
///
/// A transparent picture over an opaque colour becomes a picture without alpha.
pub(crate) struct Fill;

impl Transform for Fill {
    const NAME: &'static str = "fill";
    const SUMMARY: &'static str = "Lays one colour over or behind the whole picture.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let [red, green, blue, alpha] = straight(params.color, params.opacity);
        if !params.behind {
            image = with_colors(image, &[params.color]);
            let above = [red * alpha, green * alpha, blue * alpha, alpha];
            kernels::lay_run(&mut image.pixels, image.format.bytes(), above, 1.0);
            return Ok(image.into());
        }
        if image.format == PixelFormat::Rgba8 {
            for pixel in image.pixels.as_chunks_mut::<4>().0 {
                put_behind(pixel, [red, green, blue], alpha);
            }
            if alpha >= 1.0 {
                image = to_format(image, PixelFormat::Rgb8);
            }
        }
        Ok(image.into())
    }
}

/// The pixel over a colour.
fn put_behind(pixel: &mut [u8; 4], color: [f32; 3], alpha: f32) {
    let above = f32::from(pixel[3]) / 255.0;
    let below = alpha * (1.0 - above);
    let result = above + below;
    if below > 0.0 {
        for (channel, color) in pixel.iter_mut().zip(color) {
            *channel = ((f32::from(*channel) * above + color * 255.0 * below) / result + 0.5) as u8;
        }
        pixel[3] = (result * 255.0 + 0.5) as u8;
    }
}
