//! Prints how many pixels a second AVIF encoding takes at each effort: the table in `write/avif.rs`.

#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::Instant;

use safelight_codec::{EncodeOptions, Format, Picture, PixelFormat, Raster};

fn main() {
    let (width, height) = (1024_u32, 1024_u32);
    let mut seed = 1_u32;
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let wave = (x as f32 / 23.0).sin() * 60.0 + (y as f32 / 31.0).cos() * 50.0 + (seed >> 28) as f32;
            pixels.extend([128.0 + wave, 110.0 + wave * 0.7, 90.0 - wave * 0.5].map(|level| level as u8));
        }
    }
    let raster = Raster::new(width, height, PixelFormat::Rgb8, pixels).expect("the pixels fill the size");
    let picture = Picture::still(raster);
    for effort in 0..=9 {
        let options = EncodeOptions { effort, avif_seconds: f32::INFINITY, ..EncodeOptions::new(Format::Avif) };
        let began = Instant::now();
        let bytes = safelight_codec::encode(&picture, &options).expect("a picture that can be encoded");
        let seconds = began.elapsed().as_secs_f64();
        println!("effort {effort}\t{:.2} MP/s\t{} bytes", 1.048_576 / seconds, bytes.len());
    }
}
