//! TIFF: the first page.
//!
//! Source: TIFF 6.0, sections 4 to 6 (grey, palette, RGB), 16 (CMYK), 18 (associated alpha), 21
//! (YCbCr).

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::samples::{divide_by_alpha, spread_gray_alpha, to_8_bits};
use super::{Content, Headers};
use crate::error::is_early_end;
use crate::orient::Orientation;
use crate::{DecodeOptions, Error, Format, PixelFormat, Raster, color, exif};

const TIFF: Format = Format::Tiff;
const XMP: Tag = Tag::Unknown(700);

pub(super) fn headers(bytes: &[u8]) -> Result<Headers, Error> {
    let (mut file, kind) = open(bytes, Limits::default())?;
    let (width, height) = file.dimensions().map_err(sort)?;
    let mut headers = Headers::new(TIFF, width, height);
    headers.gray = matches!(kind.color, Color::Gray | Color::GrayAlpha);
    headers.has_alpha = kind.alpha.is_some();
    let turned = file.find_tag_unsigned::<u16>(Tag::Orientation).map_err(sort)?;
    headers.orientation = Orientation::from_exif(turned.unwrap_or(1));
    // All samples as stored, and once more while planes are woven together or inks become light.
    headers.work = 2 * (u64::from(kind.bits).div_ceil(8) * kind.samples as u64);
    Ok(headers)
}

pub(super) fn content(bytes: &[u8], options: &DecodeOptions) -> Result<Content, Error> {
    let most = usize::try_from(options.limits.max_memory_bytes).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most;
    let (mut file, kind) = open(bytes, limits)?;
    let (width, height) = file.dimensions().map_err(sort)?;
    let mut icc = file.get_tag_u8_vec(Tag::IccProfile).ok();
    let xmp = if options.keep_metadata { file.get_tag_u8_vec(XMP).ok() } else { None };

    let size = (width as usize, height as usize);
    let (samples, planar) = read_samples(&mut file, &kind, size)?;
    let (format, pixels) = match kind.color {
        Color::Gray => (PixelFormat::Gray8, samples),
        Color::GrayAlpha => (PixelFormat::Rgba8, spread_gray_alpha(&samples)),
        Color::Rgb if kind.samples == 4 => (PixelFormat::Rgba8, samples),
        Color::Rgb => (PixelFormat::Rgb8, samples),
        Color::Palette => (PixelFormat::Rgb8, look_up(&mut file, &samples)?),
        Color::Cmyk => {
            let rgb = color::cmyk_to_rgb(&samples, icc.as_deref());
            icc = None;
            (PixelFormat::Rgb8, rgb)
        }
        Color::YCbCr => (PixelFormat::Rgb8, from_ycbcr(samples)),
    };
    let mut raster = Raster::new(width, height, format, pixels).map_err(Error::shape(TIFF))?;
    match kind.alpha {
        None => raster = raster.drop_alpha(),
        Some(Alpha::Associated) if kind.bits == 16 && !planar => {}
        Some(Alpha::Associated) => divide_by_alpha(&mut raster),
        Some(Alpha::Straight) => {}
    }
    let mut content = Content::still(raster);
    content.icc = icc;
    content.xmp = xmp;
    Ok(content)
}

type File<'a> = Decoder<Cursor<Cow<'a, [u8]>>>;

/// What the samples mean.
struct Kind {
    color: Color,
    /// Bits of one sample.
    bits: u8,
    /// Samples of one pixel.
    samples: usize,
    alpha: Option<Alpha>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Color {
    Gray,
    GrayAlpha,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    /// Colours were multiplied by it.
    Associated,
    Straight,
}

fn open(bytes: &[u8], limits: Limits) -> Result<(File<'_>, Kind), Error> {
    const BLACK_IS_ZERO: u8 = 1;
    const PALETTE: u8 = 3;
    // The TIFF crate reads no palettes. Read as grey, the samples are the indices, so that is what
    // it is told in a copy of the file.
    let mut file = Cow::Borrowed(bytes);
    let mut is_palette = false;
    if let Some((at, little)) = exif::find_short(bytes, Tag::PhotometricInterpretation.to_u16()) {
        let at = if little { at } else { at + 1 };
        if bytes[at] == PALETTE {
            is_palette = true;
            file.to_mut()[at] = BLACK_IS_ZERO;
        }
    }
    let mut file = Decoder::new(Cursor::new(file)).map_err(sort)?.with_limits(limits);
    // 0: of no stated meaning, 1: associated alpha, 2: straight alpha.
    let extra = file.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(sort)?;
    let alpha = match extra.as_deref() {
        Some([1, ..]) => Some(Alpha::Associated),
        Some([0, ..]) => None,
        _ => Some(Alpha::Straight),
    };
    let color = file.colortype().map_err(sort)?;
    let kind = |color, bits, samples, alpha| Kind { color, bits, samples, alpha };
    let kind = match color {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8)) if is_palette => kind(Color::Palette, bits, 1, None),
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => kind(Color::Gray, bits, 1, None),
        // The JPEG decoder below knows one, three and four components.
        ColorType::Multiband { num_samples: 2, .. } if is_jpeg(&mut file)? => {
            return Err(Error::unsupported(TIFF, "grey with alpha, packed as JPEG"));
        }
        ColorType::Multiband { bit_depth: bits @ (8 | 16), num_samples: 2 } if !is_palette => {
            kind(Color::GrayAlpha, bits, 2, alpha)
        }
        ColorType::RGB(bits @ (8 | 16)) => kind(Color::Rgb, bits, 3, None),
        ColorType::RGBA(bits @ (8 | 16)) => kind(Color::Rgb, bits, 4, alpha),
        ColorType::CMYK(bits @ (8 | 16)) => kind(Color::Cmyk, bits, 4, None),
        // The JPEG decoder below brings colour to full resolution; elsewhere it is not.
        ColorType::YCbCr(8) if is_jpeg(&mut file)? => kind(Color::YCbCr, 8, 3, None),
        other => {
            return Err(Error::unsupported(TIFF, format!("samples of type {other:?}")));
        }
    };
    Ok((file, kind))
}

