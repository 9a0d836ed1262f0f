//! `match_template`, `find_object`, `codes`.

use super::*;

fn cut(image: &Image, (x, y): (u32, u32), (width, height): (u32, u32)) -> Image {
    let (x, width_px) = (x as usize, width as usize);
    let rows = image.rows().skip(y as usize).take(height as usize);
    Image::new(width, height, Gray8, rows.flat_map(|row| row[x..x + width_px].to_vec()).collect())
}

#[test]
fn a_part_is_found_in_its_place() {
    let picture = scene(400, 300, 7);
    let part = cut(&picture, (211, 93), (50, 40));
    let found = find("match_template", json!({"image": {"asset": "a"}, "threshold": 0.95}), &picture, &[part]);
    let best = &found["matches"][0];
    assert_eq!(found["found"], json!(true));
    assert_eq!(
        (&best["x"], &best["y"], &best["width"], &best["height"]),
        (&json!(211.0), &json!(93.0), &json!(50.0), &json!(40.0))
    );
    assert_eq!((&best["score"], &best["scale"]), (&json!(1.0), &json!(1.0)));
    let found = find("match_template", json!({"image": {"asset": "a"}}), &picture, &[scene(50, 40, 8)]);
    assert_eq!(found, json!({"found": false, "matches": []}));
}

#[test]
fn a_part_of_another_size_is_found_within_the_range() {
    let mut picture = scene(400, 300, 7);
    let part = scene(60, 40, 8);
    let whole = safelight_kernels::Window::whole(60, 40);
    let filter = safelight_kernels::Filter::CatmullRom;
    let large = safelight_kernels::resize(&mut part.pixels.clone(), (60, 40), 1, whole, (105, 70), filter);
    paste(&mut picture, &Image::new(105, 70, Gray8, large), (120, 130));
    let search = json!({"image": {"asset": "a"}, "min_scale": 0.8, "max_scale": 2.0});
    let found = find("match_template", search, &picture, std::slice::from_ref(&part));
    let best = &found["matches"][0];
    let near = |name: &str, value: f64, reach: f64| {
        assert!((best[name].as_f64().unwrap_or(-1.0) - value).abs() <= reach, "{name}: {found}");
    };
    near("x", 120.0, 1.0);
    near("y", 130.0, 1.0);
    near("scale", 1.75, 0.03);
    let message = refused("match_template", json!({"image": {"asset": "a"}, "min_scale": 2}), &picture, &[part]);
    assert!(message.contains("max_scale") && message.contains("is 1, expected"), "{message}");
}

#[test]
fn an_object_is_found_turned() {
    let object = scene(160, 120, 5);
    let turned = safelight_kernels::rotate(
        &mut object.pixels.clone(),
        (160, 120),
        &[90],
        30.0,
        safelight_kernels::Interpolation::Bilinear,
    );
    let (width, height) = safelight_kernels::rotated_size((160, 120), 30.0);
    let mut picture = scene(700, 500, 77);
    paste(&mut picture, &Image::new(width, height, Gray8, turned), (210, 90));
    let found = find("find_object", json!({"image": {"asset": "a"}}), &picture, std::slice::from_ref(&object));
    assert_eq!(found["found"], json!(true), "{found}");
    let x =
        found["corners"].as_array().map(|all| all.iter().filter_map(|corner| corner[0].as_f64()).sum::<f64>() / 4.0);
    let middle = 210.0 + f64::from(width) / 2.0;
    assert!(x.is_some_and(|x| (x - middle).abs() < 4.0), "{found}");
    let found = find("find_object", json!({"image": {"asset": "a"}}), &scene(700, 500, 78), &[object]);
    assert_eq!(found["found"], json!(false), "{found}");
}

/// EAN-13 of 4006381333931 by the tables of ISO/IEC 15420, as bars of so many pixels.
fn ean(module: u32, height: u32) -> Image {
    const LEFT_ODD: [&str; 10] =
        ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"];
    // The first digit, 4, is in how the left half mixes odd and even ones.
    const EVEN: [bool; 6] = [false, true, false, false, true, true];
    let inverted = |code: &str| code.chars().map(|c| if c == '0' { '1' } else { '0' }).collect::<String>();
    let mut modules = "0".repeat(12) + "101";
    for (digit, even) in [0, 0, 6, 3, 8, 1].into_iter().zip(EVEN) {
        let odd = LEFT_ODD[digit];
        modules += &if even { inverted(odd).chars().rev().collect() } else { odd.to_owned() };
    }
    modules += "01010";
    for digit in [3, 3, 3, 9, 3, 1] {
        modules += &inverted(LEFT_ODD[digit]);
    }
    modules += "101";
    modules += &"0".repeat(12);
    let row: Vec<u8> =
        modules.chars().flat_map(|bar| vec![if bar == '1' { 20 } else { 240 }; module as usize]).collect();
    Image::new(row.len() as u32, height, Gray8, row.repeat(height as usize))
}

#[test]
fn bars_are_read_upright_turned_and_inverted() {
    let bars = ean(3, 80);
    let mut picture = filled(600, 500, Gray8, &[230]);
    paste(&mut picture, &bars, (100, 200));
    let read = |picture: &Image, params: Value| find("codes", params, picture, &[])["codes"].clone();
    let found = read(&picture, json!({}));
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!((&found[0]["kind"], &found[0]["text"]), (&json!("ean_13"), &json!("4006381333931")));
    // The line through the bars starts and ends in its guards.
    let [x, y, width, _] = [0, 1, 2, 3].map(|i| found[0]["box"][i].as_f64().expect("a number"));
    assert!((x - 136.0).abs() < 8.0 && (200.0..280.0).contains(&y) && (width - 285.0).abs() < 16.0, "{found}");

    let turned = safelight_kernels::quarter_turn(&picture.pixels, (600, 500), 1, true);
    let turned = Image::new(500, 600, Gray8, turned);
    assert_eq!(read(&turned, json!({"kinds": ["barcode"]}))[0]["text"], json!("4006381333931"));

    let mut negative = picture.clone();
    negative.pixels.iter_mut().for_each(|value| *value = 255 - *value);
    assert_eq!(read(&negative, json!({}))[0]["text"], json!("4006381333931"));
    assert_eq!(read(&negative, json!({"inverted": false})), json!([]));
    assert_eq!(read(&picture, json!({"kinds": ["qr", "aztec"]})), json!([]));
}

#[test]
fn codes_are_refused_for_kinds_that_are_none() {
    let image = filled(2, 2, Gray8, &[0]);
    assert!(refused("codes", json!({"kinds": []}), &image, &[]).contains("kinds"));
    assert!(refused("codes", json!({"kinds": ["runes"]}), &image, &[]).contains("runes"));
    let message = refused("match_template", json!({}), &image, &[]);
    assert!(message.contains("image"), "{message}");
}
