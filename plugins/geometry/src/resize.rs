//! `resize`: another number of pixels for the same picture.

use safelight_kernels::{self as kernels, Window};
use safelight_sdk::{Image, Input, Outcome, Planned, Rect, Refusal, Size, Transform, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::placement::{Gravity, scaled};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the result in pixels. At least one of width and height must be given; without it
    /// the picture's proportions decide.
    #[schemars(range(min = 1, max = 65535))]
    width: Option<u32>,
    /// Height of the result in pixels.
    #[schemars(range(min = 1, max = 65535))]
    height: Option<u32>,
    /// What to do when width and height are both given and have other proportions than the picture.
    mode: Mode,
    /// Which part of the picture `fill` keeps.
    gravity: Gravity,
    /// How pixels are mixed.
    filter: Filter,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// As large as fits into width x height, proportions kept.
    #[default]
    Fit,
    /// Covers width x height, proportions kept; what stands over is cut off.
    Fill,
    /// Exactly width x height, proportions not kept.
    Exact,
    /// Like fit, but never larger than the picture is.
    Limit,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filter {
    /// A windowed sinc over six pixels: the sharpest.
    #[default]
    Lanczos3,
    /// Hard pixels.
    Nearest,
    /// The mean of the area that a pixel covers.
    Box,
    /// Linear over two pixels.
    Bilinear,
    /// Cubic over four pixels, slightly sharpening.
    CatmullRom,
    /// Cubic over four pixels, slightly smoothing.
    Mitchell,
}

impl Filter {
    fn kernel(self) -> kernels::Filter {
        match self {
            Filter::Lanczos3 => kernels::Filter::Lanczos3,
            Filter::Nearest => kernels::Filter::Nearest,
            Filter::Box => kernels::Filter::Box,
            Filter::Bilinear => kernels::Filter::Bilinear,
            Filter::CatmullRom => kernels::Filter::CatmullRom,
            Filter::Mitchell => kernels::Filter::Mitchell,
        }
    }
}

/// Resamples a picture to a given width, height or both.
///
/// **Sizes** that follow from the proportions are rounded half up, at least 1 pixel.
/// **Modes** other than `limit` act like `fit` when only one of width and height is given.
/// **Reduced input.** Any decoding that is at least 1.2 times the result on both sides is enough:
/// the last fifth is then still shrunk by the chosen filter, so that its sharpness and not the
/// decoder's decides how the result looks. 4000 x 3000 to 800 x 600 may start from 1000 x 750.
/// `nearest` needs the full size.
pub(crate) struct Resize;

/// How much larger than the result a reduced input must be: 6/5.
const ENOUGH: (u32, u32) = (6, 5);

impl Transform for Resize {
    const NAME: &'static str = "resize";
    const SUMMARY: &'static str = "Changes the size in pixels: fit, fill, exact or limit.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let layout = Layout::of(params, input)?;
        let mut planned = Planned::to(layout.to);
        if let Some(region) = layout.region(input, params.filter) {
            planned = planned.with_region(region);
        }
        let enough = layout.enough();
        let smaller = enough.width < input.width && enough.height < input.height;
        if smaller && params.filter != Filter::Nearest {
            planned = planned.with_enough(enough);
        }
        Ok(planned)
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Input { image, view, .. } = input;
        let Layout { to, window, .. } = Layout::of(params, view.full)?;
        if image.size() == to && view == View::whole(to) {
            return Ok(image.into());
        }
        let window = shown(window, view, image.size());
        let Image { width, height, format, mut pixels } = image;
        let filter = params.filter.kernel();
        let pixels =
            kernels::resize(&mut pixels, (width, height), format.bytes(), window, (to.width, to.height), filter);
        Ok(Image::new(to.width, to.height, format, pixels).into())
    }
}

/// What becomes of a picture of a known size.
struct Layout {
    /// The result's size.
    to: Size,
    /// The size that the whole picture would have at the result's scale.
    whole: Size,
    /// The part of the full picture that the result shows.
    window: Window,
}

