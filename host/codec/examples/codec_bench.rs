//! Measures decoding and encoding of a 12-megapixel picture in each format, best of some runs.
//!
//! The picture is made here: noise of several octaves over gradients, so that files have about the
//! size of a photograph's. Arguments: width and height instead of 4000 and 3000.

use std::time::{Duration, Instant};

use safelight_codec::{DecodeOptions, EncodeOptions, Format, Limits, Picture, PixelFormat, Raster, decode, encode};

fn main() {
    let sides: Vec<u32> = std::env::args().skip(1).map(|side| side.parse().expect("a side in pixels")).collect();
    let (width, height) = match sides[..] {
        [width, height] => (width, height),
        _ => (4000, 3000),
    };
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: true };
    for format in Format::ALL {
        let side = format.max_side();
        let picture = Picture::still(picture(width.min(side), height.min(side)));
        for effort in [None, Some(0), Some(5), Some(9)] {
            let mut encoding = EncodeOptions::new(format);
            let default = encoding.effort;
            encoding.effort = effort.unwrap_or(default);
            // The slow steps of AVIF are minutes for a picture of this size.
            if format == Format::Avif && encoding.effort > 1 {
                continue;
            }
            let (bytes, encode_time) = best(|| encode(&picture, &encoding).expect("the picture can be encoded"));
            let (_, decode_time) = best(|| decode(&bytes, &options).expect("what was encoded can be decoded"));
            eprintln!(
                "{format:5} effort {}: {:9} bytes, encode {encode_time:7.0?}, decode {decode_time:7.0?}",
                encoding.effort,
                bytes.len()
            );
        }
    }
}

fn best<T>(work: impl Fn() -> T) -> (T, Duration) {
    let mut best = None;
    let started = Instant::now();
    for _ in 0..3 {
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        match &best {
            Some((_, least)) if *least <= time => {}
            _ => best = Some((result, time)),
        }
        if started.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    best.expect("there was a run")
}

fn picture(width: u32, height: u32) -> Raster {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let mut shade = 0.0;
            for octave in 0..7 {
                shade += (noise(x >> (6 - octave), y >> (6 - octave), octave) - 0.5) * (40 >> octave).max(5) as f32;
            }
            let across = x as f32 / width as f32;
            let down = y as f32 / height as f32;
            let color = [60.0 + 120.0 * across, 50.0 + 130.0 * down, 200.0 - 120.0 * across];
            pixels.extend(color.map(|value| (value + shade) as u8));
        }
    }
    Raster::new(width, height, PixelFormat::Rgb8, pixels).expect("the rows are full")
}

/// A hash of a place, 0 to 1.
fn noise(x: u32, y: u32, octave: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ octave << 28;
    hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ hash >> 12).wrapping_mul(0x297a_2d39);
    (hash ^ hash >> 15) as f32 / u32::MAX as f32
}
