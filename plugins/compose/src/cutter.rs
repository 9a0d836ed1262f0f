//! `cutter`: the shape of another picture cut out of the picture.

use safelight_kernels::{Blend, Paint};
use safelight_sdk::{ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{lay, only};
use crate::placement::{Canvas, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture whose alpha is the shape: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    #[serde(flatten)]
    placement: Placement,
    /// Which part of the picture is left.
    #[serde(default)]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// The part under the shape.
    #[default]
    Keep,
    /// All but the part under the shape.
    Remove,
}

/// Cuts by the alpha of a shape: the picture's alpha is multiplied by it, or by what is left to full. The
/// result has alpha, and the picture's size. Placement and rounding as in `composite`.
pub(crate) struct Cutter;

impl Transform for Cutter {
    const NAME: &'static str = "cutter";
    const SUMMARY: &'static str = "Cuts the shape of another picture's alpha out of the picture.";
    const KIND: Kind = Kind::Compose;
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(params.placement.layout(input, images[0], Canvas::Keep)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (mut picture, image) = (input.image, only(input.images));
        let layout = params.placement.layout(picture.size(), image.size(), Canvas::Keep)?;
        let (shape, at) = layout.shown(image);
        let blend = match params.mode {
            Mode::Keep => Blend::DstIn,
            Mode::Remove => Blend::DstOut,
        };
        lay(&mut picture, &shape, at, Paint { blend, opacity: 1.0, keeps_outside: false });
        Ok(picture.into())
    }
}
