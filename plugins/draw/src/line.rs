//! `line`: a straight line.

use kurbo::BezPath;
use safelight_sdk::{Color, Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::painter::{Cap, Join, Painter, pen};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Where the line starts: pixels from the left edge of the picture.
    #[schemars(range(min = -65535, max = 65535))]
    x1: f32,
    /// Where the line starts: pixels from the top edge.
    #[schemars(range(min = -65535, max = 65535))]
    y1: f32,
    /// Where it ends: pixels from the left edge.
    #[schemars(range(min = -65535, max = 65535))]
    x2: f32,
    /// Where it ends: pixels from the top edge.
    #[schemars(range(min = -65535, max = 65535))]
    y2: f32,
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
    /// Whether pixels may be covered in part.
    antialias: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            x1: 0.0,
            y1: 0.0,
            x2: 0.0,
            y2: 0.0,
            width_px: 1.0,
            color: Color::WHITE,
            opacity: 1.0,
            cap: Cap::Butt,
            antialias: true,
        }
    }
}

/// Draws a straight line between two points, half of its width on each side.
///
/// A line without length is a dot with round or square ends, and nothing with butt ends.
pub(crate) struct Line;

impl Transform for Line {
    const NAME: &'static str = "line";
    const SUMMARY: &'static str = "Draws a straight line.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut path = BezPath::new();
        path.move_to((f64::from(params.x1), f64::from(params.y1)));
        path.line_to((f64::from(params.x2), f64::from(params.y2)));
        let mut painter = Painter::default();
        painter.stroke(&path, &pen(params.width_px, Join::Miter, params.cap), params.color, 1.0);
        Ok(painter.paint(input.image, params.opacity, params.antialias).into())
    }
}
