//! The transforms that make another kind of picture.

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, Size};

use super::run;

/// A bright square on a dark ground, 40 x 40.
fn square() -> Image {
    let bright = |at: usize| (12..28).contains(&at);
    let pixels = (0..1600).map(|index| if bright(index % 40) && bright(index / 40) { 200 } else { 60 });
    Image::new(40, 40, Gray8, pixels.collect())
}

fn at(image: &Image, x: u32, y: u32) -> u8 {
    image.pixel(x, y)[0]
}

#[test]
fn edge_shows_the_outline_alone() {
    for (params, expected) in
        [("{}", 255), (r#"{"kind": "laplacian", "strength": 0.25}"#, 105), (r#"{"strength": 0.25}"#, 140)]
    {
        let made = run("edge", params, square());
        assert_eq!((at(&made, 12, 20), at(&made, 20, 20), at(&made, 5, 5)), (expected, 0, 0), "{params}");
    }
}

#[test]
fn emboss_lights_the_side_towards_the_light() {
    let made = run("emboss", r#"{"angle_deg": 180}"#, square());
    // The light comes from the left: the left side, where the ground rises to the right, is bright.
    assert!(at(&made, 12, 20) > 190 && at(&made, 27, 20) < 70, "{} {}", at(&made, 12, 20), at(&made, 27, 20));
    assert_eq!((at(&made, 20, 20), at(&made, 20, 12)), (128, 128));
    let made = run("emboss", "{}", Image::filled(Size::new(4, 4), Rgba8, &[9, 99, 199, 100]));
    assert_eq!(made.pixels, [128, 128, 128, 100].repeat(16));
}

#[test]
fn charcoal_and_sketch_draw_on_white() {
    let made = run("charcoal", "{}", square());
    assert!(at(&made, 12, 20) < 100 && at(&made, 20, 20) > 240, "{} {}", at(&made, 12, 20), at(&made, 20, 20));
    let made = run("sketch", r#"{"strength": 1}"#, square());
    assert!(made.pixels.iter().zip(&square().pixels).all(|(made, before)| made >= before));
    assert_ne!(made, run("sketch", r#"{"strength": 1, "seed": 1}"#, square()));
    assert_ne!(made, run("sketch", r#"{"strength": 1, "angle_deg": 90}"#, square()));
    assert_eq!(run("sketch", r#"{"strength": 0}"#, square()), square());
}

#[test]
fn oil_paint_flattens_to_the_most_frequent_brightness() {
    let mut image = square();
    image.pixels[20 * 40 + 20] = 10;
    let made = run("oil_paint", r#"{"radius_px": 2}"#, image.clone());
    assert_eq!(at(&made, 20, 20), 200);
    assert_eq!(run("oil_paint", r#"{"radius_px": 0}"#, image.clone()), image);
}

#[test]
fn cartoonify_draws_lines_and_reduces_colours() {
    let made = run("cartoonify", r#"{"line": 1, "reduction": 1}"#, square());
    assert_eq!((at(&made, 20, 20), at(&made, 3, 3)), (255, 0));
    let plain = run("cartoonify", r#"{"line": 0, "reduction": 0}"#, square());
    let lined = run("cartoonify", r#"{"line": 1, "reduction": 0}"#, square());
    assert!(at(&plain, 11, 20) > 50 && at(&lined, 11, 20) < 20, "{} {}", at(&plain, 11, 20), at(&lined, 11, 20));
    let made = run("cartoonify", r#"{"line": 0, "black_and_white": true}"#, square());
    assert!(made.pixels.iter().all(|value| *value == 0 || *value == 255));
}

#[test]
fn vignette_fades_to_its_colour_and_keeps_the_middle() {
    let image = Image::filled(Size::new(80, 60), Rgb8, &[200, 150, 100]);
    let made = run("vignette", r##"{"color": "#ff0000", "sigma": 3}"##, image.clone());
    assert_eq!((made.pixel(40, 30), made.pixel(0, 0)), (&[200, 150, 100][..], &[255, 0, 0][..]));
    assert_eq!(run("vignette", r#"{"strength": 0}"#, image.clone()), image);
    let half = run("vignette", r#"{"strength": 0.5, "sigma": 3}"#, image.clone());
    assert_eq!(half.pixel(0, 0), [100, 75, 50]);
    // Percent of the width, of the height, and of the shorter side.
    let percent = run("vignette", r#"{"x": "25%", "y": "10%", "sigma": "5%"}"#, image.clone());
    assert_eq!(percent, run("vignette", r#"{"x": 20, "y": 6, "sigma": 3}"#, image));
}

#[test]
fn vignette_gives_gray_pictures_colour_and_alpha_only_when_it_has_them() {
    let gray = Image::filled(Size::new(30, 30), Gray8, &[200]);
    for (color, format) in [("#808080", Gray8), ("red", Rgb8), ("transparent", Rgba8), ("#00000080", Rgba8)] {
        let made = run("vignette", &format!(r#"{{"color": "{color}"}}"#), gray.clone());
        assert_eq!(made.format, format, "{color}");
    }
}

#[test]
fn noise_depends_on_the_seed_alone() {
    let image = Image::filled(Size::new(30, 30), Rgb8, &[100, 100, 100]);
    for kind in ["gaussian", "uniform", "impulse", "poisson"] {
        let made = |seed: u32| run("noise", &format!(r#"{{"kind": "{kind}", "seed": {seed}}}"#), image.clone());
        assert_eq!(made(1), made(1), "{kind}");
        assert!(made(1) != made(2) && made(1) != image, "{kind}");
    }
    let made = run("noise", r#"{"gray": true}"#, image);
    assert!(made.pixels.as_chunks::<3>().0.iter().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}
