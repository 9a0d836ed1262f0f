//! `hue`: other hues.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_matrix;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How far hues are turned, in degrees: red to yellow to green.
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { angle_deg: 0.0 }
    }
}

/// Turns colours around the gray axis so that luma stays about the same: the matrix of `hueRotate` in the W3C's Filter Effects. A
/// gray picture stays as it is.
pub(crate) struct Hue;

impl Transform for Hue {
    const NAME: &'static str = "hue";
    const SUMMARY: &'static str = "Turns hues around the colour wheel.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        if input.image.format == PixelFormat::Gray8 {
            return Ok(input.image.into());
        }
        Ok(with_matrix(input.image, &rotation(params.angle_deg)).into())
    }
}

/// The matrix of W3C Filter Effects Module Level 1, `hueRotate`.
fn rotation(angle_deg: f64) -> kernels::Matrix {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let matrix = |even: f64, by_cos: f64, by_sin: f64| even + cos * by_cos + sin * by_sin;
    [
        [matrix(0.213, 0.787, -0.213), matrix(0.715, -0.715, -0.715), matrix(0.072, -0.072, 0.928)],
        [matrix(0.213, -0.213, 0.143), matrix(0.715, 0.285, 0.140), matrix(0.072, -0.072, -0.283)],
        [matrix(0.213, -0.213, -0.787), matrix(0.715, -0.715, 0.715), matrix(0.072, 0.928, 0.072)],
    ]
}
