//! What is written can be read, and is what was meant.

use crate::support::{animation, photo, poster, psnr, read, read_one, write, write_as};
use safelight_codec::{
    Chroma, EncodeOptions, Format, Frame, Limits, Loops, Picture, PixelFormat, Raster, encode, probe,
};

const FORMATS: [PixelFormat; 3] = [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8];

#[test]
fn lossless_formats_keep_every_pixel() {
    for format in [Format::Png, Format::WebP, Format::Tiff, Format::Bmp, Format::Ico] {
        for pixels in FORMATS {
            for (width, height) in [(1, 1), (67, 41), (256, 33)] {
                let raster = photo(width, height, pixels);
                for effort in [0, 4, 9] {
                    let options = EncodeOptions { lossless: true, effort, ..EncodeOptions::new(format) };
                    let bytes = write(&raster, &options);
                    let back = read_one(&bytes).convert(pixels);
                    assert!(back == raster, "{format} {pixels:?} {width} x {height}");
                }
            }
        }
    }
}

#[test]
fn grey_stays_grey_where_the_format_has_it() {
    let raster = photo(40, 30, PixelFormat::Gray8);
    for format in [Format::Jpeg, Format::Png, Format::Tiff] {
        let bytes = write_as(&raster, format);
        let info = probe(&bytes, &Limits::default()).unwrap();
        assert!(info.gray && !info.has_alpha, "{format}");
        assert_eq!(read_one(&bytes).format(), PixelFormat::Gray8, "{format}");
    }
}

#[test]
fn an_opaque_alpha_channel_is_not_kept() {
    let raster = photo(40, 30, PixelFormat::Rgb8);
    let padded = raster.clone().convert(PixelFormat::Rgba8);
    for format in [Format::Png, Format::WebP, Format::Tiff, Format::Bmp, Format::Gif] {
        let options = EncodeOptions { lossless: true, ..EncodeOptions::new(format) };
        let back = read_one(&write(&padded, &options));
        assert_eq!(back.format(), PixelFormat::Rgb8, "{format}");
    }
}

/// Floors are a few decibels under what was measured, so that a wrong matrix or a shifted plane
/// shows, and another encoder version does not.
#[test]
fn lossy_formats_come_close() {
    let cases = [
        (Format::Jpeg, 90, Chroma::Auto, 34.0),
        (Format::Jpeg, 75, Chroma::Half420, 23.0),
        (Format::WebP, 80, Chroma::Auto, 23.0),
        (Format::Avif, 80, Chroma::Auto, 30.0),
    ];
    for (format, quality, chroma, floor) in cases {
        for pixels in FORMATS {
            for (width, height) in [(160, 121), (33, 17)] {
                let raster = photo(width, height, pixels);
                let options = EncodeOptions { quality, chroma, ..EncodeOptions::new(format) };
                let back = read_one(&write(&raster, &options));
                let wanted = match format {
                    Format::Jpeg => raster.composite([255; 3]),
                    _ => raster,
                };
                let value = psnr(&back.convert(wanted.format()), &wanted);
                assert!(value > floor, "{format} {quality} {chroma:?} {pixels:?}: {value:.1} dB");
            }
        }
    }
}

#[test]
fn quality_effort_and_scans_change_the_size() {
    let raster = photo(300, 200, PixelFormat::Rgb8);
    for format in [Format::Jpeg, Format::WebP, Format::Avif] {
        let size = |quality| write(&raster, &EncodeOptions { quality, ..EncodeOptions::new(format) }).len();
        assert!(size(30) < size(60) && size(60) < size(95), "{format}");
    }
    let jpeg = EncodeOptions::new(Format::Jpeg);
    let plain = write(&raster, &jpeg);
    let optimised = write(&raster, &EncodeOptions { effort: 5, ..jpeg.clone() });
    assert!(optimised.len() < plain.len());
    let progressive = write(&raster, &EncodeOptions { progressive: true, ..jpeg });
    let has_marker = |bytes: &[u8], marker| bytes.windows(2).any(|pair| pair == [0xff, marker]);
    assert!(has_marker(&progressive, 0xc2) && has_marker(&plain, 0xc0));
    let size = |effort| write(&raster, &EncodeOptions { effort, ..EncodeOptions::new(Format::Png) }).len();
    assert!(size(9) < size(0));
}

#[test]
fn a_clear_picture_is_composited_on_the_background() {
    let raster = Raster::filled(16, 16, [0, 0, 0, 0]);
    let background = [10, 200, 90];
    let options = EncodeOptions { background, quality: 95, ..EncodeOptions::new(Format::Jpeg) };
    let back = read_one(&write(&raster, &options));
    for (value, expected) in back.pixels().iter().zip(background.iter().cycle()) {
        assert!(value.abs_diff(*expected) <= 2, "{value} for {expected}");
    }
}

