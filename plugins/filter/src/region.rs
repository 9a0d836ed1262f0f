//! A part of the picture that a filter is restricted to.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Rect, Refusal, Size};

use crate::length::Amount;

/// The four parameters `x`, `y`, `width` and `height` of a transform, as they were given.
pub(crate) struct Region<'a> {
    pub(crate) x: &'a Amount,
    pub(crate) y: &'a Amount,
    pub(crate) width: &'a Amount,
    pub(crate) height: &'a Amount,
}

impl Region<'_> {
    /// The rectangle inside a picture; what reaches beyond it is left away. Edges are rounded to whole
    /// pixels, and the rectangle has at least one.
    pub(crate) fn within(&self, picture: Size) -> Result<Rect, Refusal> {
        let (x, width) = span(("x", self.x), ("width", self.width), picture.width)?;
        let (y, height) = span(("y", self.y), ("height", self.height), picture.height)?;
        Ok(Rect::new(x, y, width, height))
    }

    /// Runs a filter on the region as if it were a picture by itself: nothing outside takes part.
    pub(crate) fn apply(
        &self,
        mut image: Image,
        filter: impl FnOnce(&mut [u8], (u32, u32), usize),
    ) -> Result<Image, Refusal> {
        let (size, channels) = (image.size(), image.format.bytes());
        let rect = self.within(size)?;
        if rect == Rect::whole(size) {
            filter(&mut image.pixels, (size.width, size.height), channels);
            return Ok(image);
        }
        let mut part = image.pixels.clone();
        kernels::cut(&mut part, (size.width, size.height), channels, (rect.x, rect.y, rect.width, rect.height));
        filter(&mut part, (rect.width, rect.height), channels);
        let (left, length) = (rect.x as usize * channels, rect.width as usize * channels);
        for (row, part) in image.rows_mut().skip(rect.y as usize).zip(part.chunks_exact(length)) {
            row[left..left + length].copy_from_slice(part);
        }
        Ok(image)
    }
}

/// Start and length along one direction.
fn span(
    (start_name, start): (&str, &Amount),
    (length_name, length): (&str, &Amount),
    full: u32,
) -> Result<(u32, u32), Refusal> {
    let exact = start.pixels(start_name, full)?;
    if exact >= f64::from(full) {
        let message = format!("lies at {exact} px, expected less than the picture's {length_name} of {full}");
        return Err(Refusal::params(start_name, message));
    }
    let start = (exact.round() as u32).min(full - 1);
    let end = (exact + length.pixels(length_name, full)?).round() as u32;
    Ok((start, end.clamp(start + 1, full) - start))
}
