//! `crop`: a rectangle cut out of the picture.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, Planned, Rect, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::{Offset, Ratio, Side, offset, rounded, side, sides_by_ratio};
use crate::placement::{Anchor, Focus, inwards};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Distance of the rectangle from where gravity puts it, to the right, or to the left if gravity
    /// names an eastern side: pixels, or percent of the picture's width ("10%"). Without gravity, the
    /// leftmost column that is kept. With gravity `point`, the rectangle's middle.
    x: Option<Offset>,
    /// The same downwards, or upwards if gravity names a southern side, in percent of the picture's
    /// height. Without gravity, the topmost row that is kept. With gravity `point`, the rectangle's middle.
    y: Option<Offset>,
    /// Columns that are kept: pixels, or percent of the picture's width. Without it, all.
    width: Option<Side>,
    /// Rows that are kept: pixels, or percent of the picture's height. Without it, all.
    height: Option<Side>,
    /// Width divided by height, as a number or as "16:9": gives the one of width and height that is
    /// missing. Without both, the rectangle is as large as the picture allows.
    aspect_ratio: Option<Ratio>,
    /// Where the rectangle lies. Without it, x and y count from the top left corner, and where they are
    /// missing the rectangle lies in the middle.
    gravity: Option<Focus>,
    /// What becomes of a picture that is smaller than the rectangle.
    if_smaller: IfSmaller,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IfSmaller {
    /// What of the rectangle lies outside is left away.
    #[default]
    Cut,
    /// The rectangle shrinks until it fits, and keeps its proportions.
    Proportions,
    /// A picture that is larger than the rectangle in neither direction stays as it is; from others,
    /// what of the rectangle lies outside is left away.
    Unchanged,
}

/// Cuts out a rectangle. At least one of x, y, width, height and aspect_ratio must be given.
///
/// What of the rectangle lies outside the picture is left away: the result is then smaller than
/// asked. A rectangle that lies outside altogether is refused.
/// **Rounding.** Computed lengths are rounded half up; half a pixel of free space goes to the right and to the bottom.
/// **Gravity auto** looks at a copy of at most 128 pixels a side; the size of the result does not hang on it.
pub(crate) struct Crop;

impl Transform for Crop {
    const NAME: &'static str = "crop";
    const SUMMARY: &'static str = "Cuts a rectangle out of the picture.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let rect = rect(params, input)?;
        let planned = Planned::to(rect.size());
        let all_needed = rect == Rect::whole(input) || params.gravity == Some(Focus::Auto);
        Ok(if all_needed { planned } else { planned.with_region(rect) })
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut rect = rect(params, input.view.full)?;
        let region = input.view.region;
        let Image { width, height, format, mut pixels } = input.image;
        if params.gravity == Some(Focus::Auto) {
            let window = (f64::from(rect.width), f64::from(rect.height));
            let (x, y) = kernels::attention(&pixels, (width, height), format.bytes(), window);
            (rect.x, rect.y) = (region.x + x as u32, region.y + y as u32);
        }
        // The part that came holds the rectangle, at full scale.
        let (x, y) = (rect.x - region.x, rect.y - region.y);
        kernels::cut(&mut pixels, (width, height), format.bytes(), (x, y, rect.width, rect.height));
        Ok(Image::new(rect.width, rect.height, format, pixels).into())
    }
}

