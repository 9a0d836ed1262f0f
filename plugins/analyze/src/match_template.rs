//! `match_template`: where a small picture lies in the large one.

use safelight_kernels as kernels;
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    numbers::{exact, share, tenth},
    picture::{gray, only, size},
};

/// How much larger each size is than the one before it: the search finds what is within 8 % of a size.
const SIZE_RATIO: f64 = 1.15;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The small picture to look for: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// The least score of a match: 1 is the same up to brightness and contrast, 0 nothing alike.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.1, max = 1.0))]
    threshold: f64,
    /// How many matches at most.
    #[serde(default = "most")]
    #[schemars(range(min = 1, max = 100))]
    most: u32,
    /// The smallest size that the image may have in the picture, relative to its own.
    #[serde(default = "same")]
    #[schemars(range(min = 0.1, max = 10.0))]
    min_scale: f64,
    /// The largest size that the image may have in the picture, relative to its own. At most 16 times `min_scale`.
    #[serde(default = "same")]
    #[schemars(range(min = 0.1, max = 10.0))]
    max_scale: f64,
}

fn threshold() -> f64 {
    0.8
}

fn most() -> u32 {
    10
}

fn same() -> f64 {
    1.0
}

impl Params {
    /// The sizes to look for, evenly spread on a logarithmic scale.
    fn scales(&self) -> Vec<f64> {
        let steps = ((self.max_scale / self.min_scale).ln() / SIZE_RATIO.ln()).ceil().max(0.0);
        let scale =
            |step: u32| self.min_scale * (self.max_scale / self.min_scale).powf(f64::from(step) / steps.max(1.0));
        (0..=steps as u32).map(scale).collect()
    }
}

/// Finds the image in the picture by normalised cross-correlation of their gray values, upright and without
/// perspective; see the kernel for method and cost. All sizes between the two given ones are found. Matches that
/// overlap a better one by half are left out.
pub(crate) struct MatchTemplate;

impl Transform for MatchTemplate {
    const NAME: &'static str = "match_template";
    const SUMMARY: &'static str = "Where another, smaller picture lies in this one, in one size or a range of sizes.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let (min, max) = (params.min_scale, params.max_scale);
        if max < min || max > 16.0 * min {
            let message =
                format!("is {max}, expected a number from min_scale to 16 times as much: {min} to {}", 16.0 * min);
            return Err(Refusal::params("max_scale", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = only(input.images)?;
        let found = find(params, &input.image, &image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    found: bool,
    /// Best first.
    matches: Vec<Match>,
}

#[derive(Debug, Serialize)]
struct Match {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// Its size relative to the image's own.
    scale: f64,
    /// The correlation coefficient.
    score: f64,
}

fn find(params: &Params, picture: &Image, image: &Image) -> Found {
    let search = kernels::Search { scales: params.scales(), threshold: params.threshold, most: params.most as usize };
    let matches = kernels::match_template(&gray(picture), size(picture), &gray(image), size(image), &search);
    let matches: Vec<Match> = matches
        .into_iter()
        .map(|found| Match {
            x: tenth(found.x),
            y: tenth(found.y),
            width: tenth(found.width),
            height: tenth(found.height),
            scale: share(found.scale),
            score: exact(found.score),
        })
        .collect();
    Found { found: !matches.is_empty(), matches }
}
