//! `border`: a frame of one colour.

use safelight_kernels::{self as kernels, Blend, Paint};
use safelight_sdk::{Color, Image, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::{coloured, lay};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the border in pixels.
    #[schemars(range(min = 0, max = 10000))]
    width_px: u32,
    /// The border's colour.
    color: Color,
    /// Radii of the picture's corners in pixels: none, one for all, or two to four from the top left corner clockwise
    /// as in CSS. The outer corners of the border have radii that are larger by its width.
    #[schemars(length(max = 4), inner(range(min = 0.0, max = 65535.0)))]
    radius_px: Vec<f64>,
    /// Whether the picture becomes an ellipse (a square one a circle) instead.
    ellipse: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { width_px: 4, color: Color::BLACK, radius_px: Vec::new(), ellipse: false }
    }
}

/// Draws a border around the picture, which grows by it on every side.
///
/// The border lies around the picture and not behind it. Radii that do not fit are reduced together, as in CSS.
/// Round edges are smooth: shares of pixels add up. The result has alpha if the picture has, if the
/// colour is not opaque, or if something is round.
pub(crate) struct Border;

impl Transform for Border {
    const NAME: &'static str = "border";
    const SUMMARY: &'static str = "Draws a border around the picture, with round corners if asked.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        if params.ellipse && !params.radius_px.is_empty() {
            return Err(Refusal::params("radius_px", "is given with ellipse, expected one of them"));
        }
        Ok(Planned::to(grown(input, params.width_px)))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let picture = input.image;
        let Some(radii) = radii(params, picture.size()) else {
            return Ok(straight(params, picture).into());
        };
        let mut picture = to_format(picture, PixelFormat::Rgba8);
        let (inner, outer) = (picture.size(), grown(picture.size(), params.width_px));
        let shape = kernels::rounded_rectangle((inner.width, inner.height), radii);
        let width = f64::from(params.width_px);
        let outer_radii = radii.map(|(x, y)| (x + width, y + width));
        let mut frame = kernels::rounded_rectangle((outer.width, outer.height), outer_radii);
        let columns = frame.chunks_exact_mut(outer.width as usize).skip(params.width_px as usize);
        for (line, shape) in columns.zip(shape.chunks_exact(inner.width as usize)) {
            let line = &mut line[params.width_px as usize..][..shape.len()];
            line.iter_mut().zip(shape).for_each(|(frame, shape)| *frame = frame.saturating_sub(*shape));
        }
        kernels::multiply_alpha(&mut picture.pixels, &shape);
        let mut canvas = coloured(params.color, 1.0, &frame, outer);
        let at = (i64::from(params.width_px), i64::from(params.width_px));
        lay(&mut canvas, &picture, at, Paint { blend: Blend::Plus, ..Paint::OVER });
        Ok(canvas.into())
    }
}

fn straight(params: &Params, picture: Image) -> Image {
    if params.width_px == 0 {
        return picture;
    }
    let format = params.color.format_with(picture.format);
    let picture = to_format(picture, format);
    let (from, to) = (picture.size(), grown(picture.size(), params.width_px));
    let at = (params.width_px, params.width_px);
    let colour = params.color.pixel(format);
    let pixels = kernels::extend(&picture.pixels, (from.width, from.height), colour, (to.width, to.height), at);
    Image::new(to.width, to.height, format, pixels)
}

/// The radii of the picture's corners, across and down, as they fit; none when nothing is round.
fn radii(params: &Params, size: Size) -> Option<[(f64, f64); 4]> {
    let (across, down) = (f64::from(size.width), f64::from(size.height));
    if params.ellipse {
        return Some([(across / 2.0, down / 2.0); 4]);
    }
    let corners = match params.radius_px[..] {
        [] => return None,
        [all] => [all; 4],
        [one, other] => [one, other, one, other],
        [first, sides, last] => [first, sides, last, sides],
        [first, second, third, fourth, ..] => [first, second, third, fourth],
    };
    let fits = |side: f64, one: f64, other: f64| if one + other > side { side / (one + other) } else { 1.0 };
    let [tl, tr, br, bl] = corners;
    let factor = fits(across, tl, tr).min(fits(across, bl, br)).min(fits(down, tl, bl)).min(fits(down, tr, br));
    let all_sharp = corners.iter().all(|radius| *radius == 0.0);
    (!all_sharp).then(|| corners.map(|radius| (radius * factor, radius * factor)))
}

fn grown(size: Size, by: u32) -> Size {
    Size::new(size.width.saturating_add(2 * by), size.height.saturating_add(2 * by))
}
