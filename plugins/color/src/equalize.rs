//! `equalize`: all tones about equally frequent.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::from_histograms;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Each channel by its own histogram instead of all by that of luma.
    per_channel: bool,
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { per_channel: true, blend: 1.0 }
    }
}

/// Equalises the histogram; see the kernel. A picture of one colour stays.
pub(crate) struct Equalize;

impl Transform for Equalize {
    const NAME: &'static str = "equalize";
    const SUMMARY: &'static str = "Makes all tones about equally frequent.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { per_channel, blend } = *params;
        Ok(from_histograms(input.image, per_channel, blend, kernels::equalize).into())
    }
}
