//! `morphology`: erosion and dilation.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// What is done.
    operation: Operation,
    /// How far the square reaches to each side, in pixels; 0 changes nothing.
    #[schemars(range(min = 0, max = 1000))]
    radius_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { operation: Operation::Dilate, radius_px: 1 }
    }
}

/// What is done with the squares.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// The least value: dark parts grow.
    Erode,
    /// The greatest value: bright parts grow.
    Dilate,
    /// Erosion, then dilation: small bright spots vanish.
    Open,
    /// Dilation, then erosion: small dark spots vanish.
    Close,
}

/// Replaces every channel by the least or greatest value of the square around the pixel, in place; exact.
pub(crate) struct Morphology;

impl Transform for Morphology {
    const NAME: &'static str = "morphology";
    const SUMMARY: &'static str = "Lets dark or bright parts grow by a square.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let operation = match params.operation {
            Operation::Erode => kernels::Morphology::Erode,
            Operation::Dilate => kernels::Morphology::Dilate,
            Operation::Open => kernels::Morphology::Open,
            Operation::Close => kernels::Morphology::Close,
        };
        kernels::morphology(&mut image.pixels, size, channels, operation, params.radius_px);
        Ok(image.into())
    }
}
