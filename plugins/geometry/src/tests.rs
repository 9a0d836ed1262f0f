//! Every transform of the plugin, called as the host calls it.

mod looks;
mod sizes;

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::raw::safelight::plugin::types::Call;
use safelight_sdk::{Image, PixelFormat, Planned, Rect, Size, View};

use crate::PLUGIN;

/// A picture whose pixels all differ, as far as bytes can.
fn numbered(width: u32, height: u32, format: PixelFormat) -> Image {
    let byte = |index: usize| (index * 89 % 251) as u8;
    let length = width as usize * height as usize * format.bytes();
    Image::new(width, height, format, (0..length).map(byte).collect())
}

fn gray(width: u32, height: u32, pixels: &[u8]) -> Image {
    Image::new(width, height, Gray8, pixels.to_vec())
}

fn plan(transform: &str, params: &str, width: u32, height: u32) -> Result<Planned, String> {
    let call = Call { transform: transform.to_owned(), params: params.to_owned(), images: Vec::new() };
    PLUGIN.plan(&call, Size::new(width, height)).map_err(|error| error.reason.to_string())
}

fn check_size(transform: &str, params: &str, input: (u32, u32), expected: (u32, u32)) {
    let planned = plan(transform, params, input.0, input.1).expect("a plan");
    assert_eq!(planned.output, Some(Size::new(expected.0, expected.1)), "{transform} {params} of {input:?}");
    // `run` refuses a result of another size than planned. Large pictures are gray, to be quick.
    let image = numbered(input.0, input.1, if input.0 > 1000 { Gray8 } else { Rgba8 });
    let made = PLUGIN.run(transform, params, image).expect("a picture");
    assert_eq!((made.width, made.height), expected);
}

fn check_refusal(transform: &str, params: &str, expected: &str) {
    assert_eq!(plan(transform, params, 200, 100).expect_err("a refusal"), expected, "{transform} {params}");
    let made = PLUGIN.run(transform, params, numbered(200, 100, Gray8));
    assert_eq!(made.expect_err("a refusal").to_string(), expected);
}

