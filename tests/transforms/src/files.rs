//! Pictures as files, and where the tests write them.

use std::{
    fs,
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
};

use png::{BitDepth, ColorType, Transformations};
use safelight_sdk::{Image, PixelFormat};

/// The build's `target` folder: tests run from `target/PROFILE/deps`.
pub fn target_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test program");
    let target = test.ancestors().nth(3).expect("a test program in target/PROFILE/deps");
    target.to_path_buf()
}

/// A folder below `target/transform-tests/`, made if it is not there.
pub fn output_dir(name: &str) -> PathBuf {
    let dir = target_dir().join("transform-tests").join(name);
    fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("cannot make {}: {error}", dir.display()));
    dir
}

/// Writes a PNG with the picture's own channels.
///
/// # Panics
/// When the file cannot be written.
pub fn write_png(path: &Path, image: &Image) {
    let file = fs::File::create(path).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    let mut encoder = png::Encoder::new(BufWriter::new(file), image.width, image.height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(match image.format {
        PixelFormat::Gray8 => ColorType::Grayscale,
        PixelFormat::Rgb8 => ColorType::Rgb,
        PixelFormat::Rgba8 => ColorType::Rgba,
    });
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&image.pixels));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

/// Reads a PNG: 16 bits are rounded to 8, palettes become colours, gray with alpha becomes RGBA.
///
/// # Panics
/// When the file cannot be read.
pub fn read_png(path: &Path) -> Image {
    read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Image, Box<dyn std::error::Error>> {
    let mut decoder = png::Decoder::new(BufReader::new(fs::File::open(path)?));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    let info = reader.next_frame(&mut pixels)?;
    pixels.truncate(info.buffer_size());
    if info.bit_depth == BitDepth::Sixteen {
        let rounded = |&pair: &[u8; 2]| ((u32::from(u16::from_be_bytes(pair)) * 255 + 32_767) / 65_535) as u8;
        pixels = pixels.as_chunks().0.iter().map(rounded).collect();
    }
    let (format, pixels) = match info.color_type {
        ColorType::Grayscale => (PixelFormat::Gray8, pixels),
        ColorType::Rgb => (PixelFormat::Rgb8, pixels),
        ColorType::Rgba => (PixelFormat::Rgba8, pixels),
        ColorType::GrayscaleAlpha => {
            let spread = |&[value, alpha]: &[u8; 2]| [value, value, value, alpha];
            (PixelFormat::Rgba8, pixels.as_chunks().0.iter().flat_map(spread).collect())
        }
        ColorType::Indexed => return Err("a palette was not expanded".into()),
    };
    Ok(Image::new(info.width, info.height, format, pixels))
}
