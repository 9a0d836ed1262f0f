//! `modulate`: brightness, saturation and hue at once.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Factor of the lightness: 0 is black, 1 leaves it, 2 doubles it.
    #[schemars(range(min = 0.0, max = 10.0))]
    brightness: f64,
    /// Factor of the saturation: 0 is gray, 1 leaves it.
    #[schemars(range(min = 0.0, max = 10.0))]
    saturation: f64,
    /// How far hues are turned, in degrees: red to yellow to green.
    #[schemars(range(min = -360.0, max = 360.0))]
    hue_deg: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { brightness: 1.0, saturation: 1.0, hue_deg: 0.0 }
    }
}

/// Multiplies lightness and saturation and turns hue in HSL, as `-modulate` in ImageMagick does (its hue of 100 is 0 degrees
/// here, 200 is 180).
pub(crate) struct Modulate;

impl Transform for Modulate {
    const NAME: &'static str = "modulate";
    const SUMMARY: &'static str = "Changes lightness, saturation and hue (HSL).";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (brightness, saturation) = (params.brightness as f32, params.saturation as f32);
        let turn = (params.hue_deg / 360.0) as f32;
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            let [hue, s, l] = kernels::to_hsl(color);
            // What leaves the range is clamped as a colour, not before.
            kernels::from_hsl([hue + turn, s * saturation, l * brightness])
        });
        Ok(image.into())
    }
}
