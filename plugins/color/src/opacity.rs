//! `opacity`: how much shows through.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Factor of the alpha: 0 is invisible, 1 leaves it.
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { opacity: 1.0 }
    }
}

/// Multiplies alpha, rounded to nearest; colours stay.
pub(crate) struct Opacity;

impl Transform for Opacity {
    const NAME: &'static str = "opacity";
    const SUMMARY: &'static str = "Makes the picture more transparent.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let table = kernels::table(|value| value * params.opacity);
        for pixel in image.pixels.as_chunks_mut::<4>().0 {
            pixel[3] = table[usize::from(pixel[3])];
        }
        Ok(image.into())
    }
}
