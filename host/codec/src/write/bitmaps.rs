//! Windows bitmaps and icons.

use image::ExtendedColorType;
use image::codecs::bmp::BmpEncoder;
use image::codecs::ico::{IcoEncoder, IcoFrame};

use super::png;
use crate::{Error, Format, Metadata, PixelFormat, Raster};

pub(crate) fn write_bmp(raster: &Raster) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let color = match raster.format() {
        PixelFormat::Gray8 => ExtendedColorType::L8,
        PixelFormat::Rgb8 => ExtendedColorType::Rgb8,
        PixelFormat::Rgba8 => ExtendedColorType::Rgba8,
    };
    BmpEncoder::new(&mut bytes)
        .encode(raster.pixels(), raster.width(), raster.height(), color)
        .map_err(|error| Error::encode(Format::Bmp, error))?;
    Ok(bytes)
}

/// One picture, as a PNG inside, which every system since Windows Vista reads.
pub(crate) fn write_ico(raster: &Raster) -> Result<Vec<u8>, Error> {
    let fail = |error: &dyn std::fmt::Display| Error::encode(Format::Ico, error.to_string());
    // Readers expect 32 bits in an icon's PNG.
    let raster = raster.clone().convert(PixelFormat::Rgba8);
    let (width, height) = (raster.width(), raster.height());
    let compression = ::png::Compression::Balanced;
    let picture = png::encode(&raster, &Metadata::default(), compression).map_err(|error| fail(&error))?;
    let frame =
        IcoFrame::with_encoded(picture, width, height, ExtendedColorType::Rgba8).map_err(|error| fail(&error))?;
    let mut bytes = Vec::new();
    IcoEncoder::new(&mut bytes).encode_images(&[frame]).map_err(|error| fail(&error))?;
    Ok(bytes)
}