fn is_jpeg(file: &mut File) -> Result<bool, Error> {
    const MODERN_JPEG: u16 = 7;
    Ok(file.find_tag_unsigned::<u16>(Tag::Compression).map_err(sort)? == Some(MODERN_JPEG))
}

/// All samples, interleaved, in 8 bits, and whether they were stored plane by plane; indices of a palette as they
/// are. Colours of 16 bits that are not planar are divided by their alpha.
fn read_samples(file: &mut File, kind: &Kind, (width, height): (usize, usize)) -> Result<(Vec<u8>, bool), Error> {
    let mut result = DecodingResult::U8(Vec::new());
    let layout = file.read_image_to_buffer(&mut result).map_err(sort)?;
    if result.as_buffer(0).byte_len() < layout.complete_len {
        return Err(sort(TiffError::LimitsExceeded));
    }
    let samples = match result {
        DecodingResult::U8(bytes) if kind.bits < 8 => unpack(&bytes, kind, &layout, width),
        DecodingResult::U8(bytes) => bytes,
        // Divided before they are rounded: little alpha leaves few levels.
        DecodingResult::U16(mut values) if kind.alpha == Some(Alpha::Associated) && layout.planes <= 1 => {
            values.chunks_exact_mut(kind.samples).for_each(divide_16_bits);
            values.into_iter().map(to_8_bits).collect()
        }
        DecodingResult::U16(values) => values.into_iter().map(to_8_bits).collect(),
        _ => {
            return Err(Error::unsupported(TIFF, "samples that are not whole numbers"));
        }
    };
    let plane = width * height;
    if samples.len() != plane * kind.samples {
        return Err(Error::corrupt(TIFF, "its samples do not fill its size"));
    }
    if layout.planes <= 1 {
        return Ok((samples, false));
    }
    let mut woven = vec![0; samples.len()];
    for (channel, values) in samples.chunks_exact(plane).enumerate() {
        for (pixel, value) in woven.chunks_exact_mut(kind.samples).zip(values) {
            pixel[channel] = *value;
        }
    }
    Ok((woven, true))
}

/// One pixel of 16 bits with its alpha last: the colours are divided by it.
fn divide_16_bits(pixel: &mut [u16]) {
    let Some((alpha, colors)) = pixel.split_last_mut() else { return };
    let alpha = u64::from(*alpha);
    for value in colors {
        // Where nothing shows, any colour will do.
        let straight = (u64::from(*value) * 65535 + alpha / 2).checked_div(alpha);
        *value = straight.map_or(0, |value| value.min(65535) as u16);
    }
}

/// Samples of 1, 2 or 4 bits, first ones in the high bits, to a byte each; rows start on a byte.
fn unpack(packed: &[u8], kind: &Kind, layout: &BufferLayoutPreference, width: usize) -> Vec<u8> {
    let bits = usize::from(kind.bits);
    let top = (1_u8 << bits) - 1;
    let scale = if kind.color == Color::Palette { 1 } else { 255 / top };
    let stride = layout.row_stride.map_or((width * bits).div_ceil(8), Into::into);
    let mut out = Vec::with_capacity(packed.len() * 8 / bits);
    for row in packed.chunks_exact(stride) {
        out.extend((0..width).map(|x| {
            let bit = x * bits;
            (row[bit / 8] >> (8 - bits - bit % 8) & top) * scale
        }));
    }
    out
}

/// Indices to colours. The map holds all reds, then all greens, then all blues, in 16 bits. Writers
/// fill the low byte with zero or with a copy of the high one, so only the high one counts.
fn look_up(file: &mut File, indices: &[u8]) -> Result<Vec<u8>, Error> {
    let map = file.get_tag_u16_vec(Tag::ColorMap).map_err(sort)?;
    let colors = map.len() / 3;
    let mut palette = [[0; 3]; 256];
    for (index, color) in palette.iter_mut().enumerate().take(colors) {
        *color = [0, 1, 2].map(|channel| (map[channel * colors + index] >> 8) as u8);
    }
    let mut out = vec![0; indices.len() * 3];
    for (pixel, &index) in out.as_chunks_mut::<3>().0.iter_mut().zip(indices) {
        *pixel = palette[usize::from(index)];
    }
    Ok(out)
}

/// JPEG's colour differences to RGB in place (JFIF 1.02, page 3).
fn from_ycbcr(mut samples: Vec<u8>) -> Vec<u8> {
    for pixel in samples.as_chunks_mut::<3>().0 {
        let [luma, cb, cr] = pixel.map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let colors = [luma + 1.402 * cr, luma - 0.344_136 * cb - 0.714_136 * cr, luma + 1.772 * cb];
        *pixel = colors.map(|value| (value + 0.5) as u8);
    }
    samples
}

fn sort(error: TiffError) -> Error {
    if is_early_end(&error) {
        return Error::truncated(TIFF, "the data ends too early");
    }
    match error {
        TiffError::UnsupportedError(error) => Error::unsupported(TIFF, error.to_string()),
        TiffError::LimitsExceeded => Error::Limit {
            what: "memory for decoding",
            value: "what this picture needs".into(),
            limit: "max_memory_bytes".into(),
        },
        error => Error::corrupt(TIFF, error.to_string()),
    }
}
