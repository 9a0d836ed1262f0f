//! What is written can be read, and is what was meant.

use crate::support::{animation, find, photo, poster, psnr, read, read_one, write, write_as};
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
    for (format, lossless) in [(Format::Gif, false), (Format::WebP, true), (Format::Png, true)] {
        for loops in [Loops::Forever, Loops::Times(1), Loops::Times(2), Loops::Times(7)] {
            let picture = Picture { loops, ..picture.clone() };
            let options = EncodeOptions { lossless, animated: true, ..EncodeOptions::new(format) };
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
fn formats_with_animation_take_the_first_frame_alone_when_told_so() {
    let picture = animation(60, 40);
    for format in [Format::Gif, Format::WebP] {
        let options = EncodeOptions { animated: false, lossless: true, ..EncodeOptions::new(format) };
        let back = read(&encode(&picture, &options).unwrap()).unwrap();
        assert_eq!(back.frames, Picture::still(picture.frames[0].raster.clone()).frames, "{format}");
    }
}

#[test]
fn an_animated_png_holds_what_changes_in_one_palette_where_there_is_one() {
    let mut picture = animation(60, 40);
    let still = Frame { delay_ms: 90_000, ..picture.frames[0].clone() };
    picture.frames.extend([still.clone(), still]);
    let options = EncodeOptions { animated: true, ..EncodeOptions::new(Format::Png) };
    let bytes = encode(&picture, &options).unwrap();
    // What stays the same is one pixel, and a time over 65 s is told in hundredths.
    let again = encode(&Picture { frames: picture.frames[..4].to_vec(), ..picture.clone() }, &options).unwrap();
    assert!(bytes.len() < again.len() + 120, "{} after {}", bytes.len(), again.len());
    assert_eq!(read(&bytes).unwrap().frames, picture.frames);
    let few = encode(&picture, &EncodeOptions { colors: Some(16), dither: false, ..options }).unwrap();
    assert_eq!(few.windows(4).filter(|part| part == b"PLTE").count(), 1);
    assert_eq!(few[25], 3, "the kind of colour");
    let back = read(&few).unwrap();
    assert_eq!(back.frames.len(), 5);
    assert_eq!(back.frames[0].raster, back.frames[4].raster);
    for (frame, wanted) in back.frames.iter().zip(&picture.frames) {
        let value =
            psnr(&frame.raster.clone().convert(PixelFormat::Rgb8), &wanted.raster.clone().convert(PixelFormat::Rgb8));
        assert!(value > 20.0, "{value:.1} dB");
    }
}

#[test]
fn pixels_an_inch_are_written_where_the_format_has_a_place_for_them() {
    let raster = photo(20, 10, PixelFormat::Rgb8);
    let with = |format, dpi| write(&raster, &EncodeOptions { dpi, ..EncodeOptions::new(format) });
    let jpeg = with(Format::Jpeg, Some(300.0));
    let at = find(&jpeg, b"JFIF\0");
    // JFIF 1.02: unit 1 is dots an inch, then the density across and down.
    assert_eq!(jpeg[at + 7..at + 12], [1, 1, 44, 1, 44]);
    let png = with(Format::Png, Some(72.0));
    let at = find(&png, b"pHYs");
    let per_metre = 2835_u32.to_be_bytes();
    assert_eq!(png[at + 4..at + 13], [per_metre.as_slice(), &per_metre, &[1]].concat());
    assert!(!with(Format::Png, None).windows(4).any(|part| part == b"pHYs"));
    for pixels in FORMATS {
        let options = EncodeOptions { dpi: Some(150.5), ..EncodeOptions::new(Format::Tiff) };
        let tiff = write(&photo(20, 10, pixels), &options);
        let mut file = tiff::decoder::Decoder::new(std::io::Cursor::new(&tiff)).unwrap();
        use tiff::tags::Tag;
        assert_eq!(file.get_tag_u32(Tag::ResolutionUnit).unwrap(), 2);
        let resolution = file.get_tag(Tag::XResolution).unwrap();
        assert_eq!(resolution, tiff::decoder::ifd::Value::Rational(150_500, 1000));
    }
    for dpi in [0.0, f32::NAN, 70_000.0] {
        let wrong = encode(
            &Picture::still(raster.clone()),
            &EncodeOptions { dpi: Some(dpi), ..EncodeOptions::new(Format::Png) },
        );
        assert!(wrong.unwrap_err().to_string().starts_with("dpi is "), "{dpi}");
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
