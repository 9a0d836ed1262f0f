//! `opacity_threshold`: transparent or not.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Pixels of at least this opacity become opaque, others invisible.
    #[schemars(range(min = 0.0, max = 1.0))]
    level: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { level: 0.5 }
    }
}

/// Makes alpha 0 or 255; colours stay.
pub(crate) struct OpacityThreshold;

impl Transform for OpacityThreshold {
    const NAME: &'static str = "opacity_threshold";
    const SUMMARY: &'static str = "Makes every pixel opaque or invisible.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let table = kernels::table(|value| if value >= params.level { 1.0 } else { 0.0 });
        for pixel in image.pixels.as_chunks_mut::<4>().0 {
            pixel[3] = table[usize::from(pixel[3])];
        }
        Ok(image.into())
    }
}
