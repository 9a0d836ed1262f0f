//! `ellipse`: an ellipse or a circle.

use safelight_kernels::FillRule;
use safelight_sdk::{Color, Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::painter::{Cap, Join, Painter, pen};
use crate::rectangle::rounded;

/// Where the control points of a cubic curve are that stands for a quarter of a circle, in radii from
/// the quarter's ends: 4/3 (sqrt 2 - 1). It is at most 0.03 % of the radius off.
pub(crate) const ARC: f64 = 0.552_284_749_830_793_4;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The centre: pixels from the left edge of the picture. Without it, the picture's middle.
    #[schemars(range(min = -65535, max = 65535))]
    center_x: Option<f32>,
    /// The centre: pixels from the top edge. Without it, the picture's middle.
    #[schemars(range(min = -65535, max = 65535))]
    center_y: Option<f32>,
    /// Half of the width in pixels. Without it, half of the picture's.
    #[schemars(range(min = 0, max = 65535))]
    radius_x_px: Option<f32>,
    /// Half of the height in pixels. Without it, half of the picture's.
    #[schemars(range(min = 0, max = 65535))]
    radius_y_px: Option<f32>,
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
    /// Opacity of all of it, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    opacity: f32,
    /// Whether pixels may be covered in part.
    antialias: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            center_x: None,
            center_y: None,
            radius_x_px: None,
            radius_y_px: None,
            fill_color: Color::WHITE,
            fill_opacity: 1.0,
            stroke_color: Color::WHITE,
            stroke_opacity: 1.0,
            stroke_width_px: 0.0,
            opacity: 1.0,
            antialias: true,
        }
    }
}

/// Draws an ellipse: the inside, and the outline over it.
pub(crate) struct Ellipse;

impl Transform for Ellipse {
    const NAME: &'static str = "ellipse";
    const SUMMARY: &'static str = "Draws an ellipse or a circle, filled and outlined.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let (width, height) = (image.width as f32, image.height as f32);
        let (center_x, center_y) = (params.center_x.unwrap_or(width / 2.0), params.center_y.unwrap_or(height / 2.0));
        let (a, b) = (params.radius_x_px.unwrap_or(width / 2.0), params.radius_y_px.unwrap_or(height / 2.0));
        let bounds = [center_x - a, center_y - b, 2.0 * a, 2.0 * b].map(f64::from);
        let path = rounded(bounds, (a, b));
        let mut painter = Painter::default();
        painter.fill(path.iter(), FillRule::NonZero, params.fill_color, params.fill_opacity);
        let pen = pen(params.stroke_width_px, Join::Round, Cap::Butt);
        painter.stroke(&path, &pen, params.stroke_color, params.stroke_opacity);
        Ok(painter.paint(image, params.opacity, params.antialias).into())
    }
}
