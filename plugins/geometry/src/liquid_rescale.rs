//! `liquid_rescale`: another size by taking out, or doubling, what is least seen.

use safelight_kernels::{self as kernels, MOST_VISITS, Seams};
use safelight_sdk::{Image, Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::{Side, side};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the result: pixels, or percent of the picture's width. Without it, the picture's.
    width: Option<Side>,
    /// Height of the result: pixels, or percent of the picture's height. Without it, the picture's.
    height: Option<Side>,
    /// How many columns a seam may move sideways from one row to the next; 0 takes out straight lines.
    #[schemars(range(min = 0, max = 4))]
    max_step_px: u32,
    /// How reluctantly seams move sideways, in levels of energy per column.
    #[schemars(range(min = 0, max = 1000))]
    rigidity: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { width: None, height: None, max_step_px: 1, rigidity: 0 }
    }
}

/// Changes the size by seams: connected lines of pixels along which little changes. What is striking keeps
/// its size. First the width, then the height. At least one of them must be given.
///
/// **Limit.** Every seam costs a pass over the picture. A call that would visit more than 2^31 pixels
/// (seams times pixels) is refused: 1000 x 1000 may change by 2000 seams, 4000 x 3000 by 178. Resize first.
/// **Energy** is the sum of luma's differences across and down, in sRGB values; zero where transparent.
pub(crate) struct LiquidRescale;

impl Transform for LiquidRescale {
    const NAME: &'static str = "liquid_rescale";
    const SUMMARY: &'static str = "Changes the size by taking out or doubling what is least seen.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let to = to(params, input)?;
        // What is too large altogether is refused as such.
        to.check()?;
        let visits = kernels::carve_visits((input.width, input.height), (to.width, to.height));
        if visits > MOST_VISITS {
            return Err(Refusal::params(
                "",
                format!(
                    "{input} px to {to} px would visit {visits} pixels, over the limit of {MOST_VISITS}; resize first"
                ),
            ));
        }
        Ok(Planned::to(to))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let to = to(params, input.image.size())?;
        let Image { width, height, format, pixels } = input.image;
        let seams = Seams { step: params.max_step_px, rigidity: params.rigidity };
        let pixels = kernels::carve(pixels, (width, height), format.bytes(), (to.width, to.height), seams);
        Ok(Image::new(to.width, to.height, format, pixels).into())
    }
}

fn to(params: &Params, input: Size) -> Result<Size, Refusal> {
    if params.width.is_none() && params.height.is_none() {
        return Err(Refusal::params("", "width and height are both missing, expected at least one of them"));
    }
    let width = side(params.width.as_ref(), "width", input.width)?;
    let height = side(params.height.as_ref(), "height", input.height)?;
    Ok(Size::new(width.unwrap_or(input.width), height.unwrap_or(input.height)))
}
