//! What becomes of a picture of a known size.

use safelight_kernels::Window;
use safelight_sdk::{Rect, Refusal, Size};

use super::{Filter, Mode, Only, Params};
use crate::length::{offset, rounded, scaled, side, sides_by_ratio};
use crate::placement::{Anchor, Gravity, inwards};

/// How much larger than the result a reduced input must be: 6/5.
const ENOUGH: (u32, u32) = (6, 5);

pub(super) struct Layout {
    /// The result's size.
    pub(super) to: Size,
    /// The size that the whole picture would have at the result's scale.
    whole: Size,
    /// The part of the full picture that the result shows. Of `Anchor::Pixels`, its size alone counts.
    pub(super) window: Window,
    /// What its place depends on.
    pub(super) anchor: Anchor,
}

impl Layout {
    pub(super) fn of(params: &Params, full: Size) -> Result<Self, Refusal> {
        let only = params.only()?;
        if let Some(scale) = params.scale {
            let length = |length: u32| rounded(f64::from(length) * scale);
            return params.scaled_by_itself().map(|()| {
                Layout::stretch(full, restricted(full, Size::new(length(full.width), length(full.height)), only))
            });
        }
        let width = side(params.width.as_ref(), "width", full.width)?;
        let height = side(params.height.as_ref(), "height", full.height)?;
        let (width, height) = sides_by_ratio(width, height, params.aspect_ratio.as_ref())?;
        let is_small =
            width.is_none_or(|width| full.width <= width) && height.is_none_or(|height| full.height <= height);
        let (to, keeps_proportions) = match (width, height) {
            (None, None) => {
                let message = "width, height and scale are all missing, expected at least one of them";
                return Err(Refusal::params("", message));
            }
            _ if is_small && only == Some(Only::LargerPictures) => (full, true),
            (Some(width), None) => (Size::new(width, scaled(full.height, width, full.width)), true),
            (None, Some(height)) => (Size::new(scaled(full.width, height, full.height), height), true),
            (Some(width), Some(height)) => match params.mode {
                Mode::Fit | Mode::Limit => (fit(full, width, height), true),
                Mode::Exact => (Size::new(width, height), false),
                Mode::Fill => return Layout::fill(params, full, Size::new(width, height), only),
            },
        };
        Ok(Layout::stretch(full, if keeps_proportions { bounded(full, to, only) } else { restricted(full, to, only) }))
    }

    /// The whole picture as another size.
    fn stretch(full: Size, to: Size) -> Self {
        let window = Window::whole(full.width, full.height);
        Layout { to, whole: to, window, anchor: Anchor::Side(Gravity::Center) }
    }

    fn fill(params: &Params, full: Size, mut to: Size, only: Option<Only>) -> Result<Self, Refusal> {
        let (full_width, full_height) = (f64::from(full.width), f64::from(full.height));
        let (across, down) = (f64::from(to.width) / full_width, f64::from(to.height) / full_height);
        let mut scale = across.max(down);
        if params.max_cut < 1.0 {
            // The side that is cut decides how small the other one must become.
            let least = across.min(down) / (1.0 - params.max_cut);
            if least < scale {
                scale = least;
                to.width = to.width.min(rounded(full_width * scale));
                to.height = to.height.min(rounded(full_height * scale));
            }
        }
        match only {
            Some(Only::Shrink) if scale > 1.0 => {
                scale = 1.0;
                to = Size::new(to.width.min(full.width), to.height.min(full.height));
            }
            Some(Only::Enlarge) => scale = scale.max(1.0),
            _ => {}
        }
        scale *= params.zoom;
        // The side that gave the scale is kept whole, and exactly so.
        let width = (f64::from(to.width) / scale).min(full_width);
        let height = (f64::from(to.height) / scale).min(full_height);
        let (anchor, x, y) = params.place(full, (full_width - width, full_height - height), (width, height))?;
        // Unscaled pixels stay whole.
        let (x, y) = if scale == 1.0 { (x.floor(), y.floor()) } else { (x, y) };
        let window = Window { x, y, width, height };
        let whole = Size::new((full_width * scale).ceil() as u32, (full_height * scale).ceil() as u32);
        Ok(Layout { to, whole, window, anchor })
    }

