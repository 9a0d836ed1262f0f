//! Every transform of the plugin, called as the host calls it.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, PixelFormat, Size};

use crate::PLUGIN;

mod effects;
mod noise_reduction;

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
    // Of a shorter side of 2 pixels.
    assert_eq!(run("pixelate", r#"{"size_percent": 100}"#, image.clone()).pixels, [15, 15, 60, 15, 15, 60]);
    assert_eq!(run("pixelate", r#"{"size_percent": 0.01}"#, image.clone()).pixels, image.pixels);
}

#[test]
fn a_region_alone_is_changed_and_nothing_outside_takes_part() {
    let picture: Vec<u8> = (0..80).map(|index| if index % 10 < 5 { 0 } else { 200 }).collect();
    let image = Image::new(10, 8, Gray8, picture.clone());
    let made = run("blur", r#"{"x": 6, "y": 2, "width": 3, "height": "50%"}"#, image.clone());
    // The region is of one colour; the dark half beside it does not get in.
    assert_eq!(made.pixels, picture);
    let made = run("pixelate", r#"{"size_px": 2, "x": "40%", "y": 3, "width": 2, "height": 100}"#, image.clone());
    for (index, (made, before)) in made.pixels.iter().zip(&picture).enumerate() {
        let (x, y) = (index % 10, index / 10);
        let inside = (4..6).contains(&x) && y >= 3;
        assert_eq!(*made, if inside { 100 } else { *before }, "{x}, {y}");
    }
    // A pixel is left of what is less than one.
    let made = run("pixelate", r#"{"x": 9, "width": 0}"#, image);
    assert_eq!(made.pixels, picture);
}

#[test]
fn a_radius_cuts_the_gaussian() {
    let mut point = vec![0; 21];
    point[10] = 240;
    let made = run("blur", r#"{"sigma_px": 50, "radius_px": 1}"#, Image::new(21, 1, Gray8, point.clone()));
    assert_eq!(made.pixels[8..13], [0, 80, 80, 80, 0]);
    let made = run("sharpen", r#"{"sigma_px": 50, "radius_px": 1}"#, Image::new(21, 1, Gray8, point.clone()));
    assert_eq!(made.pixels[8..13], [0, 0, 255, 0, 0]);
    let made = run("box_blur", r#"{"radius_px": 2}"#, Image::new(21, 1, Gray8, point));
    assert_eq!(made.pixels[7..14], [0, 48, 48, 48, 48, 48, 0]);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let cases = [
        ("blur", r#"{"sigma_px": 900}"#, "sigma_px: is 900, expected a number from 0.1 to 250"),
        ("blur", r#"{"sigma_px": 0}"#, "sigma_px: is 0, expected a number from 0.1 to 250"),
        ("blur", r#"{"sigma": 1}"#, "sigma: is not known, expected one of height, radius_px, sigma_px, width, x, y"),
        ("sharpen", r#"{"amount": 1e308}"#, "amount: is 1e+308, expected a number from 0 to 10"),
        ("pixelate", r#"{"size_px": 0}"#, "size_px: is 0, expected a whole number from 1 to 65535"),
        ("blur", r#"{"x": 2}"#, "x: lies at 2 px, expected less than the picture's width of 2"),
        ("pixelate", r#"{"y": "100%"}"#, "y: lies at 2 px, expected less than the picture's height of 2"),
        ("blur", r#"{"width": "half"}"#, "width: is \"half\", expected pixels or a percentage from 0% to 10000%"),
        ("vignette", r#"{"sigma": "-1%"}"#, "sigma: is \"-1%\", expected pixels or a percentage from 0% to 10000%"),
        ("median", r#"{"radius_px": 128}"#, "radius_px: is 128, expected a whole number from 0 to 127"),
        ("edge", r#"{"kind": "canny"}"#, "kind: is \"canny\", expected one of \"sobel\", \"laplacian\""),
        ("convolve", r#"{"bias": 1}"#, "matrix: is missing, expected a list of 9 to 49 entries"),
        ("convolve", r#"{"matrix": [1,2,3,4,5,6,7,8,9,10]}"#, "matrix: has 10 weights, expected 9, 25 or 49"),
        (
            "convolve",
            r#"{"matrix": [0,0,0,0,9,0,0,0,0], "divisor": 0.0001}"#,
            "divisor: is 0.0001, expected no quotient of a weight and it beyond 30000",
        ),
    ];
    for (transform, params, expected) in cases {
        let image = Image::filled(Size::new(2, 2), Gray8, &[1]);
        let refusal = PLUGIN.run(transform, params, image).expect_err("a refusal");
        assert_eq!(refusal.to_string(), expected);
    }
}

/// 49 weights, of which the sum is 1.
const SHARP_MATRIX: &str = r#"{"matrix": [-1,-1,-1,-1,-1,-1,-1, -1,-1,-1,-1,-1,-1,-1, -1,-1,-1,-1,-1,-1,-1,
    -1,-1,-1,49,-1,-1,-1, -1,-1,-1,-1,-1,-1,-1, -1,-1,-1,-1,-1,-1,-1, -1,-1,-1,-1,-1,-1,-1]}"#;

/// The effects whose result is another colour: here only size and time count.
#[test]
fn extremes_of_effects_end_soon_and_keep_the_size() {
    let calls = [
        ("edge", r#"{"kind": "laplacian", "strength": 100}"#),
        ("emboss", r#"{"depth": 16, "angle_deg": -360}"#),
        ("charcoal", r#"{"sigma_px": 50, "strength": 10}"#),
        ("sketch", r#"{"sigma_px": 40, "angle_deg": 360}"#),
        ("cartoonify", r#"{"line": 1, "reduction": 1}"#),
        ("cartoonify", r#"{"black_and_white": true}"#),
        ("noise", r#"{"kind": "uniform", "strength": 1}"#),
        ("noise", r#"{"kind": "poisson", "strength": 1, "gray": true}"#),
        ("vignette", r#"{"sigma": 65535, "color": "transparent"}"#),
        ("vignette", r##"{"sigma": 0, "x": "50%", "y": "50%", "color": "#ff0000"}"##),
    ];
    for (transform, params) in calls {
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (2, 3), (37, 41), (640, 480)] {
            for (format, pixel) in [(Gray8, &[200][..]), (Rgb8, &[1, 2, 255]), (Rgba8, &[9, 99, 199, 100])] {
                let image = Image::filled(Size::new(width, height), format, pixel);
                let started = Instant::now();
                let made = run(transform, params, image);
                assert!(started.elapsed() < Duration::from_secs(2), "{transform} {params} {width}x{height}");
                assert_eq!(made.size(), Size::new(width, height), "{transform} {params}");
            }
        }
    }
}

/// Every transform stands in one of the two tests of extremes.
#[test]
fn every_transform_has_its_extremes_tested() {
    let source = include_str!("tests.rs");
    for info in PLUGIN.describe().transforms {
        assert!(source.contains(&format!("(\"{}\", ", info.name)), "{}", info.name);
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
        ("blur", r#"{"sigma_px": 250, "radius_px": 1000}"#),
        ("blur", r#"{"sigma_px": 20, "x": "90%", "y": "90%", "width": "500%"}"#),
        ("box_blur", r#"{"radius_px": 1000}"#),
        ("motion_blur", r#"{"length_px": 256, "angle_deg": 33}"#),
        ("motion_blur", r#"{"length_px": 256, "angle_deg": -100}"#),
        ("adaptive_blur", r#"{"sigma_px": 250}"#),
        ("adaptive_sharpen", r#"{"sigma_px": 250, "amount": 10}"#),
        ("bilateral", r#"{"sigma_px": 16, "range_levels": 1}"#),
        ("bilateral", r#"{"sigma_px": 0.1, "range_levels": 255}"#),
        ("median", r#"{"radius_px": 1}"#),
        ("median", r#"{"radius_px": 127}"#),
        ("despeckle", "{}"),
        ("enhance", "{}"),
        ("convolve", SHARP_MATRIX),
        ("morphology", r#"{"operation": "open", "radius_px": 1000}"#),
        ("morphology", r#"{"operation": "close", "radius_px": 1}"#),
        ("oil_paint", r#"{"radius_px": 20, "levels": 64}"#),
        ("sketch", r#"{"sigma_px": 40, "strength": 0, "angle_deg": 77}"#),
        ("cartoonify", r#"{"line": 1, "reduction": 0}"#),
        ("noise", r#"{"strength": 0}"#),
        ("noise", r#"{"kind": "impulse", "strength": 0, "seed": 4294967295}"#),
        ("vignette", r#"{"strength": 0, "sigma": "10000%", "x": -65535, "y": 65535}"#),
        ("pixelate", r#"{"size_px": 1}"#),
        ("pixelate", r#"{"size_px": 65535}"#),
        ("pixelate", r#"{"size_percent": 100}"#),
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
