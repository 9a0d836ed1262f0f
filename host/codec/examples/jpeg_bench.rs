//! Measures the JPEG decoder on a 12-megapixel picture, in milliseconds of thread CPU time.
//!
//! The picture is made here: several octaves of noise over gradients, so that the file has about the size of a
//! photograph's. With an argument, that file is measured instead; with a second one, the file is written there.

use safelight_codec::jpeg::{self, Scale};
use std::hint::black_box;

const WIDTH: usize = 4000;
const HEIGHT: usize = 3000;
const RUNS: usize = 25;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = match arguments.next().filter(|name| name != "-") {
        Some(name) => std::fs::read(&name).unwrap_or_else(|error| panic!("cannot read {name}: {error}")),
        None => picture(),
    };
    if let Some(name) = arguments.next() {
        std::fs::write(&name, &file).unwrap_or_else(|error| panic!("cannot write {name}: {error}"));
    }
    eprintln!("file of {} bytes", file.len());
    for scale in [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth] {
        report(&format!("safelight {scale:?}"), || {
            jpeg::decode(&file, scale, u64::MAX).map(|picture| picture.pixels.len())
        });
    }
    for scale in [8, 2] {
        report(&format!("jpeg-decoder {scale}/8"), || {
            let mut decoder = jpeg_decoder::Decoder::new(&file[..]);
            decoder.read_info()?;
            let info = decoder.info().map_or((0, 0), |info| (info.width, info.height));
            decoder.scale(info.0 * scale / 8, info.1 * scale / 8)?;
            decoder.decode().map(|pixels| pixels.len())
        });
    }
    report("zune-jpeg 8/8", || {
        zune_jpeg::JpegDecoder::new(std::io::Cursor::new(&file[..])).decode().map(|pixels| pixels.len())
    });
}

/// Prints the mean time of some runs; the kernel may count in steps of a few milliseconds, so all are timed together.
fn report<E: std::fmt::Debug>(name: &str, run: impl Fn() -> Result<usize, E>) {
    let mut start = thread_cpu_ms();
    for index in 0..=RUNS {
        if index == 1 {
            // The first run fills the caches.
            start = thread_cpu_ms();
        }
        let length = black_box(run());
        assert!(length.is_ok(), "{name}: {length:?}");
    }
    eprintln!("{name:20} {:7.2} ms", (thread_cpu_ms() - start) / RUNS as f64);
}

/// CPU time of this thread so far; Linux counts it in nanoseconds, in the first field of this file.
fn thread_cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    first.map_or_else(|| panic!("/proc/thread-self/schedstat has no CPU time"), |nanoseconds| nanoseconds / 1e6)
}

fn picture() -> Vec<u8> {
    let mut pixels = vec![0u8; WIDTH * HEIGHT * 3];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (u, v) = (x as f32 / WIDTH as f32, y as f32 / HEIGHT as f32);
            let mut detail = 0.0;
            let mut amplitude = 26.0;
            for octave in 0..10 {
                let cell = (512 >> octave) as f32;
                detail += amplitude * noise(x as f32 / cell, y as f32 / cell, octave);
                amplitude *= 0.9;
            }
            // Detail comes and goes across the picture, as focus does.
            let focus = 0.3 + 0.7 * noise(u * 5.0, v * 5.0, 20).abs();
            let light = 90.0 + 90.0 * (1.0 - v) + detail * focus * 3.0;
            let tint = 40.0 * noise(u * 9.0, v * 9.0, 21);
            let at = (y * WIDTH + x) * 3;
            pixels[at] = (light + tint) as u8;
            pixels[at + 1] = light as u8;
            pixels[at + 2] = (light - tint + 25.0 * u) as u8;
        }
    }
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 85);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let encoded = encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, jpeg_encoder::ColorType::Rgb);
    assert!(encoded.is_ok(), "{encoded:?}");
    file
}

/// Smoothly interpolated random values between -1 and 1 on a grid of cells of size 1.
fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (s, t) = (smooth(x - column), smooth(y - row));
    let corner = |dx: u32, dy: u32| {
        let mut hash = (column as u32 + dx).wrapping_mul(0x9E37_79B1) ^ (row as u32 + dy).wrapping_mul(0x85EB_CA77);
        hash = (hash ^ seed.wrapping_mul(0xC2B2_AE3D)).wrapping_mul(0x27D4_EB2F);
        hash ^= hash >> 15;
        hash = hash.wrapping_mul(0x2C1B_3C6D);
        hash ^= hash >> 13;
        (hash & 0xFFFF) as f32 / 32767.5 - 1.0
    };
    let top = corner(0, 0) * (1.0 - s) + corner(1, 0) * s;
    let bottom = corner(0, 1) * (1.0 - s) + corner(1, 1) * s;
    top * (1.0 - t) + bottom * t
}
