//! `duotone`: two inks.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour of the shadows.
    dark: Color,
    /// The colour of the lights.
    light: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { dark: Color::opaque(0x1a, 0x1a, 0x66), light: Color::opaque(0xff, 0xe0, 0xb0) }
    }
}

/// Maps luma onto the line between the two colours; alpha stays.
pub(crate) struct Duotone;

impl Transform for Duotone {
    const NAME: &'static str = "duotone";
    const SUMMARY: &'static str = "Prints the picture in two colours.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let channels = image.format.bytes();
        kernels::grayscale(&mut image.pixels, channels);
        let table = |channel: usize| {
            let ends = [params.dark, params.light].map(|color| f64::from(color.rgba[channel]) / 255.0);
            kernels::table(move |value| ends[0] + (ends[1] - ends[0]) * value)
        };
        kernels::apply_tables(&mut image.pixels, channels, &[table(0), table(1), table(2)]);
        Ok(image.into())
    }
}
