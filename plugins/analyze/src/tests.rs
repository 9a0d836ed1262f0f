//! Every transform of the plugin, called as the host calls it.

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{self, Gray8, Rgb8, Rgba8};
use safelight_sdk::serde_json::{self, Value, json};
use safelight_sdk::{Image, Size};

use crate::PLUGIN;

mod measures;
mod searches;

/// What a transform finds; the picture must come back as it was.
fn find(transform: &str, params: Value, image: &Image, images: &[Image]) -> Value {
    let made = PLUGIN.run_with(transform, &params.to_string(), Some(image.clone()), images.to_vec());
    let made = made.unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"));
    assert_eq!(made.image, *image, "{transform}");
    serde_json::from_str(&made.data.expect("data")).expect("JSON")
}

fn refused(transform: &str, params: Value, image: &Image, images: &[Image]) -> String {
    let made = PLUGIN.run_with(transform, &params.to_string(), Some(image.clone()), images.to_vec());
    made.map(|outcome| outcome.data).expect_err("a refusal").to_string()
}

/// Rectangles of many sizes and grays, softened: full of corners and textures.
fn scene(width: u32, height: u32, seed: u32) -> Image {
    let mut state = seed;
    let mut draw = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % most
    };
    let mut pixels = vec![128; (width * height) as usize];
    for _ in 0..width * height / 250 {
        let (x, y) = (draw(width), draw(height));
        let (w, h, value) = (4 + draw(30), 4 + draw(30), draw(256) as u8);
        for row in y..(y + h).min(height) {
            pixels[(row * width + x) as usize..(row * width + (x + w).min(width)) as usize].fill(value);
        }
    }
    safelight_kernels::gaussian_blur(&mut pixels, (width, height), 1, 0.7);
    Image::new(width, height, Gray8, pixels)
}

fn paste(picture: &mut Image, part: &Image, (x, y): (u32, u32)) {
    for (row, pixels) in part.rows().enumerate() {
        let start = ((y as usize + row) * picture.width as usize + x as usize) * picture.format.bytes();
        picture.pixels[start..start + pixels.len()].copy_from_slice(pixels);
    }
}

fn filled(width: u32, height: u32, format: PixelFormat, pixel: &[u8]) -> Image {
    Image::filled(Size::new(width, height), format, pixel)
}

/// Parameters at their limits for every transform.
fn extremes() -> Vec<(&'static str, Value)> {
    let image = json!({"asset": "a"});
    let with = |more: Value| {
        let mut all = more;
        all["image"] = image.clone();
        all
    };
    vec![
        ("statistics", json!({"histogram": true, "blank_tolerance": 255})),
        ("colors", json!({"count": 256, "min_share": 0.0})),
        ("colors", json!({"count": 1, "min_share": 1.0})),
        ("perceptual_hash", json!({})),
        ("blurriness", json!({"threshold": 0.1, "max_side_px": 16})),
        ("blurriness", json!({"threshold": 100000.0, "max_side_px": 65535})),
        ("quality", json!({})),
        ("compare", with(json!({}))),
        ("match_template", with(json!({"threshold": 0.1, "most": 100, "min_scale": 0.1, "max_scale": 1.6}))),
        ("match_template", with(json!({"threshold": 0.1, "most": 100, "min_scale": 0.625, "max_scale": 10}))),
        ("find_object", with(json!({"threshold": 0.05}))),
        ("codes", json!({"most": 100})),
        ("codes", json!({"kinds": ["barcode"], "inverted": false})),
    ]
}

#[test]
fn extremes_end_soon_on_pictures_of_every_shape() {
    let covered: std::collections::BTreeSet<&str> = extremes().iter().map(|(name, _)| *name).collect();
    assert_eq!(covered.len(), PLUGIN.transforms.len());
    let seeds = [(1, 1), (1, 300), (300, 1), (2, 2), (17, 13), (640, 480)];
    for (transform, params) in extremes() {
        for (width, height) in seeds {
            for format in [Gray8, Rgb8, Rgba8] {
                let image = safelight_sdk::to_format(scene(width, height, 3), format);
                let images = if params.get("image").is_some() { vec![scene(40, 30, 9)] } else { Vec::new() };
                let begun = Instant::now();
                let first = find(transform, params.clone(), &image, &images);
                assert!(begun.elapsed() < Duration::from_secs(10), "{transform} {params} {width} x {height}");
                if width < 640 {
                    assert_eq!(find(transform, params.clone(), &image, &images), first, "{transform} {params}");
                }
            }
        }
    }
}

#[test]
fn what_nobody_sees_has_no_colours_and_no_numbers() {
    let hidden = Image::new(2, 2, Rgba8, vec![9, 200, 0, 0, 255, 0, 0, 0, 1, 2, 3, 0, 7, 7, 7, 0]);
    let found = find("colors", json!({}), &hidden, &[]);
    assert_eq!((&found["pixels"], &found["colors"]), (&json!(0), &json!([])));
    assert_eq!(found["background"], Value::Null);
    let found = find("statistics", json!({}), &hidden, &[]);
    assert_eq!(
        (&found["blank"], &found["grayscale"], &found["transparent_share"]),
        (&json!(true), &json!(true), &json!(1.0))
    );
    assert_eq!(found["channels"].as_array().map(Vec::len), Some(1));
    for transform in ["perceptual_hash", "blurriness", "quality", "codes"] {
        find(transform, json!({}), &hidden, &[]);
    }
}
