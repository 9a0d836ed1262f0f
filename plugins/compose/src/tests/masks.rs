//! Pictures cut by others, and hidden in them.

use super::*;

#[test]
fn a_mask_shows_where_it_is_bright_or_opaque() {
    let picture = flat(3, 1, Rgb8, &[9, 8, 7]);
    let luma = gray(3, 1, &[0, 100, 255]);
    let masked = |more: &str, mask: &Image| alphas(&with("mask", more, &picture, mask));
    assert_eq!(masked("", &luma), [0, 100, 255]);
    assert_eq!(masked(r#", "invert": true"#, &luma), [255, 155, 0]);
    let alpha = Image::new(3, 1, Rgba8, vec![255, 255, 255, 10, 0, 0, 0, 200, 0, 0, 0, 255]);
    assert_eq!(masked("", &alpha), [10, 200, 255]);
    assert_eq!(masked(r#", "source": "luma""#, &alpha), [10, 0, 0]);
    assert_eq!(masked(r#", "source": "alpha""#, &luma), [255; 3]);
    let narrow = gray(1, 1, &[100]);
    assert_eq!(masked("", &narrow), [0, 100, 0]);
    assert_eq!(masked(r#", "outside": "keep""#, &narrow), [255, 100, 255]);
    assert_eq!(masked(r#", "width": "100%", "height": "100%", "fit": "exact""#, &narrow), [100; 3]);
    assert_eq!(masked(r#", "x": -1"#, &narrow), [100, 0, 0]);
}

#[test]
fn a_mask_multiplies_or_replaces_alpha() {
    let picture = flat(2, 1, Rgba8, &[9, 8, 7, 51]);
    let mask = gray(2, 1, &[255, 100]);
    assert_eq!(alphas(&with("mask", "", &picture, &mask)), [51, 20]);
    assert_eq!(alphas(&with("mask", r#", "mode": "replace""#, &picture, &mask)), [255, 100]);
}

#[test]
fn a_cutter_keeps_or_removes_its_shape() {
    let picture = flat(4, 1, Rgb8, &[9, 8, 7]);
    let shape = Image::new(2, 1, Rgba8, vec![0, 0, 0, 255, 0, 0, 0, 100]);
    assert_eq!(alphas(&with("cutter", "", &picture, &shape)), [0, 255, 100, 0]);
    assert_eq!(alphas(&with("cutter", r#", "mode": "remove""#, &picture, &shape)), [255, 0, 155, 255]);
    assert_eq!(alphas(&with("cutter", r#", "gravity": "west", "x": -1"#, &picture, &shape)), [100, 0, 0, 0]);
}

#[test]
fn displace_takes_pixels_from_where_the_map_says() {
    let picture = gray(5, 1, &[10, 20, 30, 40, 50]);
    let moved = |more: &str, map: &Image| with("displace", more, &picture, map);
    let right = flat(1, 1, Rgb8, &[255, 128, 0]);
    assert_eq!(moved(r#", "x_px": 2"#, &right).pixels, [30, 40, 50, 50, 50]);
    assert_eq!(moved(r#", "x_px": -1, "edge": "wrap""#, &right).pixels, [50, 10, 20, 30, 40]);
    assert_eq!(alphas(&moved(r#", "x_px": 2, "edge": "transparent""#, &right)), [255, 255, 255, 0, 0]);
    assert_eq!(moved(r#", "x_px": 2, "map": "center""#, &right).pixels, [10, 20, 50, 40, 50]);
    let pair = Image::new(2, 1, Rgb8, vec![255, 128, 0, 128, 128, 0]);
    assert_eq!(moved(r#", "x_px": 1, "map": "tile""#, &pair).pixels, [20, 20, 40, 40, 50]);
    let still = flat(3, 3, Gray8, &[128]);
    assert_eq!(moved(r#", "x_px": 4096, "y_px": 4096"#, &still), picture);
    // A transparent map moves nothing, half of one half as much.
    let none = flat(1, 1, Rgba8, &[255, 255, 0, 0]);
    assert_eq!(moved(r#", "x_px": 2, "map": "tile""#, &none), picture);
    let half = flat(1, 1, Rgba8, &[255, 128, 0, 128]);
    let made = moved(r#", "x_px": 2, "map": "tile""#, &half).pixels;
    assert!(made[0].abs_diff(20) <= 1 && made[2].abs_diff(40) <= 1, "{made:?}");
}

#[test]
fn what_is_hidden_is_read_again_and_hardly_changes_the_picture() {
    for (format, pixel) in [(Gray8, &[77][..]), (Rgb8, &[77, 0, 255]), (Rgba8, &[77, 0, 255, 9])] {
        let picture = flat(20, 15, format, pixel);
        let secret = gray(6, 5, &(0..30).map(|index| index * 8).collect::<Vec<u8>>());
        for more in ["", r#", "offset": 299"#, r#", "depth_bits": 3"#] {
            let made = with("steganography_hide", more, &picture, &secret);
            assert_eq!(made.format, format);
            assert!(made.pixels.iter().zip(&picture.pixels).all(|(one, other)| one.abs_diff(*other) <= 1));
            let read = alone("steganography_read", &format!(r#"{{"width": 6, "height": 5{more}}}"#), &made);
            let kept = if more.contains("depth") { 0b1110_0000 } else { 255 };
            let expected: Vec<u8> = secret.pixels.iter().map(|value| value & kept).collect();
            assert_eq!((read.format, read.pixels), (Gray8, expected), "{format:?} {more}");
        }
    }
}

#[test]
fn all_planes_are_used_only_when_they_may_be() {
    let (picture, secret) = (flat(4, 4, Gray8, &[128]), gray(4, 4, &[0b1010_1010; 16]));
    let made = with("steganography_hide", r#", "max_planes": 8"#, &picture, &secret);
    let read = alone("steganography_read", r#"{"width": 4, "height": 4}"#, &made);
    assert_eq!(read, secret);
    let read = alone("steganography_read", r#"{"width": 1, "height": 1, "offset": 268435456}"#, &made);
    assert_eq!(read.size(), Size::new(1, 1));
}
