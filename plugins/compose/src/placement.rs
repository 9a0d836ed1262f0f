//! Where and how large a picture lies on another one.

use safelight_kernels::{self as kernels, Filter, Window};
use safelight_sdk::{Image, PixelFormat, Refusal, Size, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::{Offset, Side};

/// The parameters that say it. They stand among those of a transform.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Placement {
    /// Width of the image: whole pixels, or a percentage such as "50%" of what `percent_of` says. When only
    /// one of width and height is given the image keeps its proportions, without both its size.
    width: Option<Side>,
    /// Height of the image.
    height: Option<Side>,
    /// What 100 % of `width` and `height` are.
    percent_of: PercentOf,
    /// What to do when width and height are both given and have other proportions than the image.
    fit: Fitting,
    /// Towards which side or corner of the picture the image lies.
    gravity: Gravity,
    /// How far the image lies inwards from the side that `gravity` names, to the right from the middle: pixels, or
    /// a percentage of the picture's width.
    x: Offset,
    /// The same downwards, or upwards from the lower side; percentages are of the picture's height.
    y: Offset,
}

impl Default for Placement {
    fn default() -> Self {
        Placement {
            width: None,
            height: None,
            percent_of: PercentOf::Picture,
            fit: Fitting::Fit,
            gravity: Gravity::Center,
            x: Offset::ZERO,
            y: Offset::ZERO,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PercentOf {
    /// Width and height of the picture that the image is put together with.
    #[default]
    Picture,
    /// Width and height of the image itself.
    Image,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fitting {
    /// As large as fits into width x height, proportions kept.
    #[default]
    Fit,
    /// Covers width x height, proportions kept; what stands over is cut off on both sides alike.
    Fill,
    /// Exactly width x height, proportions not kept.
    Exact,
    /// Like fit, but never larger than the image is.
    Limit,
}

/// Towards which side something is placed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gravity {
    #[default]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}

impl Gravity {
    /// How much of the free space lies to the left and above, in halves: 0, 1 or 2.
    const fn halves(self) -> (i64, i64) {
        match self {
            Gravity::NorthWest => (0, 0),
            Gravity::North => (1, 0),
            Gravity::NorthEast => (2, 0),
            Gravity::West => (0, 1),
            Gravity::Center => (1, 1),
            Gravity::East => (2, 1),
            Gravity::SouthWest => (0, 2),
            Gravity::South => (1, 2),
            Gravity::SouthEast => (2, 2),
        }
    }

    /// The shift that keeps a margin from the sides named, and none from the middle.
    pub(crate) const fn margins(self, margin: i64) -> (i64, i64) {
        let (left, top) = self.halves();
        (if left == 1 { 0 } else { margin }, if top == 1 { 0 } else { margin })
    }

    /// The corner of something of the size `inner` in something of the size `outer`, shifted inwards. Half a
    /// pixel of free space goes to the right and to the bottom.
    pub(crate) fn place(self, inner: Size, outer: Size, (x, y): (i64, i64)) -> (i64, i64) {
        let place = |inner: u32, outer: u32, halves: i64, shift: i64| {
            let free = i64::from(outer) - i64::from(inner);
            (free * halves).div_euclid(2) + if halves == 2 { -shift } else { shift }
        };
        let (left, top) = self.halves();
        (place(inner.width, outer.width, left, x), place(inner.height, outer.height, top, y))
    }
}

/// What becomes of a picture when an image reaches out of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Canvas {
    /// It keeps its size; the rest of the image is cut off.
    #[default]
    Keep,
    /// It grows until both are seen whole; what is new is transparent.
    Grow,
    /// It is refused.
    Refuse,
}

/// Where everything lies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// The result's size.
    pub(crate) canvas: Size,
    /// The corner of the picture on the canvas.
    pub(crate) picture: (u32, u32),
    /// The corner of the image on the canvas.
    pub(crate) image: (i64, i64),
    /// The size that the image gets.
    pub(crate) size: Size,
    /// The part of the image that is shown in that size.
    window: Window,
}

impl Placement {
    /// An image that fills a cell.
    pub(crate) fn inside(cell: Size, fit: Fitting, gravity: Gravity) -> Self {
        let side = |length: u32| Some(Side::Pixels(i32::try_from(length).unwrap_or(i32::MAX)));
        Placement { width: side(cell.width), height: side(cell.height), fit, gravity, ..Placement::default() }
    }

    /// Where an image of a given size lies on a picture.
    pub(crate) fn layout(&self, picture: Size, image: Size, canvas: Canvas) -> Result<Layout, Refusal> {
        let (size, window) = self.scale(picture, image)?;
        let shift = (self.x.of("x", picture.width)?, self.y.of("y", picture.height)?);
        let at = self.gravity.place(size, picture, shift);
        Layout::new(picture, size, at, window, canvas)
    }

    /// The size of the image, and which part of it is shown.
    fn scale(&self, picture: Size, image: Size) -> Result<(Size, Window), Refusal> {
        let whole = match self.percent_of {
            PercentOf::Picture => picture,
            PercentOf::Image => image,
        };
        let window = Window::whole(image.width, image.height);
        let width = self.width.as_ref().map(|width| width.of("width", whole.width)).transpose()?;
        let height = self.height.as_ref().map(|height| height.of("height", whole.height)).transpose()?;
        let size = match (width, height) {
            (None, None) => image,
            (Some(width), Some(height)) if self.fit == Fitting::Exact => checked(width as f64, height as f64)?,
            (Some(width), Some(height)) if self.fit == Fitting::Fill => {
                let (across, down) = (f64::from(image.width), f64::from(image.height));
                let scale = (width as f64 / across).max(height as f64 / down);
                let shown = ((width as f64 / scale).min(across), (height as f64 / scale).min(down));
                let window =
                    Window { x: (across - shown.0) / 2.0, y: (down - shown.1) / 2.0, width: shown.0, height: shown.1 };
                return Ok((checked(width as f64, height as f64)?, window));
            }
            (width, height) => {
                let scale = |asked: Option<i64>, length: u32| {
                    asked.map_or(f64::INFINITY, |asked| asked as f64 / f64::from(length))
                };
                let scale = scale(width, image.width).min(scale(height, image.height));
                let scale = if self.fit == Fitting::Limit { scale.min(1.0) } else { scale };
                checked(f64::from(image.width) * scale, f64::from(image.height) * scale)?
            }
        };
        Ok((size, window))
    }
}

/// A size in whole pixels, rounded half up, at least 1 x 1 and not beyond all limits.
pub(crate) fn checked(width: f64, height: f64) -> Result<Size, Refusal> {
    let round = |length: f64| (length + 0.5 + 1e-9).floor().clamp(1.0, f64::from(u32::MAX)) as u32;
    let size = Size::new(round(width), round(height));
    size.check().map_err(|_| {
        Refusal::params(
            "",
            format!("the image would be scaled to {size} px, expected at most 65535 px a side, 2^28 in all"),
        )
    })?;
    Ok(size)
}

impl Layout {
    fn new(picture: Size, size: Size, at: (i64, i64), window: Window, canvas: Canvas) -> Result<Layout, Refusal> {
        let left = at.0.min(0);
        let top = at.1.min(0);
        let right = (at.0 + i64::from(size.width)).max(i64::from(picture.width));
        let bottom = (at.1 + i64::from(size.height)).max(i64::from(picture.height));
        let length = |from: i64, to: i64| u32::try_from(to - from).unwrap_or(u32::MAX);
        let union = Size::new(length(left, right), length(top, bottom));
        let kept = Layout { canvas: picture, picture: (0, 0), image: at, size, window };
        match canvas {
            Canvas::Refuse if union != picture => {
                let (x, y) = at;
                let message = format!("the image of {size} px at {x}, {y} reaches out of the picture of {picture} px");
                Err(Refusal::params("", format!("{message}, expected it inside or canvas to be \"grow\"")))
            }
            Canvas::Grow => {
                union.check()?;
                let picture = ((-left) as u32, (-top) as u32);
                Ok(Layout { canvas: union, picture, image: (at.0 - left, at.1 - top), ..kept })
            }
            Canvas::Keep | Canvas::Refuse => Ok(kept),
        }
    }

    /// The layout of an image in its own size at a place, on a picture that keeps its size.
    pub(crate) fn at(picture: Size, size: Size, at: (i64, i64)) -> Layout {
        let window = Window::whole(size.width, size.height);
        Layout { canvas: picture, picture: (0, 0), image: at, size, window }
    }

    /// Whether the result is larger than the picture.
    pub(crate) fn grows(&self, picture: Size) -> bool {
        self.canvas != picture
    }

    /// The part of the image that is seen, scaled, as RGBA, and its corner on the canvas.
    ///
    /// Only what is seen is scaled, so the cost is bounded by the canvas.
    pub(crate) fn shown(&self, image: Image) -> (Image, (i64, i64)) {
        let whole = Window::whole(image.width, image.height);
        if self.size == image.size() && self.window == whole {
            return (to_format(image, PixelFormat::Rgba8), self.image);
        }
        let span = |at: i64, length: u32, room: u32| {
            let start = at.clamp(0, i64::from(room));
            let end = (at + i64::from(length)).clamp(start, i64::from(room));
            (start, (end - start) as u32)
        };
        let (left, width) = span(self.image.0, self.size.width, self.canvas.width);
        let (top, height) = span(self.image.1, self.size.height, self.canvas.height);
        if width == 0 || height == 0 {
            return (Image::new(0, 0, PixelFormat::Rgba8, Vec::new()), (0, 0));
        }
        let across = self.window.width / f64::from(self.size.width);
        let down = self.window.height / f64::from(self.size.height);
        let window = Window {
            x: self.window.x + (left - self.image.0) as f64 * across,
            y: self.window.y + (top - self.image.1) as f64 * down,
            width: f64::from(width) * across,
            height: f64::from(height) * down,
        };
        let scaled = resized(image, window, Size::new(width, height));
        (to_format(scaled, PixelFormat::Rgba8), (left, top))
    }
}

/// A part of an image in another size.
pub(crate) fn resized(mut image: Image, window: Window, to: Size) -> Image {
    let from = (image.width, image.height);
    if to == image.size() && window == Window::whole(from.0, from.1) {
        return image;
    }
    let format = image.format;
    let pixels =
        kernels::resize(&mut image.pixels, from, format.bytes(), window, (to.width, to.height), Filter::Lanczos3);
    Image::new(to.width, to.height, format, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(params: Placement, canvas: Canvas) -> Layout {
        params.layout(Size::new(100, 80), Size::new(40, 20), canvas).expect("a layout")
    }

    fn percent(text: &str) -> Option<Side> {
        Some(Side::Percent(text.to_owned()))
    }

    #[test]
    fn sizes_follow_from_the_parameters() {
        let base = Placement::default;
        let size = |params: Placement| {
            let Size { width, height } = placed(params, Canvas::Keep).size;
            (width, height)
        };
        assert_eq!(size(base()), (40, 20));
        assert_eq!(size(Placement { width: percent("50%"), ..base() }), (50, 25));
        assert_eq!(size(Placement { width: percent("50%"), percent_of: PercentOf::Image, ..base() }), (20, 10));
        assert_eq!(size(Placement { height: percent("50%"), ..base() }), (80, 40));
        let both = |fit| Placement { width: Some(Side::Pixels(60)), height: Some(Side::Pixels(60)), fit, ..base() };
        assert_eq!(size(both(Fitting::Fit)), (60, 30));
        assert_eq!(size(both(Fitting::Exact)), (60, 60));
        assert_eq!(size(both(Fitting::Fill)), (60, 60));
        assert_eq!(size(both(Fitting::Limit)), (40, 20));
        let window = placed(both(Fitting::Fill), Canvas::Keep).window;
        assert_eq!(window, Window { x: 10.0, y: 0.0, width: 20.0, height: 20.0 });
        let large = Placement { width: Some(Side::Pixels(65_535)), fit: Fitting::Fit, ..base() };
        let refusal = large.layout(Size::new(1, 1), Size::new(1, 9), Canvas::Keep).expect_err("a refusal");
        let expected = "the image would be scaled to 65535 x 589815 px, expected at most 65535 px a side, 2^28 in all";
        assert_eq!(refusal.to_string(), expected);
    }

    #[test]
    fn gravity_places_and_offsets_lead_inwards() {
        let at = |gravity| {
            let params = Placement { gravity, x: Offset::Pixels(3), y: Offset::Pixels(5), ..Placement::default() };
            placed(params, Canvas::Keep).image
        };
        assert_eq!(at(Gravity::Center), (33, 35));
        assert_eq!(at(Gravity::NorthWest), (3, 5));
        assert_eq!(at(Gravity::North), (33, 5));
        assert_eq!(at(Gravity::NorthEast), (57, 5));
        assert_eq!(at(Gravity::East), (57, 35));
        assert_eq!(at(Gravity::SouthEast), (57, 55));
        assert_eq!(at(Gravity::South), (33, 55));
        assert_eq!(at(Gravity::SouthWest), (3, 55));
        assert_eq!(at(Gravity::West), (3, 35));
        // Odd free space: the half goes to the right and below, inside and outside.
        assert_eq!(Gravity::Center.place(Size::new(2, 5), Size::new(5, 2), (0, 0)), (1, -2));
    }

    #[test]
    fn the_canvas_grows_to_the_union_or_not() {
        let out = Placement {
            gravity: Gravity::NorthWest,
            x: Offset::Pixels(-10),
            y: Offset::Pixels(70),
            ..Placement::default()
        };
        let kept = placed(out.clone(), Canvas::Keep);
        assert_eq!((kept.canvas, kept.picture, kept.image), (Size::new(100, 80), (0, 0), (-10, 70)));
        let grown = placed(out.clone(), Canvas::Grow);
        assert_eq!((grown.canvas, grown.picture, grown.image), (Size::new(110, 90), (10, 0), (0, 70)));
        let refusal = out.layout(Size::new(100, 80), Size::new(40, 20), Canvas::Refuse).expect_err("a refusal");
        let expected = "the image of 40 x 20 px at -10, 70 reaches out of the picture of 100 x 80 px, \
                        expected it inside or canvas to be \"grow\"";
        assert_eq!(refusal.to_string(), expected);
    }
}
