//! `motion_blur`: blur along a line.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Length of the way in pixels; up to 1 changes nothing.
    #[schemars(range(min = 0.0, max = 256.0))]
    length_px: f64,
    /// Direction of the way in degrees, clockwise from the right.
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { length_px: 10.0, angle_deg: 0.0 }
    }
}

/// Replaces every pixel by the mean of those on a line through it, in place.
pub(crate) struct MotionBlur;

impl Transform for MotionBlur {
    const NAME: &'static str = "motion_blur";
    const SUMMARY: &'static str = "Blurs along a line, as if the camera had moved.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::motion_blur(&mut image.pixels, size, channels, params.length_px, params.angle_deg);
        Ok(image.into())
    }
}
