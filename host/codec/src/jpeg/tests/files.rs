//! The variety of files: markers, tables, sampling factors, metadata, limits.

use super::*;
use crate::jpeg::Color;

#[test]
fn the_header_tells_size_colour_and_metadata() {
    let icc: Vec<u8> = (0..150_000u32).map(|index| (index % 251) as u8).collect();
    let file = encode_with(&Recipe { progressive: true, ..RECIPE }, |encoder| {
        encoder.add_icc_profile(&icc).expect("fits");
        encoder.add_app_segment(1, b"Exif\0\0II*\0data".to_vec()).expect("fits");
        encoder.add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0<x/>".to_vec()).expect("fits");
    });
    let header = read_header(&file).expect("the file is valid");
    assert_eq!((header.width, header.height, header.components, header.bits), (97, 61, 3, 8));
    assert!(header.progressive);
    assert_eq!(header.color, Color::YCbCr);
    assert!(header.icc.as_deref() == Some(&icc[..]), "the profile is joined from three segments");
    assert_eq!(header.exif.as_deref(), Some(&b"II*\0data"[..]));
    assert_eq!(header.xmp.as_deref(), Some(&b"<x/>"[..]));
}

#[test]
fn an_icc_profile_with_a_missing_segment_is_left_out() {
    let file = encode_with(&RECIPE, |encoder| encoder.add_icc_profile(&[7; 150_000]).expect("fits"));
    let file = replace(&file, 0xE2, |content| (content[12] != 2).then(|| content.to_vec()));
    assert_eq!(read_header(&file).expect("the rest is valid").icc, None);
}

