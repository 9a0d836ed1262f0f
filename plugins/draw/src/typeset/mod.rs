//! Text: fonts, shaping, lines, outlines.
//!
//! What a transform does with a text: [`Text::of`] loads fonts and shapes, [`Text::lay_out`] makes lines at
//! a size, [`Text::shapes`] draws them.

mod drawing;
mod faces;
mod family;
mod layout;
mod shaping;
pub(crate) mod style;

pub(crate) use drawing::Shapes;
pub(crate) use layout::{Block, Bounds};
use safelight_sdk::Refusal;

use faces::Faces;
use shaping::{Shaped, shape};
use style::Style;

/// The smallest size that is tried when a size is to be found, in pixels.
const LEAST_PX: f32 = 1.0;

/// The largest size of letters, in pixels.
pub(crate) const MOST_PX: f32 = 2000.0;

/// A text with its fonts, shaped.
pub(crate) struct Text {
    style: Style,
    faces: Faces,
    shaped: Shaped,
}

impl Text {
    /// Loads the fonts that a text needs and shapes it.
    ///
    /// Errors: there is no text; the font is not there and has to be; there are no fonts.
    pub(crate) fn of(style: Style) -> Result<Self, Refusal> {
        style.check()?;
        let mut faces = Faces::of(&style)?;
        let shaped = shape(&style, &mut faces);
        Ok(Text { style, faces, shaped })
    }

    /// Lines at a size.
    pub(crate) fn lay_out(&mut self, size_px: f32, bounds: Bounds) -> Block {
        layout::lay_out(&self.style, &mut self.faces, &mut self.shaped, size_px, bounds)
    }

    /// The largest size, in quarters of a pixel, at which all of the text fits into a box with no word
    /// broken; the smallest that is tried if none does.
    pub(crate) fn size_for(&mut self, width: f32, height: f32) -> f32 {
        let (mut fits, mut too_large) = (LEAST_PX * 4.0, MOST_PX * 4.0 + 1.0);
        while too_large - fits > 1.0 {
            let middle = ((fits + too_large) / 2.0).floor();
            let bounds = Bounds { width: Some(width), ellipsis_below: None };
            let block = self.lay_out(middle / 4.0, bounds);
            if block.fits_width && block.height <= height {
                fits = middle;
            } else {
                too_large = middle;
            }
        }
        fits / 4.0
    }

    /// The shapes of all letters.
    pub(crate) fn shapes(&self, block: &Block) -> Shapes {
        drawing::shapes(&self.style, &self.faces, &self.shaped, block)
    }

    pub(crate) const fn style(&self) -> &Style {
        &self.style
    }
}
