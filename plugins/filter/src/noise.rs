//! `noise`: noise.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The distribution.
    kind: Kind,
    /// How much, as a share of full range; see the kinds. 0 changes nothing.
    #[schemars(range(min = 0.0, max = 1.0))]
    strength: f64,
    /// The same noise for all colours of a pixel, so that it shows no colour.
    gray: bool,
    /// Chooses the noise.
    seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { kind: Kind::Gaussian, strength: 0.1, gray: false, seed: 0 }
    }
}

/// The distribution of noise.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Normal; strength is the standard deviation.
    Gaussian,
    /// Even, from minus to plus strength.
    Uniform,
    /// Strength is the share of values that become black or white.
    Impulse,
    /// That of counted light; strength is the standard deviation at white, less in the dark.
    Poisson,
}

/// Adds noise to the colours, in place; alpha stays. The same seed and size always give the same noise.
pub(crate) struct Noise;

impl Transform for Noise {
    const NAME: &'static str = "noise";
    const SUMMARY: &'static str = "Adds noise.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let Params { kind, strength, gray, seed } = *params;
        let kind = match kind {
            Kind::Gaussian => kernels::Noise::Gaussian,
            Kind::Uniform => kernels::Noise::Uniform,
            Kind::Impulse => kernels::Noise::Impulse,
            Kind::Poisson => kernels::Noise::Poisson,
        };
        kernels::noise(&mut image.pixels, size, channels, kind, strength, gray, seed);
        Ok(image.into())
    }
}
