//! `crop`: a rectangle cut out of the picture.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, Planned, Rect, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::placement::Gravity;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The leftmost column that is kept. Without it, gravity decides.
    #[schemars(range(min = 0, max = 65535))]
    x: Option<u32>,
    /// The topmost row that is kept. Without it, gravity decides.
    #[schemars(range(min = 0, max = 65535))]
    y: Option<u32>,
    /// Columns that are kept. Without it, all from x on.
    #[schemars(range(min = 1, max = 65535))]
    width: Option<u32>,
    /// Rows that are kept. Without it, all from y on.
    #[schemars(range(min = 1, max = 65535))]
    height: Option<u32>,
    /// Where the rectangle lies when x or y is not given.
    gravity: Gravity,
}

/// Cuts out a rectangle. At least one of x, y, width and height must be given.
///
/// What of the rectangle lies outside the picture is left away: the result is then smaller than
/// asked. A rectangle that lies outside altogether is refused.
/// **Rounding.** Half a pixel of free space goes to the right and to the bottom.
pub(crate) struct Crop;

impl Transform for Crop {
    const NAME: &'static str = "crop";
    const SUMMARY: &'static str = "Cuts a rectangle out of the picture.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let rect = rect(params, input)?;
        let planned = Planned::to(rect.size());
        Ok(if rect == Rect::whole(input) { planned } else { planned.with_region(rect) })
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let rect = rect(params, input.view.full)?;
        let region = input.view.region;
        let Image { width, height, format, mut pixels } = input.image;
        // The part that came holds the rectangle, at full scale.
        let (x, y) = (rect.x - region.x, rect.y - region.y);
        kernels::cut(&mut pixels, (width, height), format.bytes(), (x, y, rect.width, rect.height));
        Ok(Image::new(rect.width, rect.height, format, pixels).into())
    }
}

fn rect(params: &Params, full: Size) -> Result<Rect, Refusal> {
    if params.x.or(params.y).or(params.width).or(params.height).is_none() {
        return Err(Refusal::params("", "x, y, width and height are all missing, expected at least one of them"));
    }
    let (left, top) = (params.gravity.left_halves(), params.gravity.top_halves());
    let (x, width) = span("x", params.x, params.width, full.width, left)?;
    let (y, height) = span("y", params.y, params.height, full.height, top)?;
    Ok(Rect::new(x, y, width, height))
}

/// Start and length along one direction, inside the picture.
fn span(field: &str, start: Option<u32>, length: Option<u32>, full: u32, halves: u32) -> Result<(u32, u32), Refusal> {
    let start = match start {
        Some(start) if start >= full => {
            return Err(Refusal::params(field, format!("is {start}, expected a whole number from 0 to {}", full - 1)));
        }
        Some(start) => start,
        None => full.saturating_sub(length.unwrap_or(full)) * halves / 2,
    };
    let rest = full - start;
    Ok((start, length.map_or(rest, |length| length.min(rest))))
}
