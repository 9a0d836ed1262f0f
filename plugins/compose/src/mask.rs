//! `mask`: the picture's alpha from another picture.

use safelight_kernels as kernels;
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::only;
use crate::placement::{Canvas, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Params {
    /// The mask: {"url": ...}, {"asset": ...} or {"data": ...}. The picture shows where it is bright or opaque.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    #[serde(flatten)]
    placement: Placement,
    /// What of the mask counts.
    #[serde(default)]
    source: Source,
    /// Whether the picture shows where the mask is dark or transparent instead.
    #[serde(default)]
    invert: bool,
    /// Whether the mask limits the picture's alpha or replaces it.
    #[serde(default)]
    mode: Mode,
    /// What happens to the picture where the mask is not.
    #[serde(default)]
    outside: Outside,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// Alpha if any pixel of the mask is not opaque, else luma.
    #[default]
    Auto,
    /// Alpha.
    Alpha,
    /// Luma (BT.709), multiplied by alpha.
    Luma,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// The picture's alpha is multiplied.
    #[default]
    Multiply,
    /// The picture's alpha is replaced.
    Replace,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outside {
    /// It becomes transparent.
    #[default]
    Hide,
    /// It stays as it is.
    Keep,
}

/// Makes the picture transparent where a mask says so. The result has alpha, and the picture's size.
///
/// Placement as in `composite`. Luma is that of sRGB-encoded values; all rounded to nearest.
pub(crate) struct Mask;

impl Transform for Mask {
    const NAME: &'static str = "mask";
    const SUMMARY: &'static str = "Makes the picture transparent by the luma or alpha of another picture.";
    const KIND: Kind = Kind::Compose;
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(params.placement.layout(input, images[0], Canvas::Keep)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (mut picture, image) = (input.image, only(input.images));
        let layout = params.placement.layout(picture.size(), image.size(), Canvas::Keep)?;
        let (shown, at) = layout.shown(image);
        let values = values(params, &shown);
        let width = shown.width as usize;
        for (y, row) in picture.rows_mut().enumerate() {
            let line = usize::try_from(y as i64 - at.1).ok().filter(|line| *line < shown.height as usize);
            let line = line.map_or(&[][..], |line| &values[line * width..][..width]);
            for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let value = usize::try_from(x as i64 - at.0).ok().and_then(|x| line.get(x).copied());
                pixel[3] = match (value, params.outside, params.mode) {
                    (Some(value), _, Mode::Replace) => value,
                    (Some(value), _, Mode::Multiply) => product(pixel[3], value),
                    (None, Outside::Hide, _) => 0,
                    (None, Outside::Keep, _) => pixel[3],
                };
            }
        }
        Ok(picture.into())
    }
}

/// The product of two shares of 255, rounded to nearest.
fn product(one: u8, other: u8) -> u8 {
    ((u32::from(one) * u32::from(other) + 127) / 255) as u8
}

/// The values of the mask itself.
fn values(params: &Params, mask: &Image) -> Vec<u8> {
    let pixels = mask.pixels.as_chunks::<4>().0;
    let takes_alpha = match params.source {
        Source::Alpha => true,
        Source::Luma => false,
        Source::Auto => kernels::has_transparency(&mask.pixels),
    };
    let mut values: Vec<u8> = if takes_alpha {
        pixels.iter().map(|pixel| pixel[3]).collect()
    } else {
        // Over black, which is what a transparent part of a mask means.
        let mut black = mask.pixels.clone();
        kernels::premultiply(&mut black);
        kernels::luma(&black, 4)
    };
    if params.invert {
        kernels::invert(&mut values, 1);
    }
    values
}
