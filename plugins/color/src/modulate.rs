//! `modulate`: brightness, saturation and hue at once.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::COLOURED;

/// What brightness and saturation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Model {
    /// Lightness: halfway between the largest and the smallest channel. White is the lightest of all.
    Hsl,
    /// Value (HSB's brightness): the largest channel. Colours stay pure when they become brighter.
    Hsv,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// What brightness and saturation are measured in.
    model: Model,
    /// Factor of lightness or value: 0 is black, 1 leaves it, 2 doubles it.
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
        Params { model: Model::Hsl, brightness: 1.0, saturation: 1.0, hue_deg: 0.0 }
    }
}

/// Multiplies lightness and saturation and turns hue in HSL or HSV, as `-modulate` in ImageMagick does (its hue of 100 is 0 degrees
/// here, 200 is 180).
pub(crate) struct Modulate;

impl Transform for Modulate {
    const NAME: &'static str = "modulate";
    const SUMMARY: &'static str = "Changes lightness, saturation and hue (HSL or HSV).";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (brightness, saturation) = (params.brightness as f32, params.saturation as f32);
        let turn = (params.hue_deg / 360.0) as f32;
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            // What leaves the range is clamped as a colour, not before.
            match params.model {
                Model::Hsl => {
                    let [hue, s, l] = kernels::to_hsl(color);
                    kernels::from_hsl([hue + turn, s * saturation, l * brightness])
                }
                Model::Hsv => {
                    let [hue, s, v] = kernels::to_hsv(color);
                    kernels::from_hsv([hue + turn, (s * saturation).min(1.0), (v * brightness).min(1.0)])
                }
            }
        });
        Ok(image.into())
    }
}
