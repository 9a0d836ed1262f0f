//! `polygon`: a closed shape with straight sides.

use kurbo::BezPath;
use safelight_kernels::FillRule;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
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
    /// The corners, three to 4096, each as `[x, y]` in pixels from the top left corner of the picture,
    /// from -65535 to 65535.
    #[schemars(length(max = 4096))]
    points: Vec<[f32; 2]>,
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

/// Refuses fewer points than make a shape, and points beyond all pictures.
pub(crate) fn check_points(points: &[[f32; 2]], least: usize) -> Result<(), Refusal> {
    if points.len() < least {
        return Err(Refusal::params("points", format!("has {} entries, expected {least} to 4096", points.len())));
    }
    match points.iter().position(|point| point.iter().any(|value| value.abs() > 65_535.0)) {
        Some(index) => {
            let [x, y] = points[index];
            let message = format!("is [{x}, {y}], expected numbers from -65535 to 65535");
            Err(Refusal::params(format!("points[{index}]"), message))
        }
        None => Ok(()),
    }
}

/// The open path through the points.
pub(crate) fn path(points: &[[f32; 2]]) -> BezPath {
    let mut path = BezPath::new();
    for (index, [x, y]) in points.iter().enumerate() {
        let point = (f64::from(*x), f64::from(*y));
        if index == 0 {
            path.move_to(point);
        } else {
            path.line_to(point);
        }
    }
    path
}
