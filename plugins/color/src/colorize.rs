//! `colorize`: one colour over all.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour.
    color: Color,
    /// From 0, the picture as it is, to 1, the colour alone.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { color: Color::WHITE, amount: 1.0 }
    }
}

/// Mixes every pixel with the colour; alpha stays. The opacity of the colour counts as a part of the amount.
pub(crate) struct Colorize;

impl Transform for Colorize {
    const NAME: &'static str = "colorize";
    const SUMMARY: &'static str = "Mixes the picture with a colour.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let share = params.amount * f64::from(params.color.rgba[3]) / 255.0;
        let table = |channel: usize| {
            let target = f64::from(params.color.rgba[channel]) / 255.0;
            kernels::table(move |value| value + (target - value) * share)
        };
        kernels::apply_tables(&mut image.pixels, image.format.bytes(), &[table(0), table(1), table(2)]);
        Ok(image.into())
    }
}
