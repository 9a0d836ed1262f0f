//! `oil_paint`: oil paint.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How far the square around a pixel reaches, in pixels: about the width of the brush. 0 changes nothing.
    #[schemars(range(min = 0, max = 20))]
    radius_px: u32,
    /// In how many steps brightness is told apart: fewer make the paint flow together.
    #[schemars(range(min = 2, max = 64))]
    levels: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { radius_px: 4, levels: 20 }
    }
}

/// Replaces every pixel by the mean colour of the most frequent brightness around it, in place.
pub(crate) struct OilPaint;

impl Transform for OilPaint {
    const NAME: &'static str = "oil_paint";
    const SUMMARY: &'static str = "Makes the picture look as if painted in oil.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        kernels::oil_paint(&mut image.pixels, size, channels, params.radius_px, params.levels);
        Ok(image.into())
    }
}
