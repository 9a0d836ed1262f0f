//! `rectangle`: a rectangle with square or round corners.

use kurbo::BezPath;
use safelight_kernels::FillRule;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ellipse::ARC;
use crate::painter::{Cap, Join, Painter, pen};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Left side: pixels from the left edge of the picture.
    #[schemars(range(min = -65535, max = 65535))]
    x: f32,
    /// Upper side: pixels from the top edge.
    #[schemars(range(min = -65535, max = 65535))]
    y: f32,
    /// Width in pixels. Without it, up to the right edge of the picture.
    #[schemars(range(min = 0, max = 131070))]
    width: Option<f32>,
    /// Height in pixels. Without it, up to the bottom edge.
    #[schemars(range(min = 0, max = 131070))]
    height: Option<f32>,
    /// Width of a rounded corner in pixels, at most half of the rectangle's.
    #[schemars(range(min = 0, max = 65535))]
    corner_width_px: f32,
    /// Height of a rounded corner in pixels, at most half of the rectangle's. Without it, as wide.
    #[schemars(range(min = 0, max = 65535))]
    corner_height_px: Option<f32>,
    /// The colour inside; `"transparent"` for none.
    fill_color: Color,
    /// Opacity of the inside, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    fill_opacity: f32,
    /// The colour of the outline.
    stroke_color: Color,
    /// Opacity of the outline, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    stroke_opacity: f32,
    /// Width of the outline in pixels, half of it on each side; 0 is no outline.
    #[schemars(range(min = 0, max = 65535))]
    stroke_width_px: f32,
    /// What the outline's corners look like.
    join: Join,
    /// Opacity of all of it, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    opacity: f32,
    /// Whether pixels may be covered in part.
    antialias: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            x: 0.0,
            y: 0.0,
            width: None,
            height: None,
            corner_width_px: 0.0,
            corner_height_px: None,
            fill_color: Color::WHITE,
            fill_opacity: 1.0,
            stroke_color: Color::WHITE,
            stroke_opacity: 1.0,
            stroke_width_px: 0.0,
            join: Join::Miter,
            opacity: 1.0,
            antialias: true,
        }
    }
}

/// Draws a rectangle: the inside, and the outline over it.
///
/// Corners that are too large for the rectangle are cut to half of its sides.
pub(crate) struct Rectangle;

impl Transform for Rectangle {
    const NAME: &'static str = "rectangle";
    const SUMMARY: &'static str = "Draws a rectangle, filled and outlined, with square or round corners.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        for (field, asked, start, end) in
            [("x", params.width, params.x, input.width), ("y", params.height, params.y, input.height)]
        {
            if asked.is_none() && start >= end as f32 {
                let side = if field == "x" { "width" } else { "height" };
                let message = format!("is {start}, expected less than {end} when {side} is not given");
                return Err(Refusal::params(field, message));
            }
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let width = params.width.unwrap_or(image.width as f32 - params.x);
        let height = params.height.unwrap_or(image.height as f32 - params.y);
        let corners = (params.corner_width_px, params.corner_height_px.unwrap_or(params.corner_width_px));
        let path = rounded([params.x, params.y, width, height].map(f64::from), corners);
        let mut painter = Painter::default();
        painter.fill(path.iter(), FillRule::NonZero, params.fill_color, params.fill_opacity);
        let pen = pen(params.stroke_width_px, params.join, Cap::Butt);
        painter.stroke(&path, &pen, params.stroke_color, params.stroke_opacity);
        Ok(painter.paint(image, params.opacity, params.antialias).into())
    }
}

/// A rectangle (x, y, width, height) whose corners are quarters of ellipses.
pub(crate) fn rounded([x, y, width, height]: [f64; 4], corners: (f32, f32)) -> BezPath {
    let (right, bottom) = (x + width, y + height);
    let (a, b) = (f64::from(corners.0).min(width / 2.0), f64::from(corners.1).min(height / 2.0));
    let mut path = BezPath::new();
    if a <= 0.0 || b <= 0.0 {
        path.move_to((x, y));
        path.line_to((right, y));
        path.line_to((right, bottom));
        path.line_to((x, bottom));
        path.close_path();
        return path;
    }
    // How far the control points are from the corner of the box.
    let (c, d) = (a * (1.0 - ARC), b * (1.0 - ARC));
    path.move_to((x + a, y));
    path.line_to((right - a, y));
    path.curve_to((right - c, y), (right, y + d), (right, y + b));
    path.line_to((right, bottom - b));
    path.curve_to((right, bottom - d), (right - c, bottom), (right - a, bottom));
    path.line_to((x + a, bottom));
    path.curve_to((x + c, bottom), (x, bottom - d), (x, bottom - b));
    path.line_to((x, y + b));
    path.curve_to((x, y + d), (x + c, y), (x + a, y));
    path.close_path();
    path
}
