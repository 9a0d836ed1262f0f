//! `channels`: a mixer of red, green and blue.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{COLOURED, with_matrix};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// What of red, green and blue becomes red.
    #[schemars(inner(range(min = -32.0, max = 32.0)))]
    red: [f64; 3],
    /// What of red, green and blue becomes green.
    #[schemars(inner(range(min = -32.0, max = 32.0)))]
    green: [f64; 3],
    /// What of red, green and blue becomes blue.
    #[schemars(inner(range(min = -32.0, max = 32.0)))]
    blue: [f64; 3],
    /// What is added to red, green and blue, from -1 to 1 of the range.
    #[schemars(inner(range(min = -1.0, max = 1.0)))]
    offset: [f64; 3],
}

impl Default for Params {
    fn default() -> Self {
        Params { red: [1.0, 0.0, 0.0], green: [0.0, 1.0, 0.0], blue: [0.0, 0.0, 1.0], offset: [0.0; 3] }
    }
}

/// Multiplies the colours by a matrix and adds an offset; alpha stays. Weights are exact to 1/16384; what the matrix gives is
/// clamped before the offset is added.
pub(crate) struct Channels;

impl Transform for Channels {
    const NAME: &'static str = "channels";
    const SUMMARY: &'static str = "Mixes the colour channels.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { red, green, blue, offset } = *params;
        let mut image = with_matrix(input.image, &[red, green, blue]);
        let table = |channel: usize| kernels::table(move |value| value + offset[channel]);
        kernels::apply_tables(&mut image.pixels, image.format.bytes(), &[table(0), table(1), table(2)]);
        Ok(image.into())
    }
}
