//! Writes what fuzzing starts from: `seeds FOLDER` makes a folder of seeds for each target.
//!
//! Each decoder gets pictures that our own encoders wrote, in every pixel format and kind of file, and those of the
//! codec's test fixtures; `apply` gets every transform with samples of its schema.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use safelight_codec::{Chroma, EncodeOptions, Format, Frame, Loops, Metadata, Picture, PixelFormat, Raster, encode};
use serde_json::Value;
use transform_tests::{cases, described, params, pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    for format in Format::ALL {
        let dir = folder.join(format!("decode_{}", format.name()));
        fs::create_dir_all(&dir)?;
        for (number, options) in kinds(format).into_iter().enumerate() {
            for (name, picture) in subjects(format)? {
                // A kind that a format does not have is no seed.
                if let Ok(bytes) = encode(&picture, &options) {
                    fs::write(dir.join(format!("{name}-{number}")), bytes)?;
                }
            }
        }
    }
    fixtures(&folder)?;
    let dir = folder.join("apply");
    fs::create_dir_all(&dir)?;
    let cases = cases::all();
    for described in described() {
        let name = &described.info.name;
        let base = cases.get(name).map(|case| case.base.clone()).unwrap_or_default();
        for (number, set) in params::sets(&described, &base, 4).into_iter().enumerate() {
            let seed = safelight_fuzz::written(name, &Value::Object(set), number as u8);
            fs::write(dir.join(format!("{name}-{number}")), seed)?;
        }
    }
    addresses(&folder)
}

/// The addresses and transformations of the dialect's test vectors.
fn addresses(folder: &Path) -> Result<(), Box<dyn Error>> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/src/dialect/cloudinary/testdata/vectors.json");
    let vectors: Value = serde_json::from_slice(&fs::read(vectors)?)?;
    let mut texts = Vec::new();
    collect(&vectors, &mut texts);
    let dir = folder.join("address");
    fs::create_dir_all(&dir)?;
    for (number, text) in texts.iter().enumerate() {
        // An address without its scheme and host.
        let path = text.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
        fs::write(dir.join(number.to_string()), path.unwrap_or(text))?;
    }
    Ok(())
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| collect(value, texts)),
        Value::Object(map) => map.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn kinds(format: Format) -> Vec<EncodeOptions> {
    let plain = EncodeOptions { metadata: true, ..EncodeOptions::new(format) };
    vec![
        EncodeOptions { lossless: true, ..plain.clone() },
        EncodeOptions { progressive: true, quality: 30, chroma: Chroma::Half420, ..plain.clone() },
        EncodeOptions { quality: 95, chroma: Chroma::Full444, ..plain.clone() },
        plain,
    ]
}

fn subjects(format: Format) -> Result<Vec<(String, Picture)>, Box<dyn Error>> {
    let mut subjects = Vec::new();
    for (name, pixel_format) in [("gray", PixelFormat::Gray8), ("rgb", PixelFormat::Rgb8), ("rgba", PixelFormat::Rgba8)]
    {
        let sdk_format = pictures::FORMATS[pixel_format.bytes_per_pixel() / 2];
        for (width, height) in [(1, 1), (17, 13), (40, 24)] {
            let image = pictures::in_format(sdk_format, width, height);
            let raster = Raster::new(width, height, pixel_format, image.pixels)?;
            let mut picture = Picture::still(raster);
            picture.metadata = Metadata { xmp: Some(b"<x/>".to_vec()), exif: Some(orientation(6)), icc: None };
            subjects.push((format!("{name}-{width}x{height}"), picture));
        }
    }
    if format.supports_animation() {
        let frame = |seed| -> Result<Frame, Box<dyn Error>> {
            let image = pictures::noisy(17, 13, safelight_sdk::PixelFormat::Rgba8, seed);
            Ok(Frame { raster: Raster::new(17, 13, PixelFormat::Rgba8, image.pixels)?, delay_ms: 40 * seed })
        };
        let frames = vec![frame(0)?, frame(1)?, frame(2)?];
        subjects
            .push(("animated".to_owned(), Picture { frames, loops: Loops::Forever, metadata: Metadata::default() }));
    }
    Ok(subjects)
}

/// An EXIF block that holds an orientation alone.
fn orientation(value: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([value, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// Pictures that other encoders wrote.
fn fixtures(folder: &Path) -> Result<(), Box<dyn Error>> {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/codec");
    for dir in [host.join("tests/fixtures/avif"), host.join("src/jpeg/tests")] {
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            let bytes = if path.is_file() { fs::read(&path)? } else { continue };
            let Some(format) = Format::sniff(&bytes) else { continue };
            let name = path.file_name().ok_or("no name")?;
            fs::write(folder.join(format!("decode_{}", format.name())).join(name), bytes)?;
        }
    }
    Ok(())
}
