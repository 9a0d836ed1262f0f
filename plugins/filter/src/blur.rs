//! `blur`: Gaussian blur.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::Amount;
use crate::region::Region;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Standard deviation of the Gaussian in pixels.
    #[schemars(range(min = 0.1, max = 250.0))]
    sigma_px: f64,
    /// How far the Gaussian reaches, in pixels. 0: as far as it counts, 3 sigma.
    #[schemars(range(min = 0, max = 1000))]
    radius_px: u32,
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
            sigma_px: 2.0,
            radius_px: 0,
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

/// Blurs the picture, or a region of it, by a Gaussian, in place; see the kernel for method and error bound.
///
/// **Region.** It is blurred as a picture by itself, so its edge stays sharp and nothing of the outside
/// gets in. What of it lies outside the picture is left away; a region wholly outside is refused.
pub(crate) struct Blur;

impl Transform for Blur {
    const NAME: &'static str = "blur";
    const SUMMARY: &'static str = "Gaussian blur, of the whole picture or a region.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        params.region().within(input)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = params.region().apply(input.image, |pixels, size, channels| {
            let radius = if params.radius_px == 0 { u32::MAX } else { params.radius_px };
            kernels::gaussian_blur_within(pixels, size, channels, params.sigma_px, radius);
        })?;
        Ok(image.into())
    }
}
