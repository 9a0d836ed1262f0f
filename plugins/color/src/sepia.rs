//! `sepia`: the brown of old photographs.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{COLOURED, with_matrix};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// From 0, the picture as it is, to 1, all sepia.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 1.0 }
    }
}

/// Tones the picture by the matrix of `sepia()` in the W3C's Filter Effects.
pub(crate) struct Sepia;

impl Transform for Sepia {
    const NAME: &'static str = "sepia";
    const SUMMARY: &'static str = "Tones the picture brown.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(with_matrix(input.image, &kernels::sepia_matrix(params.amount)).into())
    }
}
