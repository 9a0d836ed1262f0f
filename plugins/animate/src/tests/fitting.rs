//! Pictures of another size than the frame.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, Rect, View};

use super::*;

/// A picture as the host hands it over: with a view of the frame.
fn fitted(params: &str, picture: &Image, frame: (u32, u32)) -> Image {
    let full = Size::new(frame.0, frame.1);
    let view = View { full, region: Rect::whole(full) };
    let made = PLUGIN.run_view("animate", params, picture.clone(), view);
    let made = made.unwrap_or_else(|refusal| panic!("{params} {} into {full}: {refusal}", picture.size()));
    assert_eq!(made.size(), full);
    made
}

#[test]
fn a_picture_is_put_in_the_middle_of_the_background() {
    let picture = Image::filled(Size::new(2, 1), Gray8, &[200]);
    let made = fitted(r##"{"fit": "limit", "background": "#0a0a0a"}"##, &picture, (3, 2));
    assert_eq!((made.format, made.pixels), (Gray8, vec![200, 200, 10, 10, 10, 10]));
    let made = fitted("{}", &picture, (2, 3));
    assert_eq!(made.format, Rgba8);
    let clear = [0; 8];
    assert_eq!(made.pixels, [&clear[..], &[200, 200, 200, 255, 200, 200, 200, 255], &clear].concat());
    let made = fitted(r#"{"background": "red"}"#, &picture, (4, 4));
    assert_eq!(made.format, Rgb8);
    assert_eq!(made.pixels[..12], [255, 0, 0].repeat(4));
    assert_eq!(made.pixels[12..36], [200; 24]);
}

#[test]
fn a_picture_covers_or_is_stretched() {
    // Left half black, right half white.
    let row = [0, 0, 0, 0, 255, 255, 255, 255];
    let picture = Image::new(8, 2, Gray8, row.repeat(2));
    let made = fitted(r#"{"fit": "exact"}"#, &picture, (2, 2));
    assert!(made.pixels[0] < 40 && made.pixels[1] > 215, "{:?}", made.pixels);
    // Of the width the middle half is left.
    let made = fitted(r#"{"fit": "fill"}"#, &picture, (4, 2));
    assert_eq!(made.pixels, [0, 0, 255, 255].repeat(2));
    let made = fitted(r#"{"fit": "fill"}"#, &picture, (8, 2));
    assert_eq!(made.pixels, picture.pixels);
}

#[test]
fn extremes_end_soon_and_have_the_frames_size() {
    for (format, pixel) in [(Gray8, &[9][..]), (Rgb8, &[9, 8, 7]), (Rgba8, &[9, 8, 7, 100])] {
        for from in [(1, 1), (1, 3000), (3000, 1), (37, 41)] {
            let picture = Image::filled(Size::new(from.0, from.1), format, pixel);
            for frame in [(1, 1), (2000, 1), (1, 2000), (64, 48)] {
                for fit in ["fit", "fill", "exact", "limit"] {
                    let started = Instant::now();
                    let made = fitted(&format!(r#"{{"fit": "{fit}"}}"#), &picture, frame);
                    let middle = made.pixels.len() / made.format.bytes() / 2 * made.format.bytes();
                    // Multiplied by its alpha and divided again, 9 may be 10.
                    assert!(made.pixels[middle] <= 10, "a flat picture has no other colours");
                    assert!(started.elapsed() < Duration::from_secs(2), "{fit} {from:?} into {frame:?}");
                }
            }
        }
    }
}
