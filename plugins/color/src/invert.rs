//! `invert`: the negative.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// Replaces every value `x` by `255 - x`, in place, as `invert(1)` in the W3C's Filter Effects does.
pub(crate) struct Invert;

impl Transform for Invert {
    const NAME: &'static str = "invert";
    const SUMMARY: &'static str = "Makes the negative.";
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        kernels::invert(&mut image.pixels, image.format.bytes());
        Ok(image.into())
    }
}
