//! JPEG.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};

use crate::{Chroma, EncodeOptions, Error, Format, Metadata, PixelFormat, Raster};

const JPEG: Format = Format::Jpeg;

/// Quality from which on colour keeps its full resolution unless asked otherwise.
const FULL_CHROMA_QUALITY: u8 = 90;

pub(crate) fn write(raster: &Raster, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let composed;
    let raster = if raster.format().has_alpha() {
        composed = raster.clone().composite(options.background);
        &composed
    } else {
        raster
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, options.quality);
    let half = match options.chroma {
        Chroma::Auto => options.quality < FULL_CHROMA_QUALITY,
        Chroma::Full444 => false,
        Chroma::Half420 => true,
    };
    encoder.set_sampling_factor(if half { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    if let Some(dpi) = options.dpi {
        encoder.set_density(PixelDensity::dpi(dpi.round() as u16));
    }
    encoder.set_progressive(options.progressive);
    encoder.set_optimized_huffman_tables(options.effort >= 5);
    let fail = |error| Error::encode(JPEG, error);
    if let Some(exif) = &metadata.exif {
        check_segment("EXIF", exif.len() + b"Exif\0\0".len())?;
        encoder.add_exif_metadata(exif).map_err(fail)?;
    }
    if let Some(icc) = &metadata.icc {
        encoder.add_icc_profile(icc).map_err(fail)?;
    }
    if let Some(xmp) = &metadata.xmp {
        // Adobe XMP specification part 3, section 1.1.3.
        let segment = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), xmp].concat();
        check_segment("XMP", segment.len())?;
        encoder.add_app_segment(1, segment).map_err(fail)?;
    }
    let color = match raster.format() {
        PixelFormat::Gray8 => ColorType::Luma,
        _ => ColorType::Rgb,
    };
    // The caller has checked that the sides fit.
    let (width, height) = (raster.width() as u16, raster.height() as u16);
    encoder.encode(raster.pixels(), width, height, color).map_err(fail)?;
    Ok(bytes)
}

/// A segment's length has 16 bits and counts itself.
fn check_segment(what: &'static str, length: usize) -> Result<(), Error> {
    const MOST: usize = 65_533;
    if length > MOST {
        return Err(Error::TooLarge {
            format: JPEG,
            what,
            value: format!("{length} bytes"),
            limit: format!("{MOST} bytes"),
        });
    }
    Ok(())
}
