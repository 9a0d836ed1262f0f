//! `pad`: a border around the picture.

mod backdrop;

use safelight_kernels as kernels;
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::{Amount, Offset, Ratio, Side, offset, rounded, side, sides_by_ratio};
use crate::placement::{Gravity, inwards};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the canvas: pixels, or percent of the picture's width ("150%"). Without it, the picture's.
    width: Option<Side>,
    /// Height of the canvas: pixels, or percent of the picture's height. Without it, the picture's.
    height: Option<Side>,
    /// Width divided by height of the canvas, as a number or as "16:9": gives the one of width and
    /// height that is missing. Without both, the canvas is the smallest one around the picture.
    aspect_ratio: Option<Ratio>,
    /// Columns to the left, instead of a canvas: pixels, or percent of the picture's width.
    left: Option<Amount>,
    /// Rows above, instead of a canvas: pixels, or percent of the picture's height.
    top: Option<Amount>,
    /// Columns to the right, instead of a canvas: pixels, or percent of the picture's width.
    right: Option<Amount>,
    /// Rows below, instead of a canvas: pixels, or percent of the picture's height.
    bottom: Option<Amount>,
    /// Where the picture lies on the canvas.
    gravity: Gravity,
    /// Shifts the picture to the right, or to the left if gravity names an eastern side: pixels, or
    /// percent of the canvas's width. Never out of the canvas.
    x: Option<Offset>,
    /// Shifts the picture downwards, or upwards if gravity names a southern side: pixels, or percent of
    /// the canvas's height. Never out of the canvas.
    y: Option<Offset>,
    /// What becomes of a picture that is larger than the canvas.
    if_larger: IfLarger,
    /// What lies around the picture.
    backdrop: Backdrop,
    /// The colour around the picture, with backdrop `color`.
    background: Color,
    /// Standard deviation of the blur in pixels, with backdrop `blurred`.
    #[schemars(range(min = 0.1, max = 250.0))]
    blur_sigma_px: f64,
    /// How much lighter (to 1, white) or darker (to -1, black) backdrop `blurred` is than the picture.
    #[schemars(range(min = -1.0, max = 1.0))]
    blur_brightness: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            width: None,
            height: None,
            aspect_ratio: None,
            left: None,
            top: None,
            right: None,
            bottom: None,
            gravity: Gravity::Center,
            x: None,
            y: None,
            if_larger: IfLarger::Refuse,
            backdrop: Backdrop::Color,
            background: Color::TRANSPARENT,
            blur_sigma_px: 20.0,
            blur_brightness: 0.0,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IfLarger {
    /// The call is refused.
    #[default]
    Refuse,
    /// A side of the canvas that is smaller than the picture's grows to it.
    Grow,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Backdrop {
    /// The colour `background`.
    #[default]
    Color,
    /// The colour that is most frequent along the picture's edges.
    BorderColor,
    /// The colour that is most frequent in the picture.
    PredominantColor,
    /// The picture itself, covering the canvas, blurred.
    Blurred,
}

/// Lays the picture on a canvas. The picture keeps its size.
///
/// **Backdrop.** It lies around the picture, not behind it: transparent pixels stay transparent.
/// The result has an alpha channel if the picture has one or the colour is not opaque.
/// **Rounding.** Computed lengths are rounded half up; half a pixel of free space goes to the right and to the bottom.
pub(crate) struct Pad;

impl Transform for Pad {
    const NAME: &'static str = "pad";
    const SUMMARY: &'static str = "Lays the picture on a larger canvas: of one colour, or blurred from itself.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        layout(params, input).map(|(canvas, _)| Planned::to(canvas))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (canvas, at) = layout(params, input.image.size())?;
        let color = match params.backdrop {
            Backdrop::Blurred => {
                let blur = backdrop::Blur { sigma_px: params.blur_sigma_px, brightness: params.blur_brightness };
                return Ok(backdrop::blurred(&input.image, canvas, at, blur).into());
            }
            Backdrop::Color => params.background,
            Backdrop::BorderColor => backdrop::frequent(&input.image, true),
            Backdrop::PredominantColor => backdrop::frequent(&input.image, false),
        };
        let format = color.format_with(input.image.format);
        let image = to_format(input.image, format);
        let (size, canvas_size) = ((image.width, image.height), (canvas.width, canvas.height));
        let pixels = kernels::extend(&image.pixels, size, color.pixel(format), canvas_size, at);
        Ok(Image::new(canvas.width, canvas.height, format, pixels).into())
    }
}

