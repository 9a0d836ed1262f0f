//! What costs too much is refused before it is paid for.

use std::io::Write;

use crate::support::{animation, crc, find, options, peak_kib, photo, read, write_as};
use safelight_codec::{
    DecodeOptions, EncodeOptions, Error, Fault, Format, Frame, Limits, Picture, PixelFormat, Raster, decode, encode,
    estimate, probe,
};

#[test]
fn too_many_pixels_are_refused_by_the_header_alone() {
    for format in Format::ALL {
        let bytes = write_as(&photo(120, 90, PixelFormat::Rgb8), format);
        let limits = Limits { max_pixels: 120 * 90 - 1, ..Limits::default() };
        for error in [probe(&bytes, &limits).unwrap_err(), decode(&bytes, &options(&limits)).unwrap_err()] {
            assert_eq!(error.fault(), Fault::Limit, "{format}");
            assert_eq!(error.to_string(), "picture size: 120 x 90 px is over the limit of 10799 px", "{format}");
        }
        let limits = Limits { max_pixels: 120 * 90, ..Limits::default() };
        assert!(decode(&bytes, &options(&limits)).is_ok(), "{format}");
    }
}

#[test]
fn too_many_bytes_are_refused() {
    let bytes = write_as(&photo(20, 20, PixelFormat::Rgb8), Format::Png);
    let limits = Limits { max_bytes: bytes.len() as u64 - 1, ..Limits::default() };
    assert!(matches!(probe(&bytes, &limits), Err(Error::Limit { what: "encoded size", .. })));
}

#[test]
fn frames_count_only_when_they_are_wanted() {
    let picture = animation(60, 40);
    for format in [Format::Gif, Format::WebP] {
        let bytes = encode(&picture, &EncodeOptions::new(format)).unwrap();
        let few_frames = Limits { max_frames: 2, ..Limits::default() };
        let few_pixels = Limits { max_total_pixels: 3 * 60 * 40 - 1, ..Limits::default() };
        for (limits, value) in [
            (few_frames, "animation: 3 frames is over the limit of 2 frames"),
            (few_pixels, "animation: 3 frames of 60 x 40 px is over the limit of 7199 px in all"),
        ] {
            assert!(probe(&bytes, &limits).is_ok(), "{format}");
            let error = decode(&bytes, &options(&limits)).unwrap_err();
            assert_eq!(error.to_string(), value, "{format}");
            let first = DecodeOptions { animated: false, ..options(&limits) };
            assert_eq!(decode(&bytes, &first).unwrap().frames.len(), 1, "{format}");
        }
    }
}

#[test]
fn memory_is_refused_by_the_estimate() {
    for format in Format::ALL {
        let bytes = write_as(&photo(200, 150, PixelFormat::Rgb8), format);
        let info = probe(&bytes, &Limits::default()).unwrap();
        assert!(info.decoded_bytes >= 200 * 150 * 3, "{format}");
        let limits = Limits { max_memory_bytes: info.decoded_bytes - 1, ..Limits::default() };
        let error = decode(&bytes, &options(&limits)).unwrap_err();
        assert!(matches!(error, Error::Limit { what: "memory for decoding", .. }), "{format}: {error}");
    }
}

#[test]
fn a_smaller_jpeg_needs_less_memory() {
    let raster = photo(800, 600, PixelFormat::Rgb8);
    let plain = write_as(&raster, Format::Jpeg);
    let options = EncodeOptions { progressive: true, ..EncodeOptions::new(Format::Jpeg) };
    let progressive = encode(&Picture::still(raster), &options).unwrap();
    for (bytes, kept) in [(plain, 0), (progressive, 800 * 600 * 6)] {
        let info = probe(&bytes, &Limits::default()).unwrap();
        assert!(info.can_shrink);
        assert_eq!(info.held_bytes, kept);
        let full = estimate(&info, None);
        assert_eq!(full, info.decoded_bytes);
        let small = estimate(&info, Some((100, 75)));
        assert_eq!(small, kept + (full - kept) / 64);
        assert_eq!(estimate(&info, Some((101, 75))), kept + (full - kept) / 16);
    }
}

/// A PNG of the size given, whose rows are all zero: about a thousandth of it when compressed.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    let row = vec![0; width.div_ceil(8) as usize];
    for _ in 0..height {
        stream.write_all(&row).unwrap();
    }
    stream.finish().unwrap();
    drop(writer);
    bytes
}

#[test]
fn a_png_bomb_is_refused_at_its_header() {
    let bytes = png_bomb(30_000, 20_000);
    assert!(bytes.len() < 1 << 20);
    let error = read(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "picture size: 30000 x 20000 px is over the limit of 100 Mpx");
}

