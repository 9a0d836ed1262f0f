//! The glue; the decoders have their tests where they live, and the host compares both ways of decoding.

use safelight_sdk::codec::{self, Error, Limits, Request};
use safelight_sdk::{PixelFormat, Rect, Size};

use super::Pictures;

/// A bitmap of 3 x 2 px, 24 bits: rows from the bottom, padded to four bytes.
fn bitmap() -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for number in [54 + 24, 0, 54, 40, 3, 2u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    for row in [[4, 5, 6u8], [1, 2, 3]] {
        for value in row {
            bytes.extend([value; 3]);
        }
        bytes.extend([0; 3]);
    }
    bytes
}

#[test]
fn a_picture_is_told_and_rendered_and_cut() {
    let mut source = codec::open::<Pictures>(bitmap(), "bmp", &Limits::default()).unwrap();
    let page = source.page(0).unwrap();
    assert_eq!(page.size, Size::new(3, 2));
    assert_eq!(source.page(1), Err(Error::NoSuchPage(1)));
    let whole = source.render(0, 1, &Request::default()).unwrap();
    assert_eq!(whole[0].image.format, PixelFormat::Rgb8);
    assert_eq!(whole[0].image.pixels[..9], [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let region = Some(Rect { x: 1, y: 1, width: 2, height: 1 });
    let part = source.render(0, 1, &Request { size: None, region }).unwrap();
    assert_eq!(part[0].image.pixels, [5, 5, 5, 6, 6, 6]);
    assert_eq!(source.render(0, 2, &Request::default()), Err(Error::NoSuchPage(1)));
}

#[test]
fn damage_limits_and_wrong_names_are_told_apart() {
    let open = |bytes: Vec<u8>, format: &str, limits: &Limits| codec::open::<Pictures>(bytes, format, limits).err();
    let limits = Limits { max_pixels: 5, ..Limits::default() };
    assert!(matches!(open(bitmap(), "bmp", &limits), Some(Error::Limit(_))));
    assert!(matches!(open(bitmap(), "png", &Limits::default()), Some(Error::Corrupt(_))));
    assert!(matches!(open(bitmap(), "svg", &Limits::default()), Some(Error::Unsupported(_))));
    let cut = bitmap()[..60].to_vec();
    let mut source = codec::open::<Pictures>(cut, "bmp", &Limits::default()).unwrap();
    assert!(matches!(source.render(0, 1, &Request::default()), Err(Error::Truncated(_) | Error::Corrupt(_))));
}
