//! What stands between the contract and an author's code.

use super::bindings::exports::safelight::plugin::codec as wire;
use super::{Codec, Document, EncodeOptions, Error, Frame, Info, Limits, Manifest, Metadata, Page, Request, Scaling};
use crate::{Image, Need, Rect, Size, log};

/// What `describe` answers.
pub fn manifest<C: Codec>(name: &str, version: &str, license: &str, summary: &str, needs: &[Need]) -> Manifest {
    log::report_panics();
    wire::Manifest {
        name: name.to_owned(),
        version: version.to_owned(),
        license: license.to_owned(),
        summary: summary.to_owned(),
        formats: C::FORMATS.iter().map(|format| format.to_wire()).collect(),
        needs: needs.iter().map(|need| need.to_wire()).collect(),
    }
}

/// Opens a source.
///
/// # Errors
/// Those of [`Codec::open`], and a format that is not read here.
pub fn open<C: Codec>(bytes: Vec<u8>, format: &str, limits: &Limits) -> Result<Opened<C::Document>, Error> {
    log::report_panics();
    if !C::FORMATS.iter().any(|known| known.reads && known.name == format) {
        return Err(Error::Unsupported(format!("{format} is not read here")));
    }
    let document = C::open(bytes, format, limits)?;
    let info = document.info();
    Ok(Opened { document, info, limits: *limits })
}

/// Writes pictures.
///
/// # Errors
/// Those of [`Codec::encode`], a format that is not written here, and a result that is too long.
pub fn encode<C: Codec>(frames: Vec<Frame>, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    log::report_panics();
    if !C::FORMATS.iter().any(|known| known.writes && known.name == options.format) {
        return Err(Error::CannotWrite(format!("{} is not written here", options.format)));
    }
    if frames.is_empty() {
        return Err(Error::CannotWrite("there is no picture to write".to_owned()));
    }
    for Frame { image, .. } in &frames {
        if image.width == 0 || image.height == 0 || image.expected_bytes() != Some(image.pixels.len()) {
            let bytes = image.pixels.len();
            return Err(Error::CannotWrite(format!("{bytes} bytes are no {} px picture", image.size())));
        }
    }
    let bytes = C::encode(frames, options)?;
    if bytes.len() as u64 > options.max_bytes {
        let (length, most) = (bytes.len(), options.max_bytes);
        return Err(Error::Limit(format!("encoded size: {length} bytes is over the limit of {most} bytes")));
    }
    Ok(bytes)
}

/// A document behind its checks.
#[derive(Debug)]
pub struct Opened<D> {
    document: D,
    info: Info,
    limits: Limits,
}

impl<D: Document> Opened<D> {
    /// What it is.
    pub fn info(&self) -> Info {
        self.info
    }

    /// What a page or frame is.
    ///
    /// # Errors
    /// There is no such page, it is too large, or it is damaged.
    pub fn page(&mut self, index: u32) -> Result<Page, Error> {
        if index >= self.info.count {
            return Err(Error::NoSuchPage(self.info.count));
        }
        let page = self.document.page(index)?;
        // What is not made of pixels may be rendered in another size than its own.
        if page.scaling != Scaling::Free {
            self.limits.check_size(page.size)?;
        }
        Ok(page)
    }

    /// Renders pages or frames.
    ///
    /// # Errors
    /// Pages that do not exist, more or larger ones than the limits allow, a region outside, and those of
    /// [`Document::render`].
    pub fn render(&mut self, first: u32, count: u32, request: &Request) -> Result<Vec<Frame>, Error> {
        let end = first.checked_add(count).filter(|&end| count > 0 && end <= self.info.count);
        let end = end.ok_or(Error::NoSuchPage(self.info.count))?;
        if count > self.limits.max_frames {
            let most = self.limits.max_frames;
            return Err(Error::Limit(format!("pages: {count} are over the limit of {most}")));
        }
        let mut pixels = 0u64;
        // The frames of an animation are all as large as the first.
        let looked_at = if self.info.kind == wire::Kind::Pages { end } else { first + 1 };
        for index in first..looked_at {
            let page = self.page(index)?;
            let size = match (page.scaling, request.size) {
                (Scaling::Free, Some(size)) => size,
                _ => page.size,
            };
            self.limits.check_size(size)?;
            pixels += u64::from(size.width) * u64::from(size.height);
        }
        if looked_at < end {
            pixels *= u64::from(count);
        }
        if pixels > self.limits.max_total_pixels {
            let most = self.limits.max_total_pixels;
            return Err(Error::Limit(format!("{count} pages of {pixels} px are over the limit of {most} px in all")));
        }
        let mut frames = self.document.render_frames(first, count, request.size)?;
        if let Some(region) = request.region {
            for frame in &mut frames {
                crop(&mut frame.image, region)?;
            }
        }
        Ok(frames)
    }

    /// What it says about itself.
    pub fn metadata(&mut self) -> Metadata {
        self.document.metadata()
    }
}

/// Keeps a part of a picture, in place.
fn crop(image: &mut Image, region: Rect) -> Result<(), Error> {
    let Rect { x, y, width, height } = region;
    let inside =
        |start: u32, length: u32, end: u32| length > 0 && start.checked_add(length).is_some_and(|sum| sum <= end);
    if !inside(x, width, image.width) || !inside(y, height, image.height) {
        let Size { width: w, height: h } = image.size();
        return Err(Error::Other(format!("a region of {width} x {height} px at {x},{y} is outside of {w} x {h} px")));
    }
    let bytes = image.format.bytes();
    let (row, line) = (image.width as usize * bytes, width as usize * bytes);
    for index in 0..height as usize {
        let from = (y as usize + index) * row + x as usize * bytes;
        image.pixels.copy_within(from..from + line, index * line);
    }
    image.pixels.truncate(line * height as usize);
    (image.width, image.height) = (width, height);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PixelFormat;

    #[test]
    fn a_region_is_cut_out_in_place() {
        let mut image = Image::new(4, 3, PixelFormat::Gray8, (0..12).collect());
        crop(&mut image, Rect { x: 1, y: 1, width: 2, height: 2 }).unwrap();
        assert_eq!((image.size(), image.pixels.as_slice()), (Size::new(2, 2), &[5, 6, 9, 10][..]));
        for (x, width) in [(0, 0), (1, 2), (u32::MAX, 2)] {
            assert!(crop(&mut image, Rect { x, y: 0, width, height: 1 }).is_err(), "{x} {width}");
        }
    }
}
