//! Where things stand: anchors, offsets, layers, turned images.

use super::{Rect, Size};
use crate::dialect::cloudinary::transformation::Compass;

/// What a cut keeps, or where something smaller stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// A side, a corner or the middle.
    Compass(Compass),
    /// Offsets are the middle of the cut.
    XyCenter,
    /// Around a region of the input, given as fractions of it so that it holds for scaled images too.
    Region(Region),
}

/// A part of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// In pixels of the input.
    pub rect: Rect,
    /// The size of the input.
    pub of: Size,
}

/// Pixels from the anchor inwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Offset {
    /// To the right; from the right side to the left.
    pub x: f64,
    /// Downwards; from the bottom upwards.
    pub y: f64,
}

impl Anchor {
    /// The middle.
    pub const CENTER: Self = Self::Compass(Compass::Center);
    /// The top left.
    pub const NORTH_WEST: Self = Self::Compass(Compass::NorthWest);

    /// A region in pixels of an input of this size.
    pub const fn around(rect: Rect, of: Size) -> Self {
        Self::Region(Region { rect, of })
    }

    pub(super) const fn region(self) -> Option<Rect> {
        match self {
            Self::Region(region) => Some(region.rect),
            _ => None,
        }
    }

    /// The middle of something at this place, whatever its size. At sides and corners that is where it would be
    /// were it a point.
    pub(in crate::dialect::cloudinary) fn middle(self, within: Size, offset: Offset) -> (f64, f64) {
        let point = Size { width: 0, height: 0 };
        self.at(within, point, offset)
    }

    /// Left and top of a rectangle within a larger one, which it does not leave.
    pub(super) fn within(self, within: Size, size: Size, offset: Offset) -> (u32, u32) {
        let (x, y) = self.at(within, size, offset);
        let inside =
            |start: f64, side: u32, part: u32| start.round().clamp(0.0, f64::from(side.saturating_sub(part))) as u32;
        (inside(x, within.width, size.width), inside(y, within.height, size.height))
    }

    /// The same, not kept inside.
    pub(super) fn at(self, within: Size, size: Size, offset: Offset) -> (f64, f64) {
        let free = |side: u32, part: u32| f64::from(side) - f64::from(part);
        let (across, down) = (free(within.width, size.width), free(within.height, size.height));
        match self {
            Self::Compass(compass) => {
                let (x, y) = halves(compass);
                (inwards(across, x, offset.x), inwards(down, y, offset.y))
            }
            Self::XyCenter => (offset.x - f64::from(size.width) / 2.0, offset.y - f64::from(size.height) / 2.0),
            Self::Region(Region { rect, of }) => {
                let middle = |start: u32, part: u32, of: u32, side: u32| {
                    (f64::from(start) + f64::from(part) / 2.0) * f64::from(side) / f64::from(of)
                };
                let x = middle(rect.x, rect.size.width, of.width, within.width);
                let y = middle(rect.y, rect.size.height, of.height, within.height);
                (x - f64::from(size.width) / 2.0 + offset.x, y - f64::from(size.height) / 2.0 + offset.y)
            }
        }
    }
}

/// Halves of the free space before something at this place, across and down.
const fn halves(compass: Compass) -> (u8, u8) {
    match compass {
        Compass::NorthWest => (0, 0),
        Compass::North => (1, 0),
        Compass::NorthEast => (2, 0),
        Compass::West => (0, 1),
        Compass::Center => (1, 1),
        Compass::East => (2, 1),
        Compass::SouthWest => (0, 2),
        Compass::South => (1, 2),
        Compass::SouthEast => (2, 2),
    }
}

fn inwards(free: f64, halves: u8, offset: f64) -> f64 {
    match halves {
        0 => offset,
        // Half a pixel goes to the end, so that odd spaces begin with the smaller half.
        1 => (free / 2.0).floor() + offset,
        _ => free - offset,
    }
}

/// A base and a layer on one canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Its size.
    pub size: Size,
    /// Left and top of the base.
    pub base: (u32, u32),
    /// Left and top of the layer; negative only when the canvas does not grow.
    pub layer: (i64, i64),
}

/// Where a layer stands. Where it reaches outside the canvas grows, unless `no_overflow`.
pub fn place_layer(base: Size, layer: Size, anchor: Anchor, offset: Offset, no_overflow: bool) -> Canvas {
    let (x, y) = anchor.at(base, layer, offset);
    let (x, y) = (x.round() as i64, y.round() as i64);
    if no_overflow {
        return Canvas { size: base, base: (0, 0), layer: (x, y) };
    }
    let span = |start: i64, part: u32, side: u32| {
        // Offsets are bounded by the size of numbers; a canvas beyond any limit is refused later.
        let before = start.saturating_neg().clamp(0, i64::from(u32::MAX / 4));
        let end = start.saturating_add(i64::from(part)).clamp(i64::from(side), i64::from(u32::MAX / 2));
        (before as u32, (before + end) as u32, start + before)
    };
    let (left, width, layer_x) = span(x, layer.width, base.width);
    let (top, height, layer_y) = span(y, layer.height, base.height);
    Canvas { size: Size::new(width, height), base: (left, top), layer: (layer_x, layer_y) }
}

/// The size of an image after a turn: the smallest upright rectangle around it, sides rounded half up.
pub fn turned(size: Size, degrees: f64) -> Size {
    let quarters = degrees.rem_euclid(360.0) / 90.0;
    if quarters.fract() == 0.0 {
        return if (quarters as u32).is_multiple_of(2) { size } else { Size::new(size.height, size.width) };
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let side = |across: f64| Size::rounded(across, 1.0).width;
    Size::new(side(width * cos.abs() + height * sin.abs()), side(width * sin.abs() + height * cos.abs()))
}
