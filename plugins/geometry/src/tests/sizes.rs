//! Which size, and which part, every mode gives.

use safelight_sdk::PixelFormat::{Gray8, Rgba8};
use safelight_sdk::{Image, Rect, Size};

use super::{check_refusal, check_size, gray, numbered, plan};
use crate::PLUGIN;

/// `(parameters, size of the picture, size of the result)`.
type Case = (&'static str, (u32, u32), (u32, u32));

fn check_all(transform: &str, cases: &[Case]) {
    for (params, input, expected) in cases {
        check_size(transform, params, *input, *expected);
    }
}

#[test]
fn lengths_that_follow_are_rounded_half_up() {
    let cases = [
        (r#"{"width": 100}"#, (720, 540), (100, 75)),
        (r#"{"width": 100}"#, (1536, 2048), (100, 133)),
        (r#"{"height": 100}"#, (2048, 1536), (133, 100)),
        (r#"{"width": 100, "height": 100}"#, (1536, 2048), (75, 100)),
        (r#"{"width": 5}"#, (2, 1), (5, 3)),
        (r#"{"width": 1}"#, (900, 3), (1, 1)),
        (r#"{"width": "50%"}"#, (720, 541), (360, 271)),
        (r#"{"width": "50%", "height": "100%", "mode": "exact"}"#, (721, 540), (361, 540)),
        (r#"{"width": "200%", "height": 10, "mode": "exact"}"#, (30, 40), (60, 10)),
        (r#"{"scale": 0.5}"#, (3, 5), (2, 3)),
        (r#"{"scale": 2.5}"#, (3, 5), (8, 13)),
        (r#"{"scale": 0.0001}"#, (300, 500), (1, 1)),
        (r#"{"scale": 2, "only": "shrink"}"#, (3, 5), (3, 5)),
        (r#"{"width": 160, "aspect_ratio": "16:9", "mode": "fill"}"#, (200, 200), (160, 90)),
        (r#"{"height": 90, "aspect_ratio": 1.7777777777777777, "mode": "exact"}"#, (200, 200), (160, 90)),
        (r#"{"width": 3, "aspect_ratio": "2:3", "mode": "exact"}"#, (200, 200), (3, 5)),
    ];
    check_all("resize", &cases);
}

#[test]
fn only_restricts_the_direction() {
    let cases = [
        // Larger than asked, smaller than asked, and one of each, in every mode.
        (r#"{"width": 100, "height": 100, "only": "shrink"}"#, (400, 200), (100, 50)),
        (r#"{"width": 100, "height": 100, "only": "shrink"}"#, (40, 20), (40, 20)),
        (r#"{"width": 100, "height": 100, "only": "shrink"}"#, (50, 200), (25, 100)),
        (r#"{"width": 100, "height": 100, "only": "enlarge"}"#, (400, 200), (400, 200)),
        (r#"{"width": 100, "height": 100, "only": "enlarge"}"#, (40, 20), (100, 50)),
        (r#"{"width": 100, "height": 100, "only": "enlarge"}"#, (50, 200), (50, 200)),
        (r#"{"width": 100, "height": 100, "mode": "exact", "only": "shrink"}"#, (50, 200), (50, 100)),
        (r#"{"width": 100, "height": 100, "mode": "exact", "only": "enlarge"}"#, (50, 200), (100, 200)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "shrink"}"#, (400, 200), (100, 100)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "shrink"}"#, (40, 20), (40, 20)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "shrink"}"#, (50, 200), (50, 100)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "enlarge"}"#, (400, 200), (100, 100)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "larger_pictures"}"#, (40, 20), (40, 20)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "only": "larger_pictures"}"#, (50, 200), (100, 100)),
        (r#"{"width": 100, "only": "larger_pictures"}"#, (100, 300), (100, 300)),
        (r#"{"width": 100, "only": "larger_pictures"}"#, (101, 303), (100, 300)),
        (r#"{"width": 100, "height": 100, "mode": "limit", "only": "shrink"}"#, (40, 20), (40, 20)),
    ];
    check_all("resize", &cases);
}

#[test]
fn fill_may_be_told_how_much_to_cut() {
    let cases = [
        (r#"{"width": 100, "height": 100, "mode": "fill", "max_cut": 0.25}"#, (400, 100), (100, 33)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "max_cut": 0}"#, (400, 100), (100, 25)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "max_cut": 0.75}"#, (400, 100), (100, 100)),
        (r#"{"width": 100, "height": 100, "mode": "fill", "max_cut": 0.25}"#, (120, 100), (100, 100)),
        (r#"{"width": 100, "height": 50, "mode": "fill", "max_cut": 0.5}"#, (100, 400), (25, 50)),
        (r#"{"width": 100, "height": 50, "mode": "fill", "zoom": 3}"#, (100, 400), (100, 50)),
    ];
    check_all("resize", &cases);
}

#[test]
fn offsets_point_inwards_and_stay_inside() {
    let ramp = gray(10, 1, &[0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    let cases = [
        (r#""gravity": "west", "x": 2"#, [20, 30]),
        (r#""gravity": "north_east", "x": 2"#, [60, 70]),
        (r#""gravity": "center", "x": 1"#, [50, 60]),
        (r#""gravity": "center", "x": -100"#, [0, 10]),
        (r#""gravity": "west", "x": "30%""#, [30, 40]),
        (r#""gravity": "point", "x": 4, "y": 0"#, [30, 40]),
        (r#""gravity": "point", "x": 9, "y": 0"#, [80, 90]),
    ];
    for (placed, expected) in cases {
        let params = format!(r#"{{"width": 2, "height": 1, {placed}}}"#);
        // What does not fit is moved inside by resize, and left away by crop.
        if !placed.contains("-100") {
            let made = PLUGIN.run("crop", &params, ramp.clone()).expect("a picture").pixels;
            assert_eq!(made, expected, "crop {params}");
        }
        let params = format!(r#"{{"width": 2, "height": 1, "mode": "fill", "only": "shrink", {placed}}}"#);
        let wide = Image::new(10, 1, Gray8, ramp.pixels.clone());
        let made = PLUGIN.run("resize", &params, wide).expect("a picture").pixels;
        // Height 1 of 1: the scale is 1, so two columns are cut out.
        assert_eq!(made, expected, "resize {params}");
    }
}

#[test]
fn zoom_looks_closer_even_at_the_same_size() {
    let picture = gray(4, 4, &[0, 0, 0, 0, 0, 90, 90, 0, 0, 90, 90, 0, 0, 0, 0, 0]);
    let params = r#"{"width": 4, "height": 4, "mode": "fill", "zoom": 2, "filter": "box"}"#;
    assert_eq!(PLUGIN.run("resize", params, picture).expect("a picture").pixels, [90; 16]);
}

#[test]
fn crop_knows_proportions_and_what_to_do_with_small_pictures() {
    let cases = [
        (r#"{"aspect_ratio": 1}"#, (720, 540), (540, 540)),
        (r#"{"aspect_ratio": "1:1", "gravity": "east"}"#, (540, 720), (540, 540)),
        (r#"{"aspect_ratio": "16:9"}"#, (100, 100), (100, 56)),
        (r#"{"aspect_ratio": "3:2", "width": 50}"#, (100, 100), (50, 33)),
        (r#"{"width": "50%", "height": "25%"}"#, (101, 99), (51, 25)),
        (r#"{"width": "100%", "height": 10, "x": 0, "y": "50%"}"#, (100, 100), (100, 10)),
        (r#"{"width": 200, "height": 100}"#, (120, 300), (120, 100)),
        (r#"{"width": 200, "height": 100, "if_smaller": "proportions"}"#, (120, 300), (120, 60)),
        (r#"{"width": 200, "height": 100, "if_smaller": "proportions"}"#, (300, 50), (100, 50)),
        (r#"{"width": 200, "height": 100, "if_smaller": "unchanged", "x": 3, "y": 3}"#, (120, 100), (120, 100)),
        (r#"{"width": 200, "height": 100, "if_smaller": "unchanged"}"#, (120, 300), (120, 100)),
        (r#"{"x": -20, "y": -20, "width": 50, "height": 50}"#, (100, 100), (30, 30)),
        (r#"{"width": 30, "height": 30, "gravity": "south_east", "x": -10, "y": 10}"#, (100, 100), (20, 30)),
    ];
    check_all("crop", &cases);
    let planned = plan("crop", r#"{"width": 10, "height": 10, "gravity": "south_east", "x": 5, "y": 6}"#, 100, 80);
    assert_eq!(planned.expect("a plan").region, Some(Rect::new(85, 64, 10, 10)));
}

#[test]
fn gravity_auto_gives_the_planned_size_and_finds_the_spot() {
    // Plain gray with a red square at the right.
    let spot = |i: u32| (240..280).contains(&(i % 300)) && (20..60).contains(&(i / 300));
    let pixels = (0..300 * 80).flat_map(|i| if spot(i) { [220, 30, 30, 255] } else { [128, 128, 128, 255] });
    let picture = Image::new(300, 80, Rgba8, pixels.collect());
    for (transform, params) in [
        ("crop", r#"{"width": 80, "height": 80, "gravity": "auto"}"#),
        ("resize", r#"{"width": 80, "height": 80, "mode": "fill", "gravity": "auto"}"#),
    ] {
        let planned = plan(transform, params, 300, 80).expect("a plan");
        assert_eq!((planned.output, planned.region), (Some(Size::new(80, 80)), None), "{transform}");
        let made = PLUGIN.run(transform, params, picture.clone()).expect("a picture");
        let red = made.pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[0] > 180 && pixel[1] < 80).count();
        assert!(red >= 38 * 38, "{transform}: {red} red pixels");
    }
    let planned = plan("resize", r#"{"width": 30, "height": 30, "mode": "fill", "gravity": "auto"}"#, 4000, 3000);
    assert_eq!(planned.expect("a plan").enough, Some(Size::new(48, 36)));
}

#[test]
fn pad_finds_its_canvas() {
    let cases = [
        ("{}", (7, 5), (7, 5)),
        (r#"{"aspect_ratio": 1}"#, (720, 540), (720, 720)),
        (r#"{"aspect_ratio": "16:9"}"#, (100, 100), (178, 100)),
        (r#"{"aspect_ratio": "2:1", "width": 300}"#, (100, 100), (300, 150)),
        (r#"{"width": "150%"}"#, (101, 50), (152, 50)),
        (r#"{"left": 3, "top": 4, "right": 5, "bottom": 6}"#, (10, 20), (18, 30)),
        (r#"{"left": "10%"}"#, (25, 20), (28, 20)),
        (r#"{"width": 50, "height": 50, "if_larger": "grow"}"#, (100, 20), (100, 50)),
    ];
    check_all("pad", &cases);
}

#[test]
fn rotate_has_three_canvases_and_may_be_for_some_pictures_only() {
    let cases = [
        (r#"{"angle_deg": 90, "canvas": "keep"}"#, (30, 20), (30, 20)),
        (r#"{"angle_deg": 90, "canvas": "inside"}"#, (30, 20), (20, 30)),
        (r#"{"angle_deg": 30, "canvas": "keep"}"#, (30, 20), (30, 20)),
        (r#"{"angle_deg": 89, "canvas": "keep"}"#, (300, 20), (300, 20)),
        (r#"{"angle_deg": 30}"#, (97, 61), (115, 101)), // 114.5 x 101.3
        (r#"{"angle_deg": 45}"#, (100, 100), (141, 141)),
        (r#"{"angle_deg": 45, "canvas": "inside"}"#, (101, 101), (71, 71)), // 100 / sqrt 2, and one
        (r#"{"only": "landscape"}"#, (30, 20), (20, 30)),
        (r#"{"only": "landscape"}"#, (20, 30), (20, 30)),
        (r#"{"only": "portrait"}"#, (20, 30), (30, 20)),
        (r#"{"only": "portrait"}"#, (20, 20), (20, 20)),
    ];
    check_all("rotate", &cases);
}

#[test]
fn the_inside_of_a_turned_picture_shows_no_background() {
    for (width, height) in [(90, 60), (60, 90), (200, 9), (50, 50)] {
        for angle in [1.0, 17.0, 45.0, 60.0, 89.0, 100.0, -33.0, 179.5] {
            let params = format!(r##"{{"angle_deg": {angle}, "canvas": "inside", "background": "black"}}"##);
            let picture = Image::filled(Size::new(width, height), Gray8, &[200]);
            let made = PLUGIN.run("rotate", &params, picture).expect("a picture");
            if made.width > 1 && made.height > 1 {
                assert!(made.pixels.iter().all(|value| *value == 200), "{width}x{height} {params}: {}", made.size());
            }
        }
    }
}

#[test]
fn bent_pictures_have_the_stated_canvas() {
    check_all(
        "shear",
        &[
            (r#"{"x_deg": 45}"#, (30, 20), (50, 20)),
            (r#"{"x_deg": -45}"#, (30, 20), (50, 20)),
            (r#"{"x_deg": 0, "y_deg": 45}"#, (30, 20), (30, 50)),
            (r#"{"x_deg": 45, "y_deg": -45}"#, (30, 20), (50, 70)),
            (r#"{"x_deg": 0}"#, (30, 20), (30, 20)),
        ],
    );
    check_all(
        "distort",
        &[
            (r#"{"corners": [0, 0, 40, 10, 40, 50, 0, 60]}"#, (30, 20), (40, 60)),
            (r#"{"corners": [-10, 5, 40.4, 10, 40, 50, 0, 60]}"#, (30, 20), (50, 55)),
            // Half a circle: middle radius 314 / pi = 100; inner 90, outer 110.
            (r#"{"arc_deg": 180}"#, (314, 20), (220, 110)),
            (r#"{"arc_deg": 360}"#, (628, 20), (220, 220)),
        ],
    );
    check_all("rounded_corners", &[(r#"{"shape": "ellipse"}"#, (31, 17), (31, 17))]);
    check_all(
        "liquid_rescale",
        &[
            (r#"{"width": 20}"#, (30, 20), (20, 20)),
            (r#"{"width": "200%", "height": 7}"#, (30, 20), (60, 7)),
            (r#"{"height": 90, "max_step_px": 0}"#, (30, 20), (30, 90)),
        ],
    );
}

#[test]
fn calls_that_contradict_themselves_are_refused() {
    let cases = [
        (
            "resize",
            r#"{"scale": 2, "width": 3}"#,
            "scale: is given with width, height or aspect_ratio, expected either it or them",
        ),
        (
            "resize",
            r#"{"width": 2, "height": 3, "aspect_ratio": 1}"#,
            "aspect_ratio: is given with width and height, expected at most one of them beside it",
        ),
        ("resize", r#"{"aspect_ratio": 1}"#, "width, height and scale are all missing, expected at least one of them"),
        (
            "resize",
            r#"{"width": 9, "mode": "limit", "only": "enlarge"}"#,
            "only: is \"enlarge\" with mode limit, expected a mode that can enlarge",
        ),
        (
            "resize",
            r#"{"width": 9, "height": 9, "mode": "fill", "gravity": "point", "x": 1}"#,
            "gravity: is \"point\" without x and y, expected both",
        ),
        (
            "crop",
            r#"{"width": 9, "height": 9, "gravity": "auto", "x": 1}"#,
            "gravity: is \"auto\" with x or y, expected neither",
        ),
        ("crop", r#"{"width": "x"}"#, "width: is \"x\", expected whole pixels or a percentage from 0% to 10000%"),
        ("crop", r#"{"width": 50, "x": -50}"#, "x: is -50, expected a whole number from -49 to 199"),
        ("crop", r#"{"width": 50, "gravity": "east", "x": 200}"#, "x: is 200, expected a whole number from -49 to 199"),
        (
            "pad",
            r#"{"left": 1, "width": 300}"#,
            "left, top, right and bottom are given with a canvas or an offset, expected either these or those",
        ),
        ("distort", "{}", "corners and arc_deg are both missing, expected one of them"),
        (
            "distort",
            r#"{"corners": [0, 0, 10, 10, 10, 0, 0, 10]}"#,
            "corners: are [0.0, 0.0, 10.0, 10.0, 10.0, 0.0, 0.0, 10.0], \
             expected the four corners of a convex quadrangle",
        ),
        ("distort", r#"{"corners": [1, 2]}"#, "corners: is [1,2], expected a list of 8 to 8 entries"),
        ("liquid_rescale", "{}", "width and height are both missing, expected at least one of them"),
        ("shear", r#"{"x_deg": 90}"#, "x_deg: is 90, expected a number from -89 to 89"),
    ];
    for (transform, params, expected) in cases {
        check_refusal(transform, params, expected);
    }
    let refused = plan("liquid_rescale", r#"{"width": 2000}"#, 4000, 3000).expect_err("a refusal");
    let expected = "4000 x 3000 px to 2000 x 3000 px would visit 24000000000 pixels, over the limit of 2147483648; \
                    resize first";
    assert_eq!(refused, expected);
    assert!(plan("liquid_rescale", r#"{"width": 1}"#, 1000, 1000).is_ok());
}

#[test]
fn a_part_that_fill_does_not_scale_has_the_picture_s_own_pixels() {
    let picture = numbered(21, 13, Rgba8);
    let fill = r#"{"width": 10, "height": 99, "mode": "fill", "only": "shrink"}"#;
    let cut = r#"{"width": 10, "height": 13}"#;
    let made = PLUGIN.run("resize", fill, picture.clone()).expect("a picture");
    let opaque = |image: Image| safelight_sdk::to_format(image, Gray8).pixels;
    assert_eq!(made.size(), Size::new(10, 13));
    // Transparent pixels lose their colour when pixels are mixed; over white they are alike within a level.
    let expected = PLUGIN.run("crop", cut, picture).expect("a picture");
    let apart = opaque(made).iter().zip(opaque(expected)).map(|(one, other)| one.abs_diff(other)).max();
    assert!(apart <= Some(1), "{apart:?}");
}
