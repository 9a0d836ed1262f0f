//! PNG.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, Encoder, Filter, Info};
use safelight_kernels::{self as kernels, Indexed};

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
    let written = match options.colors {
        Some(colors) => {
            // What is fast is so by counting on filtered colours; indices it hardly makes smaller.
            let compression = if options.effort > 7 { Compression::High } else { Compression::Balanced };
            encode_indexed(raster, metadata, compression, &quantize(raster, colors, options.dither))
        }
        None => encode(raster, metadata, compression),
    };
    written.map_err(|error| Error::encode(PNG, error))
}

fn quantize(raster: &Raster, colors: u16, dither: bool) -> Indexed {
    let (size, format, colors) = ((raster.width(), raster.height()), raster.format(), usize::from(colors));
    match format {
        PixelFormat::Rgba8 => kernels::quantize_alpha(raster.pixels(), size.0, colors, dither),
        _ => kernels::quantize(raster.pixels(), size, format.bytes_per_pixel(), colors, dither),
    }
}

/// Writes a PNG with a palette, in as few bits as its entries need.
fn encode_indexed(
    raster: &Raster,
    metadata: &Metadata,
    compression: Compression,
    indexed: &Indexed,
) -> Result<Vec<u8>, png::EncodingError> {
    let (depth, bits) = match indexed.palette.len() {
        0..=2 => (BitDepth::One, 1),
        3..=4 => (BitDepth::Two, 2),
        5..=16 => (BitDepth::Four, 4),
        _ => (BitDepth::Eight, 8),
    };
    let mut info = header(raster, metadata);
    info.bit_depth = depth;
    info.color_type = ColorType::Indexed;
    info.palette = Some(indexed.palette.iter().flat_map(|entry| entry[..3].to_vec()).collect());
    // Entries that are left out at the end are opaque.
    let clear = indexed.palette.iter().rposition(|entry| entry[3] < 255).map_or(0, |last| last + 1);
    if clear > 0 {
        info.trns = Some(indexed.palette[..clear].iter().map(|entry| entry[3]).collect());
    }
    let rows = indexed.indices.chunks(raster.width() as usize);
    let packed: Vec<u8> = rows
        .flat_map(|row| {
            row.chunks(8 / bits).map(move |indices| {
                let places = (0..8 / bits).rev().map(|place| place * bits);
                indices.iter().zip(places).fold(0, |byte, (index, place)| byte | index << place)
            })
        })
        .collect();
    finish(info, metadata, compression, &packed, Some(Filter::NoFilter))
}

/// Writes a PNG with the channels the raster has.
pub(super) fn encode(
    raster: &Raster,
    metadata: &Metadata,
    compression: Compression,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut info = header(raster, metadata);
    info.bit_depth = BitDepth::Eight;
    info.color_type = match raster.format() {
        PixelFormat::Gray8 => ColorType::Grayscale,
        PixelFormat::Rgb8 => ColorType::Rgb,
        PixelFormat::Rgba8 => ColorType::Rgba,
    };
    finish(info, metadata, compression, raster.pixels(), None)
}

fn header<'a>(raster: &Raster, metadata: &'a Metadata) -> Info<'a> {
    let mut info = Info::with_size(raster.width(), raster.height());
    info.icc_profile = metadata.icc.as_deref().map(Cow::Borrowed);
    info.exif_metadata = metadata.exif.as_deref().map(Cow::Borrowed);
    info
}

/// `filter` goes before what the compression would choose.
fn finish(
    info: Info<'_>,
    metadata: &Metadata,
    compression: Compression,
    data: &[u8],
    filter: Option<Filter>,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info)?;
    encoder.set_compression(compression);
    if let Some(filter) = filter {
        encoder.set_filter(filter);
    }
    if let Some(xmp) = &metadata.xmp {
        // PNG third edition 11.3.3.4 and Adobe XMP specification part 3, section 1.1.5.
        let text = String::from_utf8_lossy(xmp).into_owned();
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), text)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}
