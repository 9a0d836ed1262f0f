//! Smoothing that keeps edges.

use crate::rows::{PLANAR_LANES as LANES, fill_means, planar, premultiplied};
use crate::{bytes, quarter_turn};

/// The widest window to each side, in pixels.
const WIDEST: usize = 32;

/// Smooths a picture where its colours differ little, in place: a mean whose weights fall with the distance
/// (Gaussian of `sigma` pixels) and with the difference of colour (Gaussian of `range` levels).
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque). The difference of colour is the root of
/// the mean of the channels' squared differences.
/// Range: `sigma` 0.1 to 16; `range` 1 to 255. The window is cut at 2 sigma.
/// Method: the separable approximation: the filter of one dimension along rows, then along columns
/// (T. Pham and L. van Vliet, "Separable bilateral filtering for fast video preprocessing", IEEE
/// ICME 2005). The Gaussian of the difference is `(1 - d^2 / (16 range^2))^8`, which ends at 4 range.
/// Cost: grows with sigma: at most 2 x 65 neighbours per pixel, of about 12 operations; two turned copies of the picture.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn bilateral(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, sigma: f64, range: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || sigma.is_nan() || sigma < 0.1 {
        return;
    }
    let radius = ((2.0 * sigma).ceil() as usize).clamp(1, WIDEST);
    let weights: Vec<f32> =
        (0..=2 * radius).map(|at| (-0.5 * ((at as f64 - radius as f64) / sigma).powi(2)).exp() as f32).collect();
    let slope = (1.0 / (16.0 * range.clamp(1.0, 255.0).powi(2) * channels as f64)) as f32;
    premultiplied(pixels, channels, |pixels| {
        rows(pixels, width as usize, channels, &weights, slope);
        let mut turned = quarter_turn(pixels, (width, height), channels, true);
        rows(&mut turned, height as usize, channels, &weights, slope);
        pixels.copy_from_slice(&quarter_turn(&turned, (height, width), channels, false));
    });
}

fn rows(pixels: &mut [u8], width: usize, channels: usize, weights: &[f32], slope: f32) {
    match channels {
        1 => rows_of::<1>(pixels, width, weights, slope),
        3 => rows_of::<3>(pixels, width, weights, slope),
        _ => rows_of::<4>(pixels, width, weights, slope),
    }
}

fn rows_of<const N: usize>(pixels: &mut [u8], width: usize, weights: &[f32], slope: f32) {
    let radius = weights.len() / 2;
    let length = width.next_multiple_of(LANES) + 2 * radius;
    let mut planes = vec![0.0; N * length];
    for row in pixels.chunks_exact_mut(width * N) {
        planar(row, N, radius, &mut planes);
        let planes: [&[f32]; N] = std::array::from_fn(|channel| &planes[channel * length..(channel + 1) * length]);
        fill_means(row, |at| block_of(&planes, at, weights, slope));
    }
}

/// The weighted sums of each channel, and the sums of the weights.
#[inline(always)]
fn block_of<const N: usize>(
    planes: &[&[f32]; N],
    at: usize,
    weights: &[f32],
    slope: f32,
) -> ([[f32; LANES]; N], [f32; LANES]) {
    let block = |plane: &[f32], at: usize| -> [f32; LANES] { *plane[at..].first_chunk().expect("a block") };
    let middles = planes.map(|plane| block(plane, at + weights.len() / 2));
    let mut sums = [[0.0; LANES]; N];
    let mut totals = [0.0; LANES];
    for (step, weight) in weights.iter().enumerate() {
        let values = planes.map(|plane| block(plane, at + step));
        let mut squares = [0.0; LANES];
        for channel in 0..N {
            for lane in 0..LANES {
                let difference = values[channel][lane] - middles[channel][lane];
                squares[lane] += difference * difference;
            }
        }
        let mut closeness = [0.0; LANES];
        for lane in 0..LANES {
            let root = 1.0 - squares[lane] * slope;
            let root = if root > 0.0 { root } else { 0.0 };
            let second = root * root;
            let fourth = second * second;
            closeness[lane] = fourth * fourth * weight;
            totals[lane] += closeness[lane];
        }
        for channel in 0..N {
            for lane in 0..LANES {
                sums[channel][lane] += closeness[lane] * values[channel][lane];
            }
        }
    }
    (sums, totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_smoothed_and_large_ones_kept() {
        let mut pixels: Vec<u8> = (0..400).map(|x| if x % 20 < 10 { 50 } else { 200 } + (x % 2) as u8 * 8).collect();
        bilateral(&mut pixels, (20, 20), 1, 2.0, 20.0);
        for row in pixels.chunks_exact(20) {
            assert!(row[3..9].iter().all(|value| (53..=55).contains(value)), "{row:?}");
            assert!(row[11..17].iter().all(|value| (203..=205).contains(value)), "{row:?}");
        }
    }

    #[test]
    fn it_is_the_definition_along_a_row() {
        let picture: Vec<u8> = (0..50u32).map(|x| (x * x * 7 % 90) as u8 + 60).collect();
        let mut made = picture.clone();
        bilateral(&mut made, (50, 1), 1, 3.0, 30.0);
        for x in 0..50i32 {
            let (mut sum, mut total) = (0.0, 0.0);
            for dx in -6..=6 {
                let value = f64::from(picture[(x + dx).clamp(0, 49) as usize]);
                let closeness = like_a_gaussian((value - f64::from(picture[x as usize])) / 30.0);
                let weight = (-0.5 * (f64::from(dx) / 3.0).powi(2)).exp() * closeness;
                sum += weight * value;
                total += weight;
            }
            assert!(
                (f64::from(made[x as usize]) - sum / total).abs() <= 0.502,
                "{x}: {}, {}",
                made[x as usize],
                sum / total
            );
        }
    }

    /// What stands for `exp(-d^2 / 2)`.
    fn like_a_gaussian(difference: f64) -> f64 {
        (1.0 - difference * difference / 16.0).max(0.0).powi(8)
    }

    #[test]
    fn the_weight_of_a_difference_is_nearly_the_gaussian() {
        for step in 0..100 {
            let difference = f64::from(step) / 10.0;
            let exact = (-0.5 * difference * difference).exp();
            assert!((like_a_gaussian(difference) - exact).abs() < 0.04, "{difference}");
        }
    }
}
