//! Gaussian blur.

use crate::fir::Fir;
use crate::{bytes, has_transparency, premultiply, reduced, unpremultiply};

/// From this standard deviation on, the work is done on a reduced picture.
const REDUCE_FROM: f64 = 7.0;

/// Bytes of a row that the vertical pass handles together: two cache lines, so that a column of
/// them stays in the second-level cache.
const STRIP: usize = 128;

/// Blurs a picture by a Gaussian of standard deviation `sigma` pixels, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque).
/// Range: `sigma` from 0.1 to 250; below 0.1 nothing changes.
/// Method: below sigma 7 a true Gaussian cut at 3 sigma, as a horizontal and a vertical pass with
/// 14-bit weights, each rounded to 8 bits: within 1.5 levels of the exact result (what is cut off is 0.27 % of the weight).
/// From 7 on the picture is reduced by the whole factor `k = sigma / 3.5` (mean of k x k pixels), blurred by
/// what is missing of the variance, and enlarged bilinearly. The mean and the triangle add `k^2 / 4`
/// to the variance, which is taken off before: within 2 levels.
/// Cost: grows with sigma up to 7 (43 taps), and falls after it.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn gaussian_blur(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, sigma: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || sigma.is_nan() || sigma < 0.1 {
        return;
    }
    let mixes_alpha = channels == 4 && has_transparency(pixels);
    if mixes_alpha {
        premultiply(pixels);
    }
    blur_channels(pixels, (width as usize, height as usize), channels, sigma);
    if mixes_alpha {
        unpremultiply(pixels);
    }
}

/// Blurs every channel by itself.
pub(crate) fn blur_channels(pixels: &mut [u8], size: (usize, usize), channels: usize, sigma: f64) {
    if sigma < REDUCE_FROM {
        let fir = Fir::gaussian(sigma);
        blur_rows(pixels, size.0 * channels, channels, &fir);
        blur_columns(pixels, size.0 * channels, &fir);
        return;
    }
    let factor = (sigma / 3.5) as usize;
    let square = (factor * factor) as f64;
    let rest = ((sigma * sigma - square / 4.0) / square).sqrt();
    let (mut small, small_size) = reduced::reduce(pixels, size, channels, factor);
    blur_channels(&mut small, small_size, channels, rest);
    reduced::enlarge(&small, small_size, factor, pixels, size, channels);
}

fn blur_rows(pixels: &mut [u8], stride: usize, channels: usize, fir: &Fir) {
    let edge = fir.radius() * channels;
    let mut samples = vec![0; fir.samples(stride, channels)];
    let mut results = vec![0; Fir::room(stride)];
    for row in pixels.chunks_exact_mut(stride) {
        widen(row, &mut samples[edge..edge + stride]);
        for start in (0..edge).step_by(channels) {
            samples.copy_within(edge..edge + channels, start);
            samples.copy_within(edge + stride - channels..edge + stride, edge + stride + start);
        }
        fir.run(&samples, channels, &mut results);
        row.copy_from_slice(&results[..stride]);
    }
}

fn blur_columns(pixels: &mut [u8], stride: usize, fir: &Fir) {
    let height = pixels.len() / stride;
    let mut samples = Vec::new();
    let mut results = Vec::new();
    for left in (0..stride).step_by(STRIP) {
        let strip = STRIP.min(stride - left);
        let edge = fir.radius() * strip;
        let inner = height * strip;
        samples.resize(fir.samples(inner, strip), 0);
        results.resize(Fir::room(inner), 0);
        for (row, samples) in pixels.chunks_exact(stride).zip(samples[edge..].chunks_exact_mut(strip)) {
            widen(&row[left..left + strip], samples);
        }
        for start in (0..edge).step_by(strip) {
            samples.copy_within(edge..edge + strip, start);
            samples.copy_within(edge + inner - strip..edge + inner, edge + inner + start);
        }
        fir.run(&samples, strip, &mut results);
        for (row, results) in pixels.chunks_exact_mut(stride).zip(results.chunks_exact(strip)) {
            row[left..left + strip].copy_from_slice(results);
        }
    }
}

