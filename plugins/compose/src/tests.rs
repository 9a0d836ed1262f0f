//! Every transform of the plugin, called as the host calls it.

mod frames;
mod layers;
mod masks;
mod sheets;

use std::time::{Duration, Instant};

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, Kind, Outcome, PixelFormat, Refusal, Size};

use crate::PLUGIN;

/// A call with one picture beside the input; `more` are its parameters but for that.
fn with(transform: &str, more: &str, picture: &Image, image: &Image) -> Image {
    let params = format!(r#"{{"image": {{"asset": "a"}}{more}}}"#);
    let made = PLUGIN.run_with(transform, &params, Some(picture.clone()), vec![image.clone()]);
    made.unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}")).image
}

fn alone(transform: &str, params: &str, picture: &Image) -> Image {
    PLUGIN.run(transform, params, picture.clone()).unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"))
}

/// A call with a list of pictures.
fn listed(transform: &str, more: &str, picture: Option<&Image>, images: &[Image]) -> Result<Outcome, Refusal> {
    let names: Vec<String> = (0..images.len()).map(|index| format!(r#"{{"asset": "{index}"}}"#)).collect();
    let params = format!(r#"{{"images": [{}]{more}}}"#, names.join(", "));
    PLUGIN.run_with(transform, &params, picture.cloned(), images.to_vec())
}

fn flat(width: u32, height: u32, format: PixelFormat, pixel: &[u8]) -> Image {
    Image::filled(Size::new(width, height), format, pixel)
}

fn gray(width: u32, height: u32, pixels: &[u8]) -> Image {
    Image::new(width, height, Gray8, pixels.to_vec())
}

fn alphas(image: &Image) -> Vec<u8> {
    assert_eq!(image.format, Rgba8);
    image.pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect()
}

#[test]
fn what_cannot_work_is_refused_in_the_plan() {
    let cases = [
        ("composite", "", "width: is 0, expected", r#", "width": 0"#),
        ("composite", "", "width: is \"5\", expected whole pixels or a percentage", r#", "width": "5""#),
        ("composite", "", "x: is \"1e9%\", expected whole pixels or a percentage", r#", "x": "1e9%""#),
        ("composite", "", "blend: is \"add\", expected one of \"over\", \"clear\"", r#", "blend": "add""#),
        ("composite", "", "opacity: is 1.5, expected a number from 0 to 1", r#", "opacity": 1.5"#),
        ("composite", "", "size: is not known, expected one of", r#", "size": 5"#),
        ("composite", "", "the image of 3 x 3 px at -1, -1 reaches out", r#", "canvas": "refuse""#),
        ("tile", "", "a tile would be 5000 x 5000 px, expected at most 16777216 pixels", r#", "width": 5000"#),
        ("steganography_hide", "", "image: of 3 x 3 px at 8 bits need 18 bits of each pixel of 2 x 2 px", ""),
        ("background", "", "image: is given with blurred, expected one of them", r#", "blurred": true"#),
        ("shadow", "{}", "sigma_px: is 300, expected a number from 0 to 250", r#"{"sigma_px": 300}"#),
        ("border", "{}", "radius_px: is given with ellipse", r#"{"ellipse": true, "radius_px": [1]}"#),
        ("border", "{}", "radius_px[0]: is -1, expected a number from 0 to 65535", r#"{"radius_px": [-1]}"#),
        ("steganography_read", "{}", "height: is missing, expected a whole number", r#"{"width": 3}"#),
        ("steganography_read", "{}", "width and height are 9 x 9 px at 8 bits", r#"{"width": 9, "height": 9}"#),
    ];
    for (transform, alone, expected, params) in cases {
        let picture = flat(2, 2, Gray8, &[1]);
        let (params, images) = match alone {
            "" => (format!(r#"{{"image": {{"asset": "a"}}{params}}}"#), vec![flat(3, 3, Gray8, &[1])]),
            _ => (params.to_owned(), Vec::new()),
        };
        let refusal = PLUGIN.run_with(transform, &params, Some(picture), images).expect_err("a refusal").to_string();
        assert!(refusal.starts_with(expected), "{transform} {params}: {refusal}");
    }
}

#[test]
fn a_picture_must_be_named_and_come() {
    let run = |params: &str, images: Vec<Image>| {
        let picture = flat(2, 2, Gray8, &[1]);
        PLUGIN.run_with("composite", params, Some(picture), images).expect_err("a refusal").to_string()
    };
    assert_eq!(run("{}", Vec::new()), "missing field `image`");
    let expected = r#"image: is missing, expected a picture such as {"url": "https://..."}"#;
    assert_eq!(run(r#"{"opacity": 1}"#, Vec::new()), expected);
    let expected = "the parameters name 1 pictures, and 0 came with the call";
    assert_eq!(run(r#"{"image": {"asset": "a"}}"#, Vec::new()), expected);
    let expected = "the parameters name 1 pictures, and 2 came with the call";
    assert_eq!(run(r#"{"image": {"asset": "a"}}"#, vec![flat(1, 1, Gray8, &[0]); 2]), expected);
}

/// Every extreme of the schemas that costs time, on pictures of every shape and format.
const EXTREMES: &[(&str, &str)] = &[
    ("composite", r#", "width": "10000%", "fit": "exact", "height": 65535, "blend": "hue""#),
    ("composite", r#", "x": -65535, "y": 65535, "blend": "src", "opacity": 0"#),
    ("composite", r#", "width": 1, "height": 1, "fit": "fill", "blend": "soft_light", "anti_removal": 1"#),
    ("underlay", r#", "width": "100%", "canvas": "keep", "opacity": 0"#),
    ("background", r#", "width": 1, "height": 1, "sigma_px": 250"#),
    ("background", r#", "cover": "tile", "brightness": 4, "sigma_px": 250"#),
    ("dissolve", r#", "image_opacity": 1, "picture_opacity": 0, "method": "add""#),
    ("watermark", r#", "scale": 1, "angle_deg": 45, "tile": true, "margin_px": 4096, "anti_removal": 1"#),
    ("watermark", r#", "scale": 0.01, "tile": true, "margin_px": 0"#),
    ("tile", r#", "scale": 0.01, "row_shift": 1, "blend": "luminosity""#),
    ("tile", r#", "width": 4000, "height": 4000, "gap_x_px": 65535, "gap_y_px": 65535, "x": -65535"#),
    ("mask", r#", "width": "10000%", "mode": "replace", "outside": "keep""#),
    ("cutter", r#", "width": 1, "mode": "remove""#),
    ("displace", r#", "x_px": 4096, "y_px": -4096, "map": "tile", "edge": "mirror""#),
    ("displace", r#", "x_px": -4096, "map": "center", "edge": "transparent""#),
];

const EXTREMES_ALONE: &[(&str, &str)] = &[
    ("border", r#"{"width_px": 10000}"#),
    ("border", r#"{"width_px": 500, "radius_px": [65535, 0, 3]}"#),
    ("border", r#"{"width_px": 0, "ellipse": true}"#),
    ("outline", r#"{"width_px": 1000, "sigma_px": 250}"#),
    ("outline", r#"{"width_px": 1000, "sigma_px": 250, "mode": "inner"}"#),
    ("outline", r#"{"width_px": 0, "mode": "fill"}"#),
    ("shadow", r#"{"x_px": -4096, "y_px": 4096, "spread_px": 1000, "sigma_px": 250, "canvas": "keep"}"#),
    ("shadow", r#"{"x_px": 0, "y_px": 0, "sigma_px": 0}"#),
    ("polaroid", r#"{"border_px": 500, "bottom_px": 800, "bend_px": 1000, "angle_deg": 45}"#),
    ("polaroid", r#"{"border_px": 0, "bottom_px": 0, "bend_px": 0, "angle_deg": 0, "shadow_opacity": 0}"#),
    ("gradient_fade", r#"{"strength": 1, "x": -1, "y": 1, "mode": "symmetric_pad"}"#),
    ("gradient_fade", r#"{"strength": 0, "x": 1, "y": -1}"#),
];

#[test]
fn extremes_of_every_parameter_end_soon() {
    let formats: [(PixelFormat, &[u8]); 4] =
        [(Gray8, &[200]), (Rgb8, &[1, 2, 255]), (Rgba8, &[9, 99, 199, 255]), (Rgba8, &[0, 0, 0, 0])];
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (37, 41), (320, 240)] {
        for (index, (format, pixel)) in formats.into_iter().enumerate() {
            let picture = flat(width, height, format, pixel);
            let other = formats[(index + 1) % 4];
            for (image_width, image_height) in [(1, 1), (70, 30)] {
                let image = flat(image_width, image_height, other.0, other.1);
                for (transform, more) in EXTREMES {
                    let params = format!(r#"{{"image": {{"asset": "a"}}{more}}}"#);
                    timed(transform, &params, &picture, vec![image.clone()]);
                }
            }
            // The largest results are made once for each shape, and in all formats from one pixel.
            for (transform, params) in EXTREMES_ALONE.iter().filter(|_| width * height == 1 || index == 2) {
                timed(transform, params, &picture, Vec::new());
            }
        }
    }
}

/// A refusal is an end as well, but only for a size beyond the limits.
fn timed(transform: &str, params: &str, picture: &Image, images: Vec<Image>) {
    let started = Instant::now();
    let size = picture.size();
    match PLUGIN.run_with(transform, params, Some(picture.clone()), images) {
        Ok(made) => assert!(made.image.width > 0),
        Err(refusal) => {
            let refusal = refusal.to_string();
            let is_of_size = refusal.contains("over the limit of") || refusal.contains("scaled to");
            assert!(is_of_size, "{transform} {params} {size}: {refusal}");
        }
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "{transform} {params} {size}: {took:?}");
}

#[test]
fn every_transform_is_driven_to_its_extremes() {
    let elsewhere = ["append", "grid", "sprite", "steganography_hide", "steganography_read"];
    let manifest = PLUGIN.describe();
    for info in &manifest.transforms {
        let driven = EXTREMES.iter().chain(EXTREMES_ALONE).any(|(name, _)| *name == info.name);
        assert!(driven != elsewhere.contains(&info.name.as_str()), "{}", info.name);
        let generates = matches!(info.name.as_str(), "grid" | "sprite");
        assert_eq!(info.kind == Kind::Generate, generates, "{}", info.name);
    }
    assert_eq!(manifest.transforms.len(), 19);
}
