//! TIFF, one page, deflated with horizontal differences.

use std::io::Cursor;

use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype};

use crate::{EncodeOptions, Error, Format, PixelFormat, Raster};

pub(crate) fn write(raster: &Raster, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let level = match options.effort {
        0..=4 => DeflateLevel::Fast,
        5..=7 => DeflateLevel::Balanced,
        _ => DeflateLevel::Best,
    };
    let mut file = Cursor::new(Vec::new());
    let written = TiffEncoder::new(&mut file).and_then(|encoder| {
        let mut encoder = encoder.with_compression(Compression::Deflate(level)).with_predictor(Predictor::Horizontal);
        let (width, height, pixels) = (raster.width(), raster.height(), raster.pixels());
        match raster.format() {
            PixelFormat::Gray8 => encoder.write_image::<colortype::Gray8>(width, height, pixels),
            PixelFormat::Rgb8 => encoder.write_image::<colortype::RGB8>(width, height, pixels),
            PixelFormat::Rgba8 => encoder.write_image::<colortype::RGBA8>(width, height, pixels),
        }
    });
    written.map_err(|error| Error::encode(Format::Tiff, error))?;
    Ok(file.into_inner())
}
