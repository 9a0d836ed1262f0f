//! Sources of more than 8 bits, and grey ones.

use safelight_codec::{EncodeOptions, Format, PixelFormat, Raster, TiffCompression};

use crate::support::{photo, read, read_one, write, write_as};

/// The nearest of 256 levels, by division alone.
fn nearest(value: u16) -> u8 {
    (f64::from(value) / 257.0).round() as u8
}

/// A PNG of 256 pixels a row, in 16 bits.
fn png(color: png::ColorType, samples: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let height = samples.len() / (256 * color.samples());
    let mut encoder = png::Encoder::new(&mut bytes, 256, height as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Sixteen);
    let data: Vec<u8> = samples.iter().flat_map(|value| value.to_be_bytes()).collect();
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    bytes
}

fn tiff<C: tiff::encoder::colortype::ColorType<Inner = u16>>(samples: &[u16], channels: usize) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let height = samples.len() / (256 * channels);
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<C>(256, height as u32, samples).unwrap();
    file.into_inner()
}

/// Every 16-bit value stands in every channel.
fn ramp(channels: u16) -> Vec<u16> {
    (0..=65535_u16).flat_map(|value| (0..channels).map(move |channel| value.wrapping_add(channel * 9973))).collect()
}

#[test]
fn every_16_bit_value_becomes_the_nearest_of_8() {
    use tiff::encoder::colortype::{Gray16, RGB16, RGBA16};
    let cases = [
        ("gray png", 1, png(png::ColorType::Grayscale, &ramp(1))),
        ("rgb png", 3, png(png::ColorType::Rgb, &ramp(3))),
        ("rgba png", 4, png(png::ColorType::Rgba, &ramp(4))),
        ("gray tiff", 1, tiff::<Gray16>(&ramp(1), 1)),
        ("rgb tiff", 3, tiff::<RGB16>(&ramp(3), 3)),
        ("rgba tiff", 4, tiff::<RGBA16>(&ramp(4), 4)),
    ];
    for (name, channels, bytes) in cases {
        let raster = read_one(&bytes);
        assert_eq!(raster.format().bytes_per_pixel(), usize::from(channels), "{name}");
        let exact: Vec<u8> = ramp(channels).into_iter().map(nearest).collect();
        assert!(raster.pixels() == exact, "{name}");
    }
    // Grey with alpha is spread to colour.
    let raster = read_one(&png(png::ColorType::GrayscaleAlpha, &ramp(2)));
    let pairs = ramp(2).as_chunks::<2>().0.to_vec();
    for (pixel, [gray, alpha]) in raster.pixels().as_chunks::<4>().0.iter().zip(pairs) {
        assert_eq!(*pixel, [nearest(gray), nearest(gray), nearest(gray), nearest(alpha)]);
    }
}

#[test]
fn sixteen_bits_are_divided_by_alpha_before_they_are_rounded() {
    use tiff::encoder::colortype::RGBA16;
    // Half of what the alpha lets through: 50 % gray at any alpha.
    let alphas: Vec<u16> = (1..=256).map(|step| step * 255).collect();
    let samples: Vec<u16> = alphas.iter().flat_map(|&alpha| [alpha / 2, alpha / 4, 0, alpha]).collect();
    let mut file = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    let mut image = encoder.new_image::<RGBA16>(256, 1).unwrap();
    const ASSOCIATED: u16 = 1;
    image.encoder().write_tag(tiff::tags::Tag::ExtraSamples, ASSOCIATED).unwrap();
    image.write_data(&samples).unwrap();
    let raster = read_one(&file.into_inner());
    assert_eq!(raster.format(), PixelFormat::Rgba8);
    for (pixel, alpha) in raster.pixels().as_chunks::<4>().0.iter().zip(alphas) {
        let exact = |part: u16| (f64::from(part) / f64::from(alpha) * 255.0).round() as u8;
        assert_eq!(pixel[3], nearest(alpha));
        assert!(pixel[0].abs_diff(exact(alpha / 2)) <= 1 && pixel[1].abs_diff(exact(alpha / 4)) <= 1, "{pixel:?}");
    }
}

