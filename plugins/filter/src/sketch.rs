//! `sketch`: a pencil drawing.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation in pixels of the strokes' blur: they are about four times as long.
    #[schemars(range(min = 0.1, max = 40.0))]
    sigma_px: f64,
    /// Direction of the strokes in degrees, clockwise from the right.
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
    /// Share of the drawing in the result; the rest is the picture.
    #[schemars(range(min = 0.0, max = 1.0))]
    strength: f64,
    /// Chooses the texture: the same number always gives the same strokes.
    seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 2.0, angle_deg: 0.0, strength: 0.8, seed: 0 }
    }
}

/// Dodges the colours by a texture of strokes, in place: noise blurred along the angle, its edges stretched and inverted; see the kernel. Alpha stays.
pub(crate) struct Sketch;

impl Transform for Sketch {
    const NAME: &'static str = "sketch";
    const SUMMARY: &'static str = "Makes a pencil drawing.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let Params { sigma_px, angle_deg, strength, seed } = *params;
        kernels::sketch(&mut image.pixels, size, channels, (sigma_px, angle_deg), strength, seed);
        Ok(image.into())
    }
}
