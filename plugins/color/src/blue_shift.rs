//! `blue_shift`: a scene by moonlight.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How strong; 1.5 is usual.
    #[schemars(range(min = 0.1, max = 10.0))]
    factor: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { factor: 1.5 }
    }
}

/// Takes the mean of each channel and `factor` times the pixel's smallest one, then the mean of that and
/// `factor` times its largest one, as `-blue-shift` in ImageMagick does. Alpha stays.
pub(crate) struct BlueShift;

impl Transform for BlueShift {
    const NAME: &'static str = "blue_shift";
    const SUMMARY: &'static str = "Makes day look like night.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let factor = params.factor as f32;
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            let low = color.iter().copied().fold(1.0, f32::min);
            let high = color.iter().copied().fold(0.0, f32::max);
            let dark = color.map(|value| 0.5 * (value + factor * low));
            dark.map(|value| 0.5 * (value + factor * high))
        });
        Ok(image.into())
    }
}