#[test]
fn resize_finds_the_size_that_each_mode_says() {
    let cases = [
        (r#"{"width": 800}"#, (4000, 3000), (800, 600)),
        (r#"{"height": 600}"#, (4000, 3000), (800, 600)),
        (r#"{"width": 100, "height": 100}"#, (40, 30), (100, 75)),
        (r#"{"width": 100, "height": 100}"#, (30, 40), (75, 100)),
        (r#"{"width": 100, "height": 100, "mode": "limit"}"#, (40, 30), (40, 30)),
        (r#"{"width": 20, "height": 20, "mode": "limit"}"#, (40, 30), (20, 15)),
        (r#"{"width": 100, "mode": "limit"}"#, (40, 30), (40, 30)),
        (r#"{"width": 7, "height": 9, "mode": "exact"}"#, (40, 30), (7, 9)),
        (r#"{"width": 20, "mode": "exact"}"#, (40, 30), (20, 15)),
        (r#"{"width": 7, "height": 9, "mode": "fill"}"#, (40, 30), (7, 9)),
        (r#"{"width": 90, "height": 11, "mode": "fill"}"#, (40, 30), (90, 11)),
        (r#"{"width": 3}"#, (2, 1), (3, 2)),
        (r#"{"width": 1}"#, (500, 3), (1, 1)),
        (r#"{"width": 9, "filter": "nearest"}"#, (3, 1), (9, 3)),
        (r#"{"width": 40}"#, (40, 30), (40, 30)),
    ];
    for (params, input, expected) in cases {
        check_size("resize", params, input, expected);
    }
}

#[test]
fn resize_keeps_the_part_that_gravity_says() {
    let halves = gray(4, 1, &[10, 10, 90, 90]);
    let fill = |gravity: &str| {
        let params = format!(r#"{{"width": 2, "height": 1, "mode": "fill", "gravity": "{gravity}", "filter": "box"}}"#);
        PLUGIN.run("resize", &params, halves.clone()).expect("a picture").pixels
    };
    assert_eq!(fill("west"), [10, 10]);
    assert_eq!(fill("east"), [90, 90]);
    assert_eq!(fill("north_east"), [90, 90]);
    assert_eq!(fill("center"), [10, 90]);
}

#[test]
fn resize_is_content_with_a_smaller_decoding_and_with_a_part() {
    let planned = plan("resize", r#"{"width": 800}"#, 4000, 3000).expect("a plan");
    assert_eq!(planned.enough, Some(Size::new(960, 720)));
    assert_eq!(planned.region, None);
    let planned = plan("resize", r#"{"width": 800, "filter": "nearest"}"#, 4000, 3000).expect("a plan");
    assert_eq!(planned.enough, None);
    assert_eq!(plan("resize", r#"{"width": 3600}"#, 4000, 3000).expect("a plan").enough, None);
    // A drawing can be had as large as the result.
    let larger = plan("resize", r#"{"width": 6000}"#, 4000, 3000).expect("a plan");
    assert_eq!(larger.enough, Some(Size::new(6000, 4500)));
    let planned = plan("resize", r#"{"width": 300, "height": 300, "mode": "fill"}"#, 4000, 3000).expect("a plan");
    // The window is 3000 x 3000 at x = 500; Lanczos reaches 3 result pixels, 30 of the picture's, further.
    assert_eq!(planned.region, Some(Rect::new(469, 0, 3062, 3000)));
    assert_eq!(planned.enough, Some(Size::new(480, 360)));
    let params = r#"{"width": 300, "height": 300, "mode": "fill", "filter": "box"}"#;
    assert_eq!(plan("resize", params, 4000, 3000).expect("a plan").region, None);
}

#[test]
fn resize_gives_the_planned_size_from_a_reduced_picture() {
    let full = Size::new(4000, 3001);
    let view = View { full, region: Rect::whole(full) };
    let made = PLUGIN.run_view("resize", r#"{"width": 800}"#, numbered(1000, 751, Gray8), view).expect("a picture");
    assert_eq!(made.size(), Size::new(800, 600));
}

#[test]
fn resize_of_the_planned_part_gives_the_same_pixels_as_of_the_whole() {
    for filter in ["lanczos3", "bilinear", "mitchell", "catmull_rom"] {
        for gravity in ["west", "center", "south_east"] {
            let params = format!(
                r#"{{"width": 20, "height": 31, "mode": "fill", "gravity": "{gravity}", "filter": "{filter}"}}"#
            );
            let picture = numbered(211, 97, Rgb8);
            let region = plan("resize", &params, 211, 97).expect("a plan").region.expect("a part");
            let crop = format!(
                r#"{{"x": {}, "y": {}, "width": {}, "height": {}}}"#,
                region.x, region.y, region.width, region.height
            );
            let part = PLUGIN.run("crop", &crop, picture.clone()).expect("a part");
            let view = View { full: picture.size(), region };
            let from_part = PLUGIN.run_view("resize", &params, part, view).expect("a picture");
            let from_whole = PLUGIN.run("resize", &params, picture).expect("a picture");
            let largest = from_part.pixels.iter().zip(&from_whole.pixels).map(|(a, b)| a.abs_diff(*b)).max();
            // Positions are rounded differently in the last digit, which may move a weight by a step.
            assert!(largest <= Some(1), "{params}: {largest:?}");
        }
    }
}

#[test]
fn crop_cuts_exactly_and_only_inside() {
    let picture = gray(4, 3, &[0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
    let cut = |params: &str| {
        let made = PLUGIN.run("crop", params, picture.clone()).expect("a picture");
        (made.width, made.height, made.pixels)
    };
    assert_eq!(cut(r#"{"x": 1, "y": 1, "width": 2, "height": 2}"#), (2, 2, vec![11, 12, 21, 22]));
    assert_eq!(cut(r#"{"width": 2, "height": 1}"#), (2, 1, vec![11, 12]));
    assert_eq!(cut(r#"{"width": 1, "height": 1, "gravity": "south_east"}"#), (1, 1, vec![23]));
    assert_eq!(cut(r#"{"width": 1, "height": 1, "gravity": "north"}"#), (1, 1, vec![1]));
    assert_eq!(cut(r#"{"x": 3, "y": 2, "width": 9, "height": 9}"#), (1, 1, vec![23]));
    assert_eq!(cut(r#"{"y": 2}"#), (4, 1, vec![20, 21, 22, 23]));
    assert_eq!(cut(r#"{"width": 99, "height": 99}"#).2, picture.pixels);
    let planned = plan("crop", r#"{"width": 150, "height": 100, "gravity": "center"}"#, 401, 301).expect("a plan");
    assert_eq!(planned.region, Some(Rect::new(125, 100, 150, 100)));
}

#[test]
fn crop_finds_its_rectangle_in_a_part_that_is_larger() {
    let full = Size::new(100, 50);
    let view = View { full, region: Rect::new(10, 20, 4, 3) };
    let part = gray(4, 3, &[0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
    let params = r#"{"x": 11, "y": 21, "width": 2, "height": 1}"#;
    assert_eq!(PLUGIN.run_view("crop", params, part, view).expect("a picture").pixels, [11, 12]);
}

#[test]
fn flip_and_quarter_turns_move_pixels_exactly() {
    let picture = gray(3, 2, &[1, 2, 3, 4, 5, 6]);
    let cases: [(&str, &str, u32, &[u8]); 9] = [
        ("flip", "{}", 3, &[3, 2, 1, 6, 5, 4]),
        ("flip", r#"{"direction": "vertical"}"#, 3, &[4, 5, 6, 1, 2, 3]),
        ("flip", r#"{"direction": "both"}"#, 3, &[6, 5, 4, 3, 2, 1]),
        ("rotate", "{}", 2, &[4, 1, 5, 2, 6, 3]),
        ("rotate", r#"{"angle_deg": 180}"#, 3, &[6, 5, 4, 3, 2, 1]),
        ("rotate", r#"{"angle_deg": -90}"#, 2, &[3, 6, 2, 5, 1, 4]),
        ("rotate", r#"{"angle_deg": 270}"#, 2, &[3, 6, 2, 5, 1, 4]),
        ("rotate", r#"{"angle_deg": -360}"#, 3, &[1, 2, 3, 4, 5, 6]),
        ("rotate", r#"{"angle_deg": 810}"#, 2, &[4, 1, 5, 2, 6, 3]),
    ];
    for (transform, params, width, expected) in cases {
        let made = PLUGIN.run(transform, params, picture.clone()).expect("a picture");
        assert_eq!((made.width, made.pixels.as_slice(), made.format), (width, expected, Gray8), "{transform} {params}");
    }
}

#[test]
fn rotate_has_a_background_and_alpha_when_it_needs_it() {
    let made = PLUGIN.run("rotate", r#"{"angle_deg": 45}"#, Image::filled(Size::new(20, 20), Rgb8, &[9, 8, 7]));
    let made = made.expect("a picture");
    assert_eq!((made.format, made.pixel(0, 0), made.pixel(14, 14)), (Rgba8, &[0, 0, 0, 0][..], &[9, 8, 7, 255][..]));
    let params = r#"{"angle_deg": 45, "background": "white", "interpolation": "bicubic"}"#;
    let made = PLUGIN.run("rotate", params, Image::filled(Size::new(20, 20), Gray8, &[9])).expect("a picture");
    assert_eq!((made.format, made.pixel(0, 0), made.pixel(14, 14)), (Gray8, &[255][..], &[9][..]));
    let params = r##"{"angle_deg": 10, "background": "#ff0000"}"##;
    let made = PLUGIN.run("rotate", params, Image::filled(Size::new(20, 20), Gray8, &[9])).expect("a picture");
    assert_eq!((made.format, made.pixel(0, 0)), (Rgb8, &[255, 0, 0][..]));
}

#[test]
fn pad_lays_the_picture_where_gravity_says() {
    let dot = gray(1, 1, &[7]);
    let pad = |params: &str| PLUGIN.run("pad", params, dot.clone()).expect("a picture");
    assert_eq!(pad(r#"{"width": 3, "height": 1, "background": "white"}"#).pixels, [255, 7, 255]);
    assert_eq!(pad(r#"{"width": 3, "gravity": "west", "background": "black"}"#).pixels, [7, 0, 0]);
    assert_eq!(pad(r#"{"height": 2, "gravity": "south", "background": "black"}"#).pixels, [0, 7]);
    assert_eq!(pad(r#"{"width": 2, "background": "black"}"#).pixels, [7, 0]);
    let made = pad(r#"{"width": 2, "gravity": "east"}"#);
    assert_eq!((made.format, made.pixels), (Rgba8, vec![0, 0, 0, 0, 7, 7, 7, 255]));
}

#[test]
fn trim_removes_the_border_and_no_more() {
    let trim = |params: &str, image: Image| {
        let made = PLUGIN.run("trim", params, image).expect("a picture");
        (made.width, made.height, made.pixels)
    };
    let framed = gray(4, 4, &[5, 5, 5, 5, 5, 9, 90, 5, 5, 5, 80, 5, 5, 5, 5, 5]);
    assert_eq!(trim(r#"{"tolerance": 0}"#, framed.clone()), (2, 2, vec![9, 90, 5, 80]));
    assert_eq!(trim(r#"{"tolerance": 4}"#, framed.clone()), (1, 2, vec![90, 80]));
    assert_eq!(trim(r#"{"color": "white"}"#, framed.clone()).2, framed.pixels);
    let plain = gray(3, 2, &[5; 6]);
    assert_eq!(trim("{}", plain.clone()).2, plain.pixels);
    let clear = Image::new(3, 1, Rgba8, vec![9, 9, 9, 0, 200, 0, 0, 0, 1, 2, 3, 255]);
    assert_eq!(trim("{}", clear), (1, 1, vec![1, 2, 3, 255]));
}

#[test]
fn calls_that_cannot_work_are_refused_before_any_pixel() {
    let cases = [
        ("resize", "{}", "width, height and scale are all missing, expected at least one of them"),
        (
            "resize",
            r#"{"width": 0}"#,
            "width: is 0, expected a whole number from 1 to 65535, or a string of at most 16 characters",
        ),
        (
            "resize",
            r#"{"width": 65535, "height": 65535, "mode": "exact"}"#,
            "the result would be 65535 x 65535 px, over the limit of 268435456 pixels",
        ),
        ("resize", r#"{"height": 40000}"#, "the result would be 80000 x 40000 px, over the limit of 65535 px a side"),
        ("crop", "{}", "x, y, width, height and aspect_ratio are all missing, expected at least one of them"),
        ("crop", r#"{"x": 200}"#, "x: is 200, expected a whole number from -199 to 199"),
        (
            "crop",
            r#"{"width": 0}"#,
            "width: is 0, expected a whole number from 1 to 65535, or a string of at most 16 characters",
        ),
        ("pad", r#"{"width": 199}"#, "width: is 199, expected at least the picture's width of 200"),
        (
            "pad",
            r#"{"background": "x"}"#,
            r##"background: is "x", expected a colour such as "#ff8000", "#ff800080" or "orange""##,
        ),
        ("rotate", r#"{"angle_deg": 1e9}"#, "angle_deg: is 1000000000.0, expected a number from -36000 to 36000"),
        ("flip", r#"{"direction": "x"}"#, r#"direction: is "x", expected one of "horizontal", "vertical", "both""#),
        ("trim", r#"{"tolerance": 256}"#, "tolerance: is 256, expected a whole number from 0 to 255"),
        ("blow_up", "{}", "unknown transform"),
    ];
    for (transform, params, expected) in cases {
        check_refusal(transform, params, expected);
    }
}

/// The bundled plugins may run without interruption checks, so every call has to end by itself: all
/// extremes of the schemas, on small pictures of every shape, must be quick.
#[test]
fn extremes_of_every_parameter_end_soon() {
    let calls = [
        ("resize", r#"{"width": 1, "height": 1, "mode": "exact"}"#),
        ("resize", r#"{"width": 65535, "height": 1, "mode": "exact"}"#),
        ("resize", r#"{"width": 1, "height": 65535, "mode": "fill"}"#),
        ("resize", r#"{"width": 2000, "height": 2000, "mode": "exact", "filter": "mitchell"}"#),
        ("crop", r#"{"width": 65535, "height": 65535}"#),
        ("crop", r#"{"x": 0, "y": 0, "width": 1, "height": 1}"#),
        ("rotate", r#"{"angle_deg": 36000}"#),
        ("rotate", r#"{"angle_deg": -35999.999}"#),
        ("rotate", r#"{"angle_deg": 1e-300, "interpolation": "bicubic"}"#),
        ("rotate", r#"{"angle_deg": 45}"#),
        ("flip", "{}"),
        ("pad", r#"{"width": 2000, "height": 2000}"#),
        ("trim", r#"{"tolerance": 255}"#),
        ("trim", r#"{"tolerance": 0}"#),
        ("resize", r#"{"scale": 0.0001}"#),
        ("resize", r#"{"width": 999, "height": 999, "mode": "fill", "gravity": "auto", "zoom": 100}"#),
        ("resize", r#"{"width": 1, "height": 999, "mode": "fill", "gravity": "auto"}"#),
        ("resize", r#"{"width": 99, "height": 999, "mode": "fill", "max_cut": 0, "x": -65535, "y": "10000%"}"#),
        ("crop", r#"{"width": 1, "height": 1, "gravity": "auto"}"#),
        ("crop", r#"{"aspect_ratio": 1000}"#),
        ("crop", r#"{"aspect_ratio": 0.001, "gravity": "point", "x": -65535, "y": 65535}"#),
        ("rotate", r#"{"angle_deg": 89.99, "canvas": "inside"}"#),
        ("rotate", r#"{"angle_deg": 45, "canvas": "keep"}"#),
        ("pad", r#"{"left": 999, "top": 999, "backdrop": "blurred", "blur_sigma_px": 250, "blur_brightness": 1}"#),
        ("pad", r#"{"right": 999, "bottom": 999, "backdrop": "predominant_color"}"#),
        ("rounded_corners", r#"{"radius": 65535}"#),
        ("rounded_corners", r#"{"shape": "ellipse"}"#),
        ("shear", r#"{"x_deg": 60, "y_deg": -45}"#),
        ("distort", r#"{"corners": [0, 0, 2000, 0, 2000, 2000, 0, 2000]}"#),
        ("distort", r#"{"corners": [0, 0, 2, 0, 2000, 2000, 0, 2000]}"#),
        ("distort", r#"{"corners": [0, 0, 0.1, 0, 0.1, 0.1, 0, 0.1]}"#),
        ("distort", r#"{"arc_deg": 360}"#),
        ("distort", r#"{"arc_deg": 90}"#),
        ("deskew", r#"{"threshold": 1, "max_angle_deg": 45}"#),
        ("liquid_rescale", r#"{"width": 200, "height": 200, "max_step_px": 4, "rigidity": 1000}"#),
        ("liquid_rescale", r#"{"width": 1, "height": 1, "max_step_px": 0}"#),
    ];
    for (transform, params) in calls {
        for (width, height) in [(1, 1), (1, 999), (999, 1), (37, 41)] {
            for format in [Gray8, Rgb8, Rgba8] {
                let started = Instant::now();
                let made = PLUGIN.run(transform, params, numbered(width, height, format));
                let made = made.unwrap_or_else(|refusal| panic!("{transform} {params} {width}x{height}: {refusal}"));
                assert!(made.width >= 1 && made.height >= 1);
                assert!(started.elapsed() < Duration::from_secs(2), "{transform} {params} {width}x{height}");
            }
        }
    }
}

#[test]
fn the_manifest_names_every_transform_with_its_schema() {
    let manifest = PLUGIN.describe();
    let names: Vec<&str> = manifest.transforms.iter().map(|transform| transform.name.as_str()).collect();
    let expected = "resize crop rotate flip pad trim rounded_corners shear distort deskew liquid_rescale";
    assert_eq!(names.join(" "), expected);
    for transform in &manifest.transforms {
        let schema: safelight_sdk::serde_json::Value =
            safelight_sdk::serde_json::from_str(&transform.schema).expect("JSON");
        assert_eq!(schema["type"], "object", "{}", transform.name);
        for (name, property) in schema["properties"].as_object().expect("parameters") {
            assert!(property["description"].is_string(), "{} {name} has no description", transform.name);
        }
    }
}
