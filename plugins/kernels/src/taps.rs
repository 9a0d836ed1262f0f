//! Linear filters given as a list of taps: convolution with a small matrix, motion blur, emboss.

use crate::bytes;
use crate::lanes::{Sums, lanes};
use crate::rows::{bordered, bordered_room, fill_blocks, keeping_alpha, premultiplied, slide};

/// One neighbour and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tap {
    /// Columns to the right.
    pub(crate) dx: i32,
    /// Rows down.
    pub(crate) dy: i32,
    pub(crate) weight: f64,
}

/// The most fractional bits of a weight.
const MOST_BITS: u32 = 14;

/// Replaces every byte by `bias + sum of weight * neighbour`, rounded to nearest and clamped, in place.
///
/// Weights are kept in 1/16384, or coarser so that the greatest fits 16 bits and no sum overflows; what
/// rounding loses of their sum goes to the greatest, so that one colour stays that colour.
/// Cost: half a multiply-add per tap and byte.
pub(crate) fn weigh(pixels: &mut [u8], stride: usize, channels: usize, taps: &[Tap], bias: f64) {
    let (weights, bits) = fixed(taps);
    let radius = taps.iter().map(|tap| tap.dy.unsigned_abs()).max().unwrap_or(0) as usize;
    let border = taps.iter().map(|tap| tap.dx.unsigned_abs()).max().unwrap_or(0) as usize;
    let place = |tap: &Tap| {
        let row = (tap.dy + radius as i32) as usize;
        (row, (tap.dx + border as i32) as usize * channels)
    };
    let mut places: Vec<(usize, usize, i16)> = Vec::with_capacity(taps.len() + 1);
    places.extend(taps.iter().zip(&weights).filter(|(_, weight)| **weight != 0).map(|(tap, weight)| {
        let (row, at) = place(tap);
        (row, at, *weight)
    }));
    if places.len() % 2 == 1 {
        let (row, at, _) = places[0];
        places.push((row, at, 0));
    }
    let start = (bias.clamp(-255.0, 510.0) * f64::from(1 << bits)).round() as i32 + ((1 << bits) >> 1);
    slide(
        pixels,
        stride,
        radius,
        bordered_room(stride, channels, border),
        |row, to: &mut [i16]| bordered(row, channels, border, to),
        |rows, row| {
            let pairs: Vec<_> = places
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[a, b]| (&rows[a.0][a.1..], &rows[b.0][b.1..], [a.2, b.2]))
                .collect();
            fill_blocks(row, |at| {
                let mut sums = Sums::new(start);
                for (first, second, weights) in &pairs {
                    sums.add(lanes(first, at), lanes(second, at), *weights);
                }
                sums.bytes(bits)
            });
        },
    );
}

/// The weights as whole numbers, and the bits that they are shifted by.
fn fixed(taps: &[Tap]) -> (Vec<i16>, u32) {
    let greatest = taps.iter().map(|tap| tap.weight.abs()).fold(0.0, f64::max);
    let all: f64 = taps.iter().map(|tap| tap.weight.abs()).sum();
    let fits = |bits: u32| {
        let one = f64::from(1u32 << bits);
        greatest * one < 32_000.0 && (all * 255.0 + 1024.0) * one < f64::from(i32::MAX)
    };
    let bits = (0..=MOST_BITS).rev().find(|bits| fits(*bits)).unwrap_or(0);
    let one = f64::from(1u32 << bits);
    let mut weights: Vec<i16> = taps.iter().map(|tap| (tap.weight * one).round() as i16).collect();
    let sum: f64 = taps.iter().map(|tap| tap.weight).sum();
    let lost = (sum * one).round() as i32 - weights.iter().map(|weight| i32::from(*weight)).sum::<i32>();
    // At most half a unit per tap is lost.
    if let Some(most) = weights.iter_mut().max_by_key(|weight| weight.unsigned_abs()) {
        *most = most.saturating_add(lost.clamp(-700, 700) as i16);
    }
    (weights, bits)
}

