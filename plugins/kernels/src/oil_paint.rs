//! Oil paint.

#![allow(clippy::needless_range_loop, reason = "lanes and channels are indices: the loops become SIMD")]

use crate::rows::premultiplied;
use crate::{bytes, luma};

/// The most levels of brightness that are told apart.
const LEVELS: usize = 64;

/// Replaces every pixel by the mean colour of the most frequent brightness in the square of `2 * radius + 1` pixels
/// around it, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque; alpha is averaged as well).
/// Range: `radius` 0 (no change) to 20; `levels` 2 to 64: in how many steps luma is told apart. Of levels that are equally frequent
/// the darkest wins. Edges: only what lies inside the picture counts. Rounded to nearest.
/// Method: G. Holzmann, "Beyond Photography" (1988), with the mean in place of one pixel, over a histogram that
/// slides along the row.
/// Cost: `4 * radius + 2` updates and `levels` comparisons per pixel; a copy of the picture.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn oil_paint(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, radius: u32, levels: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || radius == 0 {
        return;
    }
    let levels = (levels as usize).clamp(2, LEVELS);
    let radius = radius.min(20) as usize;
    let width = width as usize;
    premultiplied(pixels, channels, |pixels| {
        let mut level = if channels == 1 { pixels.to_vec() } else { luma(pixels, channels) };
        level.iter_mut().for_each(|value| *value = (usize::from(*value) * levels / 256) as u8);
        match channels {
            1 => paint::<1>(pixels, &level, width, radius, levels),
            3 => paint::<3>(pixels, &level, width, radius, levels),
            _ => paint::<4>(pixels, &level, width, radius, levels),
        }
    });
}

/// How many pixels of each level a window has, and the sums of their colours.
struct Histogram {
    counts: [u16; LEVELS],
    sums: [[u32; 4]; LEVELS],
}

impl Histogram {
    #[inline(always)]
    fn add<const N: usize>(&mut self, level: u8, pixel: &[u8; N]) {
        let level = usize::from(level) % LEVELS;
        self.counts[level] += 1;
        for channel in 0..N {
            self.sums[level][channel] += u32::from(pixel[channel]);
        }
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self, level: u8, pixel: &[u8; N]) {
        let level = usize::from(level) % LEVELS;
        self.counts[level] -= 1;
        for channel in 0..N {
            self.sums[level][channel] -= u32::from(pixel[channel]);
        }
    }

    /// The mean colour of the most frequent level.
    fn mean<const N: usize>(&self, levels: usize) -> [u8; N] {
        let most = self.counts[..levels].iter().fold(0, |most, count| most.max(*count));
        let level = self.counts.iter().position(|count| *count == most).unwrap_or(0);
        let count = u32::from(most).max(1);
        std::array::from_fn(|channel| ((self.sums[level][channel] + count / 2) / count) as u8)
    }
}

fn paint<const N: usize>(pixels: &mut [u8], level: &[u8], width: usize, radius: usize, levels: usize) {
    let source = pixels.to_vec();
    let (source, _) = source.as_chunks::<N>();
    let (pixels, _) = pixels.as_chunks_mut::<N>();
    let height = source.len() / width;
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        let rows = y.saturating_sub(radius)..(y + radius + 1).min(height);
        let column = |x: usize| rows.clone().map(move |y| y * width + x);
        let mut window = Histogram { counts: [0; LEVELS], sums: [[0; 4]; LEVELS] };
        for x in 0..radius.min(width) {
            column(x).for_each(|at| window.add(level[at], &source[at]));
        }
        for (x, made) in row.iter_mut().enumerate() {
            if x + radius < width {
                column(x + radius).for_each(|at| window.add(level[at], &source[at]));
            }
            if x > radius {
                column(x - radius - 1).for_each(|at| window.take(level[at], &source[at]));
            }
            *made = window.mean(levels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_brightness_wins_with_its_mean() {
        // In the middle window: 10, 14 and 12 are one level of 64, 100 and 200 others.
        let mut pixels = [100, 8, 10, 9, 200];
        oil_paint(&mut pixels, (5, 1), 1, 2, 64);
        assert_eq!(pixels[2], 9);
        let mut pixels = [1, 2, 3, 250, 251, 252];
        oil_paint(&mut pixels, (2, 1), 3, 1, 8);
        // One pixel of each level: the darker one.
        assert_eq!(pixels, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn it_is_the_definition_everywhere() {
        let (width, height, radius, levels) = (23usize, 17usize, 3usize, 10usize);
        let picture: Vec<u8> = (0..width * height).map(|index| (index * index * 31 % 251) as u8).collect();
        let mut made = picture.clone();
        oil_paint(&mut made, (width as u32, height as u32), 1, radius as u32, levels as u32);
        for y in 0..height {
            for x in 0..width {
                let mut found = vec![(0u32, 0u32); levels];
                for near_y in y.saturating_sub(radius)..(y + radius + 1).min(height) {
                    for near_x in x.saturating_sub(radius)..(x + radius + 1).min(width) {
                        let value = u32::from(picture[near_y * width + near_x]);
                        let entry = &mut found[value as usize * levels / 256];
                        *entry = (entry.0 + 1, entry.1 + value);
                    }
                }
                let most = found.iter().map(|entry| entry.0).max().expect("levels");
                let (count, sum) = *found.iter().find(|entry| entry.0 == most).expect("a level");
                assert_eq!(u32::from(made[y * width + x]), (sum + count / 2) / count, "{x}, {y}");
            }
        }
    }
}
