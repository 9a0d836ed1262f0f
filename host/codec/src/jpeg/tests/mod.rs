//! Pictures are made with the `jpeg-encoder` crate and compared with `zune-jpeg`, an independent decoder, or with
//! each other. Files that no encoder makes are put together from marker segments.

mod damage;
mod files;
mod pictures;
mod scales;

use super::{Decoded, Error, Layout, Scale, decode, read_header};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

const SCALES: [Scale; 4] = [Scale::Full, Scale::Half, Scale::Quarter, Scale::Eighth];
const MEMORY: u64 = 64 << 20;

/// How to encode a test picture.
#[derive(Clone, Copy)]
struct Recipe {
    width: u16,
    height: u16,
    color: ColorType,
    sampling: SamplingFactor,
    quality: u8,
    progressive: bool,
    restart_interval: u16,
    /// Huffman tables made for the picture, which also makes the encoder use one scan per component.
    own_tables: bool,
}

const RECIPE: Recipe = Recipe {
    width: 97,
    height: 61,
    color: ColorType::Rgb,
    sampling: SamplingFactor::F_2_2,
    quality: 88,
    progressive: false,
    restart_interval: 0,
    own_tables: false,
};

/// Waves of several lengths in every channel, and a hard edge.
fn raw_pixels(recipe: &Recipe) -> Vec<u8> {
    let channels = match recipe.color {
        ColorType::Luma => 1,
        ColorType::Cmyk | ColorType::CmykAsYcck => 4,
        _ => 3,
    };
    let mut pixels = Vec::new();
    for y in 0..recipe.height {
        for x in 0..recipe.width {
            let (x, y) = (f32::from(x), f32::from(y));
            let edge = if x + y > 90.0 && x < 70.0 { 40.0 } else { 0.0 };
            for channel in 0..channels {
                let phase = channel as f32 * 1.7;
                let waves = 45.0 * (x / 19.0 + phase).sin() + 25.0 * (y / 13.0 - phase).cos();
                let detail = 9.0 * (x * 0.9 + y * 0.7 + phase).sin();
                pixels.push((118.0 + waves + detail + edge) as u8);
            }
        }
    }
    pixels
}

fn encode(recipe: &Recipe) -> Vec<u8> {
    encode_with(recipe, |_| {})
}

fn encode_with(recipe: &Recipe, more: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, recipe.quality);
    encoder.set_sampling_factor(recipe.sampling);
    encoder.set_progressive(recipe.progressive);
    encoder.set_restart_interval(recipe.restart_interval);
    encoder.set_optimized_huffman_tables(recipe.own_tables);
    more(&mut encoder);
    encoder.encode(&raw_pixels(recipe), recipe.width, recipe.height, recipe.color).expect("the recipe is valid");
    file
}

fn full(file: &[u8]) -> Decoded {
    decode(file, Scale::Full, MEMORY).expect("the file is valid")
}

/// Largest and mean difference of two pictures.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    (largest, sum as f64 / a.len() as f64)
}

/// A marker segment with its length.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], &length[..], content].concat()
}

/// The segments of a file up to its first scan, as (marker, position of FF, position after).
fn segments(file: &[u8]) -> Vec<(u8, usize, usize)> {
    let mut at = 2;
    let mut found = Vec::new();
    loop {
        let end = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        found.push((file[at + 1], at, end));
        if file[at + 1] == 0xDA {
            return found;
        }
        at = end;
    }
}

/// The file with other content for the segments of a marker; `None` leaves them out.
fn replace(file: &[u8], marker: u8, content: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    let list = segments(file);
    for &(code, start, end) in &list {
        if code != marker {
            out.extend_from_slice(&file[start..end]);
        } else if let Some(content) = content(&file[start + 4..end]) {
            out.extend(segment(marker, &content));
        }
    }
    out.extend_from_slice(&file[list[list.len() - 1].2..]);
    out
}
