//! `emboss`: a relief.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Where the light comes from, in degrees clockwise from the right; 225 is the top left.
    #[schemars(range(min = -360.0, max = 360.0))]
    angle_deg: f64,
    /// How deep the relief is: levels of result per level of slope. 0 gives plain gray.
    #[schemars(range(min = 0.0, max = 16.0))]
    depth: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { angle_deg: 225.0, depth: 1.0 }
    }
}

/// Mid gray plus what the picture falls off towards the light, in place: every channel by itself, by Sobel's weights. Alpha stays.
pub(crate) struct Emboss;

impl Transform for Emboss {
    const NAME: &'static str = "emboss";
    const SUMMARY: &'static str = "Makes a relief that is lit from a side.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::emboss(&mut image.pixels, size, channels, params.angle_deg, params.depth);
        Ok(image.into())
    }
}
