//! `rounded_corners`: the picture's corners cut round.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::Amount;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// What remains of the picture.
    shape: Shape,
    /// Radius of the corners: pixels, or percent of the picture's shorter side ("50%" is the roundest).
    radius: Amount,
    /// Radius of the top left corner, where it differs.
    top_left: Option<Amount>,
    /// Radius of the top right corner, where it differs.
    top_right: Option<Amount>,
    /// Radius of the bottom right corner, where it differs.
    bottom_right: Option<Amount>,
    /// Radius of the bottom left corner, where it differs.
    bottom_left: Option<Amount>,
    /// The colour outside.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            shape: Shape::Rectangle,
            radius: Amount::Pixels(20),
            top_left: None,
            top_right: None,
            bottom_right: None,
            bottom_left: None,
            background: Color::TRANSPARENT,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// A rectangle with round corners.
    #[default]
    Rectangle,
    /// The ellipse that touches all sides; of a square, the circle. Radii have no meaning.
    Ellipse,
}

/// Cuts the corners round; the edge is smooth.
///
/// Radii that are too long for a side together are shortened by one factor, all four, as in CSS.
/// The result has an alpha channel if the picture has one or the background is not opaque. What is
/// transparent inside stays so.
pub(crate) struct RoundedCorners;

impl Transform for RoundedCorners {
    const NAME: &'static str = "rounded_corners";
    const SUMMARY: &'static str = "Cuts the corners round, or the picture to an ellipse.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        corners(params, input).map(|_| Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let corners = corners(params, input.image.size())?;
        let format = params.background.format_with(input.image.format);
        let mut image = to_format(input.image, format);
        let size = (image.width, image.height);
        kernels::round_corners(&mut image.pixels, size, params.background.pixel(format), corners);
        Ok(image.into())
    }
}

fn corners(params: &Params, size: Size) -> Result<kernels::Corners, Refusal> {
    let shorter = size.width.min(size.height);
    let radius = |field: &str, own: &Option<Amount>| {
        let pixels = match own {
            Some(own) => own.amount(field, shorter),
            None => params.radius.amount("radius", shorter),
        };
        pixels.map(|pixels| (f64::from(pixels), f64::from(pixels)))
    };
    let corners = [
        radius("top_left", &params.top_left)?,
        radius("top_right", &params.top_right)?,
        radius("bottom_right", &params.bottom_right)?,
        radius("bottom_left", &params.bottom_left)?,
    ];
    Ok(match params.shape {
        Shape::Rectangle => corners,
        Shape::Ellipse => [(f64::from(size.width) / 2.0, f64::from(size.height) / 2.0); 4],
    })
}
