//! `blurriness`: whether a picture is sharp.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    numbers::{exact, share},
    picture::{at_most, gray, size},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The variance of the Laplacian below which a picture counts as blurry.
    #[schemars(range(min = 0.1, max = 100000.0))]
    threshold: f64,
    /// To how many pixels the longer side is reduced first, so that pictures of different sizes can be compared.
    #[schemars(range(min = 16, max = 65535))]
    max_side_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { threshold: 100.0, max_side_px: 1024 }
    }
}

/// Measures the variance of the Laplacian of the gray picture: small where no edge is sharp. Noise counts as
/// sharpness.
pub(crate) struct Blurriness;

impl Transform for Blurriness {
    const NAME: &'static str = "blurriness";
    const SUMMARY: &'static str = "How blurry the picture is, by the variance of its Laplacian.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = measure(params, &input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    /// In squared levels.
    laplacian_variance: f64,
    /// The same over the variance of the values, so that contrast does not matter; 0 for one colour.
    normalized: f64,
    /// 0 for no edge at all, 0.5 at the threshold, towards 1 for sharp pictures: variance / (variance +
    /// threshold).
    sharpness: f64,
    /// 1 less sharpness.
    blurriness: f64,
    /// Whether the variance is under the threshold.
    blurry: bool,
}

fn measure(params: &Params, image: &Image) -> Found {
    let (gray, size) = at_most(gray(image), size(image), params.max_side_px);
    let variance = kernels::laplacian_variance(&gray, size);
    let values = kernels::summary(&kernels::luma_histogram(&gray, 1)).map_or(0.0, |all| all.deviation.powi(2));
    let sharpness = sharpness(variance, params.threshold);
    Found {
        laplacian_variance: exact(variance),
        normalized: if values > 0.0 { exact(variance / values) } else { 0.0 },
        sharpness: share(sharpness),
        blurriness: share(1.0 - sharpness),
        blurry: variance < params.threshold,
    }
}

/// A variance as a score of 0 to 1.
pub(crate) fn sharpness(variance: f64, threshold: f64) -> f64 {
    variance / (variance + threshold)
}
