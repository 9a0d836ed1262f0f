//! `blur`: Gaussian blur.

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
        Params { sigma_px: 2.0 }
    }
}

/// Blurs the picture by a Gaussian, in place; see the kernel for method and error bound.
pub(crate) struct Blur;

impl Transform for Blur {
    const NAME: &'static str = "blur";
    const SUMMARY: &'static str = "Gaussian blur.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let size = (image.width, image.height);
        kernels::gaussian_blur(&mut image.pixels, size, image.format.bytes(), params.sigma_px);
        Ok(image.into())
    }
}