#[test]
fn a_png_that_hides_more_data_than_its_size_is_not_inflated() {
    // The header says 1 x 1, the compressed data goes on for 75 MB.
    let mut bytes = png_bomb(30_000, 20_000);
    bytes[16..24].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
    let checksum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    let limits = Limits { max_memory_bytes: 1 << 20, ..Limits::default() };
    let picture = decode(&bytes, &options(&limits)).unwrap();
    assert_eq!((picture.frames[0].raster.width(), picture.frames[0].raster.height()), (1, 1));
}

#[test]
fn a_gif_frame_larger_than_its_canvas_is_refused() {
    let raster = Raster::filled(1, 1, [9, 9, 9, 255]);
    let mut bytes = write_as(&raster, Format::Gif);
    // The image descriptor follows the screen and the frame's control block.
    let at = bytes.windows(5).position(|part| part == [0x2c, 0, 0, 0, 0]).unwrap();
    bytes[at + 5..at + 9].copy_from_slice(&[0xff; 4]);
    let error = read(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "picture size: 65535 x 65535 px is over the limit of 100 Mpx");
}

#[test]
fn a_gif_of_endless_frames_is_refused() {
    let frame = Frame { raster: Raster::filled(1, 1, [9, 9, 9, 255]), delay_ms: 10 };
    let mut picture = Picture::still(frame.raster.clone());
    picture.frames = vec![frame; 1001];
    let bytes = encode(&picture, &EncodeOptions::new(Format::Gif)).unwrap();
    let error = read(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "animation: 1001 frames is over the limit of 1000 frames");
}

#[test]
fn zero_sizes_are_refused() {
    let raster = photo(16, 16, PixelFormat::Rgb8);
    let gif = write_as(&raster, Format::Gif);
    let png = write_as(&raster, Format::Png);
    for (mut bytes, at, length) in [(gif.clone(), 6, 2), (gif, 8, 2), (png.clone(), 16, 4), (png, 20, 4)] {
        bytes[at..at + length].fill(0);
        let error = probe(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("0 px") || error.to_string().contains(" 0 x"), "{error}");
    }
}

#[test]
fn each_format_names_the_side_it_cannot_hold() {
    let cases = [
        (Format::Jpeg, 65_536, 1, "cannot write jpeg: width: 65536 px, at most 65535 px"),
        (Format::WebP, 1, 16_384, "cannot write webp: height: 16384 px, at most 16383 px"),
        (Format::Gif, 65_536, 1, "cannot write gif: width: 65536 px, at most 65535 px"),
        (Format::Ico, 257, 1, "cannot write ico: width: 257 px, at most 256 px"),
    ];
    for (format, width, height, message) in cases {
        let picture = Picture::still(Raster::filled(width, height, [0, 0, 0, 255]));
        let error = encode(&picture, &EncodeOptions::new(format)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.fault(), Fault::Request);
    }
}

#[test]
fn options_out_of_range_are_named() {
    let picture = Picture::still(photo(8, 8, PixelFormat::Rgb8));
    let plain = EncodeOptions::new(Format::Jpeg);
    let cases = [
        (EncodeOptions { quality: 0, ..plain.clone() }, "quality is 0, expected 1 to 100"),
        (EncodeOptions { quality: 101, ..plain.clone() }, "quality is 101, expected 1 to 100"),
        (EncodeOptions { effort: 10, ..plain.clone() }, "effort is 10, expected 0 to 9"),
        (
            EncodeOptions { lossless: true, ..plain.clone() },
            "lossless is true, expected false for jpeg, or a format that can keep every pixel",
        ),
        (EncodeOptions { max_bytes: 100, ..plain }, "encoded size"),
    ];
    for (options, message) in cases {
        let error = encode(&picture, &options).unwrap_err().to_string();
        if message.starts_with("encoded size") {
            assert!(error.ends_with("is over the limit of 100 bytes"), "{error}");
        } else {
            assert_eq!(error, message);
        }
    }
}

#[test]
fn a_png_profile_that_inflates_without_end_costs_little() {
    // 100 MB of zeros in an iCCP chunk of about 100 kB.
    let plain = write_as(&photo(16, 16, PixelFormat::Rgb8), Format::Png);
    let zeros = png_bomb(40_000, 20_000);
    let at = find(&zeros, b"IDAT");
    let length = u32::from_be_bytes(zeros[at - 4..at].try_into().unwrap()) as usize;
    let chunk = [b"iCCPbomb\0\0".as_slice(), &zeros[at + 4..at + 4 + length]].concat();
    let mut bytes = plain[..33].to_vec();
    bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
    bytes.extend(&chunk);
    bytes.extend(crc(&chunk).to_be_bytes());
    bytes.extend(&plain[33..]);
    let start = peak_kib();
    // Ignored or refused, either will do.
    let _ = read(&bytes);
    assert!(peak_kib() - start < 48 << 10, "{} KiB more", peak_kib() - start);
}
