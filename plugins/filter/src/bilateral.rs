//! `bilateral`: smoothing that keeps edges.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation in pixels of the weight by distance; the window ends at twice that.
    #[schemars(range(min = 0.1, max = 16.0))]
    sigma_px: f64,
    /// Standard deviation in levels of the weight by difference: about the contrast that is smoothed away.
    #[schemars(range(min = 1.0, max = 255.0))]
    range_levels: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 3.0, range_levels: 30.0 }
    }
}

/// A mean whose weights fall with the distance and with the difference of colour, in place; the separable approximation, see the kernel.
pub(crate) struct Bilateral;

impl Transform for Bilateral {
    const NAME: &'static str = "bilateral";
    const SUMMARY: &'static str = "Smooths what differs little and keeps edges.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::bilateral(&mut image.pixels, size, channels, params.sigma_px, params.range_levels);
        Ok(image.into())
    }
}
