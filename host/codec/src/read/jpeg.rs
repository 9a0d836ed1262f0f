//! JPEG: the crate's own decoder, orientation and colour from its segments.

use super::{Content, Headers};
use crate::decode::shrink_factor;
use crate::jpeg::{self, Layout, Scale};
use crate::limits::show_bytes;
use crate::{DecodeOptions, Error, Format, PixelFormat, Raster, color, exif};

const JPEG: Format = Format::Jpeg;

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let header = jpeg::read_header(bytes).map_err(sort)?;
    let mut headers = Headers::new(JPEG, header.width, header.height);
    headers.gray = header.components == 1;
    headers.can_shrink = true;
    if let Some(block) = &header.exif {
        headers.orientation = exif::orientation(block);
    }
    // A progressive picture keeps all coefficients, two bytes each, whatever the scale; CMYK is
    // converted to a second buffer.
    let components = u64::from(header.components);
    headers.work = if components == 4 { 4 } else { 0 };
    headers.held = if header.progressive { 2 * components } else { 0 };
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], headers: &Headers, options: &DecodeOptions) -> Result<Content, Error> {
    let header = jpeg::read_header(bytes).map_err(sort)?;
    let shown = headers.orientation.size(headers.width, headers.height);
    let scale = match shrink_factor(shown, options.enough) {
        8 => Scale::Eighth,
        4 => Scale::Quarter,
        2 => Scale::Half,
        _ => Scale::Full,
    };
    let decoded = jpeg::decode(bytes, scale, options.limits.max_memory_bytes).map_err(sort)?;
    if decoded.truncated {
        return Err(Error::truncated(JPEG, "a part between restart markers is damaged or missing"));
    }
    let mut icc = header.icc;
    let (format, pixels) = match decoded.layout {
        Layout::Gray8 => (PixelFormat::Gray8, decoded.pixels),
        Layout::Rgb8 => (PixelFormat::Rgb8, decoded.pixels),
        Layout::Cmyk8 => {
            let rgb = color::cmyk_to_rgb(&decoded.pixels, icc.as_deref());
            icc = None;
            (PixelFormat::Rgb8, rgb)
        }
    };
    let raster = Raster::new(decoded.width, decoded.height, format, pixels);
    let mut content = Content::still(raster.map_err(Error::shape(JPEG))?);
    content.icc = icc;
    content.exif = header.exif;
    content.xmp = header.xmp;
    Ok(content)
}

fn sort(error: jpeg::Error) -> Error {
    match error {
        jpeg::Error::NotJpeg => Error::corrupt(JPEG, "it does not start as one"),
        jpeg::Error::Truncated { offset, inside } => {
            Error::truncated(JPEG, format!("the data ends at byte {offset}, inside {inside}"))
        }
        jpeg::Error::Corrupt { what, offset } => Error::corrupt(JPEG, format!("{what}, near byte {offset}")),
        jpeg::Error::Unsupported { what } => Error::unsupported(JPEG, what),
        jpeg::Error::OverLimit { needed_bytes, limit_bytes } => Error::Limit {
            what: "memory for decoding",
            value: show_bytes(needed_bytes),
            limit: show_bytes(limit_bytes),
        },
    }
}