#[test]
fn the_colour_model_follows_the_markers() {
    let color = |file: &[u8]| read_header(file).expect("the file is valid").color;
    let jfif = encode(&RECIPE);
    let bare = replace(&jfif, 0xE0, |_| None);
    assert_eq!(color(&bare), Color::YCbCr);
    let adobe = |transform| {
        let marker = segment(0xEE, &[&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat());
        [&bare[..2], &marker, &bare[2..]].concat()
    };
    assert_eq!(color(&adobe(0)), Color::Rgb);
    assert_eq!(color(&adobe(1)), Color::YCbCr);
    assert_eq!(color(&encode(&Recipe { color: ColorType::Luma, ..RECIPE })), Color::Gray);
    assert_eq!(color(&encode(&Recipe { color: ColorType::Cmyk, ..RECIPE })), Color::Cmyk);
    assert_eq!(color(&encode(&Recipe { color: ColorType::CmykAsYcck, ..RECIPE })), Color::Ycck);
    // Components named R, G and B.
    let mut named = replace(&bare, 0xC0, |content| {
        let mut content = content.to_vec();
        (content[6], content[9], content[12]) = (b'R', b'G', b'B');
        Some(content)
    });
    let scan = segments(&named).last().expect("there is a scan").1;
    (named[scan + 5], named[scan + 7], named[scan + 9]) = (b'R', b'G', b'B');
    assert_eq!(color(&named), Color::Rgb);
    assert!(full(&named).pixels != full(&bare).pixels);
}

#[test]
fn missing_huffman_tables_are_the_standard_ones() {
    for color in [ColorType::Luma, ColorType::Rgb] {
        let file = encode(&Recipe { color, ..RECIPE });
        let without = replace(&file, 0xC4, |_| None);
        assert!(without.len() < file.len());
        assert!(full(&without) == full(&file));
    }
}

#[test]
fn quantisation_tables_of_16_bits_are_read() {
    let file = encode(&RECIPE);
    let wide = replace(&file, 0xDB, |content| {
        let mut out = Vec::new();
        for table in content.chunks(65) {
            out.push(table[0] | 0x10);
            out.extend(table[1..].iter().flat_map(|&factor| [0, factor]));
        }
        Some(out)
    });
    assert!(wide.len() > file.len());
    assert!(full(&wide) == full(&file));
}

#[test]
fn an_extended_sequential_file_is_decoded() {
    let mut file = encode(&RECIPE);
    let frame = segments(&file).into_iter().find(|entry| entry.0 == 0xC0).expect("there is a frame").1;
    let expected = full(&file);
    file[frame + 1] = 0xC1;
    assert!(full(&file) == expected);
}

#[test]
fn fill_bytes_garbage_and_a_missing_end_are_no_errors() {
    for progressive in [false, true] {
        let file = encode(&Recipe { progressive, ..RECIPE });
        let expected = full(&file);
        let end = file.len() - 2;
        assert!(full(&file[..end]) == expected, "without an end marker");
        assert!(full(&[&file, &[1, 2, 3][..]].concat()) == expected, "with bytes after the end");
        assert!(full(&[&file[..end], &[0xFF, 0xFF, 0xFF, 0xD9][..]].concat()) == expected, "with fill bytes");
        assert!(full(&[&file[..2], &[0xFF, 0xFF], &file[2..]].concat()) == expected, "with fill bytes at the start");
        assert!(full(&[&file[..2], &[1, 2, 3], &file[2..]].concat()) == expected, "with garbage at the start");
        assert!(full(&[&file[..end], &[0, 1, 2, 3], &file[end..]].concat()) == expected, "with garbage at the end");
    }
}

/// A file of flat blocks: a sequential scan in which every block has a DC difference of 0 but the first.
fn flat(factors: &[(u8, u8)], width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    file.extend(segment(0xDB, &[&[0][..], &[8; 64]].concat()));
    // One code "0" for size 0, "10" for size 6; for AC, "0" for the end of the block.
    file.extend(segment(0xC4, &[&[0, 1, 1][..], &[0; 14], &[0, 6]].concat()));
    file.extend(segment(0xC4, &[&[0x10, 1][..], &[0; 15], &[0]].concat()));
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(factors.len() as u8);
    let mut scan = vec![factors.len() as u8];
    for (index, &(h, v)) in factors.iter().enumerate() {
        frame.extend([index as u8 + 1, h << 4 | v, 0]);
        scan.extend([index as u8 + 1, 0]);
    }
    file.extend(segment(0xC0, &frame));
    file.extend(segment(0xDA, &[&scan[..], &[0, 63, 0]].concat()));
    // The first block of each component has DC 32 + its index, all others the same by a difference of 0.
    let mut bits = String::new();
    let h_max = factors.iter().map(|factor| factor.0).max().expect("not empty");
    let v_max = factors.iter().map(|factor| factor.1).max().expect("not empty");
    let mcus = usize::from(width.div_ceil(8 * u16::from(h_max))) * usize::from(height.div_ceil(8 * u16::from(v_max)));
    for mcu in 0..mcus {
        for (index, &(h, v)) in factors.iter().enumerate() {
            for block in 0..h * v {
                if mcu == 0 && block == 0 {
                    bits += &format!("10{:06b}", 32 + index);
                } else {
                    bits += "0";
                }
                bits += "0";
            }
        }
    }
    while !bits.len().is_multiple_of(8) {
        bits += "1";
    }
    for byte in bits.as_bytes().chunks(8) {
        let value = byte.iter().fold(0u8, |value, bit| value << 1 | (bit - b'0'));
        file.push(value);
        if value == 0xFF {
            file.push(0);
        }
    }
    file.extend([0xFF, 0xD9]);
    file
}

#[test]
fn every_combination_of_sampling_factors_is_decoded() {
    let all: Vec<(u8, u8)> = (1..=4).flat_map(|h| (1..=4).map(move |v| (h, v))).collect();
    let mut count = 0;
    for &first in &all {
        for &second in &all {
            for third in [(1, 1), (2, 1), (1, 3), second] {
                let blocks = first.0 * first.1 + second.0 * second.1 + third.0 * third.1;
                if blocks > 10 {
                    continue;
                }
                count += 1;
                let file = flat(&[first, second, third], 75, 70);
                for scale in SCALES {
                    let picture = decode(&file, scale, MEMORY).expect("the file is valid");
                    // Y = 128 + 32, Cb = 128 + 33, Cr = 128 + 34.
                    let expected =
                        [160.0 + 1.402 * 34.0, 160.0 - 0.344136 * 33.0 - 0.714136 * 34.0, 160.0 + 1.772 * 33.0];
                    for pixel in picture.pixels.chunks(3) {
                        for (value, expected) in pixel.iter().zip(expected) {
                            assert!(
                                (f64::from(*value) - expected).abs() <= 1.0,
                                "{first:?} {second:?} {third:?} {scale:?}: {pixel:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(count > 100);
}

#[test]
fn what_is_not_supported_is_named() {
    let file = encode(&RECIPE);
    let frame = segments(&file).into_iter().find(|entry| entry.0 == 0xC0).expect("there is a frame").1;
    for (marker, name) in [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic")] {
        let mut other = file.clone();
        other[frame + 1] = marker;
        for error in [read_header(&other).err(), decode(&other, Scale::Full, MEMORY).err()] {
            assert!(matches!(&error, Some(Error::Unsupported { what }) if what.contains(name)), "{error:?}");
        }
    }
    let mut twelve = file.clone();
    twelve[frame + 1] = 0xC1;
    twelve[frame + 4] = 12;
    assert_eq!(read_header(&twelve).expect("the header is valid").bits, 12);
    let error = decode(&twelve, Scale::Full, MEMORY);
    assert!(matches!(&error, Err(Error::Unsupported { what }) if what.contains("12 bits")), "{error:?}");
}

#[test]
fn memory_is_checked_before_it_is_taken() {
    let mut huge = encode(&Recipe { progressive: true, ..RECIPE });
    let frame = segments(&huge).into_iter().find(|entry| entry.0 == 0xC2).expect("there is a frame").1;
    huge[frame + 5..frame + 9].fill(0xFF);
    match decode(&huge, Scale::Full, 1 << 30) {
        // 3 bytes for each output pixel, and coefficients: 136 bytes per block of luma, and twice a quarter of that.
        Err(Error::OverLimit { needed_bytes, limit_bytes: 0x4000_0000 }) => {
            let pixels = 65535.0 * 65535.0;
            assert!((needed_bytes as f64 / pixels - 6.1875).abs() < 0.01, "{needed_bytes}");
        }
        other => panic!("{:?}", other.err()),
    }
    let small = encode(&RECIPE);
    assert!(decode(&small, Scale::Full, 97 * 61 * 3).is_err());
    assert!(decode(&small, Scale::Full, 97 * 61 * 3 * 4).is_ok());
}
