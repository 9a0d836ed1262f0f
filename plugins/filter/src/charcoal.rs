//! `charcoal`: a charcoal drawing.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation in pixels of the blur: about the width of the strokes.
    #[schemars(range(min = 0.1, max = 50.0))]
    sigma_px: f64,
    /// What edges are multiplied by before they are clamped and blurred.
    #[schemars(range(min = 0.1, max = 10.0))]
    strength: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { sigma_px: 1.0, strength: 1.0 }
    }
}

/// The edges of luma, blurred, stretched to full contrast and inverted, in place; red, green and blue become equal, alpha stays.
pub(crate) struct Charcoal;

impl Transform for Charcoal {
    const NAME: &'static str = "charcoal";
    const SUMMARY: &'static str = "Makes a charcoal drawing.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::charcoal(&mut image.pixels, size, channels, params.sigma_px, params.strength);
        Ok(image.into())
    }
}
