//! WebP: libwebp encodes, the metadata is put around it here.
//!
//! Source: RFC 9649 section 2.7: order of chunks and flags of VP8X.

use safelight_webp_encode as libwebp;

use crate::{EncodeOptions, Error, Format, Loops, Metadata, Picture, PixelFormat, Raster};

const WEBP: Format = Format::WebP;

pub(crate) fn write(picture: &Picture, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let fail = |error| Error::encode(WEBP, error);
    let settings = libwebp::Settings {
        quality: options.quality,
        lossless: options.lossless,
        // Our ten steps on libwebp's methods 0 to 6.
        method: (u16::from(options.effort) * 6).div_ceil(9) as u8,
    };
    let (width, height) = (picture.frames[0].raster.width(), picture.frames[0].raster.height());
    let has_alpha = picture.frames.iter().any(|frame| !frame.raster.is_opaque());
    let mut bytes = if let [only] = picture.frames.as_slice() {
        let raster = color(&only.raster);
        libwebp::still(&pixels(&raster), &settings).map_err(fail)?
    } else {
        let loops = match picture.loops {
            Loops::Forever => 0,
            // The file has 16 bits for it.
            Loops::Times(times) => times.clamp(1, u32::from(u16::MAX)) as u16,
        };
        let mut animation = libwebp::Animation::new(width, height, loops, &settings).map_err(fail)?;
        for frame in &picture.frames {
            let raster = color(&frame.raster);
            animation.add(&pixels(&raster), frame.delay_ms).map_err(fail)?;
        }
        animation.finish().map_err(fail)?
    };
    // libwebp announces no alpha when every frame is opaque in its own window, although the canvas
    // around it is clear; players then show black there.
    if has_alpha && bytes.get(12..16) == Some(b"VP8X") {
        bytes[20] |= HAS_ALPHA;
    }
    Ok(with_metadata(bytes, metadata, (width, height), has_alpha))
}

/// libwebp takes three or four channels; grey costs nothing in its colour planes.
fn color(raster: &Raster) -> std::borrow::Cow<'_, Raster> {
    match raster.format() {
        PixelFormat::Gray8 => std::borrow::Cow::Owned(raster.clone().convert(PixelFormat::Rgb8)),
        _ => std::borrow::Cow::Borrowed(raster),
    }
}

fn pixels(raster: &Raster) -> libwebp::Pixels<'_> {
    libwebp::Pixels {
        width: raster.width(),
        height: raster.height(),
        has_alpha: raster.format().has_alpha(),
        bytes: raster.pixels(),
    }
}

const HAS_ICC: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// Adds the chunks of the metadata, and the extended header that announces them.
fn with_metadata(file: Vec<u8>, metadata: &Metadata, (width, height): (u32, u32), has_alpha: bool) -> Vec<u8> {
    if metadata == &Metadata::default() {
        return file;
    }
    // libwebp wrote an extended header itself if there is alpha beside lossy colour, or animation.
    let (mut header, rest) = match file.get(12..16) {
        Some(b"VP8X") => (file[20..30].to_vec(), &file[30..]),
        _ => {
            let mut header = vec![if has_alpha { HAS_ALPHA } else { 0 }, 0, 0, 0];
            header.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
            header.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
            (header, &file[12..])
        }
    };
    let parts = [(&metadata.icc, HAS_ICC), (&metadata.exif, HAS_EXIF), (&metadata.xmp, HAS_XMP)];
    for (part, flag) in parts {
        if part.is_some() {
            header[0] |= flag;
        }
    }
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    chunk(&mut out, b"VP8X", &header);
    if let Some(icc) = &metadata.icc {
        chunk(&mut out, b"ICCP", icc);
    }
    out.extend_from_slice(rest);
    if let Some(exif) = &metadata.exif {
        chunk(&mut out, b"EXIF", exif);
    }
    if let Some(xmp) = &metadata.xmp {
        chunk(&mut out, b"XMP ", xmp);
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}