fn widen(from: &[u8], to: &mut [i16]) {
    let (from_blocks, from_rest) = from.as_chunks::<32>();
    let (to_blocks, to_rest) = to.as_chunks_mut::<32>();
    for (from, to) in from_blocks.iter().zip(to_blocks) {
        *to = from.map(i16::from);
    }
    for (from, to) in from_rest.iter().zip(to_rest) {
        *to = i16::from(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in f64, edges clamped, along both directions, rounded at the end.
    fn exact(pixels: &[u8], (width, height): (usize, usize), sigma: f64) -> Vec<f64> {
        let radius = (5.0 * sigma).ceil() as isize;
        let weights: Vec<f64> = (-radius..=radius).map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let along = |values: &[f64], length: usize, step: usize, start: usize| -> Vec<f64> {
            (0..length as isize)
                .map(|at| {
                    let tap = |(index, weight): (usize, &f64)| {
                        let x = (at + index as isize - radius).clamp(0, length as isize - 1) as usize;
                        values[start + x * step] * weight
                    };
                    weights.iter().enumerate().map(tap).sum::<f64>() / sum
                })
                .collect()
        };
        let values: Vec<f64> = pixels.iter().map(|value| f64::from(*value)).collect();
        let rows: Vec<f64> = (0..height).flat_map(|y| along(&values, width, 1, y * width)).collect();
        let columns: Vec<Vec<f64>> = (0..width).map(|x| along(&rows, height, width, x)).collect();
        (0..width * height).map(|index| columns[index % width][index / width]).collect()
    }

    /// Patterns with hard edges, single pixels and noise.
    fn patterns(width: usize, height: usize) -> Vec<Vec<u8>> {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let each = |f: &mut dyn FnMut(usize, usize) -> u8| -> Vec<u8> {
            (0..width * height).map(|index| f(index % width, index / width)).collect()
        };
        vec![
            each(&mut |x, _| if x < width / 2 { 0 } else { 255 }),
            each(&mut |_, y| if y <= height / 3 { 255 } else { 0 }),
            each(&mut |x, y| if x == 0 || y == height - 1 { 255 } else { 0 }),
            each(&mut |x, y| {
                if (x, y) == (width / 2, height / 2) { 255 } else { 0 }
            }),
            each(&mut |_, _| noise()),
        ]
    }

    #[test]
    fn the_result_is_the_gaussian_within_the_stated_error() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (61, 47), (150, 90)] {
            for sigma in [0.1, 0.5, 1.0, 2.5, 5.0, 6.99, 7.0, 8.5, 10.49, 10.5, 14.0, 30.0] {
                let allowed = if sigma < REDUCE_FROM { 1.5 } else { 2.0 };
                for (index, pattern) in patterns(width, height).into_iter().enumerate() {
                    let expected = exact(&pattern, (width, height), sigma);
                    let mut made = pattern;
                    gaussian_blur(&mut made, (width as u32, height as u32), 1, sigma);
                    for (at, (made, expected)) in made.iter().zip(expected).enumerate() {
                        let error = (f64::from(*made) - expected).abs();
                        assert!(
                            error <= allowed,
                            "{width}x{height} sigma {sigma} pattern {index} at {at}: {made}, {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_channel_is_blurred_like_a_gray_picture() {
        let (width, height) = (53, 37);
        let planes = patterns(width, height);
        for sigma in [2.0, 12.0] {
            let mut pixels: Vec<u8> =
                (0..width * height).flat_map(|i| [planes[0][i], planes[1][i], planes[4][i]]).collect();
            gaussian_blur(&mut pixels, (width as u32, height as u32), 3, sigma);
            for (channel, plane) in [0, 1, 4].into_iter().enumerate() {
                let mut gray = planes[plane].clone();
                gaussian_blur(&mut gray, (width as u32, height as u32), 1, sigma);
                let made: Vec<u8> = pixels.iter().skip(channel).step_by(3).copied().collect();
                assert_eq!(made, gray, "sigma {sigma} channel {channel}");
            }
        }
    }

    #[test]
    fn one_colour_stays_that_colour() {
        for sigma in [0.1, 3.0, 6.0, 100.0, 250.0] {
            let mut pixels = [200, 3, 255, 255].repeat(33 * 7);
            gaussian_blur(&mut pixels, (33, 7), 4, sigma);
            assert_eq!(pixels, [200, 3, 255, 255].repeat(33 * 7), "sigma {sigma}");
        }
    }

    #[test]
    fn the_colour_of_transparent_pixels_does_not_bleed() {
        let mut pixels = [[255, 255, 255, 255].repeat(20), [0, 0, 0, 0].repeat(20)].concat();
        gaussian_blur(&mut pixels, (40, 1), 4, 3.0);
        for pixel in pixels.as_chunks::<4>().0 {
            assert!(pixel[3] == 0 || pixel[..3] == [255, 255, 255], "{pixel:?}");
        }
    }
}
