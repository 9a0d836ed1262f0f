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
    let cases: [(&str, &str, &[u8], &[u8]); 72] = [
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
        ("levels", "{}", &[1, 100, 255, 9], &[1, 100, 255, 9]),
        // (100 - 51) / 102 * 255 = 122.5
        ("levels", r#"{"black": 0.2, "white": 0.6}"#, &[100, 51, 153], &[123, 0, 255]),
        ("levels", r#"{"black": 0.2, "white": 0.6, "inverse": true}"#, &[0, 255, 0], &[51, 153, 51]),
        ("levels", r#"{"channel": "green", "gamma": 2}"#, &[100, 100, 100, 9], &[100, 160, 100, 9]),
        ("levels", r#"{"channel": "red", "white": 0.5}"#, &[100], &[200, 100, 100]),
        ("curves", r#"{"points": [[0, 1], [1, 0]]}"#, &[0, 100, 255, 9], &[255, 155, 0, 9]),
        ("curves", r#"{"channel": "blue", "points": [[0.5, 0]]}"#, &[1, 2, 3], &[1, 2, 0]),
        ("threshold", "{}", &[127, 128, 255, 9], &[0, 255, 255, 9]),
        ("posterize", r#"{"levels": 2}"#, &[127, 128, 9], &[0, 255, 0]),
        ("posterize", r#"{"levels": 256}"#, &[127, 128, 9], &[127, 128, 9]),
        ("solarize", "{}", &[100, 200, 255], &[100, 55, 0]),
        ("sigmoidal_contrast", r#"{"amount": 0}"#, &[1, 100, 200], &[1, 100, 200]),
        ("sigmoidal_contrast", r#"{"amount": 20}"#, &[0, 100, 255], &[0, 26, 255]),
        ("contrast_stretch", "{}", &[9, 9, 9], &[9, 9, 9]),
        ("auto_gamma", "{}", &[64], &[128]),
        ("auto_gamma", r#"{"blend": 0}"#, &[64], &[64]),
        ("auto_level", "{}", &[64], &[64]),
        ("equalize", "{}", &[64], &[64]),
        ("modulate", "{}", &[10, 100, 200, 9], &[10, 100, 200, 9]),
        ("modulate", r#"{"saturation": 0}"#, &[10, 100, 210], &[110, 110, 110]),
        ("modulate", r#"{"hue_deg": 120}"#, &[255, 0, 0], &[0, 255, 0]),
        ("modulate", r#"{"brightness": 0.5}"#, &[200, 200, 200], &[100, 100, 100]),
        ("hue", "{}", &[200, 100, 50, 9], &[200, 100, 50, 9]),
        ("hue", r#"{"angle_deg": 77}"#, &[50], &[50]),
        ("vibrance", r#"{"amount": 0}"#, &[200, 100, 50], &[200, 100, 50]),
        ("vibrance", r#"{"amount": -1}"#, &[200, 100, 50], &[118, 118, 118]),
        ("colorize", r##"{"color": "#00f", "amount": 0.5}"##, &[100, 100, 100, 9], &[50, 50, 178, 9]),
        ("tint", r##"{"colors": ["black", "white"], "amount": 1}"##, &[200, 100, 50], &[118, 118, 118]),
        ("tint", r##"{"amount": 0}"##, &[200, 100, 50], &[200, 100, 50]),
        ("duotone", r##"{"dark": "#102030", "light": "#fff"}"##, &[0, 0, 0, 9], &[16, 32, 48, 9]),
        ("blackwhite", "{}", &[200, 100, 50, 9], &[0, 0, 0, 9]),
        ("blackwhite", r#"{"threshold": 0.4}"#, &[200, 100, 50], &[255]),
        ("opacity", r#"{"opacity": 0.5}"#, &[1, 2, 3], &[1, 2, 3, 128]),
        ("opacity_threshold", "{}", &[1, 2, 3, 127], &[1, 2, 3, 0]),
        // 100 * 51 / 255 + 255 * 204 / 255 = 224
        ("flatten", "{}", &[100, 100, 100, 51], &[224, 224, 224]),
        ("make_transparent", r##"{"color": "#000", "tolerance": 0}"##, &[0, 0, 0], &[0, 0, 0, 0]),
        ("channels", r#"{"red": [0, 0, 1], "offset": [0, 0.1, 0]}"#, &[10, 20, 30, 9], &[30, 46, 30, 9]),
        ("channels", r#"{"alpha": [0, 0, 0, 0.5]}"#, &[10, 20, 30], &[10, 20, 30, 128]),
        ("channels", r#"{"from_alpha": [0, 0, 1], "offset": [0.1, 0, 0]}"#, &[10, 20, 30, 9], &[36, 20, 39, 9]),
        ("levels", r#"{"channel": "alpha", "white": 0.5}"#, &[1, 2, 3, 60], &[1, 2, 3, 120]),
        ("levels", r#"{"channel": "alpha", "white": 0.5}"#, &[1, 2, 3], &[1, 2, 3]),
        ("curves", r#"{"channel": "alpha", "points": [[0, 0.2]]}"#, &[7], &[7, 7, 7, 51]),
        ("modulate", r#"{"model": "hsv", "brightness": 2}"#, &[100, 50, 0, 9], &[200, 100, 0, 9]),
        ("modulate", r#"{"model": "hsv", "brightness": 9, "saturation": 0}"#, &[100, 50, 0], &[255, 255, 255]),
        ("ordered_dither", r#"{"pattern": "threshold"}"#, &[127, 128, 255, 9], &[0, 255, 255, 9]),
        ("lut", "{}", &[1, 2, 3, 9], &[1, 2, 3, 9]),
        ("lut", r#"{"cube": "LUT_1D_SIZE 2\n1 1 1\n0 0 0"}"#, &[1, 2, 30, 9], &[254, 253, 225, 9]),
        ("lut", r#"{"cube": "LUT_1D_SIZE 2\n1 1 1\n0 0 0", "amount": 0.5}"#, &[0, 255, 77], &[128, 128, 128]),
        ("replace_color", r##"{"from": "#0f0", "to": "#00f"}"##, &[0, 255, 0, 9], &[0, 0, 255, 9]),
        ("color_blind", r#"{"kind": "cone_monochromacy"}"#, &[128, 128, 128], &[128, 128, 128]),
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
        ("levels", r#"{"black": 0.5, "white": 0.5}"#, "white: is 0.5, expected more than black, 0.5"),
        (
            "curves",
            r#"{"points": [[0.5, 0], [0.5, 1]]}"#,
            "points: has inputs that do not rise, expected each above the one before",
        ),
        ("tint", r#"{"positions": [0, 1]}"#, "positions: has 2 entries, expected as many as colors, 1, or none"),
        ("lut", r#"{"cube": "LUT_3D_SIZE 1"}"#, "cube: line 1 is \"LUT_3D_SIZE 1\", expected a size from 2 to 256"),
        ("lut", r#"{"cube": "LUT_3D_SIZE 2\n0 0 0"}"#, "cube: has 1 colours, expected 8"),
        ("lut", r#"{"cube": "0 0 0"}"#, "cube: has no LUT_1D_SIZE or LUT_3D_SIZE"),
        ("lut", r##"{"cube": "# x\n0 0 inf"}"##, "cube: line 2 is \"0 0 inf\", expected three numbers or a known word"),
        (
            "lut",
            r#"{"cube": "LUT_1D_SIZE 2\nDOMAIN_MAX 0 1 1\n0 0 0\n1 1 1"}"#,
            "cube: has a DOMAIN_MAX that is not above DOMAIN_MIN",
        ),
        ("channels", r#"{"red": [99, 0, 0]}"#, "red[0]: is 99, expected a number from -32 to 32"),
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
        ("levels", r#"{"black": 0.999, "white": 1, "gamma": 10}"#),
        ("curves", "{}"),
        ("sigmoidal_contrast", r#"{"amount": -20}"#),
        ("contrast_stretch", r#"{"black_pixels": 18446744073709551615}"#),
        ("normalize", r#"{"black": 0.5, "white": 0.5}"#),
        ("equalize", "{}"),
        ("auto_level", "{}"),
        ("auto_gamma", "{}"),
        ("auto_color", "{}"),
        ("auto_enhance", "{}"),
        ("fill_light", r#"{"bias": -1}"#),
        ("modulate", r#"{"brightness": 10, "saturation": 10, "hue_deg": -360}"#),
        ("vibrance", r#"{"amount": 1}"#),
        ("tint", r#"{"equalize": true}"#),
        ("opacity", r#"{"opacity": 0}"#),
        ("make_transparent", r#"{"tolerance": 1}"#),
        ("replace_color", r#"{"tolerance": 1}"#),
        ("blue_shift", r#"{"factor": 10}"#),
        ("color_blind", r#"{"assist": true}"#),
        ("channels", r#"{"from_alpha": [32, 32, 32], "alpha": [32, -32, 32, -32]}"#),
        ("ordered_dither", r#"{"pattern": "threshold", "levels": 256}"#),
        ("lut", "{}"),
        ("photo_filter", r#"{"look": "xpro"}"#),
        ("quantize", r#"{"colors": 2, "dither": true}"#),
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

#[test]
fn automatic_corrections_use_what_the_picture_holds() {
    let ramp: Vec<u8> = (0..100).map(|value| 50 + value).collect();
    let image = Image::new(100, 1, Gray8, ramp);
    let run = |transform: &str, params: &str| PLUGIN.run(transform, params, image.clone()).expect("a picture").pixels;
    let stretched = run("auto_level", "{}");
    assert_eq!((stretched[0], stretched[99]), (0, 255));
    let half = run("auto_level", r#"{"blend": 0.5}"#);
    assert_eq!((half[0], half[99]), (25, 202));
    let cut = run("contrast_stretch", r#"{"black_pixels": 10, "white_pixels": 20}"#);
    assert_eq!((cut[9], cut[10], cut[79], cut[80]), (0, 0, 255, 255));
    assert_eq!(run("normalize", r#"{"black": 0.1, "white": 0.2}"#), cut);
    assert_eq!(run("contrast_stretch", r#"{"black_pixels": 10, "below_white_pixels": 80}"#), cut);
    let equal = run("equalize", "{}");
    assert!(equal.is_sorted() && (equal[0], equal[50], equal[99]) == (0, 129, 255), "{equal:?}");
    // A cast goes: each channel has its own ends.
    let cast = Image::new(2, 1, Rgb8, vec![100, 0, 0, 200, 50, 255]);
    let made = PLUGIN.run("auto_color", "{}", cast).expect("a picture").pixels;
    assert_eq!(made, [0, 0, 0, 255, 255, 255]);
}

#[test]
fn dithered_black_and_white_keeps_the_tone() {
    let image = Image::new(64, 64, Gray8, vec![64; 64 * 64]);
    let made = PLUGIN.run("blackwhite", r#"{"dither": true}"#, image).expect("a picture");
    let white = made.pixels.iter().filter(|value| **value == 255).count();
    assert!((white as f64 / 4096.0 - 64.0 / 255.0).abs() < 0.02, "{white}");
}

#[test]
fn a_table_may_be_a_picture() {
    use safelight_sdk::View;
    use safelight_sdk::raw::safelight::plugin::types::Call;

    let hald = |side: u32, map: fn([u8; 3]) -> [u8; 3]| {
        let value = |index: u32| (index % 4 * 85) as u8;
        let colors = (0..64).flat_map(|index| map([value(index), value(index / 4), value(index / 16)]));
        Image::new(side, 64 / side, Rgb8, colors.collect())
    };
    let image = Image::new(2, 1, Rgb8, vec![200, 100, 50, 0, 255, 17]);
    let params = r#"{"image": {"asset": "table"}}"#.to_owned();
    let with = |table: Image| {
        let call = Call { transform: "lut".to_owned(), params: params.clone(), images: vec![table] };
        PLUGIN.plan(&call, image.size()).map_err(|error| error.reason)?;
        PLUGIN.apply(vec![call], Some(image.clone()), View::whole(image.size())).map_err(|error| error.reason)
    };
    assert_eq!(with(hald(8, |color| color)).expect("an outcome").image.expect("a picture").pixels, image.pixels);
    let turned = with(hald(8, |[r, g, b]| [b, r, 255 - g])).expect("an outcome").image.expect("a picture");
    assert_eq!(turned.pixels, [50, 200, 155, 17, 0, 0]);
    let refusal = with(hald(16, |color| color)).expect_err("a refusal").to_string();
    assert_eq!(refusal, "image: is 16 x 4 px, expected a Hald CLUT of 8 x 8, 27 x 27, 64 x 64, ... px");
}

#[test]
fn stripes_lie_on_what_is_taken_for_another_colour() {
    let run = |params: &str, color: [u8; 3]| {
        let image = Image::new(16, 16, Rgb8, color.repeat(256));
        PLUGIN.run("color_blind", params, image).expect("a picture")
    };
    let params = r#"{"assist": true, "stripes": 1}"#;
    let red = run(params, [220, 40, 40]);
    assert_eq!((red.pixel(0, 0), red.pixel(15, 1)), (&[220, 40, 40][..], &[220, 40, 40][..]));
    // Seen is a red of 0.29275 * 0.716 + 0.70725 * 0.021 = 0.2245 in linear light, 130 in sRGB: 90 levels are lost,
    // 0.705 of the light is taken.
    assert_eq!(red.pixel(4, 0), [65, 12, 12]);
    for other in [[40, 160, 40], [128, 128, 128], [40, 40, 200]] {
        assert_eq!(run(params, other).pixels, other.repeat(256), "{other:?}");
    }
    let half = run(r#"{"assist": true, "stripes": 0.5}"#, [220, 40, 40]);
    assert_eq!(half.pixel(4, 0), [143, 26, 26]);
}
