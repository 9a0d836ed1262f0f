//! `fill_light`: light in the shadows.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// From 0, the picture as it is, to 1, all of the effect.
    #[schemars(range(min = 0.0, max = 1.0))]
    blend: f64,
    /// Moves the effect: below 0 to the shadows alone, above 0 up to the middle tones. 0 is usual.
    #[schemars(range(min = -1.0, max = 1.0))]
    bias: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { blend: 1.0, bias: 0.0 }
    }
}

/// Lifts dark tones along `1 - (1 - x)^p`, weighted by how dark they are; lights stay.
pub(crate) struct FillLight;

impl Transform for FillLight {
    const NAME: &'static str = "fill_light";
    const SUMMARY: &'static str = "Lightens the shadows.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { blend, bias } = *params;
        // Bias moves the tone up to which there is an effect between a quarter and all of the range.
        let reach = 0.625 + 0.375 * bias;
        Ok(with_curve(input.image, |value| {
            let lifted = 1.0 - (1.0 - value).powf(1.8);
            let weight = (1.0 - value / reach).clamp(0.0, 1.0);
            value + (lifted - value) * weight * blend
        })
        .into())
    }
}
