//! `polaroid`: the picture as an instant photograph lying on a table.

use safelight_kernels::{self as kernels, Blend, Interpolation, Paint};
use safelight_sdk::{Color, Image, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::{alpha_plane, coloured, lay};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Degrees by which the photograph is turned clockwise.
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
    /// Width of the frame in pixels; without it 1/25 of the longer side, at least 10.
    #[schemars(range(min = 0, max = 4096))]
    border_px: Option<u32>,
    /// Height of the frame below the picture in pixels; without it as elsewhere.
    #[schemars(range(min = 0, max = 8192))]
    bottom_px: Option<u32>,
    /// The frame's colour.
    border_color: Color,
    /// How much the paper is bent, in pixels between middle and sides; without it 1/100 of its height.
    #[schemars(range(min = 0.0, max = 1000.0))]
    bend_px: Option<f64>,
    /// The shadow's colour.
    shadow_color: Color,
    /// What the shadow's alpha is multiplied with.
    #[schemars(range(min = 0.0, max = 1.0))]
    shadow_opacity: f64,
    /// The colour behind all.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            angle_deg: -5.0,
            border_px: None,
            bottom_px: None,
            border_color: Color::opaque(0xdf, 0xdf, 0xdf),
            bend_px: None,
            shadow_color: Color::BLACK,
            shadow_opacity: 0.8,
            background: Color::TRANSPARENT,
        }
    }
}

/// Frames the picture, bends it a little, lays it over its shadow and turns it.
///
/// Frame, bend and shadow have the measures of ImageMagick's `-polaroid`: the shadow is moved by a third of
/// the frame to the right and below (below alone for a straight photograph), its blur has a standard
/// deviation of 2 pixels. The result has alpha unless the background is opaque.
pub(crate) struct Polaroid;

impl Transform for Polaroid {
    const NAME: &'static str = "polaroid";
    const SUMMARY: &'static str = "Frames the picture like an instant photograph, with a shadow, turned.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let measures = Measures::of(params, input);
        measures.shadowed.check()?;
        let size = (measures.shadowed.width, measures.shadowed.height);
        let (width, height) = kernels::rotated_size(size, params.angle_deg);
        Ok(Planned::to(Size::new(width, height)))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let measures = Measures::of(params, input.image.size());
        let paper = framed(params, to_format(input.image, PixelFormat::Rgba8), &measures);
        let mut made = shadowed(params, &paper, &measures);
        let from = (made.width, made.height);
        let (width, height) = kernels::rotated_size(from, params.angle_deg);
        if params.angle_deg % 360.0 != 0.0 {
            let pixels = kernels::rotate(&mut made.pixels, from, &[0; 4], params.angle_deg, Interpolation::Bilinear);
            made = Image::new(width, height, PixelFormat::Rgba8, pixels);
        }
        if params.background == Color::TRANSPARENT {
            return Ok(made.into());
        }
        let format = params.background.format_with(PixelFormat::Rgb8);
        let mut canvas = Image::filled(made.size(), format, params.background.pixel(format));
        lay(&mut canvas, &made, (0, 0), Paint::OVER);
        Ok(canvas.into())
    }
}

/// Standard deviation of the shadow's blur, and how far it reaches.
const SIGMA_PX: f64 = 2.0;
const REACH: u32 = 6;

/// Every length that is needed.
struct Measures {
    border: u32,
    framed: Size,
    bend: f64,
    /// How far the shadow is moved to the right and below.
    shift: u32,
    /// Paper and shadow before they are turned.
    shadowed: Size,
}

impl Measures {
    fn of(params: &Params, picture: Size) -> Self {
        let border = params.border_px.unwrap_or((picture.width.max(picture.height) / 25).max(10));
        let bottom = params.bottom_px.unwrap_or(border);
        let framed = Size::new(
            picture.width.saturating_add(2 * border),
            picture.height.saturating_add(border).saturating_add(bottom),
        );
        let bend = params.bend_px.unwrap_or(f64::from(framed.height) / 100.0);
        let shift = border / 3;
        let more = shift + 2 * REACH;
        let shadowed = Size::new(
            framed.width.saturating_add(more),
            framed.height.saturating_add(bend.ceil() as u32).saturating_add(more),
        );
        Measures { border, framed, bend, shift, shadowed }
    }
}

/// The picture in its frame, bent.
fn framed(params: &Params, picture: Image, measures: &Measures) -> Image {
    let size = measures.framed;
    let mut paper = Image::filled(size, PixelFormat::Rgba8, &params.border_color.rgba);
    let at = (i64::from(measures.border), i64::from(measures.border));
    lay(&mut paper, &picture, at, Paint::OVER);
    if measures.bend == 0.0 {
        return paper;
    }
    let pixels = kernels::bend(&mut paper.pixels, (size.width, size.height), measures.bend);
    let height = size.height + measures.bend.ceil() as u32;
    Image::new(size.width, height, PixelFormat::Rgba8, pixels)
}

/// The paper over its shadow, with room for both.
fn shadowed(params: &Params, paper: &Image, measures: &Measures) -> Image {
    let start = REACH + measures.shift;
    let (mut plane, size) = alpha_plane(paper, [start, start, REACH, REACH]);
    kernels::gaussian_blur(&mut plane, (size.width, size.height), 1, SIGMA_PX);
    let mut canvas = coloured(params.shadow_color, params.shadow_opacity, &plane, size);
    lay(&mut canvas, paper, (i64::from(REACH), i64::from(REACH)), Paint { blend: Blend::Over, ..Paint::OVER });
    canvas
}
