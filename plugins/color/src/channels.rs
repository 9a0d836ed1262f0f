//! `channels`: a mixer of red, green and blue.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform, to_format};
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
    /// What of alpha is added to red, green and blue.
    #[schemars(inner(range(min = -32.0, max = 32.0)))]
    from_alpha: [f64; 3],
    /// What of red, green, blue and alpha becomes alpha.
    #[schemars(inner(range(min = -32.0, max = 32.0)))]
    alpha: [f64; 4],
}

const SAME_ALPHA: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

impl Default for Params {
    fn default() -> Self {
        Params {
            red: [1.0, 0.0, 0.0],
            green: [0.0, 1.0, 0.0],
            blue: [0.0, 0.0, 1.0],
            offset: [0.0; 3],
            from_alpha: [0.0; 3],
            alpha: SAME_ALPHA,
        }
    }
}

/// Multiplies the colours by a matrix and adds an offset. Without `alpha` and `from_alpha` alpha stays, weights are exact to
/// 1/16384 and what the matrix gives is clamped before the offset is added; with them all is summed first, and the result has
/// alpha.
pub(crate) struct Channels;

impl Transform for Channels {
    const NAME: &'static str = "channels";
    const SUMMARY: &'static str = "Mixes the colour channels.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { red, green, blue, offset, from_alpha, alpha } = *params;
        if alpha != SAME_ALPHA || from_alpha != [0.0; 3] {
            let mut image = to_format(input.image, PixelFormat::Rgba8);
            let row = |[r, g, b]: [f64; 3], a: f64| [r, g, b, a];
            let matrix = [row(red, from_alpha[0]), row(green, from_alpha[1]), row(blue, from_alpha[2]), alpha];
            kernels::apply_matrix_with_alpha(&mut image.pixels, &matrix, row(offset, 0.0));
            return Ok(image.into());
        }
        let mut image = with_matrix(input.image, &[red, green, blue]);
        let table = |channel: usize| kernels::table(move |value| value + offset[channel]);
        kernels::apply_tables(&mut image.pixels, image.format.bytes(), &[table(0), table(1), table(2)]);
        Ok(image.into())
    }
}
