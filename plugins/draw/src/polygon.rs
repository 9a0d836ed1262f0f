//! `polygon`: a closed shape with straight sides.

use std::borrow::Cow;

use kurbo::BezPath;
use safelight_kernels::FillRule;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::painter::{Cap, Join, Painter, pen};

/// What is inside of a shape whose sides cross.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rule {
    /// All that the outline goes around, in sum, at least once.
    #[default]
    NonZero,
    /// What the outline goes around an odd number of times.
    EvenOdd,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The corners, three to 4096, each as `[x, y]` in pixels from the top left corner of the picture.
    #[schemars(length(max = 4096))]
    points: Vec<Point>,
    /// The colour inside; `"transparent"` for none.
    fill_color: Color,
    /// Opacity of the inside, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    fill_opacity: f32,
    /// What is inside where sides cross.
    fill_rule: Rule,
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
            points: Vec::new(),
            fill_color: Color::WHITE,
            fill_opacity: 1.0,
            fill_rule: Rule::NonZero,
            stroke_color: Color::WHITE,
            stroke_opacity: 1.0,
            stroke_width_px: 0.0,
            join: Join::Miter,
            opacity: 1.0,
            antialias: true,
        }
    }
}

/// Draws a shape with straight sides: the inside, and the outline over it.
pub(crate) struct Polygon;

impl Transform for Polygon {
    const NAME: &'static str = "polygon";
    const SUMMARY: &'static str = "Draws a closed shape with straight sides, filled and outlined.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        check_points(&params.points, 3)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut path = path(&params.points);
        path.close_path();
        let rule = match params.fill_rule {
            Rule::NonZero => FillRule::NonZero,
            Rule::EvenOdd => FillRule::EvenOdd,
        };
        let mut painter = Painter::default();
        painter.fill(path.iter(), rule, params.fill_color, params.fill_opacity);
        let pen = pen(params.stroke_width_px, params.join, Cap::Butt);
        painter.stroke(&path, &pen, params.stroke_color, params.stroke_opacity);
        Ok(painter.paint(input.image, params.opacity, params.antialias).into())
    }
}

/// A point of the plane, as a parameter: `[x, y]`.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub(crate) struct Point([f32; 2]);

impl JsonSchema for Point {
    fn schema_name() -> Cow<'static, str> {
        "Point".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "number", "minimum": -65535, "maximum": 65535 },
            "minItems": 2,
            "maxItems": 2
        })
    }
}

/// Refuses fewer points than make a shape.
pub(crate) fn check_points(points: &[Point], least: usize) -> Result<(), Refusal> {
    if points.len() < least {
        return Err(Refusal::params("points", format!("has {} entries, expected {least} to 4096", points.len())));
    }
    Ok(())
}

/// The open path through the points.
pub(crate) fn path(points: &[Point]) -> BezPath {
    let mut path = BezPath::new();
    for (index, Point([x, y])) in points.iter().enumerate() {
        let point = (f64::from(*x), f64::from(*y));
        if index == 0 {
            path.move_to(point);
        } else {
            path.line_to(point);
        }
    }
    path
}
