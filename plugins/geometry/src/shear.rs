//! `shear`: the picture slanted.

use safelight_kernels::{self as kernels, Mapping};
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::rounded;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// By how many degrees upright lines lean: their lower ends move to the right, or to the left if negative (as in
    /// SVG and CSS; ImageMagick counts the other way).
    #[schemars(range(min = -89.0, max = 89.0))]
    x_deg: f64,
    /// By how many degrees level lines lean: their right ends move down, or up if negative.
    #[schemars(range(min = -89.0, max = 89.0))]
    y_deg: f64,
    /// The colour of the corners that the slanted picture leaves free.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { x_deg: 20.0, y_deg: 0.0, background: Color::TRANSPARENT }
    }
}

/// Slants the picture: first its rows slide sideways, then the columns of that slide up or down.
///
/// A pixel at (x, y) comes to `x' = x + y tan(x_deg)`, `y' = y + x' tan(y_deg)`. The canvas grows to hold
/// all of it: `w + h |tan x|` by `h + w' |tan y|`, rounded half up. The result has an alpha channel if the
/// picture has one or the background is not opaque. Pixels in between are mixed bilinearly, in sRGB values.
pub(crate) struct Shear;

impl Transform for Shear {
    const NAME: &'static str = "shear";
    const SUMMARY: &'static str = "Slants the picture sideways, up and down.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(sheared(params, input).0))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (to, mapping) = sheared(params, input.image.size());
        Ok(bent(input.image, params.background, to, mapping).into())
    }
}

/// A picture bent onto a canvas.
pub(crate) fn bent(image: Image, background: Color, to: Size, mapping: Mapping) -> Image {
    let format = background.format_with(image.format);
    let Image { width, height, mut pixels, .. } = to_format(image, format);
    let pixels = kernels::warp(&mut pixels, (width, height), background.pixel(format), (to.width, to.height), mapping);
    Image::new(to.width, to.height, format, pixels)
}

fn sheared(params: &Params, input: Size) -> (Size, Mapping) {
    let (width, height) = (f64::from(input.width), f64::from(input.height));
    let (across, down) = (params.x_deg.to_radians().tan(), params.y_deg.to_radians().tan());
    let wide = width + height * across.abs();
    let high = height + wide * down.abs();
    let to = Size::new(rounded(wide), rounded(high));
    // Slides to the left and up would leave the canvas; and what rounding adds lies on both sides.
    let left = (height * across).min(0.0) - (f64::from(to.width) - wide) / 2.0;
    let top = (wide * down).min(0.0) - (f64::from(to.height) - high) / 2.0;
    // x' = X + left', where x' counts from the slid picture's leftmost point.
    let first = (height * across).min(0.0);
    // With X, Y on the canvas: x' = X + left, y = Y + top - (x' - first) * down, x = x' - y * across.
    let (y_x, y_y, y_1) = (-down, 1.0, top - (left - first) * down);
    let (x_x, x_y, x_1) = (1.0 - y_x * across, -y_y * across, left - y_1 * across);
    (to, Mapping::Projective([x_x, x_y, x_1, y_x, y_y, y_1, 0.0, 0.0, 1.0]))
}
