//! What surrounds a picture.

use super::*;

#[test]
fn a_border_grows_the_picture() {
    let made = alone("border", r#"{"width_px": 1}"#, &gray(1, 2, &[100, 200]));
    assert_eq!((made.size(), made.format), (Size::new(3, 4), Gray8));
    assert_eq!(made.pixels, [0, 0, 0, 0, 100, 0, 0, 200, 0, 0, 0, 0]);
    let made = alone("border", r##"{"width_px": 1, "color": "#ff000080"}"##, &gray(1, 1, &[100]));
    let (frame, middle) = ([255, 0, 0, 128], [100, 100, 100, 255]);
    assert_eq!(made.pixels, [frame, frame, frame, frame, middle, frame, frame, frame, frame].concat());
    let picture = flat(3, 3, Rgb8, &[1, 2, 3]);
    assert_eq!(alone("border", r#"{"width_px": 0}"#, &picture), picture);
}

#[test]
fn a_round_border_has_no_seam() {
    for params in [
        r##"{"width_px": 7, "color": "#c86432", "radius_px": [9]}"##,
        r##"{"width_px": 3, "color": "#c86432", "radius_px": [0, 5, 30, 12]}"##,
        r##"{"width_px": 5, "color": "#c86432", "ellipse": true}"##,
    ] {
        let picture = flat(31, 23, Rgb8, &[200, 100, 50]);
        let made = alone("border", params, &picture);
        // One colour inside and in the border: whatever shows has that colour, and only the outer edge is soft.
        let soft = alphas(&made).iter().filter(|alpha| (1..255).contains(*alpha)).count();
        assert!(soft < 150, "{params}: {soft}");
        for pixel in made.pixels.as_chunks::<4>().0 {
            assert!(pixel[3] == 0 || pixel[..3] == [200, 100, 50], "{params}: {pixel:?}");
        }
        let middle = made.pixel(made.width / 2, made.height / 2);
        assert_eq!(middle, [200, 100, 50, 255]);
    }
}

#[test]
fn the_radius_is_that_of_the_picture() {
    let picture = flat(40, 40, Rgb8, &[255, 255, 255]);
    let made = alone("border", r#"{"width_px": 10, "color": "red", "radius_px": [20]}"#, &picture);
    // The picture is a circle of radius 20, the border one of radius 30.
    let area = |test: &dyn Fn(&[u8; 4]) -> f64| made.pixels.as_chunks::<4>().0.iter().map(test).sum::<f64>();
    let whole = area(&|pixel| f64::from(pixel[3]) / 255.0);
    assert!((whole - std::f64::consts::PI * 900.0).abs() < 10.0, "{whole}");
    let white = area(&|pixel| f64::from(pixel[1]) / 255.0 * f64::from(pixel[3]) / 255.0);
    assert!((white - std::f64::consts::PI * 400.0).abs() < 10.0, "{white}");
    let sharp = alone("border", r#"{"width_px": 2, "radius_px": [0, 0]}"#, &picture);
    assert_eq!((sharp.format, sharp.pixel(0, 0)), (Rgb8, &[0, 0, 0][..]));
}

/// A white square of 4 x 4 pixels in the middle of 10 x 10 transparent ones.
fn square() -> Image {
    let mut image = flat(10, 10, Rgba8, &[0; 4]);
    for (index, pixel) in image.pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        if (3..7).contains(&(index % 10)) && (3..7).contains(&(index / 10)) {
            *pixel = [255; 4];
        }
    }
    image
}

#[test]
fn an_outline_is_as_wide_as_asked() {
    let made = alone("outline", r#"{"width_px": 2, "color": "red"}"#, &square());
    assert_eq!(made.size(), Size::new(14, 14));
    let row: Vec<&[u8]> = (0..14).map(|x| made.pixel(x, 6)).collect();
    for (x, pixel) in row.into_iter().enumerate() {
        let expected: [u8; 4] = match x {
            3 | 4 | 9 | 10 if x < 5 => [255, 0, 0, 255],
            5..=8 => [255; 4],
            9 | 10 => [255, 0, 0, 255],
            _ => [0; 4],
        };
        let found = if pixel[3] == 0 { [0; 4] } else { [pixel[0], pixel[1], pixel[2], pixel[3]] };
        assert_eq!(found, expected, "{x}");
    }
    // A round corner: the pixel at the distance of two diagonals is beyond the width.
    assert_eq!(made.pixel(3, 3)[3], (255.0 * (3.0 - 8f64.sqrt())).round() as u8);
    let filled = alone("outline", r#"{"width_px": 2, "color": "red", "mode": "fill"}"#, &square());
    assert_eq!(alphas(&filled), alphas(&made));
    assert_eq!(filled.pixel(7, 7), [255, 0, 0, 255]);
}

#[test]
fn an_inner_outline_stays_inside() {
    let made = alone("outline", r#"{"width_px": 1, "color": "red", "mode": "inner"}"#, &square());
    assert_eq!(alphas(&made), alphas(&square()));
    assert_eq!(
        [made.pixel(3, 5), made.pixel(4, 5), made.pixel(3, 3)],
        [&[255, 0, 0, 255][..], &[255, 255, 255, 255], &[255, 0, 0, 255]]
    );
    let filled = alone("outline", r#"{"color": "red", "mode": "inner_fill"}"#, &square());
    assert_eq!(alphas(&filled), alphas(&square()));
    assert_eq!(filled.pixel(5, 5), [255, 0, 0, 255]);
    // The edge of an opaque picture is its own.
    let made = alone("outline", r#"{"width_px": 1, "mode": "inner"}"#, &flat(3, 3, Gray8, &[200]));
    let values: Vec<u8> = made.pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[0]).collect();
    assert_eq!(values, [0, 0, 0, 0, 200, 0, 0, 0, 0]);
}

#[test]
fn a_sharp_shadow_is_the_shape_moved() {
    let params = r#"{"x_px": 2, "y_px": -1, "sigma_px": 0, "color": "blue", "opacity": 1}"#;
    let made = alone("shadow", params, &flat(2, 2, Rgb8, &[255, 0, 0]));
    assert_eq!(made.size(), Size::new(4, 3));
    let (r, b, n) = ([255, 0, 0, 255], [0, 0, 255, 255], [0; 4]);
    let shown: Vec<[u8; 4]> =
        made.pixels.as_chunks::<4>().0.iter().map(|pixel| if pixel[3] == 0 { n } else { *pixel }).collect();
    assert_eq!(shown, [n, n, b, b, r, r, b, b, r, r, n, n]);
}

#[test]
fn a_shadow_grows_the_canvas_or_is_cut() {
    let picture = flat(20, 10, Rgb8, &[255, 255, 255]);
    let grown = alone("shadow", r#"{"x_px": 5, "y_px": -20, "sigma_px": 2, "spread_px": 1}"#, &picture);
    // The reach is 3 * 2 + 1.
    assert_eq!(grown.size(), Size::new(20 + 2 + 12, 10 + 27));
    assert_eq!(grown.pixel(2, 27), [255; 4]);
    let kept = alone("shadow", r#"{"canvas": "keep"}"#, &square());
    let (whole, place) = (alone("shadow", "{}", &square()), 6);
    for y in 0..10 {
        for x in 0..10 {
            assert_eq!(kept.pixel(x, y), whole.pixel(x + place, y + place), "{x} {y}");
        }
    }
    // Far away nothing is seen; the sum of a blurred shadow is that of the shape.
    let soft = alone("shadow", r#"{"x_px": 100, "y_px": 0, "sigma_px": 5, "opacity": 1}"#, &square());
    let sum: u32 = alphas(&soft).iter().map(|alpha| u32::from(*alpha)).sum();
    assert!(sum.abs_diff(2 * 16 * 255) < 16 * 255 / 10, "{sum}");
}

#[test]
fn a_polaroid_has_a_frame_and_a_shadow() {
    let picture = flat(100, 80, Rgb8, &[200, 30, 30]);
    let straight = r#"{"angle_deg": 0, "bend_px": 0, "border_color": "white"}"#;
    let made = alone("polaroid", straight, &picture);
    // Frame 10, shadow moved by 3, room of 6 around.
    assert_eq!(made.size(), Size::new(100 + 20 + 15, 80 + 20 + 15));
    assert_eq!(made.pixel(6, 6), [255; 4]);
    assert_eq!(made.pixel(16, 16), [200, 30, 30, 255]);
    assert_eq!(made.pixel(0, 0)[3], 0);
    let shade = made.pixel(127, 60);
    assert!(shade[..3] == [0, 0, 0] && shade[3] > 60, "{shade:?}");
    let deep = alone("polaroid", r#"{"angle_deg": 0, "bend_px": 0, "bottom_px": 40}"#, &picture);
    assert_eq!(deep.height, made.height + 30);
    assert_eq!(deep.pixel(60, 120), [0xdf, 0xdf, 0xdf, 255]);
    let turned = alone("polaroid", r##"{"background": "#336699"}"##, &picture);
    assert_eq!((turned.format, turned.pixel(0, 0)), (Rgb8, &[0x33, 0x66, 0x99][..]));
    assert!(turned.width > made.width);
}

#[test]
fn a_fade_runs_from_the_side_that_is_named() {
    let picture = flat(4, 1, Gray8, &[9]);
    let fade = |params: &str| alphas(&alone("gradient_fade", params, &picture));
    // At the pixels' middles, 1/8, 3/8, 5/8 and 7/8 of the width.
    assert_eq!(fade(r#"{"x": 1, "y": 0}"#), [32, 96, 159, 223]);
    assert_eq!(fade(r#"{"x": -1, "y": 0}"#), [223, 159, 96, 32]);
    assert_eq!(fade(r#"{"x": 0.5, "y": 0}"#), [64, 191, 255, 255]);
    assert_eq!(fade(r#"{"x": 0.5, "y": 0, "mode": "symmetric"}"#), [64, 191, 191, 64]);
    assert_eq!(fade(r#"{"x": 1, "y": 0, "strength": 0.4}"#), [4, 36, 100, 195]);
    assert_eq!(fade(r#"{"x": 1, "y": 1, "strength": 0}"#), [255; 4]);
    assert_eq!(fade(r#"{"x": 0, "y": 0}"#), [255; 4]);
}

#[test]
fn a_padded_fade_mirrors_the_picture() {
    let made = alone("gradient_fade", r#"{"x": 0.5, "y": 0, "mode": "symmetric_pad"}"#, &gray(4, 1, &[1, 2, 3, 4]));
    let values: Vec<u8> = made.pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[0]).collect();
    assert_eq!(values, [2, 1, 1, 2, 3, 4, 4, 3]);
    assert_eq!(alphas(&made), [64, 191, 255, 255, 255, 255, 191, 64]);
}
