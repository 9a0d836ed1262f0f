//! `auto_enhance`: levels, brightness and colours at once.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{centred, common_ends, from_histograms, stretched, with_matrix};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { blend: 1.0 }
    }
}

/// One after the other, each as far as the picture needs it: contrast stretched by luma, the mean brought half of the way to
/// the middle, colours a tenth more vivid.
pub(crate) struct AutoEnhance;

impl Transform for AutoEnhance {
    const NAME: &'static str = "auto_enhance";
    const SUMMARY: &'static str = "Improves contrast, brightness and colours.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let blend = params.blend;
        let image = stretched(input.image, false, common_ends, blend);
        let image = from_histograms(image, false, blend / 2.0, centred);
        if image.format == PixelFormat::Gray8 {
            return Ok(image.into());
        }
        Ok(with_matrix(image, &kernels::saturation_matrix(1.0 + 0.1 * blend)).into())
    }
}