/// Convolves a picture with a square matrix, in place: `bias + sum of weight * neighbour`, the matrix
/// laid on the picture as it is printed (not turned), rounded to nearest and clamped.
///
/// Shape: `channels` is 1, 3 or 4; RGBA is premultiplied for the work unless all opaque. With
/// `keep_alpha` alpha stays as it is, else it is convolved as well.
/// Range: `matrix` has 9, 25 or 49 weights, row by row; those that sum up to more than 33000 in
/// magnitude lose precision.
/// Cost: at most 49 multiply-adds per byte.
///
/// # Panics
/// When the buffer has not the stated size, or the matrix another length.
pub fn convolve(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    matrix: &[f64],
    bias: f64,
    keep_alpha: bool,
) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let side = match matrix.len() {
        9 => 3,
        25 => 5,
        49 => 7,
        length => panic!("a matrix of {length} weights"),
    };
    if pixels.is_empty() {
        return;
    }
    let tap = |(index, weight): (usize, &f64)| Tap {
        dx: index as i32 % side - side / 2,
        dy: index as i32 / side - side / 2,
        weight: *weight,
    };
    let taps: Vec<Tap> = matrix.iter().enumerate().map(tap).collect();
    let stride = width as usize * channels;
    let work = |pixels: &mut [u8]| weigh(pixels, stride, channels, &taps, bias);
    if keep_alpha { keeping_alpha(pixels, channels, work) } else { premultiplied(pixels, channels, work) }
}

/// The longest way of a motion blur, in pixels.
const LONGEST: f64 = 256.0;

/// Blurs a picture along a line, as if it had moved by `length` pixels: the mean of the pixels on the line through
/// each pixel, in place.
///
/// Shape: as `gaussian_blur`. `angle` is in degrees, clockwise from the right; a turn by 180 changes nothing.
/// Range: `length` from 0 (no change) to 256.
/// Method: one sample for every column (or row, for a steep line), interpolated between the two
/// pixels next to the line; the two ends count by the part of them that the line covers.
/// Cost: two taps per pixel of length.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn motion_blur(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, length: f64, angle: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let taps = line(length, angle, |_| 1.0);
    if pixels.is_empty() || taps.len() < 2 {
        return;
    }
    let stride = width as usize * channels;
    premultiplied(pixels, channels, |pixels| weigh(pixels, stride, channels, &taps, 0.0));
}

/// Taps along a line of `length` pixels through the middle. `density` weighs them by their distance
/// from the middle in pixels.
pub(crate) fn line(length: f64, angle: f64, density: impl Fn(f64) -> f64) -> Vec<Tap> {
    let (sin, cos) = angle.to_radians().sin_cos();
    let steep = sin.abs() > cos.abs();
    let (long, short) = if steep { (sin, cos) } else { (cos, sin) };
    // How far the line goes along its longer direction, to each side.
    let half = length.clamp(0.0, LONGEST) * long.abs() / 2.0;
    let steps = (half - 0.5).ceil().max(0.0) as i32;
    let mut taps: Vec<Tap> = Vec::with_capacity(4 * steps as usize + 2);
    for step in -steps..=steps {
        let along = f64::from(step);
        let covered = (half + 0.5 - along.abs()).clamp(0.0, 1.0);
        let across = along * short / long;
        let near = across.floor();
        let part = across - near;
        let weight = density(along.abs() / long.abs()) * if steps == 0 { 1.0 } else { covered };
        for (across, weight) in [(near as i32, weight * (1.0 - part)), (near as i32 + 1, weight * part)] {
            let (dx, dy) = if steep { (across, step) } else { (step, across) };
            if weight > 1e-9 {
                taps.push(Tap { dx, dy, weight });
            }
        }
    }
    let sum: f64 = taps.iter().map(|tap| tap.weight).sum();
    taps.iter_mut().for_each(|tap| tap.weight /= sum);
    taps
}

