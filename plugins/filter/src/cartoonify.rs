//! `cartoonify`: a cartoon.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How strong the lines are: 0 draws none.
    #[schemars(range(min = 0.0, max = 1.0))]
    line: f64,
    /// How few colours are left: 0 keeps all, 1 leaves two steps for each channel.
    #[schemars(range(min = 0.0, max = 1.0))]
    reduction: f64,
    /// Black and white by brightness, in place of reduced colours.
    black_and_white: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { line: 0.5, reduction: 0.5, black_and_white: false }
    }
}

/// Smooths flat parts, reduces the colours and draws lines along dark edges, in place; see the kernel.
pub(crate) struct Cartoonify;

impl Transform for Cartoonify {
    const NAME: &'static str = "cartoonify";
    const SUMMARY: &'static str = "Makes a cartoon: flat colours and dark lines.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let Params { line, reduction, black_and_white } = *params;
        let cartoon = kernels::Cartoon { line, reduction, black_and_white };
        kernels::cartoonify(&mut image.pixels, size, channels, &cartoon);
        Ok(image.into())
    }
}
