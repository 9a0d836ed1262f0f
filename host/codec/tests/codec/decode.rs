//! What decoding promises: upright, sRGB, eight bits, whole canvases.

use std::io::Cursor;

use crate::support::{
    animation, crc, exif, find, options, photo, poster, read, read_one, turned, write_as, write_with,
};
use moxcms::ColorProfile;
use safelight_codec::{
    DecodeOptions, EncodeOptions, Format, Frame, Limits, Loops, Metadata, Picture, PixelFormat, Raster, decode, encode,
    probe,
};

fn tiff_with(raster: &Raster, orientation: u16) -> Vec<u8> {
    use tiff::encoder::{TiffEncoder, colortype::RGB8};
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut image = encoder.new_image::<RGB8>(raster.width(), raster.height()).unwrap();
    image.encoder().write_tag(tiff::tags::Tag::Orientation, orientation).unwrap();
    image.write_data(raster.pixels()).unwrap();
    file.into_inner()
}

#[test]
fn all_eight_orientations_come_out_upright() {
    let raster = photo(45, 23, PixelFormat::Rgb8);
    for orientation in 1..=8 {
        for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff] {
            let (bytes, upright) = if format == Format::Tiff {
                (tiff_with(&raster, orientation), raster.clone())
            } else {
                let metadata = Metadata { exif: Some(exif(1)), ..Metadata::default() };
                let mut bytes = write_with(&raster, metadata, format);
                let upright = read_one(&bytes);
                let at = find(&bytes, &exif(1));
                bytes[at..at + exif(1).len()].copy_from_slice(&exif(orientation));
                if format == Format::Png {
                    let checksum = crc(&bytes[at - 4..at + exif(1).len()]);
                    let end = at + exif(1).len();
                    bytes[end..end + 4].copy_from_slice(&checksum.to_be_bytes());
                }
                (bytes, upright)
            };
            let expected = turned(&upright, orientation);
            let info = probe(&bytes, &Limits::default()).unwrap();
            let size = (expected.width(), expected.height());
            assert_eq!((info.width, info.height), size, "{format} {orientation}");
            assert!(read_one(&bytes) == expected, "{format} {orientation}");
            let limits = Limits::default();
            let keep = DecodeOptions { keep_metadata: true, ..options(&limits) };
            if format != Format::Tiff {
                let kept = decode(&bytes, &keep).unwrap().metadata;
                assert_eq!(kept.exif, Some(exif(1)), "{format}: the orientation was applied");
            }
        }
    }
}

#[test]
fn metadata_is_empty_unless_asked_for() {
    let raster = photo(40, 30, PixelFormat::Rgba8);
    let metadata = Metadata {
        icc: Some(ColorProfile::new_srgb().encode().unwrap()),
        exif: Some(exif(1)),
        xmp: Some(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>".to_vec()),
    };
    for format in [Format::Jpeg, Format::Png, Format::WebP] {
        let bytes = write_with(&raster, metadata.clone(), format);
        let limits = Limits::default();
        assert_eq!(read(&bytes).unwrap().metadata, Metadata::default(), "{format}");
        let keep = DecodeOptions { keep_metadata: true, ..options(&limits) };
        assert_eq!(decode(&bytes, &keep).unwrap().metadata, metadata, "{format}");
    }
    let bytes = write_with(&raster, metadata, Format::Avif);
    let limits = Limits::default();
    let keep = DecodeOptions { keep_metadata: true, ..options(&limits) };
    assert_eq!(decode(&bytes, &keep).unwrap().metadata.exif, Some(exif(1)));
}

#[test]
fn a_jpeg_is_shrunk_as_far_as_is_good_enough() {
    let raster = photo(803, 401, PixelFormat::Rgb8);
    let bytes = write_as(&raster, Format::Jpeg);
    let limits = Limits::default();
    let sizes = [
        (Some((101, 51)), (101, 51)),
        (Some((102, 51)), (201, 101)),
        (Some((10, 102)), (402, 201)),
        (Some((403, 1)), (803, 401)),
        (Some((5000, 5000)), (803, 401)),
        (Some((0, 0)), (101, 51)),
        (None, (803, 401)),
    ];
    for (enough, size) in sizes {
        let options = DecodeOptions { enough, ..options(&limits) };
        let raster = decode(&bytes, &options).unwrap().frames.remove(0).raster;
        assert_eq!((raster.width(), raster.height()), size, "{enough:?}");
    }
}

#[test]
fn gif_frames_are_composed_to_whole_canvases() {
    use gif::{DisposalMethod, Encoder};
    let palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 4, 1, &palette).unwrap();
    let mut add = |left, indices: &[u8], dispose, transparent| {
        encoder
            .write_frame(&gif::Frame {
                left,
                width: indices.len() as u16,
                height: 1,
                delay: 7,
                dispose,
                transparent,
                buffer: indices.into(),
                ..gif::Frame::default()
            })
            .unwrap();
    };
    add(0, &[0, 0, 0, 0], DisposalMethod::Keep, None);
    // Its clear pixel shows what was there; it is cleared afterwards.
    add(1, &[1, 2], DisposalMethod::Background, Some(2));
    // Drawn, then taken back. It reaches over the edge.
    add(3, &[2, 2, 2], DisposalMethod::Previous, None);
    add(0, &[1], DisposalMethod::Keep, None);
    drop(encoder);
    let picture = read(&file).unwrap();
    let names = |raster: &Raster| -> String {
        raster
            .pixels()
            .chunks_exact(4)
            .map(|pixel| match pixel {
                [255, 0, 0, 255] => 'r',
                [0, 255, 0, 255] => 'g',
                [0, 0, 255, 255] => 'b',
                [_, _, _, 0] => '.',
                _ => '?',
            })
            .collect()
    };
    let shown: Vec<_> = picture.frames.iter().map(|frame| names(&frame.raster)).collect();
    assert_eq!(shown, ["rrrr", "rgrr", "r..b", "g..r"]);
    assert!(picture.frames.iter().all(|frame| frame.delay_ms == 70));
    assert_eq!(picture.loops, Loops::Times(1));
}

