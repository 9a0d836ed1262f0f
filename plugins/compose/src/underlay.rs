//! `underlay`: another picture laid under the picture.

use safelight_kernels::{Blend, Paint};
use safelight_sdk::{Color, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::{lay, on_canvas, only};
use crate::placement::{Canvas, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to lay under: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    #[serde(flatten)]
    placement: Placement,
    /// What the image's alpha is multiplied with.
    #[serde(default = "full")]
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
    /// What to do when the image reaches out of the picture.
    #[serde(default = "grow")]
    canvas: Canvas,
}

fn full() -> f64 {
    1.0
}

fn grow() -> Canvas {
    Canvas::Grow
}

/// Lays a picture under another one: it is seen where the picture is transparent, and around it when the canvas
/// grows. Placement, maths and rounding as in `composite`.
pub(crate) struct Underlay;

impl Transform for Underlay {
    const NAME: &'static str = "underlay";
    const SUMMARY: &'static str = "Lays another picture under the picture; the canvas grows to hold both.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(params.placement.layout(input, images[0], params.canvas)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let layout = params.placement.layout(picture.size(), image.size(), params.canvas)?;
        let grows = layout.grows(picture.size());
        if !grows && picture.format != PixelFormat::Rgba8 {
            // An opaque picture hides all.
            return Ok(picture.into());
        }
        let (layer, at) = layout.shown(image);
        let mut canvas = on_canvas(picture, &layout, PixelFormat::Rgba8, Color::TRANSPARENT);
        lay(&mut canvas, &layer, at, Paint { blend: Blend::DstOver, opacity: params.opacity, keeps_outside: true });
        Ok(canvas.into())
    }
}
