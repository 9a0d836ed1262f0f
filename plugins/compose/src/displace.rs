//! `displace`: pixels moved as a map says.

use safelight_kernels::{self as kernels, Beyond, Window};
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::only;
use crate::placement::resized;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The map: {"url": ...}, {"asset": ...} or {"data": ...}. Red moves across, green down; 128 moves nothing.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// How far the brightest red moves, in pixels: from that far to the right a pixel is taken; from the left when
    /// negative, or where the red is below 128.
    #[serde(default = "ten")]
    #[schemars(range(min = -4096.0, max = 4096.0))]
    x_px: f64,
    /// How far the brightest green moves, in pixels: from that far below.
    #[serde(default = "ten")]
    #[schemars(range(min = -4096.0, max = 4096.0))]
    y_px: f64,
    /// How the map covers the picture.
    #[serde(default)]
    map: Cover,
    /// What lies beyond the picture's edges.
    #[serde(default)]
    edge: Edge,
}

fn ten() -> f64 {
    10.0
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Cover {
    /// Scaled to the picture's size.
    #[default]
    Stretch,
    /// In its own size, again and again.
    Tile,
    /// In its own size in the middle; around it nothing moves.
    Center,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Edge {
    /// The nearest pixel of the picture.
    #[default]
    Repeat,
    /// The picture again, from the other side.
    Wrap,
    /// The picture mirrored.
    Mirror,
    /// Nothing: the result has alpha.
    Transparent,
}

/// Takes every pixel from where a map sends it, linear between pixels, colours premultiplied. Where the map
/// is transparent it moves less.
pub(crate) struct Displace;

impl Transform for Displace {
    const NAME: &'static str = "displace";
    const SUMMARY: &'static str = "Moves pixels as the red and the green of another picture say.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (picture, image) = (input.image, only(input.images));
        let beyond = match params.edge {
            Edge::Repeat => Beyond::Edge,
            Edge::Wrap => Beyond::Wrap,
            Edge::Mirror => Beyond::Mirror,
            Edge::Transparent => Beyond::Nothing,
        };
        let format = if params.edge == Edge::Transparent { PixelFormat::Rgba8 } else { picture.format };
        let Image { width, height, mut pixels, .. } = to_format(picture, format);
        let map = map(params.map, image, Size::new(width, height));
        let amplitude = (params.x_px, params.y_px);
        let pixels = kernels::displace(&mut pixels, (width, height), format.bytes(), &map, amplitude, beyond);
        Ok(Image::new(width, height, format, pixels).into())
    }

    fn plan_with_images(_: &Params, input: Size, _: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(input))
    }
}

/// The red and the green of the map for every pixel of the picture.
fn map(cover: Cover, image: Image, size: Size) -> Vec<[u8; 2]> {
    let image = match cover {
        Cover::Stretch => {
            let window = Window::whole(image.width, image.height);
            resized(image, window, size)
        }
        Cover::Tile | Cover::Center => image,
    };
    let image = to_format(image, PixelFormat::Rgba8);
    let (columns, rows) = (i64::from(image.width), i64::from(image.height));
    let moves = |pixel: &[u8; 4], channel: usize| {
        // Towards 128 by what is missing of alpha, rounded to nearest.
        let (value, alpha) = (i32::from(pixel[channel]) - 128, i32::from(pixel[3]));
        (128 + (value * alpha + 127 * value.signum()) / 255) as u8
    };
    let of = |pixel: &[u8; 4]| [moves(pixel, 0), moves(pixel, 1)];
    let moved: Vec<[u8; 2]> = image.pixels.as_chunks::<4>().0.iter().map(of).collect();
    if cover == Cover::Stretch {
        return moved;
    }
    let (left, top) = match cover {
        Cover::Center => {
            ((i64::from(size.width) - columns).div_euclid(2), (i64::from(size.height) - rows).div_euclid(2))
        }
        _ => (0, 0),
    };
    let inside = |at: i64, length: i64| match cover {
        Cover::Tile => Some(at.rem_euclid(length)),
        _ => Some(at).filter(|at| (0..length).contains(at)),
    };
    let mut map = Vec::with_capacity(size.pixels() as usize);
    for y in 0..i64::from(size.height) {
        let line = inside(y - top, rows);
        map.extend((0..i64::from(size.width)).map(|x| match (line, inside(x - left, columns)) {
            (Some(line), Some(column)) => moved[(line * columns + column) as usize],
            _ => [128, 128],
        }));
    }
    map
}
