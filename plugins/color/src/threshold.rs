//! `threshold`: two values only.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Values from this fraction of the range on become white, lower ones black.
    #[schemars(range(min = 0.0, max = 1.0))]
    level: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { level: 0.5 }
    }
}

/// Makes every channel black or white by itself; alpha stays. For black and white pixels see `blackwhite`.
pub(crate) struct Threshold;

impl Transform for Threshold {
    const NAME: &'static str = "threshold";
    const SUMMARY: &'static str = "Makes every channel black or white.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let level = params.level;
        Ok(with_curve(input.image, |value| if value >= level { 1.0 } else { 0.0 }).into())
    }
}