impl Layout {
    fn of(params: &Params, full: Size) -> Result<Self, Refusal> {
        let window = Window::whole(full.width, full.height);
        let (width, height) = match (params.width, params.height) {
            (None, None) => {
                return Err(Refusal::params("", "width and height are both missing, expected at least one of them"));
            }
            (Some(width), None) => (width, scaled(full.height, width, full.width)),
            (None, Some(height)) => (scaled(full.width, height, full.height), height),
            (Some(width), Some(height)) => match params.mode {
                Mode::Fit | Mode::Limit => fit(full, width, height),
                Mode::Exact => (width, height),
                Mode::Fill => {
                    return Ok(Layout::fill(full, Size::new(width, height), params.gravity));
                }
            },
        };
        let enlarges = width > full.width || height > full.height;
        let to = if params.mode == Mode::Limit && enlarges { full } else { Size::new(width, height) };
        Ok(Layout { to, whole: to, window })
    }

    fn fill(full: Size, to: Size, gravity: Gravity) -> Self {
        let (full_width, full_height) = (f64::from(full.width), f64::from(full.height));
        let scale = (f64::from(to.width) / full_width).max(f64::from(to.height) / full_height);
        // The side that gave the scale is kept whole, and exactly so.
        let width = (f64::from(to.width) / scale).min(full_width);
        let height = (f64::from(to.height) / scale).min(full_height);
        let window = Window {
            x: (full_width - width) / 2.0 * f64::from(gravity.left_halves()),
            y: (full_height - height) / 2.0 * f64::from(gravity.top_halves()),
            width,
            height,
        };
        let whole = Size::new((full_width * scale).ceil() as u32, (full_height * scale).ceil() as u32);
        Layout { to, whole, window }
    }

    /// The pixels that have an influence: the window and what the filter reaches around it. None
    /// when that is everything.
    ///
    /// None also for `nearest` and `box`: whether they count a pixel at their border hangs on the
    /// last digit of a position, which a shift by the region's corner may change.
    fn region(&self, full: Size, filter: Filter) -> Option<Rect> {
        if matches!(filter, Filter::Nearest | Filter::Box) {
            return None;
        }
        let reach =
            |window: f64, to: u32| (filter.kernel().half_width() * (window / f64::from(to)).max(1.0)).ceil() + 1.0;
        let (reach_x, reach_y) = (reach(self.window.width, self.to.width), reach(self.window.height, self.to.height));
        let x = (self.window.x - reach_x).floor().max(0.0) as u32;
        let y = (self.window.y - reach_y).floor().max(0.0) as u32;
        let right = ((self.window.x + self.window.width + reach_x).ceil() as u32).min(full.width);
        let bottom = ((self.window.y + self.window.height + reach_y).ceil() as u32).min(full.height);
        let region = Rect::new(x, y, right - x, bottom - y);
        (region != Rect::whole(full)).then_some(region)
    }

    fn enough(&self) -> Size {
        let margin = |length: u32| length.saturating_mul(ENOUGH.0).div_ceil(ENOUGH.1);
        Size::new(margin(self.whole.width), margin(self.whole.height))
    }
}

/// The largest size of the picture's proportions inside `width` x `height`.
fn fit(full: Size, width: u32, height: u32) -> (u32, u32) {
    let width_decides = u64::from(width) * u64::from(full.height) <= u64::from(height) * u64::from(full.width);
    if width_decides {
        (width, scaled(full.height, width, full.width).min(height))
    } else {
        (scaled(full.width, height, full.height).min(width), height)
    }
}

/// Where a window of the full picture lies in the image that shows `view`.
fn shown(window: Window, view: View, image: Size) -> Window {
    let across = f64::from(image.width) / f64::from(view.region.width);
    let down = f64::from(image.height) / f64::from(view.region.height);
    Window {
        x: (window.x - f64::from(view.region.x)) * across,
        y: (window.y - f64::from(view.region.y)) * down,
        width: window.width * across,
        height: window.height * down,
    }
}