#[test]
fn grey_stays_grey_in_every_format() {
    let gray = photo(96, 64, PixelFormat::Gray8);
    for format in Format::ALL {
        let bytes = write_as(&gray, format);
        let back = read_one(&bytes);
        // The sums that make colours of lossy WebP's planes round green apart from red and blue (RFC 6386 has none,
        // libwebp's are the custom): one level even where the planes have no colour at all.
        let most = if format == Format::WebP { 1 } else { 0 };
        let spread = |pixel: &[u8]| pixel.iter().max().unwrap() - pixel.iter().min().unwrap();
        let channels = back.format().bytes_per_pixel();
        assert!(
            back.pixels().chunks_exact(channels).all(|pixel| spread(&pixel[..channels.min(3)]) <= most),
            "{format}"
        );
        // Those whose encoder has one channel write one.
        if matches!(format, Format::Jpeg | Format::Png | Format::Tiff) {
            assert_eq!(back.format(), PixelFormat::Gray8, "{format}");
        }
        let back = back.convert(PixelFormat::Gray8);
        let far = back.pixels().iter().zip(gray.pixels()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>();
        assert!(f64::from(far) / f64::from(96 * 64) < 3.0, "{format} is {far} levels off in all");
    }
    let jpeg = write_as(&gray, Format::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    assert_eq!(jpeg[frame + 9], 1, "components of the JPEG");
    assert_eq!(write_as(&gray, Format::Png)[25], 0, "colour type of the PNG");
    // With few colours as well, by the values of its palette.
    let few = write(&gray, &EncodeOptions { colors: Some(8), ..EncodeOptions::new(Format::Png) });
    assert!(read_one(&few).is_gray());
}

#[test]
fn a_tiff_is_packed_as_asked() {
    for raster in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8].map(|format| photo(67, 41, format)) {
        let mut sizes = Vec::new();
        for compression in TiffCompression::ALL {
            let options = EncodeOptions { tiff_compression: compression, ..EncodeOptions::new(Format::Tiff) };
            let bytes = write(&raster, &options);
            assert!(read_one(&bytes) == raster, "{compression:?}");
            let mut file = tiff::decoder::Decoder::new(std::io::Cursor::new(&bytes)).unwrap();
            let tag = file.get_tag_u32(tiff::tags::Tag::Compression).unwrap();
            // TIFF 6.0, and supplement 2 for Deflate.
            let expected = match compression {
                TiffCompression::Deflate => 8,
                TiffCompression::Lzw => 5,
                TiffCompression::PackBits => 32773,
                TiffCompression::None => 1,
            };
            assert_eq!(tag, expected);
            assert_eq!(TiffCompression::from_name(compression.name()), Some(compression));
            sizes.push(bytes.len());
        }
        assert!(sizes[0] < sizes[3] && sizes[1] < sizes[3], "{sizes:?}");
    }
}

#[test]
fn grey_with_alpha_packed_as_jpeg_is_refused_by_name() {
    // One strip with a JPEG of two components: what it holds does not matter.
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 8),
        (257, 3, 1, 8),
        (258, 3, 2, 8 | 8 << 16),
        (259, 3, 1, 7),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 2),
        (278, 3, 1, 8),
        (279, 4, 1, 2),
        (338, 3, 1, 2),
    ];
    let mut bytes = b"II\x2a\0\x0a\0\0\0\xff\xd8".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes
            .extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    let error = read(&bytes).unwrap_err().to_string();
    assert_eq!(error, "tiff picture is of a kind that is not supported: grey with alpha, packed as JPEG");
    // A filled raster is of no use here but shows that others are read.
    let raster = Raster::filled(8, 8, [9, 9, 9, 100]);
    assert!(read_one(&write_as(&raster, Format::Tiff)) == raster);
}
