//! The least and the greatest of a square: erosion, dilation, opening, closing.

use crate::bytes;
use crate::lanes::LANES;
use crate::rows::{bordered, bordered_room, premultiplied};

/// What is done with the squares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Morphology {
    /// The least value of the square: dark parts grow.
    Erode,
    /// The greatest value of the square: bright parts grow.
    Dilate,
    /// Erosion, then dilation: small bright spots vanish.
    Open,
    /// Dilation, then erosion: small dark spots vanish.
    Close,
}

/// Replaces every channel by the least or greatest value of the square of `2 * radius + 1` pixels around it, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque; alpha takes part).
/// Range: `radius` from 0 (no change) to 1000. Exact; edges repeat.
/// Method: along rows, then along columns; the extreme of a window is joined from windows of half
/// its length. Cost: grows with the logarithm of the radius.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn morphology(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, operation: Morphology, radius: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || radius == 0 {
        return;
    }
    let stride = width as usize * channels;
    // A window that reaches over the picture on both sides is the same for all radii.
    let radius = radius.min(1000).min(width.max(height)) as usize;
    premultiplied(pixels, channels, |pixels| {
        let least = |pixels: &mut [u8]| extremes(pixels, stride, channels, radius, u8::min);
        let greatest = |pixels: &mut [u8]| extremes(pixels, stride, channels, radius, u8::max);
        match operation {
            Morphology::Erode => least(pixels),
            Morphology::Dilate => greatest(pixels),
            Morphology::Open => {
                least(pixels);
                greatest(pixels);
            }
            Morphology::Close => {
                greatest(pixels);
                least(pixels);
            }
        }
    });
}

/// Bytes of a row that the vertical pass handles together.
const STRIP: usize = 64;

fn extremes(pixels: &mut [u8], stride: usize, channels: usize, radius: usize, join: impl Fn(u8, u8) -> u8 + Copy) {
    let window = 2 * radius + 1;
    let mut samples = vec![0u8; bordered_room(stride, channels, radius)];
    for row in pixels.chunks_exact_mut(stride) {
        bordered(row, channels, radius, &mut samples);
        join_windows(&mut samples, channels, window, join);
        row.copy_from_slice(&samples[..stride]);
    }
    let height = pixels.len() / stride;
    let mut samples = vec![0u8; (height + 2 * radius) * STRIP];
    for left in (0..stride).step_by(STRIP) {
        let strip = STRIP.min(stride - left);
        let samples = &mut samples[..(height + 2 * radius) * strip];
        for (y, to) in samples.chunks_exact_mut(strip).enumerate() {
            let y = y.saturating_sub(radius).min(height - 1);
            to.copy_from_slice(&pixels[y * stride + left..][..strip]);
        }
        join_windows(samples, strip, window, join);
        for (row, samples) in pixels.chunks_exact_mut(stride).zip(samples.chunks_exact(strip)) {
            row[left..left + strip].copy_from_slice(samples);
        }
    }
}

/// Makes every sample the extreme of the `window` samples from it on, `unit` bytes apart. The last
/// ones, whose windows are not whole, become something else.
fn join_windows(samples: &mut [u8], unit: usize, window: usize, join: impl Fn(u8, u8) -> u8 + Copy) {
    let mut covered = 1;
    while covered < window {
        let step = covered.min(window - covered);
        join_at(samples, step * unit, join);
        covered += step;
    }
}

/// Joins every sample with the one `distance` bytes later.
fn join_at(samples: &mut [u8], distance: usize, join: impl Fn(u8, u8) -> u8 + Copy) {
    let Some(count) = samples.len().checked_sub(distance) else {
        return;
    };
    let whole = count / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let mut block: [u8; LANES] = *samples[at..].first_chunk().expect("a block");
        let other: [u8; LANES] = *samples[at + distance..].first_chunk().expect("a block");
        for lane in 0..LANES {
            block[lane] = join(block[lane], other[lane]);
        }
        samples[at..at + LANES].copy_from_slice(&block);
    }
    for at in whole..count {
        samples[at] = join(samples[at], samples[at + distance]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_of_every_square_are_exact() {
        let (width, height) = (41i64, 23i64);
        let picture: Vec<u8> = (0..width * height).map(|index| (index * index * 37 % 253) as u8).collect();
        for radius in [1, 2, 3, 4, 7, 30, 1000] {
            for (operation, join) in [(Morphology::Erode, u8::min as fn(u8, u8) -> u8), (Morphology::Dilate, u8::max)] {
                let mut made = picture.clone();
                morphology(&mut made, (width as u32, height as u32), 1, operation, radius as u32);
                for y in 0..height {
                    for x in 0..width {
                        let inside = |at: i64, length: i64| (at - radius).max(0)..(at + radius + 1).min(length);
                        let exact = inside(y, height)
                            .flat_map(|y| inside(x, width).map(move |x| (x, y)))
                            .map(|(x, y)| picture[(y * width + x) as usize])
                            .reduce(join);
                        assert_eq!(Some(made[(y * width + x) as usize]), exact, "{operation:?} {radius} {x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn opening_takes_bright_spots_away_and_closing_dark_ones() {
        let mut spots = vec![100; 49];
        spots[24] = 200;
        spots[8] = 10;
        let mut opened = spots.clone();
        morphology(&mut opened, (7, 7), 1, Morphology::Open, 1);
        assert_eq!((opened[24], opened[8]), (100, 10));
        morphology(&mut spots, (7, 7), 1, Morphology::Close, 1);
        assert_eq!((spots[24], spots[8]), (200, 100));
    }
}