/// The canvas and the picture's corner on it.
fn layout(params: &Params, input: Size) -> Result<(Size, (u32, u32)), Refusal> {
    if let Some((left, top, right, bottom)) = borders(params, input)? {
        let canvas = Size::new(input.width + left + right, input.height + top + bottom);
        return Ok((canvas, (left, top)));
    }
    let canvas = canvas(params, input)?;
    let (across, down) = params.gravity.halves();
    let at = |free: u32, halves: u32, offset: Option<i32>| {
        let wanted = i64::from(free * halves / 2) + inwards(offset.unwrap_or(0), halves);
        wanted.clamp(0, i64::from(free)) as u32
    };
    let x = offset(params.x.as_ref(), "x", canvas.width)?;
    let y = offset(params.y.as_ref(), "y", canvas.height)?;
    Ok((canvas, (at(canvas.width - input.width, across, x), at(canvas.height - input.height, down, y))))
}

/// What is added to the left, above, to the right and below; none when a canvas is asked for.
fn borders(params: &Params, input: Size) -> Result<Option<(u32, u32, u32, u32)>, Refusal> {
    let Params { left, top, right, bottom, .. } = params;
    if left.is_none() && top.is_none() && right.is_none() && bottom.is_none() {
        return Ok(None);
    }
    let has_canvas = params.width.is_some() || params.height.is_some() || params.aspect_ratio.is_some();
    if has_canvas || params.x.is_some() || params.y.is_some() {
        let message =
            "left, top, right and bottom are given with a canvas or an offset, expected either these or those";
        return Err(Refusal::params("", message));
    }
    let amount = |field: &str, amount: &Option<Amount>, whole: u32| {
        amount.as_ref().map_or(Ok(0), |amount| amount.amount(field, whole))
    };
    Ok(Some((
        amount("left", left, input.width)?,
        amount("top", top, input.height)?,
        amount("right", right, input.width)?,
        amount("bottom", bottom, input.height)?,
    )))
}

fn canvas(params: &Params, input: Size) -> Result<Size, Refusal> {
    let width = side(params.width.as_ref(), "width", input.width)?;
    let height = side(params.height.as_ref(), "height", input.height)?;
    let (width, height) = match (sides_by_ratio(width, height, params.aspect_ratio.as_ref())?, &params.aspect_ratio) {
        ((None, None), Some(ratio)) => smallest(input, ratio.value()?),
        (sides, _) => sides,
    };
    let grows = params.if_larger == IfLarger::Grow;
    let side = |field: &str, asked: Option<u32>, length: u32| match asked {
        Some(asked) if asked < length && !grows => {
            let message = format!("is {asked}, expected at least the picture's {field} of {length}");
            Err(Refusal::params(field, message))
        }
        asked => Ok(asked.unwrap_or(length).max(length)),
    };
    Ok(Size::new(side("width", width, input.width)?, side("height", height, input.height)?))
}

/// The smallest canvas of these proportions around the picture.
fn smallest(input: Size, ratio: f64) -> (Option<u32>, Option<u32>) {
    let (width, height) = (f64::from(input.width), f64::from(input.height));
    if width / height > ratio {
        (None, Some(rounded(width / ratio).max(input.height)))
    } else {
        (Some(rounded(height * ratio).max(input.width)), None)
    }
}
