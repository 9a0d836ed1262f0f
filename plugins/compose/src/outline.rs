//! `outline`: a line along the edge of the picture's shape.

use safelight_kernels::{self as kernels, Blend, Paint};
use safelight_sdk::{Color, Image, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{alpha_plane, coloured, lay};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Which side of the edge the line is on.
    mode: Mode,
    /// Width of the line in pixels.
    #[schemars(range(min = 0.0, max = 1000.0))]
    width_px: f64,
    /// Standard deviation of the line's blur in pixels; below 0.1 it is sharp.
    #[schemars(range(min = 0.0, max = 250.0))]
    sigma_px: f64,
    /// The line's colour.
    color: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { mode: Mode::Outer, width_px: 5.0, sigma_px: 0.0, color: Color::BLACK }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Around the shape; the canvas grows.
    #[default]
    Outer,
    /// As outer, and the shape is filled with the colour.
    Fill,
    /// Inside the shape.
    Inner,
    /// The shape itself is filled with the colour.
    InnerFill,
}

/// Draws a line along the edge of what is at least half opaque, with round corners. The result has alpha.
///
/// Distances are Euclidean and exact; see the kernel for edges and rounding.
pub(crate) struct Outline;

impl Transform for Outline {
    const NAME: &'static str = "outline";
    const SUMMARY: &'static str = "Draws a line along the edge of the picture's shape.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let reach = reach(params);
        Ok(Planned::to(Size::new(input.width.saturating_add(2 * reach), input.height.saturating_add(2 * reach))))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let picture = input.image;
        Ok(match params.mode {
            Mode::Outer | Mode::Fill => outside(params, &picture),
            Mode::Inner => inside(params, picture),
            Mode::InnerFill => filled(params, picture),
        }
        .into())
    }
}

/// How far the result reaches beyond the picture.
fn reach(params: &Params) -> u32 {
    match params.mode {
        Mode::Outer | Mode::Fill => params.width_px.ceil() as u32 + (3.0 * params.sigma_px).ceil() as u32,
        Mode::Inner | Mode::InnerFill => 0,
    }
}

fn outside(params: &Params, picture: &Image) -> Image {
    let reach = reach(params);
    let (plane, size) = alpha_plane(picture, [reach; 4]);
    let grown = band(params, &plane, size);
    let mut canvas = coloured(params.color, 1.0, &grown, size);
    if params.mode == Mode::Outer {
        lay(&mut canvas, picture, (i64::from(reach), i64::from(reach)), Paint::OVER);
    }
    canvas
}

fn inside(params: &Params, mut picture: Image) -> Image {
    // One pixel of outside all around, so that the picture's own edge counts.
    let (mut plane, size) = alpha_plane(&picture, [1; 4]);
    kernels::invert(&mut plane, 1);
    let grown = band(params, &plane, size);
    let line = coloured(params.color, 1.0, &grown, size);
    lay(&mut picture, &line, (-1, -1), Paint { blend: Blend::Atop, ..Paint::OVER });
    picture
}

fn filled(params: &Params, mut picture: Image) -> Image {
    let size = picture.size();
    let all = coloured(params.color, 1.0, &vec![255; size.pixels() as usize], size);
    lay(&mut picture, &all, (0, 0), Paint { blend: Blend::Atop, ..Paint::OVER });
    picture
}

/// The shape grown by the line's width, and blurred.
fn band(params: &Params, plane: &[u8], size: Size) -> Vec<u8> {
    let mut grown = kernels::grow(plane, (size.width, size.height), params.width_px);
    kernels::gaussian_blur(&mut grown, (size.width, size.height), 1, params.sigma_px);
    grown
}
