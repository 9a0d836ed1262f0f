//! Every transform of the plugin, called as the host calls it.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, PixelFormat};

use crate::PLUGIN;

/// Runs a transform on one pixel, repeated so that blocks and a rest are covered.
fn one(transform: &str, params: &str, format: PixelFormat, pixel: &[u8]) -> Vec<u8> {
    let image = Image::new(7, 11, format, pixel.repeat(77));
    let made = PLUGIN.run(transform, params, image).unwrap_or_else(|refusal| panic!("{transform}: {refusal}"));
    let first = made.pixel(0, 0).to_vec();
    assert_eq!(made.pixels, first.repeat(77), "{transform} {params}");
    first
}

#[test]
fn each_transform_follows_its_formula() {
    let cases: [(&str, &str, &[u8], &[u8]); 22] = [
        // 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50 = 117.65
        ("grayscale", "{}", &[200, 100, 50], &[118]),
        ("grayscale", "{}", &[200, 100, 50, 255], &[118]),
        ("grayscale", "{}", &[200, 100, 50, 9], &[118, 118, 118, 9]),
        ("grayscale", "{}", &[77], &[77]),
        // 0.393 * 100 + 0.769 * 50 + 0.189 * 20 = 81.53; 72.56; 56.52
        ("sepia", "{}", &[100, 50, 20], &[82, 73, 57]),
        ("sepia", r#"{"amount": 0}"#, &[100, 50, 20, 7], &[100, 50, 20, 7]),
        ("sepia", r#"{"amount": 0.5}"#, &[100, 50, 20], &[91, 61, 38]),
        ("sepia", "{}", &[255, 255, 255], &[255, 255, 239]),
        ("sepia", "{}", &[255], &[255, 255, 239]),
        ("brightness", r#"{"amount": 1.5}"#, &[100, 200, 0, 9], &[150, 255, 0, 9]),
        ("brightness", "{}", &[100, 200, 0], &[100, 200, 0]),
        ("brightness", r#"{"amount": 0}"#, &[100], &[0]),
        ("contrast", r#"{"amount": 2}"#, &[100, 200, 128, 9], &[73, 255, 129, 9]),
        ("contrast", r#"{"amount": 0}"#, &[100, 200, 0], &[128, 128, 128]),
        ("contrast", "{}", &[1, 2, 3], &[1, 2, 3]),
        ("saturation", r#"{"amount": 0}"#, &[200, 100, 50, 9], &[118, 118, 118, 9]),
        ("saturation", "{}", &[200, 100, 50], &[200, 100, 50]),
        // 117.65 + 2 * (200 - 117.65) = 282.3; 82.35; -17.6
        ("saturation", r#"{"amount": 2}"#, &[200, 100, 50], &[255, 82, 0]),
        ("saturation", r#"{"amount": 10}"#, &[9], &[9]),
        ("invert", "{}", &[0, 100, 255, 9], &[255, 155, 0, 9]),
        // 255 * (100 / 255) ^ 0.5 = 159.7
        ("gamma", r#"{"gamma": 2}"#, &[100, 0, 255, 9], &[160, 0, 255, 9]),
        ("gamma", r#"{"gamma": 0.1}"#, &[100, 0, 255], &[0, 0, 255]),
    ];
    for (transform, params, pixel, expected) in cases {
        let format = match pixel.len() {
            1 => Gray8,
            3 => Rgb8,
            _ => Rgba8,
        };
        assert_eq!(one(transform, params, format, pixel), expected, "{transform} {params} {pixel:?}");
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    let cases = [
        ("sepia", r#"{"amount": 1.1}"#, "amount: is 1.1, expected a number from 0 to 1"),
        ("brightness", r#"{"amount": -1}"#, "amount: is -1, expected a number from 0 to 10"),
        ("gamma", r#"{"gamma": 0}"#, "gamma: is 0, expected a number from 0.1 to 10"),
        ("invert", r#"{"amount": 1}"#, "amount: is not known, expected no parameters"),
    ];
    for (transform, params, expected) in cases {
        let image = Image::new(1, 1, Gray8, vec![1]);
        assert_eq!(PLUGIN.run(transform, params, image).expect_err("a refusal").to_string(), expected);
    }
}

#[test]
fn steps_of_one_run_follow_each_other_and_formats_are_converted_between_them() {
    use safelight_sdk::raw::safelight::plugin::types::Call;
    use safelight_sdk::{Refusal, View};

    let call = |transform: &str, params: &str| Call {
        transform: transform.to_owned(),
        params: params.to_owned(),
        images: Vec::new(),
    };
    let image = Image::new(1, 1, Rgb8, vec![200, 100, 50]);
    let view = View::whole(image.size());
    // grayscale gives one channel, sepia needs three.
    let calls = vec![call("grayscale", "{}"), call("sepia", "{}"), call("invert", "{}")];
    let outcome = PLUGIN.apply(calls, Some(image.clone()), view).expect("an outcome");
    assert_eq!(outcome.data, [None, None, None]);
    // 118 * 1.351 = 159.4; 118 * 1.203 = 141.95; 118 * 0.937 = 110.6
    assert_eq!(outcome.image.expect("a picture").pixels, [255 - 159, 255 - 142, 255 - 111]);

    let calls = vec![call("invert", "{}"), call("invert", "{}"), call("blue", "{}")];
    let error = PLUGIN.apply(calls, Some(image), view).expect_err("an error");
    assert_eq!((error.call, error.reason), (2, Refusal::UnknownTransform));
}

/// The bundled plugins may run without interruption checks, so every call has to end by itself: all
/// extremes of the schemas, on pictures of every shape, must be quick, keep the size, and keep a
/// picture of one colour a picture of one colour.
#[test]
fn extremes_of_every_parameter_end_soon_and_keep_one_colour() {
    let calls = [
        ("grayscale", "{}"),
        ("sepia", r#"{"amount": 0}"#),
        ("sepia", r#"{"amount": 1}"#),
        ("brightness", r#"{"amount": 0}"#),
        ("brightness", r#"{"amount": 10}"#),
        ("contrast", r#"{"amount": 0}"#),
        ("contrast", r#"{"amount": 10}"#),
        ("saturation", r#"{"amount": 0}"#),
        ("saturation", r#"{"amount": 10}"#),
        ("invert", "{}"),
        ("gamma", r#"{"gamma": 0.1}"#),
        ("gamma", r#"{"gamma": 10}"#),
    ];
    let formats: [(PixelFormat, &[u8]); 4] =
        [(Gray8, &[200]), (Rgb8, &[1, 2, 255]), (Rgba8, &[9, 99, 199, 255]), (Rgba8, &[0, 0, 0, 0])];
    for (transform, params) in calls {
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (37, 41), (640, 480)] {
            for (format, pixel) in formats {
                let pixels = width as usize * height as usize;
                let image = Image::new(width, height, format, pixel.repeat(pixels));
                let started = Instant::now();
                let made = PLUGIN.run(transform, params, image).expect("a picture");
                let place = format!("{transform} {params} {width}x{height} {format:?}");
                assert!(started.elapsed() < Duration::from_secs(2), "{place}");
                assert_eq!((made.width, made.height), (width, height), "{place}");
                assert!(made.pixels == made.pixel(0, 0).repeat(pixels), "{place}");
            }
        }
    }
}
