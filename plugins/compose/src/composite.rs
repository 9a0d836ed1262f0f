//! `composite`: another picture laid over the picture.

use safelight_kernels::{self as kernels, Paint};
use safelight_sdk::{
    Color, Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::blends::Blend;
use crate::pictures::{is_gray, joined_format, lay, on_canvas, only};
use crate::placement::{Canvas, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to lay over: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    #[serde(flatten)]
    placement: Placement,
    /// How the image joins with the picture: an operator of Porter and Duff, a blend mode, or one channel.
    #[serde(default)]
    blend: Blend,
    /// What the image's alpha is multiplied with.
    #[serde(default = "full")]
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
    /// What to do when the image reaches out of the picture.
    #[serde(default)]
    canvas: Canvas,
    /// What happens where the image is not, under operators that clear there: clear, src, in, dst_in, out, dst_atop.
    #[serde(default)]
    outside: Outside,
    /// Makes the image's alpha uneven in a way that hangs on the picture, so that a mark is hard to take off again:
    /// 0 is not at all, 1 down to nothing here and there.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    anti_removal: f64,
}

fn full() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outside {
    /// The image is nothing there, so the picture vanishes.
    #[default]
    Apply,
    /// The picture stays.
    Keep,
}

/// Lays a picture over another one, by the W3C's Compositing and Blending on sRGB-encoded values.
///
/// **Sizes** are rounded half up; scaling is Lanczos3. **Rounding** of colours to nearest, once.
/// **Format.** Gray with gray stays gray. The result has alpha if the picture has, if the operator may take
/// opacity away or if the canvas grows.
pub(crate) struct Composite;

impl Transform for Composite {
    const NAME: &'static str = "composite";
    const SUMMARY: &'static str = "Lays another picture over the picture: scaled, placed, blended in many ways.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(params.placement.layout(input, images[0], params.canvas)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let layout = params.placement.layout(picture.size(), image.size(), params.canvas)?;
        let blend = params.blend.kernel();
        let image = if blend == kernels::Blend::CopyAlpha { with_alpha(image) } else { image };
        let (mut layer, at) = layout.shown(image);
        if params.anti_removal > 0.0 {
            let seed = kernels::fingerprint(&picture.pixels);
            kernels::roughen(&mut layer.pixels, layer.width, params.anti_removal, seed);
        }
        let format = match joined_format(picture.format, is_gray(&layer), blend) {
            _ if layout.grows(picture.size()) => PixelFormat::Rgba8,
            format => format,
        };
        let mut canvas = on_canvas(picture, &layout, format, Color::TRANSPARENT);
        let keeps_outside = params.outside == Outside::Keep;
        lay(&mut canvas, &layer, at, Paint { blend, opacity: params.opacity, keeps_outside });
        Ok(canvas.into())
    }
}

/// A picture with luma as alpha, where it has no alpha.
fn with_alpha(image: Image) -> Image {
    if image.format == PixelFormat::Rgba8 {
        return image;
    }
    let mut image = to_format(to_format(image, PixelFormat::Gray8), PixelFormat::Rgba8);
    image.pixels.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = pixel[0]);
    image
}
