//! Colours of any space come out as sRGB.

use moxcms::ColorProfile;
use safelight_codec::{DecodeOptions, Format, Limits, Metadata, PixelFormat, Raster, decode};

use crate::support::{crc, options, photo, psnr, read_one, write_as, write_with};

/// sRGB's curve (IEC 61966-2-1), which Display P3 has as well.
fn to_linear(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn from_linear(value: f64) -> f64 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

#[test]
fn display_p3_becomes_srgb() {
    // Linear P3 to linear sRGB, both D65: from the primaries in SMPTE EG 432-1 and IEC 61966-2-1.
    let matrix =
        [[1.224_940_2, -0.224_940_2, 0.0], [-0.042_056_9, 1.042_056_9, 0.0], [-0.019_637_6, -0.078_636_1, 1.098_273_7]];
    let colors = [[200, 100, 50], [20, 180, 90], [128, 128, 128], [255, 255, 255], [90, 60, 200]];
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    for format in [PixelFormat::Rgb8, PixelFormat::Rgba8] {
        for color in colors {
            let alpha = if format == PixelFormat::Rgb8 { 255 } else { 77 };
            let raster = Raster::filled(8, 8, [color[0], color[1], color[2], alpha]);
            let metadata = Metadata { icc: Some(icc.clone()), ..Metadata::default() };
            let back = read_one(&write_with(&raster, metadata, Format::Png));
            let linear = color.map(|value| to_linear(f64::from(value) / 255.0));
            let pixel = &back.pixels()[..back.format().bytes_per_pixel()];
            for channel in 0..3 {
                let value: f64 = (0..3).map(|from| matrix[channel][from] * linear[from]).sum();
                let wanted = from_linear(value.clamp(0.0, 1.0)) * 255.0;
                assert!(
                    (f64::from(pixel[channel]) - wanted).abs() <= 1.5,
                    "{color:?} gave {pixel:?}, channel {channel} should be {wanted:.1}"
                );
            }
            if format == PixelFormat::Rgba8 {
                assert_eq!(pixel[3], 77);
            }
        }
    }
}

#[test]
fn profiles_are_applied_in_every_format_that_has_them() {
    let raster = photo(40, 30, PixelFormat::Rgb8);
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    for format in [Format::Jpeg, Format::Png, Format::WebP] {
        let plain = read_one(&write_with(&raster, Metadata::default(), format));
        let metadata = Metadata { icc: Some(icc.clone()), ..Metadata::default() };
        let bytes = write_with(&raster, metadata, format);
        let back = read_one(&bytes);
        let value = psnr(&back, &plain);
        assert!((15.0..40.0).contains(&value), "{format}: {value:.1} dB");
        let limits = Limits::default();
        let keep = DecodeOptions { keep_metadata: true, ..options(&limits) };
        let picture = decode(&bytes, &keep).unwrap();
        assert_eq!(picture.metadata.icc, None, "{format}: it does not describe the pixels any more");
    }
}

#[test]
fn an_srgb_profile_changes_nothing_and_is_kept() {
    let raster = photo(40, 30, PixelFormat::Rgb8);
    let icc = ColorProfile::new_srgb().encode().unwrap();
    for format in [Format::Jpeg, Format::Png, Format::WebP] {
        let plain = read_one(&write_with(&raster, Metadata::default(), format));
        let metadata = Metadata { icc: Some(icc.clone()), ..Metadata::default() };
        let bytes = write_with(&raster, metadata, format);
        assert!(read_one(&bytes) == plain, "{format}");
        let limits = Limits::default();
        let keep = DecodeOptions { keep_metadata: true, ..options(&limits) };
        assert_eq!(decode(&bytes, &keep).unwrap().metadata.icc, Some(icc.clone()), "{format}");
    }
}

#[test]
fn a_grey_profile_is_applied_to_grey() {
    let raster = Raster::new(2, 1, PixelFormat::Gray8, vec![0, 128]).unwrap();
    let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let metadata = Metadata { icc: Some(icc), ..Metadata::default() };
    let back = read_one(&write_with(&raster, metadata, Format::Png));
    // Linear 128/255 is 188 in sRGB.
    assert_eq!(back.format(), PixelFormat::Gray8);
    assert_eq!(back.pixels()[0], 0);
    assert!(back.pixels()[1].abs_diff(188) <= 1, "{}", back.pixels()[1]);
}

#[test]
fn a_broken_profile_is_ignored() {
    let raster = photo(40, 30, PixelFormat::Rgb8);
    for icc in [vec![0; 10], vec![0xff; 200], ColorProfile::new_srgb().encode().unwrap()[..150].to_vec()] {
        let metadata = Metadata { icc: Some(icc), ..Metadata::default() };
        assert!(read_one(&write_with(&raster, metadata, Format::Png)) == raster);
    }
}

#[test]
fn a_png_may_tell_its_colours_by_numbers() {
    let raster = photo(40, 30, PixelFormat::Rgb8);
    let metadata = Metadata { icc: Some(ColorProfile::new_display_p3().encode().unwrap()), ..Metadata::default() };
    let by_profile = read_one(&write_with(&raster, metadata, Format::Png));
    // Primaries of Display P3, the curve of sRGB, RGB, full range (ITU-T H.273).
    let chunk = b"cICP\x0c\x0d\x00\x01";
    let mut bytes = write_as(&raster, Format::Png);
    let part = [&4_u32.to_be_bytes(), chunk.as_slice(), &crc(chunk).to_be_bytes()].concat();
    bytes.splice(33..33, part);
    let by_numbers = read_one(&bytes);
    let value = psnr(&by_numbers, &by_profile);
    assert!(value > 45.0, "{value:.1} dB");
    assert!(psnr(&by_numbers, &raster) < 40.0);
}
