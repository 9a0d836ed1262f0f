//! `dissolve`: two pictures mixed by shares.

use safelight_kernels::{self as kernels, Blend, Paint};
use safelight_sdk::{Color, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{is_gray, joined_format, lay, on_canvas, only};
use crate::placement::{Canvas, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to mix in: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    #[serde(flatten)]
    placement: Placement,
    /// What the image's alpha is multiplied with.
    #[serde(default = "quarter")]
    #[schemars(range(min = 0.0, max = 1.0))]
    image_opacity: f64,
    /// What the picture's alpha is multiplied with.
    #[serde(default = "full")]
    #[schemars(range(min = 0.0, max = 1.0))]
    picture_opacity: f64,
    /// How the two join.
    #[serde(default)]
    method: Method,
    /// What to do when the image reaches out of the picture.
    #[serde(default)]
    canvas: Canvas,
}

fn quarter() -> f64 {
    0.25
}

fn full() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// The image over the picture.
    #[default]
    Over,
    /// The sum of both, alpha as well: a cross-fade when the two opacities sum up to 1.
    Add,
}

/// Mixes two pictures: both alphas are multiplied, then one is laid over the other or both are added.
///
/// The picture's opacity counts outside the image as well. Placement, maths and rounding as in `composite`.
pub(crate) struct Dissolve;

impl Transform for Dissolve {
    const NAME: &'static str = "dissolve";
    const SUMMARY: &'static str = "Mixes another picture into the picture, by a share of each.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(params.placement.layout(input, images[0], params.canvas)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let layout = params.placement.layout(picture.size(), image.size(), params.canvas)?;
        let blend = match params.method {
            Method::Over => Blend::Over,
            Method::Add => Blend::Plus,
        };
        let (layer, at) = layout.shown(image);
        let needs_alpha = params.picture_opacity < 1.0 || layout.grows(picture.size());
        let format = match joined_format(picture.format, is_gray(&layer), blend) {
            _ if needs_alpha => PixelFormat::Rgba8,
            format => format,
        };
        let mut canvas = on_canvas(picture, &layout, format, Color::TRANSPARENT);
        if params.picture_opacity < 1.0 {
            let columns = vec![params.picture_opacity as f32; canvas.width as usize];
            kernels::fade_alpha(&mut canvas.pixels, &columns, &vec![1.0; canvas.height as usize]);
        }
        lay(&mut canvas, &layer, at, Paint { blend, opacity: params.image_opacity, keeps_outside: true });
        Ok(canvas.into())
    }
}