#[test]
fn animated_png_is_read_whole_or_as_its_first_frame() {
    let colors = [[255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 255, 255]];
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 3, 2);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(3, 5).unwrap();
    encoder.set_frame_delay(1, 20).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for color in colors {
        writer.write_image_data(&color.repeat(6)).unwrap();
    }
    writer.finish().unwrap();
    let picture = read(&file).unwrap();
    assert_eq!(picture.loops, Loops::Times(5));
    let expected: Vec<_> = colors
        .iter()
        .map(|color| {
            let raster = Raster::new(3, 2, PixelFormat::Rgba8, color.repeat(6)).unwrap();
            Frame { raster, delay_ms: 50 }
        })
        .collect();
    assert_eq!(picture.frames, expected);
    let limits = Limits::default();
    let first = DecodeOptions { animated: false, ..options(&limits) };
    let still = decode(&file, &first).unwrap();
    assert_eq!(still, Picture::still(Raster::filled(3, 2, colors[0])));
}

#[test]
fn sixteen_bit_png_is_rounded() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 4, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    let mut writer = encoder.write_header().unwrap();
    // 0.4981 and 0.5019 steps, the top, and one short of the last half step.
    let samples = [128_u16, 129, 65535, 65406];
    writer.write_image_data(&samples.map(u16::to_be_bytes).concat()).unwrap();
    writer.finish().unwrap();
    assert_eq!(read_one(&file).pixels(), [0, 1, 255, 254]);
}

#[test]
fn tiff_palettes_inks_and_multiplied_alpha_are_understood() {
    use tiff::encoder::{TiffEncoder, colortype};
    use tiff::tags::Tag;
    type Writer<'a> = TiffEncoder<&'a mut Cursor<Vec<u8>>>;
    let write = |fill: &dyn Fn(&mut Writer)| {
        let mut file = Cursor::new(Vec::new());
        fill(&mut TiffEncoder::new(&mut file).unwrap());
        file.into_inner()
    };
    let palette = write(&|encoder| {
        let mut image = encoder.new_image::<colortype::Gray8>(3, 1).unwrap();
        let mut map = vec![0_u16; 768];
        (map[1], map[256 + 1], map[512 + 1]) = (0x1111, 0x2222, 0x3300);
        map[2] = 0xff00;
        image.encoder().write_tag(Tag::ColorMap, map.as_slice()).unwrap();
        image.encoder().write_tag(Tag::PhotometricInterpretation, 3_u16).unwrap();
        image.write_data(&[1, 2, 0]).unwrap();
    });
    assert_eq!(read_one(&palette).pixels(), [0x11, 0x22, 0x33, 0xff, 0, 0, 0, 0, 0]);
    let inks = write(&|encoder| {
        let pixels = [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 128];
        encoder.write_image::<colortype::CMYK8>(3, 1, &pixels).unwrap();
    });
    assert_eq!(read_one(&inks).pixels(), [255, 255, 255, 0, 255, 255, 127, 127, 127]);
    let multiplied = write(&|encoder| {
        let mut image = encoder.new_image::<colortype::RGB8>(1, 1).unwrap();
        image.extra_samples(&[tiff::tags::ExtraSamples::AssociatedAlpha]).unwrap();
        image.write_data(&[64, 32, 128, 128]).unwrap();
    });
    assert_eq!(read_one(&multiplied).pixels(), [128, 64, 255, 128]);
}

