//! `distort`: the picture in perspective, or bent to an arc.

use std::f64::consts::{FRAC_PI_2, PI};

use safelight_kernels::Mapping;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::rounded;
use crate::shear::bent;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Where the picture's corners come to lie, in pixels: x and y of the top left, the top right, the
    /// bottom right and the bottom left one. Either these or arc_deg must be given.
    #[schemars(length(min = 8, max = 8), inner(range(min = -65535.0, max = 65535.0)))]
    corners: Option<Vec<f64>>,
    /// Bends the picture upwards over so many degrees of a circle; its middle row keeps its length.
    #[schemars(range(min = 1.0, max = 360.0))]
    arc_deg: Option<f64>,
    /// The colour around the bent picture.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { corners: None, arc_deg: None, background: Color::TRANSPARENT }
    }
}

/// Shows the picture in perspective by where its corners lie, or bent to an arc.
///
/// The canvas is the smallest upright rectangle around the result, its sides rounded half up; corners at
/// negative positions are moved onto it. The corners must form a convex quadrangle; a mirrored one is one.
/// An arc whose middle row would be too short for the picture's height loses lower rows at its centre.
/// The result has an alpha channel if the picture has one or the background is not opaque. Pixels are mixed in
/// sRGB values: bilinearly, and where the picture shrinks from smaller copies.
pub(crate) struct Distort;

impl Transform for Distort {
    const NAME: &'static str = "distort";
    const SUMMARY: &'static str = "Shows the picture in perspective or bent to an arc.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        mapped(params, input).map(|(to, _)| Planned::to(to))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (to, mapping) = mapped(params, input.image.size())?;
        Ok(bent(input.image, params.background, to, mapping).into())
    }
}

fn mapped(params: &Params, input: Size) -> Result<(Size, Mapping), Refusal> {
    match (&params.corners, params.arc_deg) {
        (Some(corners), None) => perspective(corners, input),
        (None, Some(arc_deg)) => Ok(arc(arc_deg.to_radians(), input)),
        (None, None) => Err(Refusal::params("", "corners and arc_deg are both missing, expected one of them")),
        (Some(_), Some(_)) => Err(Refusal::params("", "corners and arc_deg are both given, expected one of them")),
    }
}

fn perspective(corners: &[f64], input: Size) -> Result<(Size, Mapping), Refusal> {
    let least = |axis: usize| corners.iter().skip(axis).step_by(2).copied().fold(f64::INFINITY, f64::min);
    let most = |axis: usize| corners.iter().skip(axis).step_by(2).copied().fold(f64::NEG_INFINITY, f64::max);
    let (left, top) = (least(0), least(1));
    let to = Size::new(rounded(most(0) - left), rounded(most(1) - top));
    let points = corners.as_chunks::<2>().0.iter().map(|[x, y]| (x - left, y - top));
    let points: Vec<(f64, f64)> = points.collect();
    let points: [(f64, f64); 4] = points.try_into().map_err(|_| quadrangle_expected(corners))?;
    let size = (f64::from(input.width), f64::from(input.height));
    let mapping = Mapping::to_corners(size, points).ok_or_else(|| quadrangle_expected(corners))?;
    Ok((to, mapping))
}

fn quadrangle_expected(corners: &[f64]) -> Refusal {
    Refusal::params("corners", format!("are {corners:?}, expected the four corners of a convex quadrangle"))
}

fn arc(angle_rad: f64, input: Size) -> (Size, Mapping) {
    let (width, height) = (f64::from(input.width), f64::from(input.height));
    let middle = width / angle_rad;
    let (inner, outer) = ((middle - height / 2.0).max(0.0), middle + height / 2.0);
    let half = angle_rad / 2.0;
    let aside = outer * half.min(FRAC_PI_2).sin();
    // The lowest point, below the centre if positive: an end of the inner or of the outer arc.
    let below = if half >= PI { outer } else { (-inner * half.cos()).max(-outer * half.cos()) };
    let to = Size::new(rounded(2.0 * aside), rounded(outer + below));
    let centre = (f64::from(to.width) / 2.0, outer + (f64::from(to.height) - outer - below) / 2.0);
    (to, Mapping::Arc { centre, angle_rad, outer })
}
