//! Every transform of the plugin, called as the host calls it.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, PixelFormat, Size};

use crate::PLUGIN;

fn run(transform: &str, params: &str, image: Image) -> Image {
    PLUGIN.run(transform, params, image).unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"))
}

#[test]
fn blur_spreads_a_step_like_the_gaussian() {
    // Far from the ends, a step of 0 to 200 becomes 200 times the cumulated Gaussian.
    let step: Vec<u8> = (0..80).map(|x| if x < 40 { 0 } else { 200 }).collect();
    let made = run("blur", r#"{"sigma_px": 3}"#, Image::new(80, 1, Gray8, step));
    for (x, cumulated) in [(39, 0.4338), (40, 0.5662), (42, 0.7977), (45, 0.9666), (36, 0.1217)] {
        assert!((f64::from(made.pixels[x]) - 200.0 * cumulated).abs() < 2.0, "{x}: {}", made.pixels[x]);
    }
}

#[test]
fn sharpen_strengthens_a_step_and_leaves_small_differences() {
    let step: Vec<u8> = (0..40).map(|x| if x < 20 { 100 } else { 120 }).collect();
    let image = Image::new(40, 1, Gray8, step.clone());
    let made = run("sharpen", r#"{"amount": 2}"#, image.clone());
    assert!(made.pixels[19] < 90 && made.pixels[20] > 130, "{:?}", made.pixels);
    assert_eq!((made.pixels[0], made.pixels[39]), (100, 120));
    assert_eq!(run("sharpen", r#"{"amount": 2, "threshold": 10}"#, image.clone()).pixels, step);
    assert_eq!(run("sharpen", r#"{"amount": 0}"#, image).pixels, step);
}

#[test]
fn pixelate_makes_squares() {
    let image = Image::new(3, 2, Gray8, vec![0, 10, 50, 20, 30, 70]);
    assert_eq!(run("pixelate", r#"{"size_px": 2}"#, image.clone()).pixels, [15, 15, 60, 15, 15, 60]);
    assert_eq!(run("pixelate", r#"{"size_px": 1}"#, image.clone()).pixels, image.pixels);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let cases = [
        ("blur", r#"{"sigma_px": 900}"#, "sigma_px: is 900, expected a number from 0.1 to 250"),
        ("blur", r#"{"sigma_px": 0}"#, "sigma_px: is 0, expected a number from 0.1 to 250"),
        ("blur", r#"{"sigma": 1}"#, "sigma: is not known, expected one of sigma_px"),
        ("sharpen", r#"{"amount": 1e308}"#, "amount: is 1e+308, expected a number from 0 to 10"),
        ("pixelate", r#"{"size_px": 0}"#, "size_px: is 0, expected a whole number from 1 to 65535"),
    ];
    for (transform, params, expected) in cases {
        let image = Image::filled(Size::new(2, 2), Gray8, &[1]);
        let refusal = PLUGIN.run(transform, params, image).expect_err("a refusal");
        assert_eq!(refusal.to_string(), expected);
    }
}

/// The bundled plugins may run without interruption checks, so every call has to end by itself: all
/// extremes of the schemas, on pictures of every shape, must be quick, keep the size, and keep a
/// picture of one colour as it is.
#[test]
fn extremes_of_every_parameter_end_soon_and_keep_one_colour() {
    let calls = [
        ("blur", r#"{"sigma_px": 0.1}"#),
        ("blur", r#"{"sigma_px": 6.99}"#),
        ("blur", r#"{"sigma_px": 250}"#),
        ("sharpen", r#"{"sigma_px": 0.1, "amount": 10, "threshold": 255}"#),
        ("sharpen", r#"{"sigma_px": 250, "amount": 10}"#),
        ("pixelate", r#"{"size_px": 1}"#),
        ("pixelate", r#"{"size_px": 65535}"#),
    ];
    let formats: [(PixelFormat, &[u8]); 4] =
        [(Gray8, &[200]), (Rgb8, &[1, 2, 255]), (Rgba8, &[9, 99, 199, 255]), (Rgba8, &[0, 0, 0, 0])];
    for (transform, params) in calls {
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (37, 41), (640, 480)] {
            for (format, pixel) in formats {
                let image = Image::filled(Size::new(width, height), format, pixel);
                let started = Instant::now();
                let made = run(transform, params, image.clone());
                assert!(started.elapsed() < Duration::from_secs(2), "{transform} {params} {width}x{height}");
                assert!(made == image, "{transform} {params} {width}x{height} {format:?}");
            }
        }
    }
}
