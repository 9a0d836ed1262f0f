//! PNG and animated PNG.
//!
//! Source: W3C Portable Network Graphics (third edition): 5.3 chunk layout, 11.2.1 IHDR,
//! 11.3.1.1 tRNS, 11.3.6 animation, 11.3.4.4 eXIf.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, ImageDecoder};

use super::{Content, Headers, be32, samples};
use crate::error::from_image;
use crate::{DecodeOptions, Error, Format, Frame, Loops, PixelFormat, Raster, color, exif};

const PNG: Format = Format::Png;

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let (Some(b"IHDR"), Some(width), Some(height), Some(&[depth, color])) =
        (bytes.get(12..16), be32(bytes, 16), be32(bytes, 20), bytes.get(24..26))
    else {
        return Err(match bytes.get(12..26) {
            Some(_) => Error::corrupt(PNG, "it does not start with an IHDR chunk"),
            None => Error::truncated(PNG, "the data ends within the header"),
        });
    };
    let mut headers = Headers::new(PNG, width, height);
    // Colour type: 1 palette, 2 colour, 4 alpha.
    headers.gray = color & 2 == 0;
    headers.has_alpha = color & 4 != 0;
    headers.ends_early = Some("its IEND chunk is missing");
    for (name, data) in (Chunks { bytes, at: 8 }) {
        match &name {
            b"tRNS" => headers.has_alpha = true,
            b"acTL" => {
                headers.frames = be32(data, 0).unwrap_or(1).max(1);
                headers.loops = match be32(data, 4) {
                    Some(0) | None => Loops::Forever,
                    Some(plays) => Loops::Times(plays),
                };
            }
            b"fcTL" => headers.delays_ms.push(delay_ms(data)),
            b"eXIf" => headers.orientation = exif::orientation(data),
            b"IEND" => headers.ends_early = None,
            _ => {}
        }
    }
    let channels = if headers.gray { 1 } else { 3 } + u64::from(headers.has_alpha);
    headers.work = match (depth, headers.gray && headers.has_alpha) {
        (16, _) => 2 * channels,
        (_, true) => channels,
        _ => 0,
    };
    // The animation reader keeps two canvases and one frame.
    if headers.frames > 1 {
        headers.work = 12;
    }
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let sort = |error| from_image(PNG, error);
    let limits = samples::image_limits(headers);
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(sort)?;
    let icc = decoder.icc_profile().ok().flatten();
    let xmp = if options.keep_metadata { decoder.xmp_metadata().ok().flatten() } else { None };
    let mut content = if options.animated && headers.frames > 1 {
        animation(decoder, headers)?
    } else {
        Content::still(samples::read(PNG, decoder)?)
    };
    // Colour told by numbers goes before an embedded profile (section 4.3).
    match (Chunks { bytes, at: 8 }).find(|(name, _)| name == b"cICP") {
        Some((_, &[primaries, transfer, ..])) => {
            content.profile = color::from_numbers(primaries, transfer).map(Box::new);
        }
        _ => content.icc = icc,
    }
    content.xmp = xmp;
    if options.keep_metadata {
        let mut chunks = Chunks { bytes, at: 8 };
        content.exif = chunks.find(|(name, _)| name == b"eXIf").map(|(_, data)| data.to_vec());
    }
    Ok(content)
}

/// The delay in a frame control chunk: a fraction of a second, in hundredths when its lower part is 0.
fn delay_ms(data: &[u8]) -> u32 {
    let part = |at: usize| data.get(at..at + 2).map_or(0, |bytes| u32::from(bytes[0]) << 8 | u32::from(bytes[1]));
    let denominator = if part(22) == 0 { 100 } else { part(22) };
    (part(20) * 1000 + denominator / 2) / denominator
}

fn animation(decoder: PngDecoder<Cursor<&[u8]>>, headers: &Headers) -> Result<Content, Error> {
    let sort = |error| from_image(PNG, error);
    let decoder = decoder.apng().map_err(sort)?;
    let loops = match decoder.loop_count() {
        image::metadata::LoopCount::Infinite => Loops::Forever,
        image::metadata::LoopCount::Finite(count) => Loops::Times(count.get()),
    };
    let mut frames = Vec::new();
    for frame in decoder.into_frames().take(headers.frames as usize) {
        frames.push(from_frame(frame.map_err(sort)?)?);
    }
    if frames.is_empty() {
        return Err(Error::corrupt(PNG, "its animation has no frame"));
    }
    Ok(Content::animated(frames, loops))
}

fn from_frame(frame: image::Frame) -> Result<Frame, Error> {
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let delay_ms = (numerator + denominator / 2) / denominator.max(1);
    let buffer = frame.into_buffer();
    let (width, height) = buffer.dimensions();
    let raster = Raster::new(width, height, PixelFormat::Rgba8, buffer.into_raw());
    Ok(Frame { raster: raster.map_err(Error::shape(PNG))?, delay_ms })
}

/// Name and data of each complete chunk.
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = be32(self.bytes, self.at)? as usize;
        let name = self.bytes.get(self.at + 4..self.at + 8)?.try_into().ok()?;
        let data = self.bytes.get(self.at + 8..(self.at + 8).checked_add(length)?)?;
        // The checksum after the data has to be there as well.
        self.bytes.get(self.at + 8 + length..self.at + 12 + length)?;
        self.at += 12 + length;
        Some((name, data))
    }
}
