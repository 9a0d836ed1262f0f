//! `adaptive_sharpen`: sharpening of the edges.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation in pixels of the Gaussian that the picture is compared with.
    #[schemars(range(min = 0.1, max = 250.0))]
    sigma_px: f64,
    /// How much of the difference is added on the strongest edge: 0 changes nothing.
    #[schemars(range(min = 0.0, max = 10.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 1.0, amount: 1.0 }
    }
}

/// Adds the difference from the Gaussian blur, in place: in full on the strongest edge of the picture, less on weaker ones. Alpha stays.
pub(crate) struct AdaptiveSharpen;

impl Transform for AdaptiveSharpen {
    const NAME: &'static str = "adaptive_sharpen";
    const SUMMARY: &'static str = "Sharpens the edges and leaves the rest.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::adaptive_sharpen(&mut image.pixels, size, channels, params.sigma_px, params.amount);
        Ok(image.into())
    }
}
