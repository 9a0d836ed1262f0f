//! Pictures side by side.

use safelight_sdk::serde_json::Value;

use super::*;

fn sheet(transform: &str, more: &str, images: &[Image]) -> Outcome {
    listed(transform, more, None, images).unwrap_or_else(|refusal| panic!("{transform} {more}: {refusal}"))
}

#[test]
fn append_sets_pictures_in_a_row_or_a_column() {
    let picture = gray(2, 1, &[1, 2]);
    let others = [gray(1, 3, &[10, 11, 12])];
    let joined = |more: &str| listed("append", more, Some(&picture), &others).expect("a picture").image;
    let row = joined("");
    assert_eq!(row.size(), Size::new(3, 3));
    assert_eq!(row.pixels, [1, 2, 10, 255, 255, 11, 255, 255, 12]);
    assert_eq!(joined(r#", "align": "center""#).pixels, [255, 255, 10, 1, 2, 11, 255, 255, 12]);
    assert_eq!(joined(r#", "align": "end", "gap_px": 1, "background": "black""#).pixels[8..], [1, 2, 0, 12]);
    let column = joined(r#", "direction": "vertical""#);
    assert_eq!((column.size(), column.pixels), (Size::new(2, 4), vec![1, 2, 10, 255, 11, 255, 12, 255]));
    let right = joined(r#", "direction": "vertical", "align": "end""#);
    assert_eq!(right.pixels[2..4], [255, 10]);
}

#[test]
fn append_keeps_the_format_that_is_enough() {
    let picture = gray(1, 1, &[1]);
    let format = |more: &str, image: &Image| {
        listed("append", more, Some(&picture), std::slice::from_ref(image)).expect("a picture").image.format
    };
    assert_eq!(format("", &gray(1, 1, &[1])), Gray8);
    // Nothing is free, so the background does not count.
    assert_eq!(format(r#", "background": "transparent""#, &gray(1, 1, &[1])), Gray8);
    assert_eq!(format(r#", "background": "red""#, &gray(1, 2, &[1, 1])), Rgb8);
    assert_eq!(format(r#", "background": "transparent""#, &gray(1, 2, &[1, 1])), Rgba8);
    assert_eq!(format("", &flat(1, 1, Rgba8, &[1, 2, 3, 4])), Rgba8);
}

#[test]
fn a_grid_has_cells_of_one_size() {
    let images: Vec<Image> = (1..=5).map(|value| flat(2, 2, Gray8, &[value * 10])).collect();
    let made = sheet("grid", r#", "cell_width": 2, "cell_height": 2, "columns": 2"#, &images).image;
    assert_eq!((made.size(), made.format), (Size::new(4, 6), Gray8));
    let corners: Vec<u8> = [(0, 0), (2, 0), (0, 2), (2, 2), (0, 4), (2, 4)].map(|(x, y)| made.pixel(x, y)[0]).to_vec();
    assert_eq!(corners, [10, 20, 30, 40, 50, 255]);

    let more = r#", "cell_width": 4, "cell_height": 2, "columns": 1, "padding_px": 1, "margin_px": 3"#;
    let made = sheet("grid", more, &images[..2]).image;
    assert_eq!(made.size(), Size::new(10, 11));
    // The pictures are in the middle of their cells.
    assert_eq!([(3, 3), (4, 3), (5, 3), (4, 6), (4, 5)].map(|(x, y)| made.pixel(x, y)[0]), [255, 10, 10, 20, 255]);

    let made = sheet("grid", r##", "cell_width": 3, "cell_height": 3, "background": "#00f8""##, &images).image;
    // Three columns and two rows are nearer to a square than two and three, or as near and fewer first.
    assert_eq!((made.size(), made.format), (Size::new(6, 9), Rgba8));
    let red = flat(1, 1, Rgba8, &[255, 0, 0, 51]);
    let made = sheet("grid", r#", "cell_width": 1, "cell_height": 1"#, &[red]).image;
    assert_eq!(made.pixels, [255, 204, 204]);
}

#[test]
fn a_grid_fills_its_cells_as_asked() {
    let image = [flat(4, 2, Gray8, &[0])];
    let dark = |more: &str| {
        let more = format!(r#", "cell_width": 20, "cell_height": 20{more}"#);
        sheet("grid", &more, &image).image.pixels.iter().filter(|value| **value == 0).count()
    };
    assert_eq!(dark(""), 200);
    assert_eq!(dark(r#", "fit": "fill""#), 400);
    assert_eq!(dark(r#", "fit": "exact""#), 400);
    assert_eq!(dark(r#", "fit": "limit""#), 8);
}

#[test]
fn a_sprite_tells_where_each_picture_lies() {
    let images = [flat(3, 2, Gray8, &[10]), flat(1, 4, Gray8, &[20]), flat(2, 2, Gray8, &[30])];
    for (layout, size) in [("column", (3, 12)), ("row", (10, 4)), ("packed", (0, 0))] {
        let more = format!(r#", "names": ["a", "b", "c"], "layout": "{layout}""#);
        let Outcome { image, data } = sheet("sprite", &more, &images);
        if layout != "packed" {
            assert_eq!(image.size(), Size::new(size.0, size.1));
        }
        assert_eq!(image.format, Rgba8);
        let map: Value = safelight_sdk::serde_json::from_str(&data.expect("data")).expect("JSON");
        assert_eq!(
            (map["width"].as_u64(), map["height"].as_u64()),
            (Some(image.width.into()), Some(image.height.into()))
        );
        let number = |entry: &Value, name: &str| entry[name].as_u64().expect("a number") as u32;
        let mut covered = 0;
        for (index, entry) in map["images"].as_array().expect("a list").iter().enumerate() {
            assert_eq!(entry["name"], ["a", "b", "c"][index]);
            let (width, height) = (number(entry, "width"), number(entry, "height"));
            assert_eq!(Size::new(width, height), images[index].size());
            for y in 0..height {
                for x in 0..width {
                    let pixel = image.pixel(number(entry, "x") + x, number(entry, "y") + y);
                    assert_eq!(pixel, [10 * (index as u8 + 1), 10 * (index as u8 + 1), 10 * (index as u8 + 1), 255]);
                    covered += 1;
                }
            }
        }
        assert_eq!(alphas(&image).iter().filter(|alpha| **alpha > 0).count(), covered);
    }
}

#[test]
fn a_sprite_of_the_documented_column() {
    // Cloudinary's example: two logos of height 38 stand at y = 0 and y = 40.
    let images = [flat(162, 38, Rgb8, &[1, 2, 3]), flat(206, 38, Rgb8, &[4, 5, 6])];
    let made = sheet("sprite", r#", "layout": "column""#, &images);
    let expected = r#"{"width":206,"height":78,"images":[{"name":"0","x":0,"y":0,"width":162,"height":38},{"name":"1","x":0,"y":40,"width":206,"height":38}]}"#;
    assert_eq!(made.data.as_deref(), Some(expected));
}

#[test]
fn names_are_as_many_as_pictures_and_differ() {
    let images = [flat(1, 1, Gray8, &[1]), flat(1, 1, Gray8, &[2])];
    let refusal = |more: &str| listed("sprite", more, None, &images).expect_err("a refusal").to_string();
    let expected = "names: has 1 entries, expected one for each of the 2 images";
    assert_eq!(refusal(r#", "names": ["a"]"#), expected);
    assert_eq!(refusal(r#", "names": ["a", "a"]"#), r#"names: has "a" twice, expected different names"#);
    assert_eq!(refusal(r#", "names": ["a", ""]"#), r#"names[1]: is "", expected a string of 1 to 255 characters"#);
    let refusal = listed("sprite", "", None, &[]).expect_err("a refusal").to_string();
    assert_eq!(refusal, "images: is [], expected a list of 1 to 500 entries");
}

#[test]
fn sheets_of_many_and_large_pictures_end_soon() {
    let many = vec![flat(3, 5, Gray8, &[1]); 500];
    let large = vec![flat(65_535, 1, Gray8, &[1]); 3];
    let started = Instant::now();
    for more in ["", r#", "gap_px": 4096"#, r#", "layout": "row", "gap_px": 0"#] {
        let of_many = listed("sprite", more, None, &many);
        assert_eq!(of_many.is_ok(), !more.contains("4096"), "{more}");
        let of_large = listed("sprite", more, None, &large);
        assert_eq!(of_large.is_ok(), more.is_empty(), "{more}");
    }
    for more in ["", r#", "padding_px": 4096, "margin_px": 4096, "columns": 1"#, r#", "cell_width": 65535"#] {
        let made = listed("grid", more, None, &many);
        assert!(made.is_ok() || made.is_err_and(|refusal| refusal.to_string().contains("over the limit")));
    }
    let row = listed("append", r#", "gap_px": 65535"#, Some(&many[0]), &many[..100]);
    assert!(row.expect_err("a refusal").to_string().contains("over the limit of 65535 px a side"));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
