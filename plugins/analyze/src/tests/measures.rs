//! `statistics`, `colors`, `perceptual_hash`, `blurriness`, `quality`, `compare`.

use super::*;

fn channel<'a>(found: &'a Value, name: &str) -> &'a Value {
    found["channels"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).expect("the channel")
}

#[test]
fn statistics_by_hand() {
    let image = Image::new(2, 2, Rgba8, vec![10, 0, 0, 255, 30, 0, 0, 255, 30, 0, 0, 128, 99, 99, 99, 0]);
    let found = find("statistics", json!({"histogram": true}), &image, &[]);
    assert_eq!((&found["width"], &found["height"]), (&json!(2), &json!(2)));
    assert_eq!((&found["opaque_share"], &found["transparent_share"]), (&json!(0.5), &json!(0.25)));
    assert_eq!(
        (&found["semi_transparent"], &found["has_alpha"], &found["grayscale"]),
        (&json!(true), &json!(true), &json!(false))
    );
    // The transparent pixel does not count: 10, 30, 30.
    let red = channel(&found, "red");
    assert_eq!((&red["min"], &red["max"], &red["mean"]), (&json!(10), &json!(30), &json!(23.333333)));
    // (13.33^2 + 2 * 6.67^2) / 3 = 88.89
    assert_eq!(red["standard_deviation"], json!(9.428090));
    // Shares 1/3 and 2/3.
    assert_eq!(red["entropy_bits"], json!(0.918296));
    assert_eq!(
        (&red["histogram"][10], &red["histogram"][30], &red["histogram"][99]),
        (&json!(1), &json!(2), &json!(0))
    );
    assert_eq!(channel(&found, "alpha")["mean"], json!(159.5));
    assert_eq!(channel(&found, "green")["entropy_bits"], json!(0.0));
}

#[test]
fn blank_and_gray_are_told() {
    let check = |image: &Image, params: Value, blank: bool, gray: bool| {
        let found = find("statistics", params, image, &[]);
        assert_eq!((&found["blank"], &found["grayscale"]), (&json!(blank), &json!(gray)));
    };
    let nearly = Image::new(2, 1, Gray8, vec![200, 205]);
    check(&nearly, json!({}), false, true);
    check(&nearly, json!({"blank_tolerance": 5}), true, true);
    check(&filled(3, 2, Rgb8, &[1, 2, 3]), json!({"blank_tolerance": 0}), true, false);
    check(&Image::new(2, 1, Rgba8, vec![0, 0, 0, 255, 0, 0, 0, 0]), json!({}), false, true);
}

#[test]
fn drawings_score_higher_than_grain() {
    let mut drawing = filled(100, 100, Rgb8, &[255, 255, 255]);
    paste(&mut drawing, &filled(40, 40, Rgb8, &[200, 30, 30]), (20, 20));
    let mut state = 1u32;
    let grain = (0..30_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let grain = Image::new(100, 100, Rgb8, grain.collect());
    let score =
        |image: &Image| find("statistics", json!({}), image, &[])["illustration_score"].as_f64().expect("a number");
    assert_eq!((score(&drawing), score(&grain)), (1.0, 0.0));
}

#[test]
fn colors_come_with_pixels_words_and_background() {
    let mut image = filled(100, 60, Rgb8, &[250, 250, 250]);
    paste(&mut image, &filled(40, 30, Rgb8, &[0, 128, 0]), (10, 10));
    paste(&mut image, &filled(20, 30, Rgb8, &[0, 0, 200]), (60, 10));
    let found = find("colors", json!({}), &image, &[]);
    let list: Vec<(&str, u64, f64)> = found["colors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|color| {
            (
                color["hex"].as_str().unwrap_or(""),
                color["pixels"].as_u64().unwrap_or(0),
                color["percent"].as_f64().unwrap_or(0.0),
            )
        })
        .collect();
    assert_eq!(list, [("#fafafa", 4200, 70.0), ("#008000", 1200, 20.0), ("#0000c8", 600, 10.0)]);
    assert_eq!(found["predominant"]["basic"], json!([["white", 70.0], ["green", 20.0], ["blue", 10.0]]));
    assert_eq!((&found["background"]["hex"], &found["background"]["share"]), (&json!("#fafafa"), &json!(1.0)));
    let found = find("colors", json!({"count": 2}), &image, &[]);
    assert_eq!(found["colors"].as_array().map(Vec::len), Some(2));
    let found = find("colors", json!({"min_share": 0.15}), &image, &[]);
    assert_eq!(found["colors"].as_array().map(Vec::len), Some(2));
}

#[test]
fn colours_have_the_names_that_css_gives_them() {
    for (color, basic, fine) in [
        ([0, 0, 0], "black", "black"),
        ([255, 255, 255], "white", "white"),
        ([128, 128, 128], "gray", "gray"),
        ([211, 211, 211], "gray", "lightgray"),
        ([255, 0, 0], "red", "red"),
        ([128, 0, 0], "red", "maroon"),
        ([255, 165, 0], "orange", "orange"),
        ([139, 69, 19], "brown", "brown"),
        ([255, 255, 0], "yellow", "yellow"),
        ([255, 215, 0], "yellow", "yellow"),
        ([128, 128, 0], "green", "olive"),
        ([0, 255, 0], "green", "lime"),
        ([0, 128, 0], "green", "green"),
        ([0, 128, 128], "teal", "teal"),
        ([0, 255, 255], "teal", "cyan"),
        ([0, 0, 255], "blue", "blue"),
        ([0, 0, 128], "blue", "navy"),
        ([173, 216, 230], "blue", "lightblue"),
        ([128, 0, 128], "purple", "purple"),
        ([255, 0, 255], "pink", "magenta"),
        ([255, 192, 203], "pink", "pink"),
        ([245, 245, 220], "white", "beige"),
    ] {
        let names = crate::color_names::names(color);
        assert_eq!((names.basic, names.fine), (basic, fine), "{color:?}");
    }
}

