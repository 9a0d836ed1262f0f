//! Edges, and filters that look at them.

use crate::blur::blur_channels;
use crate::rows::{bordered, bordered_room, keeping_alpha, slide};
use crate::{bytes, luma};

/// How edges are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// The length of Sobel's gradient, as `sqrt(x^2 + y^2)` of its two 3 x 3 matrices (weights 1 2 1).
    Sobel,
    /// The magnitude of the difference from the eight neighbours: `|8 x - sum|`.
    Laplacian,
}

/// Replaces every channel by `strength` times the strength of the edge there, clamped, in place.
///
/// Shape: `channels` is 1, 3 or 4; every colour by itself, premultiplied unless all opaque; alpha stays.
/// Range: `strength` 0 to 100.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn edge(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, edges: Edges, strength: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let stride = width as usize * channels;
    keeping_alpha(pixels, channels, |pixels| find(pixels, stride, channels, edges, strength as f32));
}

fn find(pixels: &mut [u8], stride: usize, channels: usize, edges: Edges, strength: f32) {
    const LANES: usize = 16;
    let load = |row: &[u8], to: &mut [i16]| bordered(row, channels, 1, to);
    let length = bordered_room(stride, channels, 1);
    slide(pixels, stride, 1, length, load, |rows, row| {
        for (index, made) in row.chunks_mut(LANES).enumerate() {
            let at = index * LANES;
            let block =
                |y: usize, x: usize| -> &[i16; LANES] { rows[y][at + x * channels..].first_chunk().expect("a block") };
            let [a, b, c] = [block(0, 0), block(0, 1), block(0, 2)];
            let [d, e, f] = [block(1, 0), block(1, 1), block(1, 2)];
            let [g, h, i] = [block(2, 0), block(2, 1), block(2, 2)];
            let mut results = [0; LANES];
            match edges {
                Edges::Sobel => {
                    for lane in 0..LANES {
                        let x = (c[lane] + 2 * f[lane] + i[lane]) - (a[lane] + 2 * d[lane] + g[lane]);
                        let y = (g[lane] + 2 * h[lane] + i[lane]) - (a[lane] + 2 * b[lane] + c[lane]);
                        let (x, y) = (f32::from(x), f32::from(y));
                        results[lane] = level((x * x + y * y).sqrt() * strength);
                    }
                }
                Edges::Laplacian => {
                    for lane in 0..LANES {
                        let around = a[lane] + b[lane] + c[lane] + d[lane] + f[lane] + g[lane] + h[lane] + i[lane];
                        results[lane] = level(f32::from((8 * e[lane] - around).abs()) * strength);
                    }
                }
            }
            made.copy_from_slice(&results[..made.len()]);
        }
    });
}

#[inline(always)]
fn level(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

/// Where a picture has edges, as a gray picture: Sobel's gradient of luma, blurred by `sigma`, and
/// stretched so that the strongest edge is 255. All 0 when there is none.
fn edge_map(pixels: &[u8], size: (usize, usize), channels: usize, sigma: f64) -> Vec<u8> {
    let mut map = if channels == 1 { pixels.to_vec() } else { luma(pixels, channels) };
    find(&mut map, size.0, 1, Edges::Sobel, 0.25);
    blur_channels(&mut map, size, 1, sigma, f64::INFINITY);
    let most = u32::from(map.iter().copied().max().unwrap_or(0)).max(1);
    let stretched: [u8; 256] = std::array::from_fn(|value| ((value as u32 * 255 + most / 2) / most).min(255) as u8);
    map.iter_mut().for_each(|value| *value = stretched[usize::from(*value)]);
    map
}

/// Blurs what lies between the edges, in place: a pixel's share of the Gaussian blur of `sigma` pixels falls
/// from 1, where there is no edge, to 0 on the strongest edge of the picture.
///
/// Shape: as `gaussian_blur`. Edges are Sobel's gradient of luma, blurred by half of sigma (at least 1 pixel).
/// Range: `sigma` 0.1 to 250. Cost: two blurs and a copy.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn adaptive_blur(pixels: &mut [u8], size: (u32, u32), channels: usize, sigma: f64) {
    adapt(pixels, size, channels, sigma, |value, blurred, edge| value * 255 + (blurred - value) * (255 - edge));
}

