//! One file per format: what its headers say, and its pixels.

mod avif;
mod bmp;
mod gif;
mod ico;
mod jpeg;
mod png;
mod samples;
mod tiff;
mod webp;
mod webp_animation;

use crate::error::guard;
use crate::orient::Orientation;
use crate::{DecodeOptions, Error, Format, Frame, Limits, Loops};

/// What the headers say, before any pixel is read.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    pub(crate) format: Format,
    /// As stored, before the orientation is applied. Never zero, and within the limits.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    /// At least 1.
    pub(crate) frames: u32,
    /// How long each frame is shown, in milliseconds; empty for a still picture.
    pub(crate) delays_ms: Vec<u32>,
    /// How often an animation is played.
    pub(crate) loops: Loops,
    pub(crate) has_alpha: bool,
    pub(crate) gray: bool,
    /// The decoder can decode to 1/2, 1/4 and 1/8.
    pub(crate) can_shrink: bool,
    /// Bytes per pixel that decoding one frame needs beside the result.
    pub(crate) work: u64,
    /// Bytes per pixel that decoding needs at any scale.
    pub(crate) held: u64,
    /// What is missing, when the structure shows that the end is.
    pub(crate) ends_early: Option<&'static str>,
}

impl Headers {
    /// Headers of a plain opaque colour picture, to be amended.
    fn new(format: Format, width: u32, height: u32) -> Headers {
        Headers {
            format,
            width,
            height,
            orientation: Orientation::UPRIGHT,
            frames: 1,
            delays_ms: Vec::new(),
            loops: Loops::Times(1),
            has_alpha: false,
            gray: false,
            can_shrink: false,
            work: 0,
            held: 0,
            ends_early: None,
        }
    }
}

/// Decoded frames as stored: not yet upright, not yet sRGB.
pub(crate) struct Content {
    pub(crate) frames: Vec<Frame>,
    pub(crate) loops: Loops,
    pub(crate) icc: Option<Vec<u8>>,
    /// A colour space told by numbers instead of an embedded profile.
    pub(crate) profile: Option<Box<moxcms::ColorProfile>>,
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) xmp: Option<Vec<u8>>,
}

impl Content {
    fn still(raster: crate::Raster) -> Content {
        Content::animated(vec![Frame { raster, delay_ms: 0 }], Loops::Times(1))
    }

    fn animated(frames: Vec<Frame>, loops: Loops) -> Content {
        Content { frames, loops, icc: None, profile: None, exif: None, xmp: None }
    }
}

/// Reads the headers and checks input size, sides and pixels against the limits.
pub(crate) fn headers(bytes: &[u8], limits: &Limits) -> Result<Headers, Error> {
    limits.check_bytes(bytes)?;
    let format = Format::sniff(bytes).ok_or_else(|| Error::unknown(bytes))?;
    let headers = guard(
        || gave_up(format),
        || match format {
            Format::Jpeg => jpeg::headers(bytes),
            Format::Png => png::headers(bytes),
            Format::WebP => webp::headers(bytes, limits),
            Format::Gif => gif::headers(bytes, limits),
            Format::Avif => avif::headers(bytes),
            Format::Tiff => tiff::headers(bytes),
            Format::Bmp => bmp::headers(bytes),
            Format::Ico => ico::headers(bytes),
        },
    )?;
    if headers.width == 0 || headers.height == 0 {
        let what = format!("its size is {} x {} px", headers.width, headers.height);
        return Err(Error::corrupt(format, what));
    }
    limits.check_size(headers.width, headers.height)?;
    Ok(headers)
}

/// Reads the pixels. The caller has checked frames and memory.
pub(crate) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    guard(
        || gave_up(headers.format),
        || match headers.format {
            Format::Jpeg => jpeg::content(bytes, headers, options),
            Format::Png => png::content(bytes, headers, options),
            Format::WebP => webp::content(bytes, headers, options),
            Format::Gif => gif::content(bytes, headers, options),
            Format::Avif => avif::content(bytes, headers, options),
            Format::Tiff => tiff::content(bytes, options),
            Format::Bmp => bmp::content(bytes),
            Format::Ico => ico::content(bytes, options),
        },
    )
}

fn gave_up(format: Format) -> Error {
    Error::corrupt(format, "the decoder gave up on it")
}

/// Numbers at an offset, little-endian; none past the end.
fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(3)?)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