    /// The pixels that have an influence: the window and what the filter reaches around it. None
    /// when that is everything.
    ///
    /// None also for `nearest` and `box`: whether they count a pixel at their border hangs on the
    /// last digit of a position, which a shift by the region's corner may change. And none when the
    /// pixels decide where the window lies.
    pub(super) fn region(&self, full: Size, filter: Filter) -> Option<Rect> {
        if matches!(filter, Filter::Nearest | Filter::Box) || self.anchor == Anchor::Pixels {
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

    /// The size of the whole picture that is as good as `full`: a smaller one, or what an enlargement comes to,
    /// which a source that is not made of pixels can have. None where only `full` will do.
    pub(super) fn enough(&self, full: Size) -> Option<Size> {
        if self.whole.width > full.width || self.whole.height > full.height {
            return Some(self.whole);
        }
        let margin = |length: u32| length.saturating_mul(ENOUGH.0).div_ceil(ENOUGH.1);
        let enough = Size::new(margin(self.whole.width), margin(self.whole.height));
        (enough.width < full.width && enough.height < full.height).then_some(enough)
    }
}

impl Params {
    fn only(&self) -> Result<Option<Only>, Refusal> {
        match (self.mode, self.only) {
            (Mode::Limit, None) => Ok(Some(Only::Shrink)),
            (Mode::Limit, Some(Only::Enlarge)) => {
                Err(Refusal::params("only", "is \"enlarge\" with mode limit, expected a mode that can enlarge"))
            }
            (_, only) => Ok(only),
        }
    }

    fn scaled_by_itself(&self) -> Result<(), Refusal> {
        if self.width.is_some() || self.height.is_some() || self.aspect_ratio.is_some() {
            let message = "is given with width, height or aspect_ratio, expected either it or them";
            return Err(Refusal::params("scale", message));
        }
        Ok(())
    }

    /// What the window's place depends on, and its corner.
    fn place(&self, full: Size, free: (f64, f64), window: (f64, f64)) -> Result<(Anchor, f64, f64), Refusal> {
        let x = offset(self.x.as_ref(), "x", full.width)?;
        let y = offset(self.y.as_ref(), "y", full.height)?;
        let anchor = self.gravity.anchor();
        let (left, top) = match (anchor, x, y) {
            (Anchor::Side(gravity), x, y) => {
                let (across, down) = gravity.halves();
                let at = |free: f64, halves: u32, offset: Option<i32>| {
                    free / 2.0 * f64::from(halves) + inwards(offset.unwrap_or(0), halves) as f64
                };
                (at(free.0, across, x), at(free.1, down, y))
            }
            (Anchor::Point, Some(x), Some(y)) => (f64::from(x) - window.0 / 2.0, f64::from(y) - window.1 / 2.0),
            (Anchor::Pixels, None, None) => (0.0, 0.0),
            (Anchor::Point, ..) => {
                return Err(Refusal::params("gravity", "is \"point\" without x and y, expected both"));
            }
            (Anchor::Pixels, ..) => {
                return Err(Refusal::params("gravity", "is \"auto\" with x or y, expected neither"));
            }
        };
        Ok((anchor, left.clamp(0.0, free.0), top.clamp(0.0, free.1)))
    }
}

/// A size of other proportions, side by side restricted to one direction.
fn restricted(full: Size, to: Size, only: Option<Only>) -> Size {
    match only {
        Some(Only::Shrink) => Size::new(to.width.min(full.width), to.height.min(full.height)),
        Some(Only::Enlarge) => Size::new(to.width.max(full.width), to.height.max(full.height)),
        _ => to,
    }
}

/// A size of the picture's proportions, or the picture's own if that is in the wrong direction.
fn bounded(full: Size, to: Size, only: Option<Only>) -> Size {
    let enlarges = to.width > full.width || to.height > full.height;
    let shrinks = to.width < full.width || to.height < full.height;
    match only {
        Some(Only::Shrink) if enlarges => full,
        Some(Only::Enlarge) if shrinks => full,
        _ => to,
    }
}

/// The largest size of the picture's proportions inside `width` x `height`.
fn fit(full: Size, width: u32, height: u32) -> Size {
    let width_decides = u64::from(width) * u64::from(full.height) <= u64::from(height) * u64::from(full.width);
    if width_decides {
        Size::new(width, scaled(full.height, width, full.width).min(height))
    } else {
        Size::new(scaled(full.width, height, full.height).min(width), height)
    }
}
