//! Small pictures that libjxl's `cjxl -d 0` wrote, and what becomes of broken ones. The acceptance tests compare
//! larger ones with libjxl's decoder.

use safelight_sdk::codec::{self, Error, Kind, Limits, Opened, Request, Scaling};
use safelight_sdk::{PixelFormat, Size};

use super::{Jxl, Picture};

/// 3 x 2 px in colour.
const COLOR: &str =
    "ff0a084010505c080802010098004b188b15526c809e2c54ebc283c86cec880e30349f1fde085ae2b5fb8bf7d8cbff197ef71409";
/// 2 x 1 px: gray 200 of alpha 128, gray 7 of alpha 0.
const GRAY_ALPHA: &str = "ff0a0070b0282e040808100034004b188b15c249614ec88101fc01";
/// 2 x 2 px, twice: red for 100 ms, blue for 250 ms.
const ANIMATION: &str =
    "ff0a08104100161497040808a002000038004b188b15c249411e4004e88ffe0008086046000038004b188b15c249411e4084fe80fe00";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn open(bytes: Vec<u8>) -> Result<Opened<Picture>, Error> {
    codec::open::<Jxl>(bytes, "jxl", &Limits::default())
}

#[test]
fn pixels_come_out_as_they_went_in() {
    let mut color = open(bytes(COLOR)).unwrap();
    let page = color.page(0).unwrap();
    assert_eq!((page.size, page.scaling, page.has_alpha, page.gray), (Size::new(3, 2), Scaling::Fixed, false, false));
    assert_eq!((color.info().kind, color.info().count), (Kind::Still, 1));
    let frames = color.render(0, 1, &Request::default()).unwrap();
    assert_eq!(frames[0].image.format, PixelFormat::Rgb8);
    let expected = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90];
    assert_eq!(frames[0].image.pixels, expected);

    let mut gray = open(bytes(GRAY_ALPHA)).unwrap();
    assert!(gray.page(0).unwrap().has_alpha);
    let image = &gray.render(0, 1, &Request::default()).unwrap()[0].image;
    assert_eq!((image.format, &image.pixels[..4], image.pixels[7]), (PixelFormat::Rgba8, &[200, 200, 200, 128][..], 0));
}

#[test]
fn frames_and_their_times_are_told_before_they_are_rendered() {
    let mut animation = open(bytes(ANIMATION)).unwrap();
    assert_eq!((animation.info().kind, animation.info().count), (Kind::Animation, 2));
    let delays = [0, 1].map(|index| animation.page(index).unwrap().delay_ms);
    assert_eq!(delays, [100, 250]);
    assert_eq!(animation.page(2), Err(Error::NoSuchPage(2)));
    let frames = animation.render(0, 2, &Request::default()).unwrap();
    assert_eq!(frames.iter().map(|frame| frame.delay_ms).collect::<Vec<_>>(), delays);
    assert_eq!((&frames[0].image.pixels[..3], &frames[1].image.pixels[..3]), (&[255, 0, 0][..], &[0, 0, 255][..]));
}

#[test]
fn cut_pictures_and_limits_are_told() {
    let whole = bytes(COLOR);
    for length in 2..whole.len() {
        let result = open(whole[..length].to_vec()).and_then(|mut cut| cut.render(0, 1, &Request::default()));
        assert!(matches!(result, Err(Error::Truncated(_) | Error::Corrupt(_))), "{length}: {result:?}");
    }
    let limits = Limits { max_pixels: 5, ..Limits::default() };
    assert!(matches!(codec::open::<Jxl>(whole.clone(), "jxl", &limits), Err(Error::Limit(_))));
    let limits = Limits { max_memory_bytes: 100, ..Limits::default() };
    let result = codec::open::<Jxl>(whole, "jxl", &limits).and_then(|mut open| open.render(0, 1, &Request::default()));
    assert!(matches!(result, Err(Error::Limit(_))), "{result:?}");
}
