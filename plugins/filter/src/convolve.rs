//! `convolve`: a matrix of one's own.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The weights, row by row: 9, 25 or 49 of them.
    #[schemars(length(min = 9, max = 49), inner(range(min = -10000.0, max = 10000.0)))]
    matrix: Vec<f64>,
    /// What the weighted sum is divided by. 0: the sum of the weights, or 1 if that is 0.
    #[serde(default)]
    #[schemars(range(min = -1_000_000.0, max = 1_000_000.0))]
    divisor: f64,
    /// Levels that are added to the quotient.
    #[serde(default)]
    #[schemars(range(min = -255.0, max = 255.0))]
    bias: f64,
    /// Leave alpha as it is, instead of convolving it with the colours.
    #[serde(default)]
    preserve_alpha: bool,
}

/// Replaces every channel by `bias + sum of weight * neighbour / divisor`, in place, rounded to nearest and clamped. The
/// matrix lies on the picture as it is printed: its first weight is that of the upper left neighbour.
pub(crate) struct Convolve;

impl Transform for Convolve {
    const NAME: &'static str = "convolve";
    const SUMMARY: &'static str = "Convolves with a 3 x 3, 5 x 5 or 7 x 7 matrix.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let count = params.matrix.len();
        if !matches!(count, 9 | 25 | 49) {
            return Err(Refusal::params("matrix", format!("has {count} weights, expected 9, 25 or 49")));
        }
        let divisor = divisor(params);
        if params.matrix.iter().any(|weight| (weight / divisor).abs() > 30_000.0) {
            let message = format!("is {divisor}, expected no quotient of a weight and it beyond 30000");
            return Err(Refusal::params("divisor", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let divisor = divisor(params);
        let matrix: Vec<f64> = params.matrix.iter().map(|weight| weight / divisor).collect();
        kernels::convolve(&mut image.pixels, size, channels, &matrix, params.bias, params.preserve_alpha);
        Ok(image.into())
    }
}

fn divisor(params: &Params) -> f64 {
    let sum: f64 = params.matrix.iter().sum();
    match params.divisor {
        0.0 if sum.abs() < 1e-9 => 1.0,
        0.0 => sum,
        divisor => divisor,
    }
}
