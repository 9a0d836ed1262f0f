//! `polyline`: a line through several points.

use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::painter::{Cap, Join, Painter, pen};
use crate::polygon::{Point, check_points, path};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The points, two to 4096, each as `[x, y]` in pixels from the top left corner of the picture.
    #[schemars(length(max = 4096))]
    points: Vec<Point>,
    /// Width in pixels.
    #[schemars(range(min = 0, max = 65535))]
    width_px: f32,
    /// The line's colour.
    color: Color,
    /// 0 is invisible, 1 the colour as it is.
    #[schemars(range(min = 0, max = 1))]
    opacity: f32,
    /// What the ends look like.
    cap: Cap,
    /// What the corners look like.
    join: Join,
    /// Whether pixels may be covered in part.
    antialias: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            points: Vec::new(),
            width_px: 1.0,
            color: Color::WHITE,
            opacity: 1.0,
            cap: Cap::Butt,
            join: Join::Miter,
            antialias: true,
        }
    }
}

/// Draws a line through several points. Where it crosses itself it is painted once.
pub(crate) struct Polyline;

impl Transform for Polyline {
    const NAME: &'static str = "polyline";
    const SUMMARY: &'static str = "Draws a line through several points.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        check_points(&params.points, 2)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut painter = Painter::default();
        let pen = pen(params.width_px, params.join, params.cap);
        painter.stroke(&path(&params.points), &pen, params.color, 1.0);
        Ok(painter.paint(input.image, params.opacity, params.antialias).into())
    }
}
