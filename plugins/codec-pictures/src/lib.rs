//! Codec plugin `codec-pictures`: the host's own picture decoders, run in the sandbox.
//!
//! The same crate, `safelight-codec`, is built into the host; which of the two decodes a format is the
//! operator's choice (`codec.sandbox`). Both give the same pixels.

#[cfg(test)]
mod tests;

use safelight_codec as native;
use safelight_sdk::codec::{Codec, Document, Error, Format, Frame, Info, Kind, Limits, Mark, Metadata, Page, Scaling};
use safelight_sdk::{Image, PixelFormat, Size};

/// All formats that the crate reads.
struct Pictures;

/// The media type and extensions of a format that is read, with its signatures.
const fn picture(
    name: &'static str,
    extensions: &'static [&'static str],
    media_types: &'static [&'static str],
    signatures: &'static [&'static [Mark]],
) -> Format {
    Format { extensions, media_types, signatures, ..Format::reading(name) }
}

impl Codec for Pictures {
    const FORMATS: &'static [Format] = &[
        picture("jpeg", &["jpg", "jpeg"], &["image/jpeg"], &[&[Mark::at(0, b"\xff\xd8\xff")]]),
        picture("png", &["png", "apng"], &["image/png"], &[&[Mark::at(0, b"\x89PNG\r\n\x1a\n")]]),
        picture("webp", &["webp"], &["image/webp"], &[&[Mark::at(0, b"RIFF"), Mark::at(8, b"WEBP")]]),
        picture("gif", &["gif"], &["image/gif"], &[&[Mark::at(0, b"GIF87a")], &[Mark::at(0, b"GIF89a")]]),
        picture(
            "avif",
            &["avif"],
            &["image/avif"],
            &[&[Mark::at(4, b"ftyp"), Mark::within(64, b"avif")], &[Mark::at(4, b"ftyp"), Mark::within(64, b"avis")]],
        ),
        picture(
            "tiff",
            &["tif", "tiff"],
            &["image/tiff"],
            &[
                &[Mark::at(0, b"II\x2a\0")],
                &[Mark::at(0, b"MM\0\x2a")],
                &[Mark::at(0, b"II\x2b\0")],
                &[Mark::at(0, b"MM\0\x2b")],
            ],
        ),
        picture("bmp", &["bmp", "dib"], &["image/bmp"], &[&[Mark::at(0, b"BM"), Mark::at(6, b"\0\0\0\0")]]),
        picture("ico", &["ico"], &["image/vnd.microsoft.icon"], &[&[Mark::at(0, b"\0\0\x01\0")]]),
    ];
    type Document = Source;

    fn open(bytes: Vec<u8>, format: &str, limits: &Limits) -> Result<Source, Error> {
        let limits = native::Limits {
            max_bytes: bytes.len() as u64,
            max_pixels: limits.max_pixels,
            max_frames: limits.max_frames,
            max_total_pixels: limits.max_total_pixels,
            max_memory_bytes: limits.max_memory_bytes,
        };
        let info = native::probe(&bytes, &limits).map_err(refusal)?;
        if info.format.name() != format {
            return Err(Error::Corrupt(format!("its first bytes are those of {}, not of {format}", info.format)));
        }
        let metadata = Metadata { plays: plays(info.loops), ..Metadata::default() };
        Ok(Source { bytes, limits, info, metadata })
    }
}

/// A picture whose headers were read.
struct Source {
    bytes: Vec<u8>,
    limits: native::Limits,
    info: native::Info,
    /// Of what was rendered last.
    metadata: Metadata,
}

impl Source {
    fn frames(&self) -> u32 {
        self.info.frames.unwrap_or(1)
    }

    fn decode(&mut self, size: Option<Size>, animated: bool) -> Result<Vec<native::Frame>, Error> {
        let options = native::DecodeOptions {
            limits: &self.limits,
            enough: size.map(|size| (size.width, size.height)),
            keep_metadata: true,
            animated,
        };
        let picture = native::decode(&self.bytes, &options).map_err(refusal)?;
        let native::Metadata { icc, exif, xmp } = picture.metadata;
        self.metadata = Metadata { plays: plays(picture.loops), icc, exif, xmp };
        Ok(picture.frames)
    }
}

impl Document for Source {
    fn info(&self) -> Info {
        let kind = if self.frames() > 1 { Kind::Animation } else { Kind::Still };
        Info { kind, count: self.frames() }
    }

    fn page(&mut self, index: u32) -> Result<Page, Error> {
        let info = &self.info;
        let size = Size::new(info.width, info.height);
        let others = u64::from(self.frames() - 1) * u64::from(info.width) * u64::from(info.height) * 4;
        Ok(Page {
            delay_ms: info.delays_ms.get(index as usize).copied().unwrap_or(0),
            orientation: info.orientation.exif() as u8,
            has_alpha: info.has_alpha,
            gray: info.gray,
            memory_bytes: info.decoded_bytes.saturating_sub(others).max(info.held_bytes),
            held_bytes: info.held_bytes,
            ..Page::new(size, if info.can_shrink { Scaling::Halves } else { Scaling::Fixed })
        })
    }

    fn render(&mut self, index: u32, size: Option<Size>) -> Result<Image, Error> {
        let mut frames = self.decode(size, index > 0)?;
        if index as usize >= frames.len() {
            return Err(Error::NoSuchPage(frames.len() as u32));
        }
        Ok(image(frames.swap_remove(index as usize).raster))
    }

    fn render_frames(&mut self, first: u32, count: u32, size: Option<Size>) -> Result<Vec<Frame>, Error> {
        let frames = self.decode(size, first + count > 1)?;
        if frames.len() < (first + count) as usize {
            return Err(Error::NoSuchPage(frames.len() as u32));
        }
        let wanted = frames.into_iter().skip(first as usize).take(count as usize);
        Ok(wanted.map(|frame| Frame { image: image(frame.raster), delay_ms: frame.delay_ms }).collect())
    }

    fn metadata(&mut self) -> Metadata {
        self.metadata.clone()
    }
}

fn plays(loops: native::Loops) -> u32 {
    match loops {
        native::Loops::Forever => 0,
        native::Loops::Times(times) => times,
    }
}

fn image(raster: native::Raster) -> Image {
    let format = match raster.format() {
        native::PixelFormat::Gray8 => PixelFormat::Gray8,
        native::PixelFormat::Rgb8 => PixelFormat::Rgb8,
        native::PixelFormat::Rgba8 => PixelFormat::Rgba8,
    };
    Image::new(raster.width(), raster.height(), format, raster.into_pixels())
}

fn refusal(error: native::Error) -> Error {
    let text = error.to_string();
    match error {
        native::Error::UnknownFormat { .. } | native::Error::Corrupt { .. } => Error::Corrupt(text),
        native::Error::Truncated { .. } => Error::Truncated(text),
        native::Error::Unsupported { .. } => Error::Unsupported(text),
        native::Error::Limit { .. } => Error::Limit(text),
        native::Error::TooLarge { .. } | native::Error::Option { .. } | native::Error::Encode { .. } => {
            Error::Other(text)
        }
    }
}

safelight_sdk::export_codec!(
    name: "codec-pictures",
    summary: "JPEG, PNG, WebP, GIF, AVIF, TIFF, BMP and ICO, decoded in the sandbox.",
    codec: Pictures,
);