#[test]
fn gif_keeps_few_colours_and_clear_pixels_exactly() {
    let raster = poster(60, 40, 0);
    let back = read_one(&write_as(&raster, Format::Gif));
    assert!(back == raster);
}

#[test]
fn gif_of_a_photograph_is_close() {
    for pixels in [PixelFormat::Gray8, PixelFormat::Rgb8] {
        let raster = photo(160, 120, pixels);
        let back = read_one(&write_as(&raster, Format::Gif)).convert(pixels);
        let value = psnr(&back, &raster);
        assert!(value > 30.0, "{pixels:?}: {value:.1} dB");
    }
}

#[test]
fn animations_keep_frames_times_and_loops() {
    let picture = animation(60, 40);
    for (format, lossless) in [(Format::Gif, false), (Format::WebP, true)] {
        for loops in [Loops::Forever, Loops::Times(1), Loops::Times(2), Loops::Times(7)] {
            let picture = Picture { loops, ..picture.clone() };
            let options = EncodeOptions { lossless, ..EncodeOptions::new(format) };
            let bytes = encode(&picture, &options).unwrap();
            let info = probe(&bytes, &Limits::default()).unwrap();
            assert_eq!(info.frames, Some(3), "{format}");
            let back = read(&bytes).unwrap();
            assert_eq!(back.loops, loops, "{format}");
            for (frame, wanted) in back.frames.iter().zip(&picture.frames) {
                assert_eq!(frame.delay_ms, wanted.delay_ms, "{format}");
                assert!(frame.raster == wanted.raster, "{format}");
            }
        }
    }
}

#[test]
fn formats_without_animation_take_the_first_frame() {
    let picture = animation(60, 40);
    for format in [Format::Png, Format::Tiff, Format::Bmp, Format::Ico] {
        let back = read(&encode(&picture, &EncodeOptions::new(format)).unwrap()).unwrap();
        assert_eq!(back.frames.len(), 1, "{format}");
        assert!(back.frames[0].raster == picture.frames[0].raster, "{format}");
    }
}

#[test]
fn gif_writes_only_what_changes() {
    let base = photo(160, 120, PixelFormat::Rgb8).convert(PixelFormat::Gray8);
    let mut moved = base.clone().into_pixels();
    for y in 20..30 {
        moved[y * 160 + 40..y * 160 + 60].fill(255);
    }
    let moved = Raster::new(160, 120, PixelFormat::Gray8, moved).unwrap();
    let frames = [&base, &base, &moved].map(|raster| Frame { raster: raster.clone(), delay_ms: 50 });
    let mut picture = Picture::still(base.clone());
    let single = encode(&picture, &EncodeOptions::new(Format::Gif)).unwrap();
    picture.frames = frames.to_vec();
    let bytes = encode(&picture, &EncodeOptions::new(Format::Gif)).unwrap();
    assert!(bytes.len() < single.len() + 300);
    let back = read(&bytes).unwrap();
    assert_eq!(back.frames.len(), 3);
    for (frame, wanted) in back.frames.iter().zip(&picture.frames) {
        let gray = frame.raster.clone().convert(PixelFormat::Gray8);
        assert!(gray == wanted.raster);
    }
}

#[test]
fn a_clear_canvas_around_opaque_parts_is_announced() {
    let frames = [0, 10, 20].map(|left| {
        let mut pixels = vec![0; 64 * 32 * 4];
        for y in 8..20 {
            let row = &mut pixels[(y * 64 + left) * 4..][..12 * 4];
            row.copy_from_slice(&[200, 10, 30, 255].repeat(12));
        }
        let raster = Raster::new(64, 32, PixelFormat::Rgba8, pixels).unwrap();
        Frame { raster, delay_ms: 50 }
    });
    let mut picture = Picture::still(frames[0].raster.clone());
    picture.frames = frames.to_vec();
    picture.loops = Loops::Forever;
    for format in [Format::WebP, Format::Gif] {
        let options = EncodeOptions { lossless: true, ..EncodeOptions::new(format) };
        let bytes = encode(&picture, &options).unwrap();
        assert!(probe(&bytes, &Limits::default()).unwrap().has_alpha);
        if format == Format::WebP {
            assert_eq!(&bytes[12..16], b"VP8X");
            assert_eq!(bytes[20] & 0x10, 0x10);
        }
        assert_eq!(read(&bytes).unwrap().frames, picture.frames, "{format}");
    }
}
