//! `vibrance`: colours more vivid where they are pale.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// From -1, all gray, to 1; 0 leaves the picture as it is.
    #[schemars(range(min = -1.0, max = 1.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 0.2 }
    }
}

/// Changes saturation the more the less a colour has of it: the distance from luma is multiplied by
/// `1 + amount * (1 - chroma)`, chroma being the difference of the largest and the smallest channel. A gray picture stays.
pub(crate) struct Vibrance;

impl Transform for Vibrance {
    const NAME: &'static str = "vibrance";
    const SUMMARY: &'static str = "Makes pale colours more vivid, and vivid ones hardly.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        if image.format == PixelFormat::Gray8 {
            return Ok(image.into());
        }
        let amount = params.amount as f32;
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            let chroma = color.iter().copied().fold(0.0, f32::max) - color.iter().copied().fold(1.0, f32::min);
            let luma: f32 = color.iter().zip(kernels::LUMA).map(|(value, weight)| value * weight as f32).sum();
            let factor = 1.0 + amount * (1.0 - chroma * amount.signum().max(0.0));
            color.map(|value| luma + (value - luma) * factor)
        });
        Ok(image.into())
    }
}