#[test]
fn metadata_too_long_for_a_jpeg_is_named() {
    let raster = photo(8, 8, PixelFormat::Rgb8);
    let metadata = Metadata { xmp: Some(vec![b' '; 70_000]), ..Metadata::default() };
    let picture = Picture { metadata, ..Picture::still(raster) };
    let options = EncodeOptions { metadata: true, ..EncodeOptions::new(Format::Jpeg) };
    let error = encode(&picture, &options).unwrap_err();
    assert_eq!(error.to_string(), "cannot write jpeg: XMP: 70029 bytes, at most 65533 bytes");
}

#[test]
fn an_icon_without_its_whole_mask_is_shown_without_it() {
    // 2 x 2 px of 24 bits, rows padded to 8 bytes, from the bottom; the mask would be 8 bytes.
    let rows = [[1, 2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 10, 11, 12, 0, 0]].concat();
    let mut bitmap = [40_u32, 2, 4].map(u32::to_le_bytes).concat();
    bitmap.extend([1, 0, 24, 0]);
    bitmap.extend([0; 24]);
    bitmap.extend(&rows);
    for mask in [&[][..], &[0x80, 0], &[0x80, 0, 0, 0, 0, 0, 0, 0]] {
        let data = [bitmap.as_slice(), mask].concat();
        let mut file = vec![0, 0, 1, 0, 1, 0, 2, 2, 0, 0, 1, 0, 24, 0];
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(22_u32.to_le_bytes());
        file.extend(&data);
        let raster = read_one(&file);
        if mask.len() < 8 {
            assert_eq!(raster.pixels(), [9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4]);
        } else {
            assert_eq!(raster.pixels(), [9, 8, 7, 255, 12, 11, 10, 255, 3, 2, 1, 0, 6, 5, 4, 255]);
        }
    }
}

/// An animated PNG of one-pixel frames, shown for these fractions of a second, played three times.
fn animated_png(delays: &[(u16, u16)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(delays.len() as u32, 3).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for (shade, &(numerator, denominator)) in (0..).zip(delays) {
        writer.set_frame_delay(numerator, denominator).unwrap();
        writer.write_image_data(&[shade, 0, 0]).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

#[test]
fn headers_tell_times_and_loops_as_frames_have_them() {
    let picture = animation(60, 40);
    let encoded = |format| encode(&picture, &EncodeOptions::new(format)).unwrap();
    let png = animated_png(&[(1, 25), (3, 0), (500, 1000)]);
    for bytes in [encoded(Format::Gif), encoded(Format::WebP), png.clone()] {
        let info = probe(&bytes, &Limits::default()).unwrap();
        let decoded = read(&bytes).unwrap();
        let delays: Vec<u32> = decoded.frames.iter().map(|frame| frame.delay_ms).collect();
        assert_eq!((info.delays_ms, info.loops), (delays, decoded.loops), "{}", info.format);
        assert_eq!(info.loops, Loops::Times(3), "{}", info.format);
    }
    assert_eq!(probe(&png, &Limits::default()).unwrap().delays_ms, [40, 30, 500]);
    // No more is told than may be decoded; a still picture is one frame.
    let few = Limits { max_frames: 2, ..Limits::default() };
    let info = probe(&png, &few).unwrap();
    assert_eq!((info.frames, info.delays_ms.len()), (Some(3), 2));
    let still = probe(&write_as(&poster(4, 4, 0), Format::Gif), &Limits::default()).unwrap();
    assert_eq!((still.delays_ms, still.loops), (vec![0], Loops::Times(1)));
}
