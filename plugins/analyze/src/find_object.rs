//! `find_object`: whether and where another picture's object is seen, turned or scaled.

use safelight_kernels as kernels;
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    numbers::{share, tenth},
    picture::{gray, only, size},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture of the object, which it fills: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// From which confidence on the object counts as found.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.05, max = 0.99))]
    threshold: f64,
}

fn threshold() -> f64 {
    0.5
}

/// Matches corners of the image with corners of the picture (ORB), and looks for a turn, scale and slant that
/// many pairs agree about; see the kernel for method and sources.
///
/// Objects need texture: at least about ten corners must be seen again. They may be turned by any angle, up to
/// fivefold larger or smaller, and partly hidden.
pub(crate) struct FindObject;

impl Transform for FindObject {
    const NAME: &'static str = "find_object";
    const SUMMARY: &'static str =
        "Whether and where the object of another picture is in this one, at any angle and size.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

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
    /// 0 to 1; above a half the object is there by Brown and Lowe's condition.
    confidence: f64,
    /// Where the image's corners are: top left, top right, bottom right, bottom left of the image. None when
    /// nothing looks alike.
    corners: Option<[[f64; 2]; 4]>,
    /// Pairs of corners that agree about the place.
    agreeing: usize,
    /// Corners of the picture that were compared.
    picture_features: usize,
    /// Corners of the image that were compared.
    image_features: usize,
}

fn find(params: &Params, picture: &Image, image: &Image) -> Found {
    let features = |image: &Image| kernels::Features::of(&gray(image), size(image));
    let (picture, image) = (features(picture), features(image));
    let best = kernels::find_object(&picture, &image);
    let confidence = best.as_ref().map_or(0.0, |best| best.confidence);
    Found {
        found: confidence >= params.threshold,
        confidence: share(confidence),
        corners: best.as_ref().map(|best| best.corners.map(|corner| corner.map(tenth))),
        agreeing: best.as_ref().map_or(0, |best| best.agreeing),
        picture_features: picture.count(),
        image_features: image.count(),
    }
}
