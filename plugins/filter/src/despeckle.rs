//! `despeckle`: removal of specks.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {}

/// Moves values that stand out from their neighbours, in place: one round of complementary hulling (Crimmins 1985), see the kernel.
pub(crate) struct Despeckle;

impl Transform for Despeckle {
    const NAME: &'static str = "despeckle";
    const SUMMARY: &'static str = "Takes specks away and keeps edges.";
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::despeckle(&mut image.pixels, size, channels);
        Ok(image.into())
    }
}
