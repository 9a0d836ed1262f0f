//! Pictures made on the spot.

use safelight_codec::{EncodeOptions, Format, Picture, PixelFormat, Raster, encode};

/// A photo-like raster: slow gradients with fine texture, so that it neither compresses to nothing nor hides
/// a mistake in geometry.
pub(crate) fn photo(width: u32, height: u32) -> Raster {
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let texture = ((x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 24) as f32 / 16.0;
            let wave = ((u * 31.0).sin() * (v * 23.0).cos() * 40.0) + texture;
            pixels.push((u * 200.0 + wave).clamp(0.0, 255.0) as u8);
            pixels.push((v * 200.0 + wave).clamp(0.0, 255.0) as u8);
            pixels.push(((1.0 - u) * 180.0 + wave).clamp(0.0, 255.0) as u8);
        }
    }
    Raster::new(width, height, PixelFormat::Rgb8, pixels).unwrap()
}

pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    written(photo(width, height), Format::Jpeg)
}

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    written(photo(width, height), Format::Png)
}

pub(crate) fn written(raster: Raster, format: Format) -> Vec<u8> {
    encode(&Picture::still(raster), &EncodeOptions::new(format)).unwrap()
}
