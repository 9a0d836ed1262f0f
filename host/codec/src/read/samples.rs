//! Samples of the `image` crate's decoders as a raster.

use image::{ColorType, ImageDecoder};

use super::Headers;
use crate::decode::memory;
use crate::error::from_image;
use crate::{Error, Format, PixelFormat, Raster};

/// Limits for the `image` crate, which counts its own buffers and what metadata inflates to: what
/// this picture needs, and a little for a profile.
pub(super) fn image_limits(headers: &Headers) -> image::Limits {
    const PROFILE: u64 = 16 << 20;
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(memory(headers, 1, None) + PROFILE);
    limits
}

/// Reads a still picture. 16 bits are reduced to 8; grey with alpha becomes `Rgba8`.
pub(super) fn read(format: Format, decoder: impl ImageDecoder) -> Result<Raster, Error> {
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    let length = usize::try_from(decoder.total_bytes())
        .map_err(|_| Error::corrupt(format, "its size cannot be held in memory"))?;
    let mut bytes = vec![0; length];
    decoder.read_image(&mut bytes).map_err(|error| from_image(format, error))?;
    let (pixel_format, pixels) = match color {
        ColorType::L8 => (PixelFormat::Gray8, bytes),
        ColorType::Rgb8 => (PixelFormat::Rgb8, bytes),
        ColorType::Rgba8 => (PixelFormat::Rgba8, bytes),
        ColorType::La8 => (PixelFormat::Rgba8, spread_gray_alpha(&bytes)),
        ColorType::L16 => (PixelFormat::Gray8, reduce(bytes)),
        ColorType::Rgb16 => (PixelFormat::Rgb8, reduce(bytes)),
        ColorType::Rgba16 => (PixelFormat::Rgba8, reduce(bytes)),
        ColorType::La16 => (PixelFormat::Rgba8, spread_gray_alpha(&reduce(bytes))),
        other => {
            return Err(Error::unsupported(format, format!("samples of type {other:?}")));
        }
    };
    Raster::new(width, height, pixel_format, pixels).map_err(Error::shape(format))
}

/// 16-bit samples in the machine's byte order to 8 bits, in the same buffer.
fn reduce(mut bytes: Vec<u8>) -> Vec<u8> {
    let count = bytes.len() / 2;
    for at in 0..count {
        bytes[at] = to_8_bits(u16::from_ne_bytes([bytes[2 * at], bytes[2 * at + 1]]));
    }
    bytes.truncate(count);
    bytes.shrink_to_fit();
    bytes
}

/// Nearest 8-bit value: `value * 255 / 65535`, rounded, not cut off.
pub(super) fn to_8_bits(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32767) / 65535) as u8
}

pub(super) fn spread_gray_alpha(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<2>().0.iter().flat_map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect()
}

/// Colours that were multiplied by alpha to straight ones; does nothing without alpha.
pub(super) fn divide_by_alpha(raster: &mut Raster) {
    if raster.format() != PixelFormat::Rgba8 {
        return;
    }
    for pixel in raster.pixels_mut().as_chunks_mut::<4>().0 {
        let alpha = u32::from(pixel[3]);
        for value in &mut pixel[..3] {
            // Where nothing shows, any colour will do.
            let straight = (u32::from(*value) * 255 + alpha / 2).checked_div(alpha);
            *value = straight.map_or(0, |value| value.min(255) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_rounded_not_cut() {
        // 257 sixteen-bit steps are one eight-bit step; the middle between two is at 128.5.
        let cases = [(0, 0), (128, 0), (129, 1), (257, 1), (385, 1), (386, 2), (65406, 254), (65407, 255)];
        for (value, expected) in cases {
            assert_eq!(to_8_bits(value), expected, "{value}");
        }
        for value in 0..=65535_u16 {
            let exact = f64::from(value) * 255.0 / 65535.0;
            assert_eq!(to_8_bits(value), exact.round() as u8);
        }
    }
}
