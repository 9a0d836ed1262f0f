//! AVIF.

use ravif::{BitDepth, Encoder, Img, RGB8, RGBA8};

use crate::{EncodeOptions, Error, Format, Metadata, PixelFormat, Raster};

pub(crate) fn write(raster: &Raster, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    // Effort 0 is the encoder's speed 10, effort 9 its speed 1.
    let mut encoder = Encoder::new()
        .with_quality(f32::from(options.quality))
        .with_alpha_quality(f32::from(options.quality))
        .with_speed(10 - options.effort)
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
