//! AVIF.

use ravif::{BitDepth, Encoder, Img, RGB8, RGBA8};

use crate::{EncodeOptions, Error, Format, Metadata, PixelFormat, Raster};

/// Pixels that one core encodes in a second, by effort from 0 (the encoder's speed 10) to 9 (its speed 1).
///
/// Measured: 1 megapixel of a photo at quality 65, rounded down; see the example `avif_rates`.
const PIXELS_A_SECOND: [f32; 10] = [1.6e6, 0.9e6, 0.45e6, 0.45e6, 0.32e6, 0.32e6, 0.32e6, 0.32e6, 0.2e6, 0.05e6];

/// The effort that was asked for, or the greatest one that takes no longer than it may.
fn effort(raster: &Raster, options: &EncodeOptions) -> u8 {
    let affordable = (0..=options.effort).rev().find(|&effort| seconds(raster, effort) <= options.avif_seconds);
    affordable.unwrap_or(0)
}

fn seconds(raster: &Raster, effort: u8) -> f32 {
    raster.width() as f32 * raster.height() as f32 / PIXELS_A_SECOND[usize::from(effort.min(9))]
}

/// Whether the picture can be written in so many seconds at all.
pub(crate) fn fits(raster: &Raster, at_most_seconds: f32) -> bool {
    seconds(raster, 0) <= at_most_seconds
}

pub(crate) fn write(raster: &Raster, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let mut encoder = Encoder::new()
        .with_quality(f32::from(options.quality))
        .with_alpha_quality(f32::from(options.quality))
        .with_speed(10 - effort(raster, options))
        .with_bit_depth(BitDepth::Eight);
    if let Some(exif) = &metadata.exif {
        encoder = encoder.with_exif(exif.as_slice());
    }
    let (width, height) = (raster.width() as usize, raster.height() as usize);
    let encoded = match raster.format() {
        PixelFormat::Gray8 => {
            let pixels: Vec<RGB8> = raster.pixels().iter().map(|&v| RGB8::new(v, v, v)).collect();
            encoder.encode_rgb(Img::new(&pixels, width, height))
        }
        PixelFormat::Rgb8 => {
            let pixels: Vec<RGB8> = raster.pixels().as_chunks::<3>().0.iter().map(|&p| p.into()).collect();
            encoder.encode_rgb(Img::new(&pixels, width, height))
        }
        PixelFormat::Rgba8 => {
            let pixels: Vec<RGBA8> = raster.pixels().as_chunks::<4>().0.iter().map(|&p| p.into()).collect();
            encoder.encode_rgba(Img::new(&pixels, width, height))
        }
    };
    encoded.map(|encoded| encoded.avif_file).map_err(|error| Error::encode(Format::Avif, error))
}
