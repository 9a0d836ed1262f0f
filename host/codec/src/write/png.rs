//! PNG.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, Encoder, Info};

use crate::{EncodeOptions, Error, Format, Metadata, PixelFormat, Raster};

const PNG: Format = Format::Png;

pub(crate) fn write(raster: &Raster, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let compression = match options.effort {
        0 | 1 => Compression::Fastest,
        2..=4 => Compression::Fast,
        5..=7 => Compression::Balanced,
        _ => Compression::High,
    };
    let narrowed;
    let raster = if raster.format().has_alpha() && raster.is_opaque() {
        narrowed = raster.clone().drop_alpha();
        &narrowed
    } else {
        raster
    };
    encode(raster, metadata, compression).map_err(|error| Error::encode(PNG, error))
}

/// Writes a PNG with the channels the raster has.
pub(super) fn encode(
    raster: &Raster,
    metadata: &Metadata,
    compression: Compression,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut info = Info::with_size(raster.width(), raster.height());
    info.bit_depth = BitDepth::Eight;
    info.color_type = match raster.format() {
        PixelFormat::Gray8 => ColorType::Grayscale,
        PixelFormat::Rgb8 => ColorType::Rgb,
        PixelFormat::Rgba8 => ColorType::Rgba,
    };
    info.icc_profile = metadata.icc.as_deref().map(Cow::Borrowed);
    info.exif_metadata = metadata.exif.as_deref().map(Cow::Borrowed);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info)?;
    encoder.set_compression(compression);
    if let Some(xmp) = &metadata.xmp {
        // PNG third edition 11.3.3.4 and Adobe XMP specification part 3, section 1.1.5.
        let text = String::from_utf8_lossy(xmp).into_owned();
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), text)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(raster.pixels())?;
    writer.finish()?;
    Ok(bytes)
}
