//! `tile`: another picture again and again over the picture.

use safelight_kernels::{self as kernels, Layer, Paint, Window};
use safelight_sdk::{ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::blends::Blend;
use crate::length::{Offset, Side};
use crate::pictures::{is_gray, joined_format, only};
use crate::placement::{checked, resized};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to repeat: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// Width of a tile: whole pixels, or a percentage such as "50%" of the picture's width. When only one of width
    /// and height is given the tile keeps its proportions; without both `scale` counts.
    #[serde(default)]
    width: Option<Side>,
    /// Height of a tile.
    #[serde(default)]
    height: Option<Side>,
    /// Size of a tile against the image, when neither width nor height is given.
    #[serde(default = "full")]
    #[schemars(range(min = 0.01, max = 100.0))]
    scale: f64,
    /// Where the corner of one tile lies: pixels, or a percentage of the picture's width.
    #[serde(default = "nothing")]
    x: Offset,
    /// The same downwards; percentages are of the picture's height.
    #[serde(default = "nothing")]
    y: Offset,
    /// Free space between tiles side by side, in pixels.
    #[serde(default)]
    #[schemars(range(min = 0, max = 65535))]
    gap_x_px: u32,
    /// Free space between rows of tiles, in pixels.
    #[serde(default)]
    #[schemars(range(min = 0, max = 65535))]
    gap_y_px: u32,
    /// How far each row is shifted to the right against the one above, as a share of a tile with its gap: 0.5 lays
    /// bricks.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    row_shift: f64,
    /// How the tiles join with the picture: an operator of Porter and Duff, a blend mode, or one channel.
    #[serde(default)]
    blend: Blend,
    /// What the tiles' alpha is multiplied with.
    #[serde(default = "full")]
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
}

fn full() -> f64 {
    1.0
}

fn nothing() -> Offset {
    Offset::ZERO
}

/// The most pixels of a tile: a larger one is hardly repeated.
const MOST_PIXELS: u64 = 1 << 24;

/// Covers the whole picture with copies of another one. The result has the picture's size.
///
/// Tiles are scaled by Lanczos3, each by itself; maths, rounding and formats as in `composite`.
pub(crate) struct Tile;

impl Transform for Tile {
    const NAME: &'static str = "tile";
    const SUMMARY: &'static str = "Covers the picture with copies of another one.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        size(params, input, images[0])?;
        params.x.of("x", input.width)?;
        params.y.of("y", input.height)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let size = size(params, picture.size(), image.size())?;
        let origin = (params.x.of("x", picture.width)?, params.y.of("y", picture.height)?);
        let window = Window::whole(image.width, image.height);
        let tile = to_format(resized(image, window, size), PixelFormat::Rgba8);
        let blend = params.blend.kernel();
        let format = joined_format(picture.format, is_gray(&tile), blend);
        let mut picture = to_format(picture, format);
        let step = (size.width + params.gap_x_px, size.height + params.gap_y_px);
        let shift = (f64::from(step.0) * params.row_shift).round() as i64;
        let layer = Layer { pixels: &tile.pixels, size: (tile.width, tile.height) };
        let paint = Paint { blend, opacity: params.opacity, keeps_outside: false };
        let whole = (picture.width, picture.height);
        kernels::tile(&mut picture.pixels, whole, format.bytes(), layer, (origin, step, shift), paint);
        Ok(picture.into())
    }
}

fn size(params: &Params, picture: Size, image: Size) -> Result<Size, Refusal> {
    let width = params.width.as_ref().map(|width| width.of("width", picture.width)).transpose()?;
    let height = params.height.as_ref().map(|height| height.of("height", picture.height)).transpose()?;
    let (across, down) = (f64::from(image.width), f64::from(image.height));
    let size = match (width, height) {
        (Some(width), Some(height)) => checked(width as f64, height as f64),
        (Some(width), None) => checked(width as f64, down * width as f64 / across),
        (None, Some(height)) => checked(across * height as f64 / down, height as f64),
        (None, None) => checked(across * params.scale, down * params.scale),
    }?;
    if size.pixels() > MOST_PIXELS {
        let message = format!("a tile would be {size} px, expected at most {MOST_PIXELS} pixels");
        return Err(Refusal::params("", message));
    }
    Ok(size)
}
