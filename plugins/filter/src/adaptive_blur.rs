//! `adaptive_blur`: blur between the edges.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation of the Gaussian in pixels.
    #[schemars(range(min = 0.1, max = 250.0))]
    sigma_px: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 1.0 }
    }
}

/// Mixes the picture with its Gaussian blur, in place: fully where there is no edge, not at all on the strongest edge of the picture.
pub(crate) struct AdaptiveBlur;

impl Transform for AdaptiveBlur {
    const NAME: &'static str = "adaptive_blur";
    const SUMMARY: &'static str = "Blurs what lies between the edges.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::adaptive_blur(&mut image.pixels, size, channels, params.sigma_px);
        Ok(image.into())
    }
}
