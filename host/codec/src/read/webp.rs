//! WebP, still and animated.
//!
//! Source: RFC 9649: section 2 container and chunks, 2.7 extended and animated files, 3.1 the VP8L
//! header; RFC 6386 section 9.1, the VP8 frame header.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;

use super::{Content, Headers, le16, le24, le32, samples, webp_animation};
use crate::error::from_image;
use crate::{DecodeOptions, Error, Format, Limits, exif};

pub(super) const WEBP: Format = Format::WebP;

pub(super) fn headers(bytes: &[u8], limits: &Limits) -> Result<Headers, Error> {
    let declared = le32(bytes, 4).unwrap_or(0) as usize;
    let ends_early = bytes.len() < declared.saturating_add(8);
    let mut chunks = Chunks::new(bytes);
    let Some((name, data)) = chunks.next() else {
        return Err(Error::truncated(WEBP, "the data ends within the header"));
    };
    let mut headers = Headers::new(WEBP, 0, 0);
    (headers.width, headers.height, headers.has_alpha) = match &name {
        b"VP8X" => {
            let size = (le24(data, 4), le24(data, 7));
            let (Some(width), Some(height)) = size else {
                return Err(Error::corrupt(WEBP, "its VP8X chunk is too short"));
            };
            (width + 1, height + 1, data[0] & 0x10 != 0)
        }
        b"VP8 " => {
            let (Some(width), Some(height)) = (le16(data, 6), le16(data, 8)) else {
                return Err(Error::truncated(WEBP, "the data ends within the frame header"));
            };
            (u32::from(width & 0x3fff), u32::from(height & 0x3fff), false)
        }
        b"VP8L" => {
            let Some(bits) = le32(data, 1) else {
                return Err(Error::truncated(WEBP, "the data ends within the frame header"));
            };
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1, bits >> 28 & 1 == 1)
        }
        other => {
            let name = other.escape_ascii();
            return Err(Error::corrupt(WEBP, format!("it starts with a chunk \"{name}\"")));
        }
    };
    if ends_early {
        headers.ends_early = Some("the data is shorter than its header says");
    }
    let animated = &name == b"VP8X" && data[0] & 2 != 0;
    let mut frames = 0;
    for (name, data) in chunks {
        match &name {
            b"EXIF" => headers.orientation = exif::orientation(data),
            b"ANIM" if animated => headers.loops = webp_animation::loops(data),
            b"ANMF" if animated => {
                frames += 1;
                headers.delays_ms.push(le24(data, 12).unwrap_or(0));
                let size = (le24(data, 6), le24(data, 9));
                if let (Some(width), Some(height)) = size {
                    limits.check_size(width + 1, height + 1)?;
                    // Where a frame leaves some of the canvas alone, that may be clear.
                    headers.has_alpha |= (width + 1, height + 1) != (headers.width, headers.height);
                }
            }
            _ => {}
        }
    }
    if animated {
        if frames == 0 && !ends_early {
            return Err(Error::corrupt(WEBP, "its animation has no frame"));
        }
        headers.frames = frames.max(1);
    }
    // The decoder's own planes or lossless pixels; a canvas and a frame more when animated.
    headers.work = if animated { 12 } else { 4 };
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let sort = |error| from_image(WEBP, error);
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(sort)?;
    decoder.set_limits(samples::image_limits(headers)).map_err(sort)?;
    let icc = decoder.icc_profile().map_err(sort)?;
    let mut content = if decoder.has_animation() {
        webp_animation::read(bytes, headers, options)?
    } else {
        Content::still(samples::read(WEBP, decoder)?)
    };
    content.icc = icc;
    for (name, data) in Chunks::new(bytes) {
        match &name {
            b"EXIF" => content.exif = Some(data.to_vec()),
            b"XMP " => content.xmp = Some(data.to_vec()),
            _ => {}
        }
    }
    Ok(content)
}

/// Name and data of each complete chunk.
pub(super) struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Chunks<'a> {
        Chunks { bytes, at: 12 }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.bytes.get(self.at..self.at + 4)?.try_into().ok()?;
        let length = le32(self.bytes, self.at + 4)? as usize;
        // What is left of a chunk that is cut short still holds the header of its frame.
        let start = self.at + 8;
        let end = start.checked_add(length)?.min(self.bytes.len());
        let data = self.bytes.get(start..end)?;
        self.at = start.checked_add(length)?.checked_add(length & 1)?;
        Some((name, data))
    }
}
