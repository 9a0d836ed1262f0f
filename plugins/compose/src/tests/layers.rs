//! Pictures over and under each other.

use super::*;

const HALF_RED: [u8; 4] = [255, 0, 0, 128];

#[test]
fn composite_lays_an_image_where_it_is_told_to() {
    let picture = gray(4, 3, &[0; 12]);
    let image = gray(2, 1, &[100, 200]);
    let at = |more: &str| with("composite", more, &picture, &image).pixels;
    assert_eq!(at(""), [0, 0, 0, 0, 0, 100, 200, 0, 0, 0, 0, 0]);
    assert_eq!(at(r#", "gravity": "south_east""#), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200]);
    assert_eq!(at(r#", "gravity": "north_west", "x": 1"#), [0, 100, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(at(r#", "gravity": "south_east", "x": "50%", "y": 1"#), [0, 0, 0, 0, 100, 200, 0, 0, 0, 0, 0, 0]);
    assert_eq!(at(r#", "gravity": "west", "x": -1"#), [0, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(at(r#", "opacity": 0.5, "gravity": "north_west""#)[..2], [50, 100]);
}

#[test]
fn composite_scales_by_pixels_and_percent() {
    let picture = flat(100, 60, Rgb8, &[0, 0, 0]);
    let image = flat(10, 10, Rgb8, &[9, 80, 200]);
    let covered = |more: &str| {
        let made = with("composite", more, &picture, &image);
        assert_eq!(made.size(), picture.size());
        made.pixels.as_chunks::<3>().0.iter().filter(|pixel| **pixel == [9, 80, 200]).count()
    };
    assert_eq!(covered(""), 100);
    assert_eq!(covered(r#", "width": 30"#), 900);
    assert_eq!(covered(r#", "width": "50%", "height": "50%""#), 900);
    assert_eq!(covered(r#", "width": "50%", "height": "50%", "fit": "fill""#), 1500);
    assert_eq!(covered(r#", "width": "100%", "height": "100%", "fit": "exact""#), 6000);
    assert_eq!(covered(r#", "width": "50%", "percent_of": "image""#), 25);
    assert_eq!(covered(r#", "width": 90, "fit": "limit""#), 100);
}

#[test]
fn a_part_that_is_seen_is_as_a_part_of_the_whole() {
    // Scaling only what is seen must not shift it.
    let image = Image::new(40, 30, Gray8, (0..1200).map(|index| (index * 7 % 251) as u8).collect());
    let large = with("composite", r#", "width": 120, "gravity": "north_west""#, &gray(120, 90, &[0; 10_800]), &image);
    let small = with(
        "composite",
        r#", "width": 120, "gravity": "north_west", "x": -50, "y": -40"#,
        &gray(30, 20, &[0; 600]),
        &image,
    );
    for y in 0..20 {
        for x in 0..30 {
            let (one, other) = (small.pixel(x, y)[0], large.pixel(x + 50, y + 40)[0]);
            assert!(one.abs_diff(other) <= 1, "{x} {y}: {one} {other}");
        }
    }
}

#[test]
fn composite_keeps_the_format_that_is_enough() {
    let formats = |picture: &Image, image: &Image, more: &str| with("composite", more, picture, image).format;
    let gray_picture = flat(4, 4, Gray8, &[9]);
    let rgb = flat(4, 4, Rgb8, &[9, 99, 9]);
    let gray_alpha = flat(2, 2, Rgba8, &[50, 50, 50, 99]);
    assert_eq!(formats(&gray_picture, &gray_alpha, ""), Gray8);
    assert_eq!(formats(&gray_picture, &flat(2, 2, Rgba8, &HALF_RED), ""), Rgb8);
    assert_eq!(formats(&gray_picture, &flat(2, 2, Rgba8, &[255, 0, 0, 0]), ""), Gray8);
    assert_eq!(formats(&rgb, &gray_alpha, r#", "blend": "multiply""#), Rgb8);
    assert_eq!(formats(&rgb, &gray_alpha, r#", "blend": "xor""#), Rgba8);
    assert_eq!(formats(&rgb, &flat(9, 2, Gray8, &[1]), r#", "canvas": "grow""#), Rgba8);
    assert_eq!(formats(&gray_picture, &flat(2, 2, Gray8, &[1]), r#", "blend": "copy_red""#), Rgb8);
}

#[test]
fn composite_grows_to_the_union() {
    let made = with(
        "composite",
        r#", "canvas": "grow", "gravity": "north_west", "x": -1, "y": 1"#,
        &gray(2, 2, &[10, 20, 30, 40]),
        &gray(2, 2, &[1, 2, 3, 4]),
    );
    assert_eq!(made.size(), Size::new(3, 3));
    let shown: Vec<(u8, u8)> = made.pixels.as_chunks::<4>().0.iter().map(|pixel| (pixel[0], pixel[3])).collect();
    let full = |value: u8| (value, 255);
    let expected = [(0, 0), full(10), full(20), full(1), full(2), full(40), full(3), full(4), (0, 0)];
    assert_eq!(shown, expected);
}

#[test]
fn operators_act_outside_the_image_unless_told_otherwise() {
    let picture = flat(3, 1, Rgb8, &[9, 9, 9]);
    let image = flat(1, 1, Rgba8, &HALF_RED);
    let made = with("composite", r#", "blend": "in""#, &picture, &image);
    assert_eq!(made.pixels, [[0; 4], HALF_RED, [0; 4]].concat());
    let made = with("composite", r#", "blend": "in", "outside": "keep""#, &picture, &image);
    assert_eq!(made.pixels, [[9, 9, 9, 255], HALF_RED, [9, 9, 9, 255]].concat());
    // An image that is not on the picture at all clears it as well.
    let made = with("composite", r#", "blend": "in", "x": 9"#, &picture, &image);
    assert_eq!(made.pixels, [0; 12]);
}

#[test]
fn copy_alpha_takes_luma_from_an_image_without_alpha() {
    let picture = flat(2, 1, Rgb8, &[9, 8, 7]);
    let made = with("composite", r#", "blend": "copy_alpha""#, &picture, &gray(2, 1, &[100, 255]));
    assert_eq!(made.pixels, [9, 8, 7, 100, 9, 8, 7, 255]);
    let image = Image::new(2, 1, Rgba8, vec![255, 255, 255, 3, 0, 0, 0, 200]);
    let made = with("composite", r#", "blend": "copy_alpha""#, &picture, &image);
    assert_eq!(alphas(&made), [3, 200]);
}

#[test]
fn a_mark_that_is_hard_to_remove_differs_from_picture_to_picture() {
    let mark = flat(8, 8, Rgb8, &[255, 255, 255]);
    let marked = |value: u8, more: &str| with("composite", more, &flat(8, 8, Gray8, &[value]), &mark).pixels;
    assert_eq!(marked(0, r#", "anti_removal": 0"#), [255; 64]);
    let (one, other) = (marked(0, r#", "anti_removal": 0.5"#), marked(1, r#", "anti_removal": 0.5"#));
    assert_eq!(one, marked(0, r#", "anti_removal": 0.5"#));
    assert_ne!(one, other);
    assert!(one.iter().all(|value| *value >= 127));
}

#[test]
fn underlay_shows_where_the_picture_is_transparent() {
    let picture = Image::new(2, 1, Rgba8, vec![0, 0, 255, 255, 0, 0, 0, 0]);
    let made = with("underlay", r#", "canvas": "keep""#, &picture, &flat(4, 1, Rgb8, &[255, 0, 0]));
    assert_eq!(made.pixels, [0, 0, 255, 255, 255, 0, 0, 255]);
    let made = with("underlay", r#", "width": "200%", "opacity": 0.5"#, &picture, &flat(4, 1, Rgb8, &[255, 0, 0]));
    assert_eq!(made.size(), Size::new(4, 1));
    assert_eq!(made.pixels, [HALF_RED, [0, 0, 255, 255], HALF_RED, HALF_RED].concat());
    let opaque = flat(2, 2, Gray8, &[7]);
    assert_eq!(with("underlay", r#", "canvas": "keep""#, &opaque, &flat(9, 9, Rgb8, &[255, 0, 0])), opaque);
}

#[test]
fn dissolve_mixes_by_both_shares() {
    let (picture, image) = (flat(3, 1, Rgb8, &[0, 100, 200]), flat(1, 1, Rgb8, &[100, 100, 0]));
    let made = with("dissolve", "", &picture, &image);
    assert_eq!(made.pixels, [0, 100, 200, 25, 100, 150, 0, 100, 200]);
    let made = with("dissolve", r#", "image_opacity": 0.5, "picture_opacity": 0.4"#, &picture, &image);
    // Alpha 0.5 + 0.4 * 0.5 = 0.7; red 100 * 0.5 / 0.7; blue 200 * 0.2 / 0.7.
    assert_eq!(made.pixels[4..8], [71, 100, 57, 179]);
    assert_eq!(made.pixels[..4], [0, 100, 200, 102]);
    let made = with("dissolve", r#", "image_opacity": 0.5, "picture_opacity": 0.5, "method": "add""#, &picture, &image);
    assert_eq!(made.pixels[4..8], [50, 100, 100, 255]);
}

#[test]
fn background_lays_the_picture_on_a_colour_a_picture_or_itself() {
    let picture = Image::new(1, 1, Rgba8, vec![255, 0, 0, 51]);
    assert_eq!(alone("background", "{}", &picture).pixels, [255, 204, 204]);
    let made = alone("background", r#"{"width": 3, "gravity": "east", "color": "black"}"#, &gray(1, 1, &[9]));
    assert_eq!((made.format, made.pixels), (Gray8, vec![0, 0, 9]));
    let made = alone("background", r#"{"width": 3, "height": 1, "color": "transparent"}"#, &gray(1, 1, &[9]));
    assert_eq!(made.pixels, [0, 0, 0, 0, 9, 9, 9, 255, 0, 0, 0, 0]);
    let made = with("background", r#", "width": 4, "cover": "tile""#, &gray(1, 1, &[9]), &gray(2, 1, &[1, 2]));
    assert_eq!(made.pixels, [1, 9, 1, 2]);
    let made = with("background", r#", "width": 4, "brightness": 2"#, &gray(2, 1, &[9, 9]), &gray(1, 1, &[50]));
    assert_eq!(made.pixels, [100, 9, 9, 100]);
    let made = alone("background", r#"{"width": 6, "blurred": true}"#, &flat(2, 2, Rgb8, &[3, 60, 90]));
    assert_eq!(made, flat(6, 2, Rgb8, &[3, 60, 90]));
    // A canvas that is smaller cuts.
    assert_eq!(alone("background", r#"{"width": 1}"#, &gray(3, 1, &[1, 2, 3])).pixels, [2]);
}

#[test]
fn a_watermark_keeps_its_share_and_its_margin() {
    let picture = flat(200, 100, Gray8, &[0]);
    let mark = flat(30, 30, Gray8, &[255]);
    let place = |more: &str| {
        let made = with("watermark", more, &picture, &mark);
        let rows: Vec<usize> = (0..100).filter(|y| made.pixels[y * 200..][..200].iter().any(|v| *v > 0)).collect();
        let columns: Vec<usize> = (0..200).filter(|x| (0..100).any(|y| made.pixels[y * 200 + x] > 0)).collect();
        (columns[0], rows[0], columns.len(), rows.len(), *made.pixels.iter().max().expect("a pixel"))
    };
    assert_eq!(place(""), (159, 59, 25, 25, 115)); // 255 * 0.45
    assert_eq!(place(r#", "gravity": "north", "margin_px": 3, "opacity": 1"#), (87, 3, 25, 25, 255));
    assert_eq!(place(r#", "scale": 0.5, "gravity": "west", "margin_px": 0"#), (0, 25, 50, 50, 115));
    let (.., width, height, _) = place(r#", "scale": 0.5, "angle_deg": 45, "gravity": "center""#);
    assert!((48..=50).contains(&width) && (48..=50).contains(&height), "{width} {height}");
    let (left, top, width, height, _) = place(r#", "tile": true, "margin_px": 0"#);
    assert_eq!((left, top, width, height), (0, 0, 200, 100));
}

#[test]
fn tiles_have_the_size_that_is_asked_for() {
    let picture = flat(6, 2, Gray8, &[0]);
    let image = gray(2, 1, &[10, 20]);
    assert_eq!(with("tile", "", &picture, &image).pixels, [10, 20].repeat(6));
    assert_eq!(with("tile", r#", "x": 1"#, &picture, &image).pixels, [20, 10].repeat(6));
    let bricks = with("tile", r#", "row_shift": 0.5"#, &picture, &image).pixels;
    assert_eq!(bricks, [10, 20, 10, 20, 10, 20, 20, 10, 20, 10, 20, 10]);
    let gaps = with("tile", r#", "gap_x_px": 1, "gap_y_px": 1"#, &picture, &image).pixels;
    assert_eq!(gaps, [10, 20, 0, 10, 20, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(with("tile", r#", "width": "100%""#, &picture, &flat(9, 9, Gray8, &[7])).pixels, [7; 12]);
    let halves = with("tile", r#", "scale": 0.5, "opacity": 0.5"#, &picture, &flat(2, 2, Gray8, &[100])).pixels;
    assert_eq!(halves, [50; 12]);
}
