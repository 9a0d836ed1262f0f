//! `sharpen`: an unsharp mask.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation in pixels of the Gaussian that the picture is compared with: about the
    /// width of the details that are strengthened.
    #[schemars(range(min = 0.1, max = 250.0))]
    sigma_px: f64,
    /// How far the Gaussian reaches, in pixels. 0: as far as it counts, 3 sigma.
    #[schemars(range(min = 0, max = 1000))]
    radius_px: u32,
    /// How much of the difference is added: 0 changes nothing, 1 doubles it.
    #[schemars(range(min = 0.0, max = 10.0))]
    amount: f64,
    /// Differences of up to this many levels are left alone, so that noise is not strengthened.
    #[schemars(range(min = 0, max = 255))]
    threshold: u8,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 1.0, radius_px: 0, amount: 1.0, threshold: 0 }
    }
}

/// Adds to every pixel its difference from a blurred picture: `x + amount * (x - blur(x))`. Alpha stays
/// as it is.
pub(crate) struct Sharpen;

impl Transform for Sharpen {
    const NAME: &'static str = "sharpen";
    const SUMMARY: &'static str = "Sharpens by an unsharp mask.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let Params { sigma_px, radius_px, amount, threshold } = *params;
        let radius = if radius_px == 0 { u32::MAX } else { radius_px };
        kernels::unsharp_mask_within(&mut image.pixels, size, channels, (sigma_px, radius), amount, threshold);
        Ok(image.into())
    }
}
