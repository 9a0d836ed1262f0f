//! The codec of release 0.1.0: `ELDER`, a width and a height of one byte each, then gray pixels.

use safelight_sdk::codec::{
    Codec, Document, EncodeOptions, Error, Format, Frame, Limits, Mark, Metadata, Page, Scaling,
};
use safelight_sdk::{Image, PixelFormat, Size, fonts};

const MARK: &[u8] = b"ELDER";

struct Elder;

struct Source {
    size: Size,
    pixels: Vec<u8>,
}

impl Codec for Elder {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["elder"],
        media_types: &["image/x-elder"],
        signatures: &[&[Mark::at(0, MARK)]],
        writes: true,
        ..Format::reading("elder")
    }];
    type Document = Source;

    fn open(bytes: Vec<u8>, _format: &str, limits: &Limits) -> Result<Source, Error> {
        let truncated = || Error::Truncated("elder has no size".to_owned());
        let rest = bytes.strip_prefix(MARK).ok_or_else(truncated)?;
        let (&[width, height], pixels) = rest.split_first_chunk().ok_or_else(truncated)?;
        let size = Size::new(width.into(), height.into());
        limits.check_size(size)?;
        Ok(Source { size, pixels: pixels.to_vec() })
    }

    fn encode(frames: Vec<Frame>, _options: &EncodeOptions) -> Result<Vec<u8>, Error> {
        let image = &frames[0].image;
        if image.format != PixelFormat::Gray8 || image.width > 255 || image.height > 255 {
            return Err(Error::CannotWrite("elder holds gray pictures of at most 255 px a side".to_owned()));
        }
        Ok([MARK, &[image.width as u8, image.height as u8], &image.pixels].concat())
    }
}

impl Document for Source {
    fn page(&mut self, _index: u32) -> Result<Page, Error> {
        Ok(Page { gray: true, ..Page::new(self.size, Scaling::Fixed) })
    }

    fn render(&mut self, _index: u32, _size: Option<Size>) -> Result<Image, Error> {
        let wanted = self.size.width as usize * self.size.height as usize;
        let pixels = self.pixels.get(..wanted).ok_or_else(|| Error::Truncated("elder is cut short".to_owned()))?;
        Ok(Image::new(self.size.width, self.size.height, PixelFormat::Gray8, pixels.to_vec()))
    }

    /// The names of the fonts that it sees stand in the place of XMP.
    fn metadata(&mut self) -> Metadata {
        Metadata { xmp: Some(fonts::names().join(" ").into_bytes()), ..Metadata::default() }
    }
}

safelight_sdk::export_codec!(name: "codec-elder", summary: "The codec of release 0.1.0.", codec: Elder);
