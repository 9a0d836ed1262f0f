//! What the transforms show.

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, Size};

use super::gray;
use crate::PLUGIN;

fn run(transform: &str, params: &str, image: Image) -> Image {
    PLUGIN.run(transform, params, image).unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"))
}

#[test]
fn pad_lies_where_sides_and_offsets_say() {
    let dot = gray(1, 1, &[7]);
    let pad = |params: &str| run("pad", params, dot.clone()).pixels;
    assert_eq!(pad(r#"{"left": 2, "right": 1, "background": "black"}"#), [0, 0, 7, 0]);
    assert_eq!(pad(r#"{"bottom": 2, "background": "black"}"#), [7, 0, 0]);
    assert_eq!(pad(r#"{"width": 4, "gravity": "east", "x": 1, "background": "black"}"#), [0, 0, 7, 0]);
    assert_eq!(pad(r#"{"width": 4, "gravity": "west", "x": 9, "background": "black"}"#), [0, 0, 0, 7]);
}

#[test]
fn pad_takes_its_backdrop_from_the_picture() {
    let picture = gray(3, 3, &[20, 20, 20, 20, 90, 20, 20, 20, 20]);
    assert_eq!(run("pad", r#"{"left": 1, "backdrop": "border_color"}"#, picture).pixel(0, 0), [20]);
    let picture = gray(4, 3, &[20, 20, 20, 90, 20, 90, 90, 90, 90, 90, 90, 90]);
    assert_eq!(run("pad", r#"{"left": 1, "backdrop": "predominant_color"}"#, picture).pixel(0, 0), [90]);
    let picture = Image::filled(Size::new(8, 4), Rgb8, &[100, 50, 0]);
    let params = r#"{"aspect_ratio": 1, "backdrop": "blurred", "blur_brightness": -0.5}"#;
    let made = run("pad", params, picture);
    assert_eq!((made.size(), made.format), (Size::new(8, 8), Rgb8));
    assert_eq!((made.pixel(3, 0), made.pixel(3, 3)), (&[50, 25, 0][..], &[100, 50, 0][..]));
    let clear = Image::filled(Size::new(2, 2), Rgba8, &[0, 0, 0, 0]);
    let made = run("pad", r#"{"left": 1, "backdrop": "border_color"}"#, clear);
    assert_eq!((made.pixel(0, 0), made.pixel(1, 0)), (&[255; 4][..], &[0; 4][..]));
}

#[test]
fn rotate_keeps_the_middle_on_every_canvas() {
    let mut picture = Image::filled(Size::new(31, 21), Gray8, &[50]);
    picture.pixels[10 * 31 + 15] = 250;
    for canvas in ["keep", "inside"] {
        let params = format!(r##"{{"angle_deg": 180.5, "canvas": "{canvas}", "background": "black"}}"##);
        let made = run("rotate", &params, picture.clone());
        assert!(made.pixel(made.width / 2, made.height / 2)[0] > 200, "{canvas}");
    }
    let made = run("rotate", r#"{"canvas": "keep", "background": "black"}"#, gray(3, 1, &[1, 2, 3]));
    assert_eq!(made.pixels, [0, 2, 0]);
}

#[test]
fn round_corners_are_clear_or_of_the_background() {
    let picture = Image::filled(Size::new(20, 20), Rgb8, &[9, 8, 7]);
    let made = run("rounded_corners", r#"{"radius": 8}"#, picture.clone());
    assert_eq!((made.format, made.pixel(0, 0), made.pixel(10, 0)), (Rgba8, &[0; 4][..], &[9, 8, 7, 255][..]));
    let made = run("rounded_corners", r#"{"radius": 0, "bottom_right": "40%", "background": "red"}"#, picture.clone());
    assert_eq!((made.format, made.pixel(0, 0), made.pixel(19, 19)), (Rgb8, &[9, 8, 7][..], &[255, 0, 0][..]));
    let made = run("rounded_corners", r#"{"shape": "ellipse", "radius": 0}"#, picture);
    assert_eq!((made.pixel(1, 1)[3], made.pixel(10, 0)[3] > 200), (0, true));
    let gray = run("rounded_corners", r#"{"background": "white"}"#, gray(2, 2, &[1, 2, 3, 4]));
    assert_eq!(gray.format, Gray8);
}

#[test]
fn shear_slides_rows_and_then_columns() {
    let picture = gray(3, 2, &[10, 20, 30, 40, 50, 60]);
    // 45 degrees: half a pixel in the first row, three halves in the second.
    let made = run("shear", r#"{"x_deg": 45, "background": "black"}"#, picture.clone());
    assert_eq!((made.size(), made.pixels), (Size::new(5, 2), vec![5, 15, 25, 15, 0, 0, 20, 45, 55, 30]));
    let made = run("shear", r#"{"x_deg": -45, "background": "black"}"#, picture.clone());
    assert_eq!(made.pixels, [0, 5, 15, 25, 15, 20, 45, 55, 30, 0]);
    let made = run("shear", r#"{"x_deg": 0, "y_deg": 45, "background": "black"}"#, gray(1, 1, &[100]));
    assert_eq!((made.size(), made.pixels), (Size::new(1, 2), vec![50, 50]));
    let made = run("shear", r#"{"x_deg": 0, "background": "black"}"#, picture.clone());
    assert_eq!(made, picture);
}

#[test]
fn distort_moves_corners() {
    let picture = gray(2, 2, &[10, 20, 30, 40]);
    // The same corners one further: a quarter turn clockwise.
    let made = run("distort", r#"{"corners": [2, 0, 2, 2, 0, 2, 0, 0], "background": "black"}"#, picture.clone());
    assert_eq!(made.pixels, [30, 10, 40, 20]);
    let made = run("distort", r#"{"corners": [-2, 0, 0, 0, 0, 2, -2, 2], "background": "black"}"#, picture);
    assert_eq!(made.pixels, [10, 20, 30, 40]);
    let striped = gray(200, 20, &[[200; 2000], [60; 2000]].concat());
    let made = run("distort", r#"{"arc_deg": 90, "background": "black"}"#, striped);
    let middle = made.width / 2;
    assert_eq!((made.pixel(middle, 5), made.pixel(middle, 15), made.pixel(0, 0)), (&[200][..], &[60][..], &[0][..]));
}

#[test]
fn deskew_turns_a_page_straight() {
    let page: Vec<u8> = (0..300 * 200).map(|i| if i / 300 % 20 < 8 { 10 } else { 250 }).collect();
    let straight = gray(300, 200, &page);
    assert_eq!(run("deskew", "{}", straight.clone()), straight);
    for angle in [-6.0, 2.5, 9.0] {
        let turned = run("rotate", &format!(r#"{{"angle_deg": {angle}, "background": "white"}}"#), straight.clone());
        let made = run("deskew", "{}", turned.clone());
        let back = run("rotate", &format!(r#"{{"angle_deg": {}, "background": "white"}}"#, -angle), turned);
        assert!(made.width.abs_diff(back.width) <= 1 && made.height.abs_diff(back.height) <= 1, "{angle}");
        // Rows are level: along the middle columns each row has one value.
        let middle = (made.width / 2 - 60, made.width / 2 + 60);
        let level = (made.height / 2 - 40..made.height / 2 + 40)
            .filter(|y| made.pixel(middle.0, *y)[0].abs_diff(made.pixel(middle.1, *y)[0]) < 60)
            .count();
        assert!(level > 70, "{angle}: {level} of 80 rows");
    }
}

#[test]
fn liquid_rescale_takes_the_plain_and_keeps_the_striking() {
    let busy = |i: usize| (20..30).contains(&(i % 50));
    let pixels: Vec<u8> = (0..50 * 12).map(|i| if busy(i) { 60 + (i * 7919 % 190) as u8 } else { 20 }).collect();
    for (params, width) in
        [(r#"{"width": 30}"#, 30), (r#"{"width": 70}"#, 70), (r#"{"width": 30, "rigidity": 50}"#, 30)]
    {
        let made = run("liquid_rescale", params, gray(50, 12, &pixels));
        for row in made.rows() {
            assert_eq!((row.len(), row.iter().filter(|value| **value >= 60).count()), (width, 10), "{params}");
        }
    }
}
