//! Gaussian blur.

use crate::fir::Fir;
use crate::rows::{bordered, bordered_room, premultiplied, widen};
use crate::{bytes, reduced};

/// From this standard deviation on, the work is done on a reduced picture.
const REDUCE_FROM: f64 = 5.0;

/// Bytes of a row that the vertical pass handles together: what it needs of the rows around stays in the
/// first-level cache.
const STRIP: usize = 256;

/// Blurs a picture by a Gaussian of standard deviation `sigma` pixels, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque).
/// Range: `sigma` from 0.1 to 250; below 0.1 nothing changes.
/// Method: below sigma 5 a true Gaussian cut at 3 sigma, as a horizontal and a vertical pass, each
/// rounded to 8 bits: within 2 levels of the exact result (what is cut off is 0.27 % of the weight).
/// From 5 on the picture is reduced by the whole factor `k = sigma / 2.5` (mean of k x k pixels), blurred by
/// what is missing of the variance, and enlarged bilinearly. The mean and the triangle add `k^2 / 4`
/// to the variance, which is taken off before: within 3 levels, at steps from black to white.
/// Cost: grows with sigma up to 5 (31 taps), and falls after it.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn gaussian_blur(pixels: &mut [u8], size: (u32, u32), channels: usize, sigma: f64) {
    gaussian_blur_within(pixels, size, channels, sigma, u32::MAX);
}

/// The same with a Gaussian that is cut at `radius` pixels and scaled to sum up to one. A radius of 3 sigma
/// or more is as good as none; one of 0 leaves the picture as it is.
///
/// Above 15 pixels (of sigma 5 and more) the cut is made on the reduced picture: where it lies is then exact to a pixel of that.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn gaussian_blur_within(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, sigma: f64, radius: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || sigma.is_nan() || sigma < 0.1 || radius == 0 {
        return;
    }
    premultiplied(pixels, channels, |pixels| {
        blur_channels(pixels, (width as usize, height as usize), channels, sigma, f64::from(radius));
    });
}

/// Blurs every channel by itself.
pub(crate) fn blur_channels(pixels: &mut [u8], size: (usize, usize), channels: usize, sigma: f64, radius: f64) {
    let reach = radius.min(3.0 * sigma);
    if reach < 3.0 * REDUCE_FROM {
        let fir = Fir::gaussian(sigma, radius.round().min(1e6) as usize);
        blur_rows(pixels, size.0 * channels, channels, &fir);
        blur_columns(pixels, size.0 * channels, &fir);
        return;
    }
    // What is wide still is reduced again.
    let factor = ((reach / 7.5) as usize).min(reduced::MOST);
    let square = (factor * factor) as f64;
    let rest = ((sigma * sigma - square / 4.0) / square).sqrt();
    let (mut small, small_size) = reduced::reduce(pixels, size, channels, factor);
    blur_channels(&mut small, small_size, channels, rest, radius / factor as f64);
    reduced::enlarge(&small, small_size, factor, pixels, size, channels);
}

fn blur_rows(pixels: &mut [u8], stride: usize, channels: usize, fir: &Fir) {
    let mut samples = vec![0; bordered_room(stride, channels, fir.radius())];
    let middle = fir.radius() * channels;
    let places: Vec<[usize; 2]> =
        (0..=fir.radius()).map(|distance| [middle - distance * channels, middle + distance * channels]).collect();
    for row in pixels.chunks_exact_mut(stride) {
        bordered(row, channels, fir.radius(), &mut samples);
        fir.fill(&samples, &places, row);
    }
}

/// Strip by strip; the rows around the current one are kept in a ring.
fn blur_columns(pixels: &mut [u8], stride: usize, fir: &Fir) {
    let height = pixels.len() / stride;
    let slots = (2 * fir.radius() + 1).min(height);
    let mut ring = vec![0i16; slots * STRIP];
    let slots: Vec<usize> = (0..height).map(|y| y % slots * STRIP).collect();
    let mut places = vec![[0; 2]; fir.radius() + 1];
    for left in (0..stride).step_by(STRIP) {
        let strip = STRIP.min(stride - left);
        let mut loaded = 0;
        for y in 0..height {
            while loaded < height && loaded <= y + fir.radius() {
                let slot = slots[loaded];
                widen(&pixels[loaded * stride + left..][..strip], &mut ring[slot..slot + strip]);
                loaded += 1;
            }
            for (distance, place) in places.iter_mut().enumerate() {
                *place = [slots[y.saturating_sub(distance)], slots[(y + distance).min(height - 1)]];
            }
            fir.fill(&ring, &places, &mut pixels[y * stride + left..][..strip]);
        }
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
            for sigma in [0.1, 0.5, 1.0, 2.5, 3.99, 4.99, 5.0, 5.5, 6.99, 7.0, 7.49, 7.5, 10.0, 14.0, 30.0, 100.0] {
                let allowed = if sigma < REDUCE_FROM { 2.0 } else { 3.0 };
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
    fn a_cut_gaussian_reaches_no_further() {
        for (sigma, radius) in [(2.0, 1), (100.0, 5), (100.0, 40)] {
            let mut pixels = vec![0; 301];
            pixels[150] = 255;
            gaussian_blur_within(&mut pixels, (301, 1), 1, sigma, radius);
            let reach = if radius <= 15 { radius as usize } else { radius as usize + 8 };
            assert!(pixels[..150 - reach].iter().all(|value| *value == 0), "{sigma} {radius}");
            assert!(pixels[150 - radius as usize / 2] > 0, "{sigma} {radius}");
            let sum: f64 = pixels.iter().map(|value| f64::from(*value)).sum();
            assert!((sum - 255.0).abs() < 0.4 * f64::from(2 * radius + 1) + 20.0, "{sigma} {radius}: {sum}");
        }
        // A wide Gaussian cut at one pixel is the mean of three.
        let mut pixels = [0, 0, 90, 0, 0];
        gaussian_blur_within(&mut pixels, (5, 1), 1, 100.0, 1);
        assert_eq!(pixels, [0, 30, 30, 30, 0]);
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