/// A relief, lit from the direction `angle`, in place: mid gray (128) plus `depth` times what the picture falls
/// off towards the light.
///
/// Shape: `channels` is 1, 3 or 4; every colour by itself, premultiplied unless all opaque; alpha stays.
/// Units: `angle` in degrees, clockwise from the right; the light comes from there. The slope is in
/// levels per pixel, by Sobel's weights (1 2 1, scaled to sum up to one).
/// Range: `depth` 0 to 16.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn emboss(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, angle: f64, depth: f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let (sin, cos) = angle.to_radians().sin_cos();
    let smooth = |at: i32| if at == 0 { 2.0 } else { 1.0 };
    let mut taps = Vec::with_capacity(9);
    for dy in -1..=1 {
        for dx in -1..=1 {
            // A side that falls off towards the light is bright.
            let slope = f64::from(dx) * smooth(dy) * cos + f64::from(dy) * smooth(dx) * sin;
            taps.push(Tap { dx, dy, weight: -depth.clamp(0.0, 16.0) * slope / 8.0 });
        }
    }
    let stride = width as usize * channels;
    // The gray of nowhere is transparent as well.
    let work = |pixels: &mut [u8]| weigh(pixels, stride, channels, &taps, 128.0);
    if channels == 4 {
        let alpha: Vec<u8> = pixels.iter().skip(3).step_by(4).copied().collect();
        premultiplied(pixels, channels, |pixels| {
            work(pixels);
            pixels.iter_mut().skip(3).step_by(4).for_each(|value| *value = 255);
        });
        pixels.iter_mut().skip(3).step_by(4).zip(alpha).for_each(|(value, alpha)| *value = alpha);
    } else {
        work(pixels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_laid_on_the_picture_as_printed() {
        let picture = [10, 20, 30, 40, 50, 60, 70, 80, 90];
        let mut made = picture;
        convolve(&mut made, (3, 3), 1, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], 5.0, true);
        assert_eq!(made, [25, 35, 35, 55, 65, 65, 85, 95, 95]);
        let mut made = picture;
        convolve(&mut made, (3, 3), 1, &[1.0 / 9.0; 9], 0.0, true);
        // (10+10+20 + 10+10+20 + 40+40+50) / 9 = 23.3; the middle is the mean 50.
        assert_eq!((made[0], made[4]), (23, 50));
    }

    #[test]
    fn large_weights_stay_right() {
        for weight in [1.9, 3.0, 100.0, 5000.0] {
            let mut matrix = [0.0; 25];
            matrix[12] = weight;
            let mut made = [0, 1, 2, 255];
            convolve(&mut made, (4, 1), 1, &matrix, 0.0, true);
            let expected = [0.0, 1.0, 2.0, 255.0].map(|x: f64| (x * weight).round().min(255.0) as u8);
            assert_eq!(made, expected, "{weight}");
        }
    }

    #[test]
    fn a_point_becomes_a_line() {
        let mut pixels = vec![0; 81];
        pixels[40] = 250;
        motion_blur(&mut pixels, (9, 9), 1, 5.0, 0.0);
        assert_eq!(pixels[36..45], [0, 0, 50, 50, 50, 50, 50, 0, 0]);
        let mut pixels = vec![0; 81];
        pixels[40] = 250;
        motion_blur(&mut pixels, (9, 9), 1, 5.0, 90.0);
        let column: Vec<u8> = pixels.iter().skip(4).step_by(9).copied().collect();
        assert_eq!(column, [0, 0, 50, 50, 50, 50, 50, 0, 0]);
        // Down to the right: the diagonal, and nothing of the other one.
        let mut pixels = vec![0; 81];
        pixels[40] = 250;
        motion_blur(&mut pixels, (9, 9), 1, 5.0, 45.0);
        assert!(pixels[50] > 40 && pixels[30] > 40 && pixels[32] == 0 && pixels[48] == 0, "{pixels:?}");
    }

    #[test]
    fn weights_of_every_line_sum_up_to_one() {
        for length in [0.0, 0.5, 1.0, 2.5, 10.0, 256.0] {
            for angle in [0.0, 13.0, 45.0, 77.0, 90.0, 135.0, 200.0] {
                let taps = line(length, angle, |_| 1.0);
                let (weights, bits) = fixed(&taps);
                let sum: i32 = weights.iter().map(|weight| i32::from(*weight)).sum();
                assert_eq!(sum, 1 << bits, "{length} {angle}");
                let moment: f64 = taps.iter().map(|tap| tap.weight * f64::from(tap.dx)).sum();
                assert!(moment.abs() < 1e-9, "{length} {angle}: {moment}");
            }
        }
    }

    #[test]
    fn a_slope_towards_the_light_is_dark_and_one_away_from_it_bright() {
        let up: Vec<u8> = [10, 20, 30, 40].repeat(3);
        let mut made = up.clone();
        emboss(&mut made, (4, 3), 1, 0.0, 1.0);
        assert_eq!(made[5..7], [118, 118]);
        let mut made = up;
        emboss(&mut made, (4, 3), 1, 180.0, 1.0);
        assert_eq!(made[5..7], [138, 138]);
    }
}
