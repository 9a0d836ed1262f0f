//! The size arithmetic of crop modes: input size and what was asked, to what is cut, scaled and padded.
//!
//! Sides are rounded half away from zero and are never under one pixel. What the vendor documents in
//! words only, and what we chose where it does not, is said at each mode.

mod place;

use super::transformation::Crop;

pub use place::{Anchor, Canvas, Offset, place_layer, turned};

/// A size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels across, at least 1.
    pub width: u32,
    /// Pixels down, at least 1.
    pub height: u32,
}

impl Size {
    /// A size of at least one pixel in each direction.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width: if width == 0 { 1 } else { width }, height: if height == 0 { 1 } else { height } }
    }

    /// The nearest whole size.
    pub(super) fn rounded(width: f64, height: f64) -> Self {
        // A cast from a float saturates, so that no size is out of range.
        Self::new(width.round() as u32, height.round() as u32)
    }

    /// Width through height.
    pub fn ratio(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// Pixels in all.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    fn scaled(self, factor: f64) -> Self {
        Self::rounded(f64::from(self.width) * factor, f64::from(self.height) * factor)
    }
}

/// A part of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Pixels from the left.
    pub x: u32,
    /// Pixels from the top.
    pub y: u32,
    /// How large it is.
    pub size: Size,
}

/// A length as asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Pixels.
    Pixels(f64),
    /// A fraction of the image's side.
    Fraction(f64),
}

impl Length {
    /// In pixels, along a side of so many.
    pub fn of(self, side: u32) -> f64 {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Fraction(fraction) => fraction * f64::from(side),
        }
    }
}

/// What was asked, all values known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resize {
    /// The mode; `scale` when none is written.
    pub crop: Option<Crop>,
    /// The width.
    pub width: Option<Length>,
    /// The height.
    pub height: Option<Length>,
    /// Width through height, above zero.
    pub aspect_ratio: Option<f64>,
    /// What a cut keeps and where an image stands on its pad.
    pub anchor: Option<Anchor>,
    /// Offset from the anchor inwards.
    pub x: Option<Length>,
    /// Offset from the anchor inwards.
    pub y: Option<Length>,
    /// How close `thumb` goes.
    pub zoom: Option<f64>,
    /// Multiplies width and height.
    pub dpr: Option<f64>,
    /// The side that is not given keeps its size.
    pub ignore_aspect_ratio: bool,
}

/// What is done to an image: cut, then scaled, then cut, then padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Kept of the input before it is scaled.
    pub cut: Option<Rect>,
    /// What that is scaled to; the same as its size when it is not scaled.
    pub scale: Size,
    /// Kept of the scaled image.
    pub window: Option<Rect>,
    /// Put onto a larger canvas.
    pub pad: Option<Pad>,
}

/// An image on a larger canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pad {
    /// The size of the canvas.
    pub canvas: Size,
    /// Where the image's left side is.
    pub x: u32,
    /// Where its top is.
    pub y: u32,
}

impl Layout {
    const fn scaled_to(scale: Size) -> Self {
        Self { cut: None, scale, window: None, pad: None }
    }

    /// The size in the end.
    pub fn size(&self) -> Size {
        match (self.pad, self.window) {
            (Some(pad), _) => pad.canvas,
            (None, Some(window)) => window.size,
            (None, None) => self.scale,
        }
    }
}

/// How much of a side `fill_pad` and `auto_pad` may cut before they pad: our choice, as the
/// documentation says only that they keep from cutting "too much".
const FILL_PAD_MAX_CUT: f64 = 0.25;

/// How close `thumb` goes to a region that was found when no zoom is asked: our choice, with some room around a face.
const THUMB_ZOOM: f64 = 0.7;

impl Resize {
    /// What is done to an image of this size.
    pub fn layout(&self, input: Size) -> Layout {
        let crop = self.crop.unwrap_or(Crop::Scale);
        let Some(target) = self.target(input, crop) else {
            return Layout::scaled_to(input);
        };
        let asked = Size::rounded(target.0, target.1);
        let (fit, fill) = factors(input, target);
        match crop {
            Crop::Scale | Crop::ImaggaScale => Layout::scaled_to(asked),
            Crop::Fit => Layout::scaled_to(contained(input, target, fit)),
            Crop::Limit => Layout::scaled_to(contained(input, target, fit.min(1.0))),
            Crop::Mfit => Layout::scaled_to(contained(input, target, fit.max(1.0))),
            Crop::Fill | Crop::Auto | Crop::ImaggaCrop => self.filled(input, asked, fill),
            Crop::Lfill => self.filled(input, asked, fill.min(1.0)),
            Crop::Pad => self.padded(contained(input, target, fit), asked),
            Crop::Lpad => self.padded(contained(input, target, fit.min(1.0)), asked),
            Crop::Mpad => self.padded(input, asked),
            Crop::FillPad | Crop::AutoPad => {
                let factor = fill.min(fit / (1.0 - FILL_PAD_MAX_CUT));
                let filled = self.filled(input, asked, factor);
                if filled.size() == asked {
                    return filled;
                }
                Layout { pad: self.padded(filled.size(), asked).pad, ..filled }
            }
            Crop::Crop => {
                let size = Size::new(asked.width.min(input.width), asked.height.min(input.height));
                let rect = self.rect(input, size, true);
                Layout { window: (size != input).then_some(rect), ..Layout::scaled_to(input) }
            }
            Crop::Thumb => self.thumb(input, asked),
        }
    }

