//! The transforms that smooth and sharpen by what they see.

use safelight_sdk::Image;
use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};

use super::run;

fn speck() -> Image {
    let mut pixels = vec![100; 49];
    pixels[24] = 255;
    Image::new(7, 7, Gray8, pixels)
}

#[test]
fn median_takes_a_speck_away_at_every_radius() {
    for radius in [1, 2, 5] {
        let made = run("median", &format!(r#"{{"radius_px": {radius}}}"#), speck());
        assert_eq!(made.pixels, [100; 49], "radius {radius}");
    }
    assert_eq!(run("median", r#"{"radius_px": 0}"#, speck()), speck());
}

#[test]
fn median_of_colours_does_not_show_what_is_transparent() {
    let mut pixels = [200, 10, 10, 255].repeat(25);
    pixels[..40].copy_from_slice(&[0, 255, 0, 0].repeat(10));
    let made = run("median", "{}", Image::new(5, 5, Rgba8, pixels));
    for pixel in made.pixels.chunks_exact(4) {
        assert!(pixel[3] == 0 || pixel == [200, 10, 10, 255], "{pixel:?}");
    }
}

#[test]
fn despeckle_moves_a_speck_towards_its_neighbours() {
    let made = run("despeckle", "{}", speck());
    assert!(made.pixels[24] < 255 && made.pixels[0] == 100, "{:?}", made.pixels);
}

#[test]
fn enhance_and_bilateral_smooth_small_differences_only() {
    let noisy = |step: u8| -> Image {
        let pixels = (0..200).map(|index| if index % 20 < 10 { 60 } else { 60 + step } + index as u8 % 2 * 6);
        Image::new(20, 10, Gray8, pixels.collect())
    };
    for transform in ["enhance", "bilateral"] {
        let made = run(transform, "{}", noisy(130));
        let row = &made.pixels[100..120];
        assert!(row[3..9].iter().all(|value| (61..=65).contains(value)), "{transform}: {row:?}");
        assert!(row[12..17].iter().all(|value| (191..=195).contains(value)), "{transform}: {row:?}");
    }
}

#[test]
fn adaptive_filters_tell_edges_from_flat_parts() {
    let step: Vec<u8> = (0..300).map(|index| if index % 30 < 15 { 60 } else { 160 } + index as u8 % 2 * 4).collect();
    let image = Image::new(30, 10, Gray8, step.clone());
    let blurred = run("adaptive_blur", r#"{"sigma_px": 2}"#, image.clone());
    assert!(blurred.pixels[154..=155].iter().all(|value| (61..=63).contains(value)), "{:?}", blurred.pixels);
    assert!(blurred.pixels[165] - blurred.pixels[164] > 85, "{:?}", &blurred.pixels[150..180]);
    let sharpened = run("adaptive_sharpen", r#"{"amount": 2}"#, image.clone());
    assert!(sharpened.pixels[165] > 170 && sharpened.pixels[164] < 55, "{:?}", &sharpened.pixels[150..180]);
    assert!(sharpened.pixels[153].abs_diff(step[153]) <= 1);
    assert_eq!(run("adaptive_sharpen", r#"{"amount": 0}"#, image).pixels, step);
}

#[test]
fn motion_blur_follows_its_angle() {
    let mut pixels = vec![0; 49];
    pixels[24] = 210;
    let image = Image::new(7, 7, Gray8, pixels);
    let made = run("motion_blur", r#"{"length_px": 3}"#, image.clone());
    assert_eq!(made.pixels[21..28], [0, 0, 70, 70, 70, 0, 0]);
    let made = run("motion_blur", r#"{"length_px": 3, "angle_deg": -90}"#, image.clone());
    assert_eq!([made.pixels[10], made.pixels[17], made.pixels[24], made.pixels[31]], [0, 70, 70, 70]);
    assert_eq!(run("motion_blur", r#"{"length_px": 1}"#, image.clone()), image);
}

#[test]
fn morphology_does_each_operation() {
    let image = Image::new(5, 1, Gray8, vec![10, 10, 200, 10, 10]);
    let cases =
        [("dilate", [10, 200, 200, 200, 10]), ("erode", [10; 5]), ("open", [10; 5]), ("close", [10, 10, 200, 10, 10])];
    for (operation, expected) in cases {
        let made = run("morphology", &format!(r#"{{"operation": "{operation}"}}"#), image.clone());
        assert_eq!(made.pixels, expected, "{operation}");
    }
}

#[test]
fn convolve_divides_by_the_sum_unless_told() {
    let image = Image::new(3, 1, Rgb8, vec![10, 0, 0, 20, 0, 0, 60, 0, 0]);
    let reds =
        |params: &str| -> Vec<u8> { run("convolve", params, image.clone()).pixels.into_iter().step_by(3).collect() };
    assert_eq!(reds(r#"{"matrix": [0,0,0,1,1,1,0,0,0]}"#), [13, 30, 47]);
    assert_eq!(reds(r#"{"matrix": [0,0,0,1,1,1,0,0,0], "divisor": 2, "bias": 5}"#), [25, 50, 75]);
    assert_eq!(reds(r#"{"matrix": [0,0,0,-1,0,1,0,0,0], "bias": 100}"#), [110, 150, 140]);
}

#[test]
fn convolve_keeps_alpha_when_asked() {
    let pixels = vec![100, 100, 100, 255, 100, 100, 100, 0];
    let image = Image::new(2, 1, Rgba8, pixels);
    let params = |keep: bool| format!(r#"{{"matrix": [0,0,0,1,2,1,0,0,0], "preserve_alpha": {keep}}}"#);
    let alphas = |image: Image| [image.pixels[3], image.pixels[7]];
    assert_eq!(alphas(run("convolve", &params(true), image.clone())), [255, 0]);
    assert_eq!(alphas(run("convolve", &params(false), image)), [191, 64]);
}
