//! `watermark`: a mark in a corner or all over.

use safelight_kernels::{self as kernels, Blend, Interpolation, Layer, Paint, Window};
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::{is_gray, joined_format, lay, only};
use crate::placement::{Gravity, checked, resized};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The mark: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// Towards which side or corner of the picture the mark lies.
    #[serde(default = "south_east")]
    gravity: Gravity,
    /// Free space between the mark and the picture's edges, or between marks when they are repeated, in pixels.
    #[serde(default = "sixteen")]
    #[schemars(range(min = 0, max = 4096))]
    margin_px: u32,
    /// The largest share of the picture's width and of its height that the mark takes.
    #[serde(default = "quarter")]
    #[schemars(range(min = 0.01, max = 1.0))]
    scale: f64,
    /// What the mark's alpha is multiplied with.
    #[serde(default = "opacity")]
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
    /// Degrees by which the mark is turned clockwise.
    #[serde(default)]
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
    /// Whether the mark is repeated all over the picture.
    #[serde(default)]
    tile: bool,
    /// Makes the mark's alpha uneven in a way that hangs on the picture, so that it is hard to take off again: 0 is
    /// not at all, 1 down to nothing here and there.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    anti_removal: f64,
}

fn south_east() -> Gravity {
    Gravity::SouthEast
}

fn sixteen() -> u32 {
    16
}

fn quarter() -> f64 {
    0.25
}

fn opacity() -> f64 {
    0.45
}

/// Lays a mark over the picture, in proportion to the picture's size. Maths and rounding as in `composite`.
///
/// A turned mark is scaled first, so that as it stands it takes no more than its share.
pub(crate) struct Watermark;

impl Transform for Watermark {
    const NAME: &'static str = "watermark";
    const SUMMARY: &'static str = "Marks the picture with another one, in a corner or all over.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(_: &Params, input: Size, _: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let mut mark = mark(params, picture.size(), image)?;
        if params.anti_removal > 0.0 {
            let seed = kernels::fingerprint(&picture.pixels);
            kernels::roughen(&mut mark.pixels, mark.width, params.anti_removal, seed);
        }
        let format = joined_format(picture.format, is_gray(&mark), Blend::Over);
        let mut picture = to_format(picture, format);
        let margin = i64::from(params.margin_px);
        let paint = Paint { opacity: params.opacity, ..Paint::OVER };
        let at = params.gravity.place(mark.size(), picture.size(), params.gravity.margins(margin));
        if params.tile {
            let (size, channels) = ((picture.width, picture.height), format.bytes());
            let step = (mark.width + params.margin_px, mark.height + params.margin_px);
            let layer = Layer { pixels: &mark.pixels, size: (mark.width, mark.height) };
            kernels::tile(&mut picture.pixels, size, channels, layer, (at, step, 0), paint);
        } else {
            lay(&mut picture, &mark, at, paint);
        }
        Ok(picture.into())
    }
}

/// The mark as RGBA, scaled and turned.
fn mark(params: &Params, picture: Size, image: Image) -> Result<Image, Refusal> {
    let (across, down) = (f64::from(image.width), f64::from(image.height));
    // The size of the turned mark, not rounded, at the image's own scale.
    let (sin, cos) = params.angle_deg.to_radians().sin_cos();
    let turned = ((across * cos).abs() + (down * sin).abs(), (across * sin).abs() + (down * cos).abs());
    let share = |length: u32, turned: f64| f64::from(length) * params.scale / turned;
    let scale = share(picture.width, turned.0).min(share(picture.height, turned.1));
    let size = checked(across * scale, down * scale)?;
    let window = Window::whole(image.width, image.height);
    let mark = to_format(resized(image, window, size), PixelFormat::Rgba8);
    if params.angle_deg % 360.0 == 0.0 {
        return Ok(mark);
    }
    let Image { mut pixels, .. } = mark;
    let (width, height) = kernels::rotated_size((size.width, size.height), params.angle_deg);
    let from = (size.width, size.height);
    let pixels = kernels::rotate(&mut pixels, from, &[0; 4], params.angle_deg, Interpolation::Bilinear);
    Ok(Image::new(width, height, PixelFormat::Rgba8, pixels))
}
