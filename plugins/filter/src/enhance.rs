//! `enhance`: noise reduction.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {}

/// Replaces every pixel by the weighted mean of those of its 5 x 5 neighbours whose colour is alike, in place; see the kernel.
pub(crate) struct Enhance;

impl Transform for Enhance {
    const NAME: &'static str = "enhance";
    const SUMMARY: &'static str = "Reduces noise by the mean of alike neighbours.";
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::enhance(&mut image.pixels, size, channels);
        Ok(image.into())
    }
}
