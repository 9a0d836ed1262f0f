//! Windows bitmaps.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder};

use super::{Content, Headers, le16, le32, samples};
use crate::error::from_image;
use crate::{Error, Format};

const BMP: Format = Format::Bmp;

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(BMP, error))?;
    let (width, height) = decoder.dimensions();
    let mut headers = Headers::new(BMP, width, height);
    headers.has_alpha = decoder.color_type() == ColorType::Rgba8;
    headers.gray = decoder.color_type() == ColorType::L8;
    if ends_early(bytes, width, height) {
        headers.ends_early = Some("the data ends before the last row");
    }
    Ok(headers)
}

pub(super) fn content(bytes: &[u8]) -> Result<Content, Error> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(BMP, error))?;
    Ok(Content::still(samples::read(BMP, decoder)?))
}

/// True when the rows of an uncompressed picture cannot all be there. Rows are padded to four bytes.
///
/// Source: Microsoft, "Bitmap Storage", BITMAPFILEHEADER and BITMAPINFOHEADER.
fn ends_early(bytes: &[u8], width: u32, height: u32) -> bool {
    const CORE_HEADER: u32 = 12;
    let (bits, compression) = match le32(bytes, 14) {
        Some(CORE_HEADER) => (le16(bytes, 24), Some(0)),
        _ => (le16(bytes, 28), le32(bytes, 30)),
    };
    let (Some(start), Some(bits), Some(compression)) = (le32(bytes, 10), bits, compression) else {
        return true;
    };
    // 0 is plain, 3 and 6 are plain with colour masks; the others are run lengths.
    if !matches!(compression, 0 | 3 | 6) {
        return false;
    }
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    (bytes.len() as u64) < u64::from(start) + row * u64::from(height)
}
