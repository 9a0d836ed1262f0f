//! AVIF of every kind, against libavif and against the formulas.

use safelight_codec::{Limits, PixelFormat, probe};

use crate::support::{psnr, read_one, turned};

#[test]
fn is_turned_as_its_boxes_say() {
    let fixture = |orientation| {
        let path = format!("tests/fixtures/avif/orientation-{orientation}.avif");
        read_one(&std::fs::read(path).unwrap())
    };
    let upright = fixture(1);
    for orientation in 2..=8 {
        assert!(fixture(orientation) == turned(&upright, orientation), "{orientation}");
    }
}

#[test]
fn of_each_kind_agrees_with_libavif() {
    // The PNG beside each file is what libavif decodes. Interpolated colour may differ by rounding.
    for (name, format) in [
        ("420-limited", PixelFormat::Rgb8),
        ("422-full", PixelFormat::Rgb8),
        ("444-limited", PixelFormat::Rgb8),
        ("400-limited", PixelFormat::Gray8),
        ("alpha", PixelFormat::Rgba8),
        ("alpha-premultiplied", PixelFormat::Rgba8),
        ("sequence", PixelFormat::Rgb8),
    ] {
        let file = |kind| std::fs::read(format!("tests/fixtures/avif/{name}.{kind}")).unwrap();
        let bytes = file("avif");
        let ours = read_one(&bytes);
        assert_eq!(ours.format(), format, "{name}");
        let info = probe(&bytes, &Limits::default()).unwrap();
        assert_eq!(info.has_alpha, format == PixelFormat::Rgba8, "{name}");
        assert_eq!(info.gray, format == PixelFormat::Gray8, "{name}");
        let value = psnr(&ours, &read_one(&file("png")).convert(format));
        assert!(value > 40.0, "{name}: {value:.1} dB");
    }
}

/// Flat planes through a lossless-like encode, so that only matrix and range decide the colour.
#[test]
fn matrices_and_ranges_follow_h273() {
    use ravif::{Encoder, MatrixCoefficients as Matrix, PixelRange};
    let (luma, cb, cr) = (120_u8, 90_u8, 170_u8);
    let by_weights = |red: f64, blue: f64, full: bool| {
        let (y, cb, cr) = (f64::from(luma), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
        let (y, cb, cr) =
            if full { (y / 255.0, cb / 255.0, cr / 255.0) } else { ((y - 16.0) / 219.0, cb / 224.0, cr / 224.0) };
        let r = y + 2.0 * (1.0 - red) * cr;
        let b = y + 2.0 * (1.0 - blue) * cb;
        let g = (y - red * r - blue * b) / (1.0 - red - blue);
        [r, g, b].map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8)
    };
    let cases = [
        (Matrix::BT601, PixelRange::Full, by_weights(0.299, 0.114, true)),
        (Matrix::BT601, PixelRange::Limited, by_weights(0.299, 0.114, false)),
        (Matrix::BT709, PixelRange::Full, by_weights(0.2126, 0.0722, true)),
        (Matrix::BT709, PixelRange::Limited, by_weights(0.2126, 0.0722, false)),
        // The planes are green, blue, red.
        (Matrix::Identity, PixelRange::Full, [cr, luma, cb]),
    ];
    for (matrix, range, expected) in cases {
        for ten_bits in [false, true] {
            let encoder = Encoder::new().with_quality(100.0).with_speed(10);
            let none = None::<Vec<u8>>;
            let file = if ten_bits {
                let scale = |value: u8| {
                    let value = u16::from(value);
                    if range == PixelRange::Full { value << 2 | value >> 6 } else { value << 2 }
                };
                let planes = (0..64 * 64).map(|_| [luma, cb, cr].map(scale));
                let none = None::<Vec<u16>>;
                encoder.encode_raw_planes_10_bit(64, 64, planes, none, range, matrix)
            } else {
                let planes = (0..64 * 64).map(|_| [luma, cb, cr]);
                encoder.encode_raw_planes_8_bit(64, 64, planes, none, range, matrix)
            };
            let mut file = file.unwrap().avif_file;
            // The writer always announces full range in the container, which would win.
            if let Some(at) = file.windows(4).position(|part| part == b"nclx") {
                file[at + 10] = if range == PixelRange::Full { 0x80 } else { 0 };
            }
            let raster = read_one(&file);
            for pixel in raster.pixels().chunks_exact(3) {
                for (value, wanted) in pixel.iter().zip(expected) {
                    assert!(
                        value.abs_diff(wanted) <= 2,
                        "{matrix:?} {range:?} ten bits {ten_bits}: {pixel:?} for {expected:?}"
                    );
                }
            }
        }
    }
}