    /// The asked width and height in pixels, the missing ones computed; none when nothing is asked.
    fn target(&self, input: Size, crop: Crop) -> Option<(f64, f64)> {
        let dpr = self.dpr.unwrap_or(1.0);
        let (wide, high) = (f64::from(input.width), f64::from(input.height));
        let width = self.width.map(|width| width.of(input.width) * dpr);
        let height = self.height.map(|height| height.of(input.height) * dpr);
        let ratio = self.aspect_ratio;
        Some(match (width, height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => match ratio {
                Some(ratio) => (width, width / ratio),
                None if self.ignore_aspect_ratio => (width, high),
                None => (width, width * high / wide),
            },
            (None, Some(height)) => match ratio {
                Some(ratio) => (height * ratio, height),
                None if self.ignore_aspect_ratio => (wide, height),
                None => (height * wide / high, height),
            },
            (None, None) => {
                let ratio = ratio?;
                let wider = input.ratio() > ratio;
                match crop {
                    // The smallest size of that ratio around the image.
                    Crop::Pad | Crop::Lpad | Crop::Mpad | Crop::FillPad | Crop::AutoPad if wider => {
                        (wide, wide / ratio)
                    }
                    Crop::Pad | Crop::Lpad | Crop::Mpad | Crop::FillPad | Crop::AutoPad => (high * ratio, high),
                    Crop::Scale | Crop::ImaggaScale => (wide, wide / ratio),
                    // The largest size of that ratio within the image.
                    _ if wider => (high * ratio, high),
                    _ => (wide, wide / ratio),
                }
            }
        })
    }

    /// Scaled by a factor, then cut to the asked size where it juts out.
    fn filled(&self, input: Size, asked: Size, factor: f64) -> Layout {
        let mut scale = input.scaled(factor);
        // The side that fits exactly is not to be off by the rounding of the factor.
        if factor * f64::from(input.width) > f64::from(asked.width) - 0.5 {
            scale.width = scale.width.max(asked.width);
        }
        if factor * f64::from(input.height) > f64::from(asked.height) - 0.5 {
            scale.height = scale.height.max(asked.height);
        }
        let size = Size::new(asked.width.min(scale.width), asked.height.min(scale.height));
        let window = (size != scale).then(|| self.rect(scale, size, false));
        Layout { window, ..Layout::scaled_to(scale) }
    }

    /// On a canvas of the asked size, which is enlarged where the image is larger.
    fn padded(&self, image: Size, asked: Size) -> Layout {
        let canvas = Size::new(asked.width.max(image.width), asked.height.max(image.height));
        if canvas == image {
            return Layout::scaled_to(image);
        }
        let place = self.rect(canvas, image, false);
        Layout { pad: Some(Pad { canvas, x: place.x, y: place.y }), ..Layout::scaled_to(image) }
    }

    /// A cut of the asked ratio around the anchor, scaled to the asked size.
    fn thumb(&self, input: Size, asked: Size) -> Layout {
        let ratio = asked.ratio();
        let (wide, high) = (f64::from(input.width), f64::from(input.height));
        // The smallest cut of that ratio around a region; without one the largest within the image.
        let (width, zoom) = match self.anchor.and_then(Anchor::region) {
            Some(region) => {
                let (across, down) = (f64::from(region.size.width), f64::from(region.size.height));
                (across.max(down * ratio), self.zoom.unwrap_or(THUMB_ZOOM))
            }
            None => (wide.min(high * ratio), self.zoom.unwrap_or(1.0)),
        };
        let width = (width / zoom).min(wide).min(high * ratio);
        let size = Size::rounded(width, width / ratio);
        let size = Size::new(size.width.min(input.width), size.height.min(input.height));
        let cut = (size != input).then(|| self.rect(input, size, false));
        Layout { cut, ..Layout::scaled_to(asked) }
    }

    /// A rectangle of a size within a larger one, at the anchor. Without one it is in the middle, or
    /// for `crop` offsets start from the top left.
    fn rect(&self, within: Size, size: Size, from_corner: bool) -> Rect {
        let offset =
            Offset { x: self.x.map_or(0.0, |x| x.of(within.width)), y: self.y.map_or(0.0, |y| y.of(within.height)) };
        let offsets = self.x.is_some() || self.y.is_some();
        let anchor = match self.anchor {
            Some(anchor) => anchor,
            None if from_corner && offsets => Anchor::NORTH_WEST,
            None => Anchor::CENTER,
        };
        let (x, y) = anchor.within(within, size, offset);
        Rect { x, y, size }
    }
}

/// The factors by which the image fits into and covers the target.
fn factors(input: Size, (width, height): (f64, f64)) -> (f64, f64) {
    let across = width / f64::from(input.width);
    let down = height / f64::from(input.height);
    (across.min(down), across.max(down))
}

/// Scaled by a factor, without jutting out of the target by rounding unless the factor does.
fn contained(input: Size, (width, height): (f64, f64), factor: f64) -> Size {
    let scaled = input.scaled(factor);
    let limit = |side: u32, exact: f64, target: f64| {
        if exact <= target { side.min(Size::rounded(target, 1.0).width) } else { side }
    };
    Size::new(
        limit(scaled.width, f64::from(input.width) * factor, width),
        limit(scaled.height, f64::from(input.height) * factor, height),
    )
}

#[cfg(test)]
mod tests;
