//! `background`: a canvas behind the picture.

use safelight_kernels::{self as kernels, Blend, Layer, Paint};
use safelight_sdk::{
    Color, Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::{Offset, Side};
use crate::pictures::{is_gray, joined_format, lay};
use crate::placement::{Canvas, Fitting, Gravity, Layout, Placement, checked};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the result: whole pixels, or a percentage of the picture's; without it the picture's.
    width: Option<Side>,
    /// Height of the result.
    height: Option<Side>,
    /// Where the picture lies on it.
    gravity: Gravity,
    /// How far the picture lies inwards from the side that `gravity` names, to the right from the middle: pixels, or
    /// a percentage of the result's width.
    x: Offset,
    /// The same downwards, or upwards from the lower side; percentages are of the result's height.
    y: Offset,
    /// The colour behind all.
    color: Color,
    /// A picture before the colour: {"url": ...}, {"asset": ...} or {"data": ...}.
    image: Option<ImageRef>,
    /// Whether the picture itself, covering all and blurred, lies behind it instead of an image.
    blurred: bool,
    /// How an image covers the result.
    cover: ImageFit,
    /// Standard deviation of the blur of what lies behind, in pixels; below 0.1 nothing is blurred. Without it 20 when
    /// `blurred` is set, else 0.
    #[schemars(range(min = 0.0, max = 250.0))]
    sigma_px: Option<f64>,
    /// What the colours of what lies behind are multiplied with.
    #[schemars(range(min = 0.0, max = 4.0))]
    brightness: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            width: None,
            height: None,
            gravity: Gravity::Center,
            x: Offset::ZERO,
            y: Offset::ZERO,
            color: Color::WHITE,
            image: None,
            blurred: false,
            cover: ImageFit::Cover,
            sigma_px: None,
            brightness: 1.0,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ImageFit {
    /// Scaled until nothing is free, proportions kept; what stands over is cut off.
    #[default]
    Cover,
    /// Scaled to exactly the result's size.
    Stretch,
    /// As large as fits.
    Fit,
    /// In its own size, again and again.
    Tile,
}

/// Lays the picture on a canvas of a colour, of another picture or of itself blurred; these are seen where the
/// picture is transparent and around it. What reaches out of the canvas is cut off.
///
/// Scaling is Lanczos3; maths, rounding and formats as in `composite`. The result has alpha unless the colour
/// is opaque.
pub(crate) struct Background;

impl Transform for Background {
    const NAME: &'static str = "background";
    const SUMMARY: &'static str = "Lays the picture on a colour, on another picture or on itself blurred.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        if params.blurred && !images.is_empty() {
            return Err(Refusal::params("image", "is given with blurred, expected one of them"));
        }
        Ok(Planned::to(layout(params, input)?.canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let picture = input.image;
        let layout = layout(params, picture.size())?;
        let behind = if params.blurred { Some(picture.clone()) } else { input.images.into_iter().next() };
        let gray = is_gray(&picture) && behind.as_ref().is_none_or(is_gray);
        // A picture in colour may be gray by chance: its format counts.
        let gray = gray && picture.format == PixelFormat::Gray8;
        let format = joined_format(params.color.format_with(PixelFormat::Gray8), gray, Blend::Over);
        let mut canvas = Image::filled(layout.canvas, format, params.color.pixel(format));
        if let Some(behind) = behind {
            cover(params, &mut canvas, behind)?;
        }
        lay(&mut canvas, &to_format(picture, PixelFormat::Rgba8), layout.image, Paint::OVER);
        Ok(canvas.into())
    }
}

/// The canvas, and the corner of the picture on it as that of its image.
fn layout(params: &Params, picture: Size) -> Result<Layout, Refusal> {
    let width = params.width.as_ref().map(|width| width.of("width", picture.width)).transpose()?;
    let height = params.height.as_ref().map(|height| height.of("height", picture.height)).transpose()?;
    let asked = |asked: Option<i64>, length: u32| asked.map_or(f64::from(length), |asked| asked as f64);
    let canvas = checked(asked(width, picture.width), asked(height, picture.height))?;
    let shift = (params.x.of("x", canvas.width)?, params.y.of("y", canvas.height)?);
    Ok(Layout::at(canvas, picture, params.gravity.place(picture, canvas, shift)))
}

/// Lays what is behind over the colour.
fn cover(params: &Params, canvas: &mut Image, behind: Image) -> Result<(), Refusal> {
    let (size, whole) = (canvas.size(), (canvas.width, canvas.height));
    let fit = match params.cover {
        ImageFit::Cover => Fitting::Fill,
        ImageFit::Stretch => Fitting::Exact,
        ImageFit::Fit => Fitting::Fit,
        ImageFit::Tile => {
            let tile = dressed(params, to_format(behind, PixelFormat::Rgba8));
            let step = (tile.width, tile.height);
            let layer = Layer { pixels: &tile.pixels, size: step };
            let channels = canvas.format.bytes();
            kernels::tile(&mut canvas.pixels, whole, channels, layer, ((0, 0), step, 0), Paint::OVER);
            return Ok(());
        }
    };
    let placement = Placement::inside(size, fit, Gravity::Center);
    let (layer, at) = placement.layout(size, behind.size(), Canvas::Keep)?.shown(behind);
    lay(canvas, &dressed(params, layer), at, Paint::OVER);
    Ok(())
}

/// What lies behind, blurred and brightened.
fn dressed(params: &Params, mut layer: Image) -> Image {
    let sigma = params.sigma_px.unwrap_or(if params.blurred { 20.0 } else { 0.0 });
    let size = (layer.width, layer.height);
    kernels::gaussian_blur(&mut layer.pixels, size, 4, sigma);
    if params.brightness != 1.0 {
        kernels::apply_table(&mut layer.pixels, 4, &kernels::table(|value| value * params.brightness));
    }
    layer
}
