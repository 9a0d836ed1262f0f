//! Windows icons: the largest picture in the file, with most colours among equals.
//!
//! The entry is chosen here and handed on alone, a PNG to the PNG reader with its limits.
//!
//! Source: Microsoft, "Icons" (ICONDIR, ICONDIRENTRY, ICONIMAGE).

use std::io::Cursor;

use image::codecs::ico::IcoDecoder;
use image::{ColorType, ImageDecoder};

use super::{Content, Headers, le16, le32, png, samples};
use crate::error::from_image;
use crate::{DecodeOptions, Error, Format};

const ICO: Format = Format::Ico;
const ENTRY: usize = 16;

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let entry = largest(bytes)?;
    if is_png(entry.data) {
        let mut headers = png::headers(entry.data).map_err(as_ico)?;
        headers.format = ICO;
        headers.frames = 1;
        return Ok(headers);
    }
    let single = alone(&entry);
    let decoder = IcoDecoder::new(Cursor::new(&single)).map_err(|error| from_image(ICO, error))?;
    let (width, height) = decoder.dimensions();
    let mut headers = Headers::new(ICO, width, height);
    headers.has_alpha = decoder.color_type() == ColorType::Rgba8;
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], options: &DecodeOptions) -> Result<Content, Error> {
    let entry = largest(bytes)?;
    if is_png(entry.data) {
        let headers = png::headers(entry.data).map_err(as_ico)?;
        let first = DecodeOptions { animated: false, ..options.clone() };
        return png::content(entry.data, &headers, &first).map_err(as_ico);
    }
    let single = alone(&entry);
    let decoder = IcoDecoder::new(Cursor::new(&single)).map_err(|error| from_image(ICO, error))?;
    Ok(Content::still(samples::read(ICO, decoder)?))
}

/// One picture of the icon: its directory entry and its bytes.
struct Entry<'a> {
    directory: &'a [u8],
    data: &'a [u8],
}

fn largest(bytes: &[u8]) -> Result<Entry<'_>, Error> {
    let count = usize::from(le16(bytes, 4).unwrap_or(0));
    let directory = bytes.get(6..6 + count * ENTRY).unwrap_or_default();
    let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
    let best = directory
        .chunks_exact(ENTRY)
        .max_by_key(|entry| (side(entry[0]) * side(entry[1]), le16(entry, 6)))
        .ok_or_else(|| Error::truncated(ICO, "the data ends within the directory"))?;
    let (length, start) = (le32(best, 8).unwrap_or(0), le32(best, 12).unwrap_or(0));
    let end = start as usize + length as usize;
    let data = bytes
        .get(start as usize..end)
        .ok_or_else(|| Error::truncated(ICO, "the data ends before its largest picture does"))?;
    Ok(Entry { directory: best, data })
}

/// An icon file with this picture only.
fn alone(entry: &Entry) -> Vec<u8> {
    let data = &entry.data[..without_short_mask(entry.data)];
    let mut file = vec![0, 0, 1, 0, 1, 0];
    file.extend_from_slice(&entry.directory[..8]);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(&(6 + ENTRY as u32).to_le_bytes());
    file.extend_from_slice(data);
    file
}

/// Length of a bitmap's data, less a mask that is too short. Some writers do not pad the mask's rows
/// to four bytes; the picture is shown without it then.
fn without_short_mask(data: &[u8]) -> usize {
    let field = |at| le32(data, at).map(u64::from);
    let (Some(header), Some(width), Some(height)) = (field(0), field(4), field(8)) else {
        return data.len();
    };
    let (Some(bits), Some(used)) = (le16(data, 14), field(32)) else {
        return data.len();
    };
    let bits = u64::from(bits);
    let colors = match (bits, used) {
        (1 | 2 | 4 | 8, 0) => 1 << bits,
        (_, used) => used,
    };
    let stride = |bits: u64| (width * bits).div_ceil(32) * 4;
    // The height counts the rows of the picture and those of its mask.
    let rows = height / 2;
    let picture = (header + colors * 4).saturating_add(stride(bits).saturating_mul(rows));
    let whole = picture.saturating_add(stride(1).saturating_mul(rows));
    match usize::try_from(picture) {
        Ok(picture) if picture <= data.len() && (data.len() as u64) < whole => picture,
        _ => data.len(),
    }
}

fn is_png(data: &[u8]) -> bool {
    Format::sniff(data) == Some(Format::Png)
}

/// The user sent an icon; that there is a PNG in it is a detail.
fn as_ico(error: Error) -> Error {
    match error {
        Error::Truncated { what, .. } => Error::truncated(ICO, what),
        Error::Corrupt { what, .. } => Error::corrupt(ICO, what),
        Error::Unsupported { what, .. } => Error::unsupported(ICO, what),
        other => other,
    }
}
