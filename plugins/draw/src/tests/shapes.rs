//! Lines, shapes, gradients, fills.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, PixelFormat, Size};

use super::{gray, refusal, run};

/// The sum of all bytes, in whole pixels of white.
fn ink(image: &Image) -> f64 {
    image.pixels.iter().map(|value| f64::from(*value)).sum::<f64>() / 255.0
}

#[test]
fn a_line_along_pixel_centres_is_sharp() {
    let made = run("line", r#"{"x1": 1, "y1": 1.5, "x2": 4, "y2": 1.5}"#, gray(5, 3, 0));
    assert_eq!(made.pixels, [0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0]);
    // Between centres it covers half of two rows.
    let made = run("line", r#"{"x1": 0, "y1": 1, "x2": 2, "y2": 1}"#, gray(2, 2, 0));
    assert_eq!(made.pixels, [128; 4]);
    let made = run("line", r#"{"x1": 0, "y1": 1, "x2": 2, "y2": 1, "antialias": false, "width_px": 3}"#, gray(2, 4, 0));
    assert_eq!(made.pixels, [255, 255, 255, 255, 255, 255, 0, 0]);
}

#[test]
fn caps_lengthen_a_line_as_they_say() {
    let length = |cap: &str| {
        let params = format!(r#"{{"x1": 20, "y1": 20, "x2": 40, "y2": 20, "width_px": 10, "cap": "{cap}"}}"#);
        ink(&run("line", &params, gray(60, 40, 0)))
    };
    assert!((length("butt") - 200.0).abs() < 0.5, "{}", length("butt"));
    assert!((length("square") - 300.0).abs() < 0.5, "{}", length("square"));
    let round = 200.0 + std::f64::consts::PI * 25.0;
    assert!((length("round") - round).abs() < 0.5, "{} {round}", length("round"));
}

#[test]
fn a_rectangle_covers_its_area_and_its_outline_lies_half_on_each_side() {
    let made = run("rectangle", r#"{"x": 1, "y": 1, "width": 2, "height": 1}"#, gray(4, 3, 0));
    assert_eq!(made.pixels, [0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0]);
    let params = r##"{"x": 2, "y": 2, "width": 4, "height": 4, "fill_color": "#808080", "stroke_width_px": 2}"##;
    let made = run("rectangle", params, gray(8, 8, 0));
    assert_eq!(
        (made.pixel(0, 4), made.pixel(1, 4), made.pixel(2, 4), made.pixel(3, 4)),
        (&[0][..], &[255][..], &[255][..], &[128][..])
    );
    // The whole picture when nothing is said.
    assert_eq!(run("rectangle", "{}", gray(3, 2, 7)).pixels, [255; 6]);
    assert_eq!(refusal("rectangle", r#"{"x": 10}"#), "x: is 10, expected less than 10 when width is not given");
}

#[test]
fn rounded_corners_take_away_what_an_ellipse_leaves_of_its_box() {
    let params = r#"{"x": 10, "y": 10, "width": 100, "height": 60, "corner_width_px": 20, "corner_height_px": 10}"#;
    let made = ink(&run("rectangle", params, gray(120, 80, 0)));
    let expected = 6000.0 - (4.0 - std::f64::consts::PI) * 20.0 * 10.0;
    assert!((made - expected).abs() < 2.0, "{made} {expected}");
    // Corners that are too large make an ellipse.
    let params = r#"{"x": 10, "y": 10, "width": 100, "height": 60, "corner_width_px": 60000}"#;
    let most = run("rectangle", params, gray(120, 80, 0));
    let params = r#"{"center_x": 60, "center_y": 40, "radius_x_px": 50, "radius_y_px": 30}"#;
    assert_eq!(most.pixels, run("ellipse", params, gray(120, 80, 0)).pixels);
}

#[test]
fn an_ellipse_has_its_area_and_its_symmetry() {
    let params = r#"{"center_x": 40, "center_y": 30, "radius_x_px": 30, "radius_y_px": 20}"#;
    let made = run("ellipse", params, gray(80, 60, 0));
    let expected = std::f64::consts::PI * 600.0;
    assert!((ink(&made) - expected).abs() < 2.0, "{} {expected}", ink(&made));
    for row in made.rows() {
        let mirrored: Vec<u8> = row.iter().rev().copied().collect();
        assert!(row.iter().zip(&mirrored).all(|(a, b)| a.abs_diff(*b) <= 1));
    }
    let outline = r#"{"center_x": 40, "center_y": 30, "radius_x_px": 20, "radius_y_px": 20,
        "fill_color": "transparent", "stroke_width_px": 4}"#;
    let made = ink(&run("ellipse", outline, gray(80, 60, 0)));
    let expected = std::f64::consts::PI * (22.0 * 22.0 - 18.0 * 18.0);
    assert!((made - expected).abs() < 2.0, "{made} {expected}");
}

#[test]
fn polygons_follow_their_points_and_rule() {
    let made = run("polygon", r#"{"points": [[0, 0], [8, 0], [0, 8]]}"#, gray(8, 8, 0));
    assert!((ink(&made) - 32.0).abs() < 0.1);
    // A star of five points: its middle is inside twice.
    let star = |rule: &str| {
        let points = "[[50, 5], [76, 86], [7, 36], [93, 36], [24, 86]]";
        run("polygon", &format!(r#"{{"points": {points}, "fill_rule": "{rule}"}}"#), gray(100, 100, 0))
    };
    assert_eq!((star("non_zero").pixel(50, 50), star("even_odd").pixel(50, 50)), (&[255][..], &[0][..]));
    let line = run("polyline", r#"{"points": [[2, 2], [8, 2], [8, 8]], "width_px": 2}"#, gray(10, 10, 0));
    // Two arms of 6 x 2; the miter fills the corner, of which half is counted by each.
    assert!((ink(&line) - 24.0).abs() < 0.5, "{}", ink(&line));
    assert_eq!(refusal("polygon", r#"{"points": [[0, 0]]}"#), "points: has 1 entries, expected 3 to 4096");
    assert_eq!(refusal("polyline", "{}"), "points: has 0 entries, expected 2 to 4096");
    assert_eq!(
        refusal("polyline", r#"{"points": [[0, 0], [1e9, 0]]}"#),
        "points[1][0]: is 1000000000.0, expected a number from -65535 to 65535"
    );
}

#[test]
fn gradients_pass_through_their_stops() {
    let made = run("gradient", r#"{"angle_deg": 0}"#, gray(256, 1, 7));
    for (x, value) in made.pixels.iter().enumerate() {
        assert!((x as i32 - i32::from(*value)).abs() <= 1, "{x}: {value}");
    }
    let params = r##"{"shape": "radial", "radius_px": 10, "stops": [{"at": 0, "color": "white"},
        {"at": 0.5, "color": "white"}, {"at": 0.5, "color": "red"}, {"at": 1, "color": "red"}]}"##;
    let made = run("gradient", params, gray(40, 40, 7));
    assert_eq!(made.format, Rgb8);
    assert_eq!(
        (made.pixel(20, 20), made.pixel(27, 20), made.pixel(0, 0)),
        (&[255; 3][..], &[255, 0, 0][..], &[255, 0, 0][..])
    );
    // From a colour to nothing there is no dark in between.
    let params = r#"{"angle_deg": 0, "stops": [{"at": 0, "color": "white"}, {"at": 1, "color": "transparent"}]}"#;
    let clear = Image::filled(Size::new(9, 1), Rgba8, &[0; 4]);
    let made = run("gradient", params, clear);
    assert!(made.pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[..3] == [255; 3]), "{:?}", made.pixels);
    assert_eq!(
        refusal("gradient", r#"{"stops": [{"at": 0.5, "color": "red"}, {"at": 0.2, "color": "red"}]}"#),
        "stops[1].at: is 0.2, expected at least 0.5 as in the stop before"
    );
    assert_eq!(refusal("gradient", r#"{"stops": []}"#), "stops: has 0 entries, expected 2 to 64");
}

#[test]
fn fill_lies_over_or_behind() {
    let image = Image::new(2, 1, Rgba8, vec![100, 100, 100, 255, 9, 9, 9, 0]);
    let made = run("fill", r#"{"color": "red", "behind": true}"#, image.clone());
    assert_eq!((made.format, made.pixels), (Rgb8, vec![100, 100, 100, 255, 0, 0]));
    let made = run("fill", r#"{"color": "red", "opacity": 0.5}"#, image.clone());
    assert_eq!(made.pixels, [178, 50, 50, 255, 255, 0, 0, 128]);
    let made = run("fill", r#"{"color": "red", "opacity": 0.5, "behind": true}"#, image);
    assert_eq!(made.pixels, [100, 100, 100, 255, 255, 0, 0, 128]);
}

#[test]
fn a_canvas_has_the_least_format_that_shows_its_colour() {
    let nothing = || Image::new(0, 0, Rgba8, Vec::new());
    for (color, format, pixel) in
        [("white", Gray8, &[255][..]), ("red", Rgb8, &[255, 0, 0]), ("#11223344", Rgba8, &[0x11, 0x22, 0x33, 0x44])]
    {
        let made = run("canvas", &format!(r#"{{"width": 3, "height": 2, "color": "{color}"}}"#), nothing());
        assert_eq!((made.size(), made.format, made.pixel(2, 1)), (Size::new(3, 2), format, pixel));
    }
}

/// The bundled plugins may run without interruption checks, so every call has to end by itself.
#[test]
fn extremes_of_every_shape_end_soon_and_keep_the_size() {
    let points: Vec<String> = (0..4096)
        .map(|i| format!("[{}, {}]", (i * 7919) % 131_071 - 65_535, (i * 104_729) % 131_071 - 65_535))
        .collect();
    let points = points.join(",");
    let calls = [
        (
            "line",
            r#"{"x1": -65535, "y1": -65535, "x2": 65535, "y2": 65535, "width_px": 65535, "cap": "round"}"#.to_owned(),
        ),
        ("line", r#"{"x1": 5, "y1": 5, "x2": 5, "y2": 5, "cap": "square"}"#.to_owned()),
        ("rectangle", r#"{"width": 0, "height": 0, "stroke_width_px": 65535}"#.to_owned()),
        ("rectangle", r#"{"x": -65535, "width": 131070, "corner_width_px": 65535, "stroke_width_px": 100}"#.to_owned()),
        ("ellipse", r#"{"radius_x_px": 0, "radius_y_px": 65535, "stroke_width_px": 0.001}"#.to_owned()),
        ("ellipse", r#"{"radius_x_px": 65535, "radius_y_px": 65535, "stroke_width_px": 65535}"#.to_owned()),
        ("polygon", format!(r#"{{"points": [{points}], "stroke_width_px": 3, "fill_rule": "even_odd"}}"#)),
        ("polyline", format!(r#"{{"points": [{points}], "width_px": 65535, "join": "round", "cap": "round"}}"#)),
        ("gradient", r#"{"shape": "radial", "radius_px": 1, "spread": "reflect"}"#.to_owned()),
        ("gradient", r#"{"angle_deg": -360, "spread": "repeat", "opacity": 0}"#.to_owned()),
        ("fill", r#"{"opacity": 0}"#.to_owned()),
    ];
    let formats: [(PixelFormat, &[u8]); 3] = [(Gray8, &[200]), (Rgb8, &[1, 2, 255]), (Rgba8, &[9, 99, 199, 5])];
    for (transform, params) in &calls {
        for (width, height) in [(1, 1), (1, 65_535), (65_535, 1), (37, 41), (640, 480)] {
            for (format, pixel) in formats {
                let image = Image::filled(Size::new(width, height), format, pixel);
                let started = Instant::now();
                let made = run(transform, params, image.clone());
                let took = started.elapsed();
                assert!(took < Duration::from_secs(5), "{transform} {width}x{height} took {took:?}");
                assert_eq!((made.size(), made.format), (image.size(), format), "{transform} {width}x{height}");
            }
        }
    }
}
