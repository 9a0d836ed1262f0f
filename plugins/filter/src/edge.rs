//! `edge`: edges.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How edges are found.
    kind: Kind,
    /// What the result is multiplied by before it is clamped.
    #[schemars(range(min = 0.0, max = 100.0))]
    strength: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { kind: Kind::Sobel, strength: 1.0 }
    }
}

/// How edges are found.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The length of the gradient by Sobel's two matrices.
    Sobel,
    /// The magnitude of the difference from the eight neighbours, times eight.
    Laplacian,
}

/// Replaces every channel by the strength of the edge there, in place; alpha stays. Flat parts become black.
pub(crate) struct Edge;

impl Transform for Edge {
    const NAME: &'static str = "edge";
    const SUMMARY: &'static str = "Finds edges.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (size, channels) = ((image.width, image.height), image.format.bytes());
        let kind = match params.kind {
            Kind::Sobel => kernels::Edges::Sobel,
            Kind::Laplacian => kernels::Edges::Laplacian,
        };
        kernels::edge(&mut image.pixels, size, channels, kind, params.strength);
        Ok(image.into())
    }
}
