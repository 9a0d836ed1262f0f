//! `pixelate`: large square pixels.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::Amount;
use crate::region::Region;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Side of a square in pixels of the picture.
    #[schemars(range(min = 1, max = 65535))]
    size_px: u32,
    /// Side of a square in percent of the picture's shorter side, instead of size_px; at least one pixel.
    #[schemars(range(min = 0.01, max = 100.0))]
    size_percent: Option<f64>,
    /// Left edge of the region that is changed, in pixels or as in "25%" of the picture's width.
    x: Amount,
    /// Top edge of the region, in pixels or percent of the picture's height.
    y: Amount,
    /// Width of the region, in pixels or percent of the picture's width.
    width: Amount,
    /// Height of the region, in pixels or percent of the picture's height.
    height: Amount,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            size_px: 10,
            size_percent: None,
            x: Amount::Pixels(0.0),
            y: Amount::Pixels(0.0),
            width: Amount::all(),
            height: Amount::all(),
        }
    }
}

impl Params {
    fn region(&self) -> Region<'_> {
        let Params { x, y, width, height, .. } = self;
        Region { x, y, width, height }
    }
}

/// Replaces squares, counted from the top left corner of the picture or the region, by their mean colour, in place.
/// Squares that stand over the edge are the mean of what lies inside.
///
/// **Region.** What of it lies outside the picture is left away; a region wholly outside is refused.
pub(crate) struct Pixelate;

impl Transform for Pixelate {
    const NAME: &'static str = "pixelate";
    const SUMMARY: &'static str = "Makes large square pixels, of the whole picture or a region.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        params.region().within(input)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let shorter = f64::from(input.image.width.min(input.image.height));
        let share = |percent: f64| (shorter * percent / 100.0).round().max(1.0) as u32;
        let side = params.size_percent.map_or(params.size_px, share);
        let image = params.region().apply(input.image, |pixels, size, channels| {
            kernels::pixelate(pixels, size, channels, side);
        })?;
        Ok(image.into())
    }
}