/// Sharpens the edges, in place: adds `amount` times the difference from the Gaussian blur of `sigma` pixels,
/// in full on the strongest edge of the picture and less on weaker ones, so that noise is left alone.
///
/// Shape, range and cost: as `adaptive_blur`; `amount` 0 to 10 (in 1/256). Alpha stays.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn adaptive_sharpen(pixels: &mut [u8], size: (u32, u32), channels: usize, sigma: f64, amount: f64) {
    let amount = (amount.clamp(0.0, 10.0) * 256.0).round() as i32;
    adapt(pixels, size, channels, sigma, |value, blurred, edge| {
        value * 255 + (((value - blurred) * edge * amount) >> 8)
    });
}

/// Alpha is kept: where it changes, premultiplied colours would be off else.
fn adapt(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    sigma: f64,
    mix: impl Fn(i32, i32, i32) -> i32 + Copy,
) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || sigma.is_nan() || sigma < 0.1 {
        return;
    }
    let size = (width as usize, height as usize);
    keeping_alpha(pixels, channels, |pixels| {
        let map = edge_map(pixels, size, channels, (sigma / 2.0).max(1.0));
        let mut blurred = pixels.to_vec();
        blur_channels(&mut blurred, size, channels, sigma, f64::INFINITY);
        match channels {
            1 => adapt_pixels::<1>(pixels, &blurred, &map, mix),
            3 => adapt_pixels::<3>(pixels, &blurred, &map, mix),
            _ => adapt_pixels::<4>(pixels, &blurred, &map, mix),
        }
    });
}

fn adapt_pixels<const N: usize>(pixels: &mut [u8], blurred: &[u8], map: &[u8], mix: impl Fn(i32, i32, i32) -> i32) {
    let (pixels, _) = pixels.as_chunks_mut::<N>();
    let (blurred, _) = blurred.as_chunks::<N>();
    for ((pixel, blurred), edge) in pixels.iter_mut().zip(blurred).zip(map) {
        for channel in 0..N {
            let sum = mix(i32::from(pixel[channel]), i32::from(blurred[channel]), i32::from(*edge));
            // Of values from 0 to 65025, (x + 128) * 257 >> 16 is x / 255 rounded to nearest.
            pixel[channel] = (((sum.clamp(0, 65_025) + 128) * 257) >> 16) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_have_the_strength_of_the_formula() {
        // A step of 10 between columns: Sobel gives 4 * 10, the other 3 * 10.
        let step = [[100; 3], [110; 3]].concat().repeat(3);
        let mut made = step.clone();
        edge(&mut made, (6, 3), 1, Edges::Sobel, 1.0);
        assert_eq!(made[6..12], [0, 0, 40, 40, 0, 0]);
        let mut made = step.clone();
        edge(&mut made, (6, 3), 1, Edges::Laplacian, 1.0);
        assert_eq!(made[6..12], [0, 0, 30, 30, 0, 0]);
        let mut made = step;
        edge(&mut made, (6, 3), 1, Edges::Sobel, 100.0);
        assert_eq!(made[6..12], [0, 0, 255, 255, 0, 0]);
    }

    fn noisy_step() -> Vec<u8> {
        (0..60 * 20).map(|index| if index % 60 < 30 { 60 } else { 180 } + (index * 7 % 5) as u8).collect()
    }

    #[test]
    fn adaptive_blur_smooths_flat_parts_and_keeps_edges() {
        let mut made = noisy_step();
        adaptive_blur(&mut made, (60, 20), 1, 2.0);
        let row = &made[600..660];
        assert!(row[5..20].iter().all(|value| (61..=63).contains(value)), "{row:?}");
        assert!(row[29] < 70 && row[30] > 170, "{row:?}");
    }

    #[test]
    fn adaptive_sharpen_strengthens_edges_and_leaves_flat_parts() {
        let before = noisy_step();
        let mut made = before.clone();
        adaptive_sharpen(&mut made, (60, 20), 1, 1.0, 2.0);
        assert!(made[600 + 29] < 50 && made[600 + 30] > 195, "{:?}", &made[600..660]);
        for x in (3..20).chain(40..57) {
            assert!(made[600 + x].abs_diff(before[600 + x]) <= 1, "{x}");
        }
    }
}
