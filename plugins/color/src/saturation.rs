//! `saturation`: how vivid the colours are.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_matrix;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// 0 is gray, 1 leaves the picture as it is, more is more vivid.
    #[schemars(range(min = 0.0, max = 10.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 1.0 }
    }
}

/// Multiplies every colour's distance from its luma (BT.709), as `saturate()` in the W3C's Filter
/// Effects does. A gray picture stays as it is.
pub(crate) struct Saturation;

impl Transform for Saturation {
    const NAME: &'static str = "saturation";
    const SUMMARY: &'static str = "Makes colours paler or more vivid.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        if input.image.format == PixelFormat::Gray8 {
            return Ok(input.image.into());
        }
        Ok(with_matrix(input.image, &kernels::saturation_matrix(params.amount)).into())
    }
}
