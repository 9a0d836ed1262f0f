//! The transform as the host calls it, and its parts by hand.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::models::{self, Model};
use safelight_sdk::serde_json::{self, Value, json};
use safelight_sdk::{Image, Size};

use crate::PLUGIN;

mod parts;

/// Tiny networks that see squares of one colour; `tests/transforms/models/make.py` makes them.
fn provide() {
    models::provide([
        Model { name: "broken", network: b"no network", description: None },
        Model {
            name: "misread",
            network: include_bytes!("../../../tests/transforms/models/squares_yolo.onnx"),
            description: Some(r#"{"output": "ssd"}"#),
        },
        Model {
            name: "nameless",
            network: include_bytes!("../../../tests/transforms/models/squares_yolo.onnx"),
            description: None,
        },
        Model {
            name: "ssd",
            network: include_bytes!("../../../tests/transforms/models/squares_ssd.onnx"),
            description: Some(include_str!("../../../tests/transforms/models/squares_ssd.json")),
        },
        Model {
            name: "yolo",
            network: include_bytes!("../../../tests/transforms/models/squares_yolo.onnx"),
            description: Some(include_str!("../../../tests/transforms/models/squares_yolo.json")),
        },
    ]);
}

fn find(params: Value, image: &Image) -> Value {
    provide();
    let made = PLUGIN.run_with("detect", &params.to_string(), Some(image.clone()), Vec::new());
    let made = made.unwrap_or_else(|refusal| panic!("{params}: {refusal}"));
    assert_eq!(made.image, *image);
    serde_json::from_str(&made.data.expect("data")).expect("JSON")
}

fn refused(params: Value, image: &Image) -> String {
    provide();
    let made = PLUGIN.run_with("detect", &params.to_string(), Some(image.clone()), Vec::new());
    made.map(|outcome| outcome.data).expect_err("a refusal").to_string()
}

/// Squares on black, in cells of 8 x 8: column, row and colour.
fn squares(width: u32, height: u32, squares: &[(u32, u32, [u8; 3])]) -> Image {
    let mut image = Image::filled(Size::new(width, height), Rgb8, &[0, 0, 0]);
    for &(column, row, color) in squares {
        for y in row * 8..row * 8 + 8 {
            for x in column * 8..column * 8 + 8 {
                let at = ((y * width + x) * 3) as usize;
                image.pixels[at..at + 3].copy_from_slice(&color);
            }
        }
    }
    image
}

fn three() -> Image {
    squares(64, 64, &[(1, 1, [255, 0, 0]), (5, 2, [0, 204, 0]), (3, 6, [0, 0, 128])])
}

#[test]
fn squares_are_found_with_label_score_and_box() {
    let found = find(json!({"model": "yolo", "threshold": 0.3}), &three());
    let expected = json!([
        {"label": "red", "class": 0, "score": 1.0, "box": [6.0, 6.0, 12.0, 12.0]},
        {"label": "green", "class": 1, "score": 0.8, "box": [38.0, 14.0, 12.0, 12.0]},
        {"label": "blue", "class": 2, "score": 0.502, "box": [22.0, 46.0, 12.0, 12.0]},
    ]);
    assert_eq!(found, json!({"model": "yolo", "input": [64, 64], "objects": expected}));
    // The other network sees the same, and has no word for blue.
    let ssd = find(json!({"model": "ssd", "threshold": 0.3}), &three());
    let mut renamed = expected.clone();
    renamed[2]["label"] = json!("class 2");
    assert_eq!(ssd["objects"], renamed);
    assert_eq!(find(json!({"model": "nameless"}), &three())["objects"][0]["label"], "class 0");
}

#[test]
fn parameters_choose_among_the_objects() {
    let labels = |params: Value| {
        let mut all = json!({"model": "yolo"});
        all.as_object_mut().expect("an object").extend(params.as_object().expect("an object").clone());
        let found = find(all, &three());
        let objects = found["objects"].as_array().expect("a list").clone();
        objects.iter().filter_map(|object| object["label"].as_str().map(str::to_owned)).collect::<Vec<String>>()
    };
    assert_eq!(labels(json!({})), ["red", "green", "blue"]);
    assert_eq!(labels(json!({"threshold": 0.6})), ["red", "green"]);
    assert_eq!(labels(json!({"most": 1})), ["red"]);
    assert_eq!(labels(json!({"classes": ["blue", "red"]})), ["red", "blue"]);
    // Two columns: the middles of red and blue lie in the left one, green's in the right.
    assert_eq!(labels(json!({"exclusion_grid": [[1, 0]]})), ["green"]);
    assert_eq!(labels(json!({"exclusion_grid": [[0, 0], [1, 1]]})), ["red", "green"]);
}

#[test]
fn overlapping_boxes_of_one_class_are_one() {
    // Neighbours: boxes of 12 x 12, 8 apart, share 4 x 12 of 20 x 12: a fifth.
    let image = squares(64, 64, &[(1, 1, [255, 0, 0]), (2, 1, [204, 0, 0]), (1, 2, [0, 255, 0])]);
    let count = |overlap: f64| {
        find(json!({"model": "yolo", "threshold": 0.5, "overlap": overlap}), &image)["objects"].as_array().map(Vec::len)
    };
    assert_eq!((count(0.3), count(0.1)), (Some(3), Some(2)));
}

#[test]
fn boxes_are_in_pixels_of_the_picture() {
    // Twice as large and wide: the network sees it at half the size, 16 rows further down.
    let mut wide = squares(128, 64, &[]);
    for y in 16..32 {
        for x in 64..80 {
            wide.pixels[(y * 128 + x) * 3] = 255;
        }
    }
    let found = find(json!({"model": "yolo", "threshold": 0.9}), &wide);
    assert_eq!(found["objects"][0]["box"], json!([60.0, 12.0, 24.0, 24.0]), "{found}");
    // Stretched instead: 16 x 16 become 8 x 16, two cells.
    let found = find(json!({"model": "ssd", "threshold": 0.9}), &wide);
    assert_eq!(found["objects"][0]["box"], json!([60.0, 14.0, 24.0, 12.0]), "{found}");
    // At an edge, boxes end with the picture.
    let found = find(json!({"model": "yolo", "threshold": 0.9}), &squares(64, 64, &[(0, 7, [255, 0, 0])]));
    assert_eq!(found["objects"][0]["box"], json!([0.0, 54.0, 10.0, 10.0]));
}

#[test]
fn what_cannot_be_is_refused() {
    let message = refused(json!({"model": "none"}), &three());
    assert!(message.contains("model: is \"none\", expected one of broken, misread, nameless, ssd, yolo"), "{message}");
    let message = refused(json!({"model": "broken"}), &three());
    assert!(message.contains("the model \"broken\" cannot be used"), "{message}");
    let message = refused(json!({"model": "misread"}), &three());
    assert!(message.contains("output0 [1, 7, 64], expected boxes of 4 numbers"), "{message}");
    let message = refused(json!({"model": "yolo", "exclusion_grid": [[1, 0], [1]]}), &three());
    assert!(message.contains("exclusion_grid: has rows of 2 and 1 cells"), "{message}");
    assert!(refused(json!({"model": "yolo", "threshold": 2}), &three()).contains("threshold"));
    assert!(refused(json!({}), &three()).contains("model"));
}

#[test]
fn extremes_end_soon_on_pictures_of_every_shape() {
    for params in [
        json!({"model": "yolo", "threshold": 0, "overlap": 1, "most": 1000, "input_px": 2048}),
        json!({"model": "ssd", "threshold": 0, "overlap": 0, "most": 1, "classes": ["red"]}),
        json!({"model": "yolo", "threshold": 1, "exclusion_grid": vec![vec![0; 128]; 128]}),
    ] {
        for (width, height) in [(1, 1), (1, 3000), (3000, 1), (17, 13), (1000, 700)] {
            for format in [Gray8, Rgb8, Rgba8] {
                let pixel = [200, 10, 10, 128];
                let image = Image::filled(Size::new(width, height), format, &pixel[..format.bytes()]);
                let begun = Instant::now();
                let found = find(params.clone(), &image);
                assert!(begun.elapsed() < Duration::from_secs(5), "{params} {width} x {height}");
                assert_eq!(find(params.clone(), &image), found);
            }
        }
    }
}
