//! TIFF, one page.

use std::io::Cursor;

use tiff::encoder::Rational;
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype};
use tiff::tags::{ResolutionUnit, Tag};

use crate::{EncodeOptions, Error, Format, PixelFormat, Raster, TiffCompression};

pub(crate) fn write(raster: &Raster, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let level = match options.effort {
        0..=4 => DeflateLevel::Fast,
        5..=7 => DeflateLevel::Balanced,
        _ => DeflateLevel::Best,
    };
    let mut file = Cursor::new(Vec::new());
    let written = TiffEncoder::new(&mut file).and_then(|encoder| {
        // Differences of neighbours help where repetition counts, and hide runs.
        let (compression, predictor) = match options.tiff_compression {
            TiffCompression::Deflate => (Compression::Deflate(level), Predictor::Horizontal),
            TiffCompression::Lzw => (Compression::Lzw, Predictor::Horizontal),
            TiffCompression::PackBits => (Compression::Packbits, Predictor::None),
            TiffCompression::None => (Compression::Uncompressed, Predictor::None),
        };
        let mut encoder = encoder.with_compression(compression).with_predictor(predictor);
        let (width, height, pixels) = (raster.width(), raster.height(), raster.pixels());
        let resolution = options.dpi.map(|dpi| Rational { n: (dpi * 1000.0).round() as u32, d: 1000 });
        // A type for each kind of colour, and no trait that has them all.
        macro_rules! image {
            ($color:ident) => {{
                let mut image = encoder.new_image::<colortype::$color>(width, height)?;
                if let Some(resolution) = resolution {
                    image.resolution(ResolutionUnit::Inch, resolution);
                }
                image
            }};
        }
        match raster.format() {
            PixelFormat::Gray8 => image!(Gray8).write_data(pixels),
            PixelFormat::Rgb8 => image!(RGB8).write_data(pixels),
            PixelFormat::Rgba8 => {
                let mut image = image!(RGBA8);
                // Without it a reader has to guess what the fourth sample is (TIFF 6.0, section 18).
                const STRAIGHT_ALPHA: u16 = 2;
                image.encoder().write_tag(Tag::ExtraSamples, STRAIGHT_ALPHA)?;
                image.write_data(pixels)
            }
        }
    });
    written.map_err(|error| Error::encode(Format::Tiff, error))?;
    Ok(file.into_inner())
}