/// The rectangle. With gravity `auto`, its size alone counts.
fn rect(params: &Params, full: Size) -> Result<Rect, Refusal> {
    let offsets = (offset(params.x.as_ref(), "x", full.width)?, offset(params.y.as_ref(), "y", full.height)?);
    let sides = (params.width.as_ref(), params.height.as_ref());
    if offsets == (None, None) && sides == (None, None) && params.aspect_ratio.is_none() {
        let message = "x, y, width, height and aspect_ratio are all missing, expected at least one of them";
        return Err(Refusal::params("", message));
    }
    let Some((width, height)) = size(params, full)? else {
        return Ok(Rect::whole(full));
    };
    let (across, down) = match params.gravity.map(Focus::anchor) {
        None => (Place::from_start(offsets.0), Place::from_start(offsets.1)),
        Some(Anchor::Side(gravity)) => {
            let (across, down) = gravity.halves();
            let place = |halves: u32, offset: Option<i32>| Place::Side { halves, offset: offset.unwrap_or(0) };
            (place(across, offsets.0), place(down, offsets.1))
        }
        Some(Anchor::Point) => match offsets {
            (Some(x), Some(y)) => (Place::Middle(x), Place::Middle(y)),
            _ => return Err(Refusal::params("gravity", "is \"point\" without x and y, expected both")),
        },
        Some(Anchor::Pixels) if offsets == (None, None) => (Place::Middle(0), Place::Middle(0)),
        Some(Anchor::Pixels) => return Err(Refusal::params("gravity", "is \"auto\" with x or y, expected neither")),
    };
    let (x, width) = across.span("x", width, full.width)?;
    let (y, height) = down.span("y", height, full.height)?;
    Ok(Rect::new(x, y, width, height))
}

/// The rectangle's size, at most the picture's; none when the picture stays as it is.
fn size(params: &Params, full: Size) -> Result<Option<(u32, u32)>, Refusal> {
    let width = side(params.width.as_ref(), "width", full.width)?;
    let height = side(params.height.as_ref(), "height", full.height)?;
    let (mut width, mut height) = match sides_by_ratio(width, height, params.aspect_ratio.as_ref())? {
        (None, None) => match &params.aspect_ratio {
            Some(ratio) => largest(full, ratio.value()?),
            None => (full.width, full.height),
        },
        (width, height) => (width.unwrap_or(full.width), height.unwrap_or(full.height)),
    };
    match params.if_smaller {
        IfSmaller::Proportions if width > full.width || height > full.height => {
            (width, height) = largest(full, f64::from(width) / f64::from(height));
        }
        IfSmaller::Unchanged if full.width <= width && full.height <= height => return Ok(None),
        _ => {}
    }
    Ok(Some((width.min(full.width), height.min(full.height))))
}

/// The largest size of these proportions inside the picture.
fn largest(full: Size, ratio: f64) -> (u32, u32) {
    let (width, height) = (f64::from(full.width), f64::from(full.height));
    if width / height > ratio {
        (rounded(height * ratio).min(full.width), full.height)
    } else {
        (full.width, rounded(width / ratio).min(full.height))
    }
}

/// Where the rectangle lies along one direction.
enum Place {
    /// So many pixels inwards from where so many halves of the free space are before it.
    Side { halves: u32, offset: i32 },
    /// Around a pixel, as far as the picture allows.
    Middle(i32),
}

impl Place {
    fn from_start(offset: Option<i32>) -> Self {
        match offset {
            Some(offset) => Place::Side { halves: 0, offset },
            None => Place::Side { halves: 1, offset: 0 },
        }
    }

    /// Start and length, inside the picture. `length` is at most `full`.
    fn span(&self, field: &str, length: u32, full: u32) -> Result<(u32, u32), Refusal> {
        let free = i64::from(full - length);
        let (halves, offset) = match *self {
            Place::Side { halves, offset } => (halves, offset),
            Place::Middle(middle) => {
                let start = (i64::from(middle) - i64::from(length / 2)).clamp(0, free);
                return Ok((start as u32, length));
            }
        };
        let base = free * i64::from(halves) / 2;
        let wanted = base + inwards(offset, halves);
        let start = wanted.max(0);
        let end = (wanted + i64::from(length)).min(i64::from(full));
        if start >= end {
            let (low, high) = (1 - i64::from(length) - base, i64::from(full) - 1 - base);
            let (low, high) = if halves == 2 { (-high, -low) } else { (low, high) };
            return Err(Refusal::params(field, format!("is {offset}, expected a whole number from {low} to {high}")));
        }
        Ok((start as u32, (end - start) as u32))
    }
}
