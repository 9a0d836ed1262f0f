//! Noise reduction by the mean of alike neighbours.

use crate::bytes;
use crate::rows::{PLANAR_LANES as LANES, fill_means, planar, premultiplied, slide};

/// Weights of the 5 x 5 neighbours: those of ImageMagick's `-enhance`, its documented matrix.
const WEIGHTS: [[f32; 5]; 5] = [
    [5.0, 8.0, 10.0, 8.0, 5.0],
    [8.0, 20.0, 40.0, 20.0, 8.0],
    [10.0, 40.0, 80.0, 40.0, 10.0],
    [8.0, 20.0, 40.0, 20.0, 8.0],
    [5.0, 8.0, 10.0, 8.0, 5.0],
];

/// The greatest squared distance of a neighbour that counts: a fifth of full range, as in ImageMagick's
/// `-enhance`.
const ALIKE: f32 = 255.0 * 255.0 / 25.0;

/// Replaces every pixel by the weighted mean of those of its 5 x 5 neighbours whose colour is alike, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque).
/// Alike is a colour at a squared distance below 2601, where the distance of two colours is
/// `(2 + r / 255) dR^2 + 4 dG^2 + (3 - b / 255) dB^2 + dA^2` (r, b: means of both), the low-cost approximation
/// to perceived difference by T. Riemersma ("Colour metric", CompuPhase) in the form of ImageMagick's
/// `-enhance`; of grays it is `9 d^2`. Rounded to nearest.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn enhance(pixels: &mut [u8], (width, height): (u32, u32), channels: usize) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let width = width as usize;
    premultiplied(pixels, channels, |pixels| match channels {
        1 => enhance_rows::<1>(pixels, width),
        3 => enhance_rows::<3>(pixels, width),
        _ => enhance_rows::<4>(pixels, width),
    });
}

fn enhance_rows<const N: usize>(pixels: &mut [u8], width: usize) {
    let length = width.next_multiple_of(LANES) + 4;
    let load = |row: &[u8], to: &mut [f32]| planar(row, N, 2, to);
    slide(pixels, width * N, 2, N * length, load, |rows, row| {
        fill_means(row, |at| block::<N>(rows, length, at));
    });
}

/// The weighted sums of each channel, and the sums of the weights.
#[inline(always)]
fn block<const N: usize>(rows: &[&[f32]], length: usize, at: usize) -> ([[f32; LANES]; N], [f32; LANES]) {
    let load = |row: usize, dx: usize| -> [[f32; LANES]; N] {
        std::array::from_fn(|channel| *rows[row][channel * length + at + dx..].first_chunk().expect("a block"))
    };
    let middle = load(2, 2);
    let mut sums = [[0.0; LANES]; N];
    let mut totals = [0.0; LANES];
    for (row, weights) in WEIGHTS.iter().enumerate() {
        for (dx, weight) in weights.iter().enumerate() {
            let values = load(row, dx);
            let mut counted = [0.0; LANES];
            for lane in 0..LANES {
                let difference = |channel: usize| values[channel][lane] - middle[channel][lane];
                let mean = |channel: usize| (values[channel][lane] + middle[channel][lane]) * (0.5 / 255.0);
                let distance = if N == 1 {
                    9.0 * difference(0) * difference(0)
                } else {
                    let alpha = if N == 4 { difference(N - 1) } else { 0.0 };
                    (2.0 + mean(0)) * difference(0) * difference(0)
                        + 4.0 * difference(1) * difference(1)
                        + (3.0 - mean(N.min(3) - 1)) * difference(N.min(3) - 1) * difference(N.min(3) - 1)
                        + alpha * alpha
                };
                counted[lane] = if distance < ALIKE { *weight } else { 0.0 };
                totals[lane] += counted[lane];
            }
            for channel in 0..N {
                for lane in 0..LANES {
                    sums[channel][lane] += counted[lane] * values[channel][lane];
                }
            }
        }
    }
    (sums, totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_neighbours_are_averaged_and_others_left_out() {
        // One gray pixel that differs by 16 (9 * 256 < 2601) is alike, one that differs by 18 is not.
        for (value, expected) in [(116, 100.0 + 16.0 * 80.0 / 445.0), (118, 118.0)] {
            let mut pixels = vec![100; 81];
            pixels[40] = value;
            enhance(&mut pixels, (9, 9), 1);
            assert_eq!(f64::from(pixels[40]), f64::round(expected), "{value}");
            let beside = if value == 116 { 100.0 + 16.0 * 40.0 / 445.0 } else { 100.0 };
            assert_eq!(f64::from(pixels[41]), f64::round(beside), "{value}");
        }
    }

    #[test]
    fn colours_that_differ_in_green_only_are_told_apart_by_green() {
        // 4 * 25^2 = 2500 is alike, 4 * 26^2 = 2704 is not.
        for (green, alike) in [(125, true), (126, false)] {
            let mut pixels = [50, 100, 150].repeat(25);
            pixels[12 * 3 + 1] = green;
            enhance(&mut pixels, (5, 5), 3);
            assert_eq!(pixels[12 * 3 + 1] != green, alike, "{green}");
        }
    }
}