#[test]
fn hashes_outlive_scaling_and_colour() {
    let image = scene(300, 200, 5);
    let small = safelight_kernels::resize(
        &mut image.pixels.clone(),
        (300, 200),
        1,
        safelight_kernels::Window::whole(300, 200),
        (150, 100),
        safelight_kernels::Filter::Box,
    );
    let small = safelight_sdk::to_format(Image::new(150, 100, Gray8, small), Rgba8);
    let (a, b) = (find("perceptual_hash", json!({}), &image, &[]), find("perceptual_hash", json!({}), &small, &[]));
    for (kind, digits) in [("average", 16), ("difference", 16), ("dct", 16), ("marr_hildreth", 144)] {
        let [a, b] = [&a, &b].map(|found| found[kind].as_str().expect("a hash"));
        assert_eq!((a.len(), b.len()), (digits, digits));
        let nibbles = |hash: &str| hash.chars().filter_map(|digit| digit.to_digit(16)).collect::<Vec<u32>>();
        let apart: u32 = nibbles(a).iter().zip(nibbles(b)).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(apart as usize <= digits / 4, "{kind}: {a} {b}");
    }
}

#[test]
fn blurring_lowers_sharpness() {
    let sharp = scene(200, 150, 5);
    let mut blurred = sharp.clone();
    safelight_kernels::gaussian_blur(&mut blurred.pixels, (200, 150), 1, 4.0);
    let (a, b) = (find("blurriness", json!({}), &sharp, &[]), find("blurriness", json!({}), &blurred, &[]));
    assert_eq!((&a["blurry"], &b["blurry"]), (&json!(false), &json!(true)));
    assert!(a["sharpness"].as_f64() > Some(0.7) && b["sharpness"].as_f64() < Some(0.2), "{a} {b}");
    // One spike of 10 in 5 x 3 by hand: see the kernel's test.
    let mut spike = filled(5, 3, Gray8, &[0]);
    spike.pixels[7] = 10;
    assert_eq!(find("blurriness", json!({}), &spike, &[])["laplacian_variance"], json!(133.333333));
}

#[test]
fn quality_scores_fall_with_what_is_bad() {
    let good = scene(1600, 1250, 5);
    let score = |image: &Image, name: &str| find("quality", json!({}), image, &[])[name].as_f64().expect("a number");
    assert_eq!(score(&good, "resolution"), 1.0);
    assert_eq!(score(&scene(160, 125, 5), "resolution"), 0.0);
    let mut blurred = good.clone();
    safelight_kernels::gaussian_blur(&mut blurred.pixels, (1600, 1250), 1, 6.0);
    assert!(score(&blurred, "focus") < 0.3 && score(&good, "focus") > 0.8);
    let mut dark = good.clone();
    dark.pixels.iter_mut().for_each(|value| *value /= 8);
    assert!(score(&dark, "contrast") < 0.3 && score(&dark, "exposure") < 0.3);
    let blocks = (0..64 * 64).map(|i| ((i % 64 / 8 * 37 + i / 512 * 59) % 200) as u8).collect();
    assert_eq!(score(&Image::new(64, 64, Gray8, blocks), "blockiness"), 0.0);
    assert!(score(&good, "blockiness") > 0.9);
    let mut clipped = filled(10, 10, Gray8, &[0]);
    paste(&mut clipped, &filled(10, 7, Gray8, &[100]), (0, 3));
    assert_eq!(score(&clipped, "lighting"), 0.4);
    assert_eq!((score(&good, "saturation"), score(&filled(4, 4, Rgb8, &[255, 0, 0]), "saturation")), (0.0, 1.0));
}

#[test]
fn comparisons_by_hand() {
    let a = Image::new(2, 2, Gray8, vec![0, 10, 20, 30]);
    let found = find("compare", json!({"image": {"asset": "a"}}), &a, std::slice::from_ref(&a));
    assert_eq!((&found["identical"], &found["psnr_db"], &found["ssim"]), (&json!(true), &Value::Null, &json!(1.0)));
    assert_eq!(found["difference_ratio"], json!(0.0));
    let b = Image::new(2, 2, Gray8, vec![2, 10, 20, 30]);
    let found = find("compare", json!({"image": {"asset": "a"}}), &a, &[b]);
    // An error of 2 in one of four: 10 log10(65025 / 1).
    assert_eq!((&found["mean_squared_error"], &found["psnr_db"]), (&json!(1.0), &json!(48.130804)));
    assert_eq!(found["identical"], json!(false));

    let seen = Image::new(1, 1, Rgba8, vec![5, 5, 5, 255]);
    let veiled = Image::new(1, 1, Rgba8, vec![5, 5, 5, 254]);
    assert_eq!(find("compare", json!({"image": {"asset": "a"}}), &seen, &[veiled])["identical"], json!(false));
}

#[test]
fn pictures_of_other_sizes_are_compared_or_refused() {
    let image = scene(300, 200, 5);
    let other = scene(150, 100, 6);
    let found = find("compare", json!({"image": {"asset": "a"}}), &image, std::slice::from_ref(&other));
    assert_eq!((&found["same_size"], &found["other"]), (&json!(false), &json!([150, 100])));
    assert!(found["ssim"].as_f64() < Some(0.5), "{found}");
    let message = refused("compare", json!({"image": {"asset": "a"}, "sizes": "refuse"}), &image, &[other]);
    assert!(message.contains("image") && message.contains("150 x 100 px, expected 300 x 200 px"), "{message}");
}
