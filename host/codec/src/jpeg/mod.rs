//! A JPEG decoder with reduction by 2, 4 or 8 while decoding.
//!
//! It reads baseline, extended sequential and progressive Huffman-coded files of 8 bits per sample (ITU-T T.81) with
//! any sampling factors. At a reduced scale the samples are what averaging the full picture gives, and much of the
//! work is left out: see `transform/`. What remains is mostly the entropy decoding; see `huffman.rs` for how it
//! takes two coefficients at a time.
//!
//! A sequential file whose first scan has all components is decoded one row of MCUs at a time. Other files need
//! all coefficients in memory first.

mod bits;
mod decoder;
mod error;
mod frame;
mod huffman;
mod metadata;
mod output;
mod plane;
mod progressive;
mod sequential;
mod standard_tables;
mod transform;

#[cfg(test)]
mod tests;

pub use error::Error;

use frame::{Segments, Stop};

/// The properties of a JPEG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels, 1 to 65535.
    pub width: u32,
    /// Height in pixels, 1 to 65535.
    pub height: u32,
    /// 1, 3 or 4.
    pub components: u8,
    /// Whether the coefficients come in several passes.
    pub progressive: bool,
    /// Bits per sample: 8, or 12, which [`decode`] refuses.
    pub bits: u8,
    /// What the components mean.
    pub color: Color,
    /// The ICC profile, joined from its APP2 segments; `None` when there is none or a segment is missing.
    pub icc: Option<Vec<u8>>,
    /// The Exif data, beginning with its TIFF header.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
}

/// What the components of a file mean, by its JFIF and Adobe markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One component.
    Gray,
    /// Luma and two colour differences, as in JFIF.
    YCbCr,
    /// Red, green, blue as they are.
    Rgb,
    /// Four inks.
    Cmyk,
    /// Three inks as luma and differences, and black.
    Ycck,
}

/// By how much to reduce the picture while decoding. Width and height are divided and rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Not at all.
    Full,
    /// 1/2.
    Half,
    /// 1/4.
    Quarter,
    /// 1/8.
    Eighth,
}

impl Scale {
    /// Samples per block of 8.
    fn eighths(self) -> usize {
        match self {
            Scale::Full => 8,
            Scale::Half => 4,
            Scale::Quarter => 2,
            Scale::Eighth => 1,
        }
    }
}

/// The bytes of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One byte, 0 is black.
    Gray8,
    /// Red, green, blue.
    Rgb8,
    /// Cyan, magenta, yellow, black; 0 is no ink, whichever way the file stores it.
    Cmyk8,
}

impl Layout {
    fn of(color: Color) -> Layout {
        match color {
            Color::Gray => Layout::Gray8,
            Color::YCbCr | Color::Rgb => Layout::Rgb8,
            Color::Cmyk | Color::Ycck => Layout::Cmyk8,
        }
    }

    fn channels(self) -> usize {
        match self {
            Layout::Gray8 => 1,
            Layout::Rgb8 => 3,
            Layout::Cmyk8 => 4,
        }
    }
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The bytes of a pixel.
    pub layout: Layout,
    /// Rows from top to bottom without padding.
    pub pixels: Vec<u8>,
    /// Part of the picture is missing and grey: the data between two restart markers was damaged or absent.
    pub truncated: bool,
}

/// Reads the properties of a file without decoding it.
///
/// # Errors
/// All but [`Error::OverLimit`]. Metadata behind the first scan is not seen.
pub fn read_header(bytes: &[u8]) -> Result<Header, Error> {
    let mut segments = Segments::new(bytes)?;
    match segments.next_scan()? {
        Stop::Scan(_) => segments.header(),
        Stop::EndOfImage => Err(Error::corrupt("the file has no scan", segments.at)),
        Stop::EndOfData => Err(Error::Truncated { offset: bytes.len(), inside: "the header" }),
    }
}

/// Decodes a file at a scale.
///
/// The output has `ceil(width / n)` x `ceil(height / n)` pixels. Full size agrees with libjpeg's default decoding
/// (accurate transform, interpolated chroma) within 2 per channel.
///
/// # Errors
/// Data that ends before the picture does gives [`Error::Truncated`], wrong data [`Error::Corrupt`], but damage
/// between restart markers leaves that part grey and is reported in [`Decoded::truncated`]. A missing end marker
/// after a complete picture is no error.
///
/// # Cost
/// Memory for the output and some rows; a progressive file, or one with a scan for each component, needs 136 bytes
/// per block besides. [`Error::OverLimit`] when that is more than `max_memory_bytes`, before allocating.
pub fn decode(bytes: &[u8], scale: Scale, max_memory_bytes: u64) -> Result<Decoded, Error> {
    decoder::decode(bytes, scale, max_memory_bytes)
}
