//! Median filter.

use crate::lanes::LANES;
use crate::rows::{bordered, bordered_room, fill_blocks, premultiplied, slide};
use crate::{bytes, has_transparency};

/// The greatest radius: the columns of a window have at most 255 pixels.
const GREATEST: u32 = 127;

/// Replaces every channel of a pixel by the median of the square of `2 * radius + 1` pixels around it, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque, alpha gets its
/// median too). Range: `radius` from 0 (no change) to 127.
/// Method: radius 1 by sorting columns, which neighbours share. From 2 on by sliding histograms of
/// 16 coarse and 256 fine counters for every column; the fine ones of the window are brought up to
/// date only where the median falls. Source: S. Perreault and P. Hebert, "Median Filtering in
/// Constant Time", IEEE Trans. Image Processing 16(9), 2007.
/// Cost: the same for all radii from 2 on; a copy of the picture.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn median(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, radius: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || radius == 0 {
        return;
    }
    let size = (width as usize, height as usize);
    premultiplied(pixels, channels, |pixels| {
        if radius == 1 {
            median_of_nine(pixels, size.0 * channels, channels);
        } else {
            by_histograms(pixels, size, channels, radius.min(GREATEST) as usize);
        }
    });
}

type Lanes = [u8; LANES];

#[inline(always)]
fn sorted(a: Lanes, b: Lanes) -> (Lanes, Lanes) {
    let (mut low, mut high) = (a, a);
    for lane in 0..LANES {
        low[lane] = a[lane].min(b[lane]);
        high[lane] = a[lane].max(b[lane]);
    }
    (low, high)
}

#[inline(always)]
fn sorted_three(a: Lanes, b: Lanes, c: Lanes) -> (Lanes, Lanes, Lanes) {
    let (a, b) = sorted(a, b);
    let (b, c) = sorted(b, c);
    let (a, b) = sorted(a, b);
    (a, b, c)
}

/// The median of nine is the median of: the greatest of the columns' least, the median of their
/// medians, the least of their greatest.
fn median_of_nine(pixels: &mut [u8], stride: usize, channels: usize) {
    let length = bordered_room(stride, channels, 1).next_multiple_of(LANES);
    let mut columns = [vec![0u8; length], vec![0; length], vec![0; length]];
    let block = |values: &[u8], at: usize| -> Lanes { *values[at..].first_chunk().expect("a block") };
    slide(
        pixels,
        stride,
        1,
        length,
        |row, to: &mut [u8]| bordered(row, channels, 1, to),
        |rows, row| {
            for at in (0..length).step_by(LANES) {
                let (low, middle, high) = sorted_three(block(rows[0], at), block(rows[1], at), block(rows[2], at));
                for (column, values) in columns.iter_mut().zip([low, middle, high]) {
                    column[at..at + LANES].copy_from_slice(&values);
                }
            }
            fill_blocks(row, |at| {
                let three = |values: &[u8]| [0, 1, 2].map(|pixel| block(values, at + pixel * channels));
                let [a, b, c] = three(&columns[0]);
                let lows = sorted(sorted(a, b).1, c).1;
                let [a, b, c] = three(&columns[1]);
                let middles = sorted_three(a, b, c).1;
                let [a, b, c] = three(&columns[2]);
                let highs = sorted(sorted(a, b).0, c).0;
                sorted_three(lows, middles, highs).1
            });
        },
    );
}

/// Columns of results that are made together: their histograms stay in the second-level cache.
const STRIP: usize = 512;

/// How often each value occurs in a part of a column.
#[derive(Clone)]
struct Column {
    coarse: [u8; 16],
    fine: [[u8; 16]; 16],
}

fn by_histograms(pixels: &mut [u8], (width, height): (usize, usize), channels: usize, radius: usize) {
    let stride = width * channels;
    let source = pixels.to_vec();
    let empty = Column { coarse: [0; 16], fine: [[0; 16]; 16] };
    let mut columns = vec![empty.clone(); STRIP.min(width) + 2 * radius];
    // The median of opaque alpha is opaque.
    let channels_to_do = if channels == 4 && !has_transparency(pixels) { 3 } else { channels };
    for channel in 0..channels_to_do {
        for left in (0..width).step_by(STRIP) {
            let strip = STRIP.min(width - left);
            let columns = &mut columns[..strip + 2 * radius];
            columns.fill(empty.clone());
            let row_of = |y: usize| &source[y * stride..(y + 1) * stride];
            // Where each column lies in a row.
            let at = |column: usize| (left + column).saturating_sub(radius).min(width - 1) * channels + channel;
            let places: Vec<usize> = (0..columns.len()).map(at).collect();
            for y in 0..=2 * radius {
                let row = row_of(y.saturating_sub(radius).min(height - 1));
                for (column, at) in columns.iter_mut().zip(&places) {
                    column.count(row[*at], 1);
                }
            }
            for y in 0..height {
                if y > 0 {
                    let old = row_of((y - 1).saturating_sub(radius));
                    let new = row_of((y + radius).min(height - 1));
                    for (column, at) in columns.iter_mut().zip(&places) {
                        let (old, new) = (old[*at], new[*at]);
                        if old != new {
                            column.count(old, u8::MAX);
                            column.count(new, 1);
                        }
                    }
                }
                let start = y * stride + left * channels + channel;
                let results = pixels[start..].iter_mut().step_by(channels).take(strip);
                medians(columns, radius, results);
            }
        }
    }
}

impl Column {
    /// Adds to the counters of a value; 255 takes one away.
    #[inline(always)]
    fn count(&mut self, value: u8, by: u8) {
        let (high, low) = (usize::from(value >> 4), usize::from(value & 15));
        self.coarse[high] = self.coarse[high].wrapping_add(by);
        self.fine[high][low] = self.fine[high][low].wrapping_add(by);
    }
}

/// One row of medians from the histograms of its columns.
fn medians<'a>(columns: &[Column], radius: usize, results: impl Iterator<Item = &'a mut u8>) {
    let window = 2 * radius + 1;
    let target = (window * window / 2) as u16;
    let mut coarse = [0u16; 16];
    let mut fine = [[0u16; 16]; 16];
    // Up to which window each row of fine counters is right.
    let mut right = [None; 16];
    for column in &columns[..window - 1] {
        add(&mut coarse, &column.coarse);
    }
    for (x, result) in results.enumerate() {
        add(&mut coarse, &columns[x + window - 1].coarse);
        if x > 0 {
            take(&mut coarse, &columns[x - 1].coarse);
        }
        let (high, below) = find(&coarse, target);
        let fine = &mut fine[high];
        match right[high] {
            Some(last) if x - last < window => {
                for moved in last + 1..=x {
                    add(fine, &columns[moved + window - 1].fine[high]);
                    take(fine, &columns[moved - 1].fine[high]);
                }
            }
            _ => {
                *fine = [0; 16];
                for column in &columns[x..x + window] {
                    add(fine, &column.fine[high]);
                }
            }
        }
        right[high] = Some(x);
        let (low, _) = find(fine, target - below);
        *result = (high << 4 | low) as u8;
    }
}

#[inline(always)]
fn add(sums: &mut [u16; 16], counts: &[u8; 16]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += u16::from(*count);
    }
}

#[inline(always)]
fn take(sums: &mut [u16; 16], counts: &[u8; 16]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum -= u16::from(*count);
    }
}

/// In which counter the item number `target` (from 0) falls, and how many items lie below that counter.
#[inline(always)]
fn find(counts: &[u16; 16], target: u16) -> (usize, u16) {
    let (mut sum, mut below, mut index) = (0u16, 0, 0);
    for count in counts {
        sum += count;
        let passed = sum <= target;
        index += usize::from(passed);
        below = if passed { sum } else { below };
    }
    (index.min(15), below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(pixels: &[u8], (width, height): (usize, usize), radius: isize) -> Vec<u8> {
        let at = |x: isize, y: isize| {
            let (x, y) = (x.clamp(0, width as isize - 1), y.clamp(0, height as isize - 1));
            pixels[y as usize * width + x as usize]
        };
        (0..(width * height) as isize)
            .map(|index| {
                let (x, y) = (index % width as isize, index / width as isize);
                let mut window: Vec<u8> = (-radius..=radius)
                    .flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy)))
                    .map(|(dx, dy)| at(x + dx, y + dy))
                    .collect();
                window.sort_unstable();
                window[window.len() / 2]
            })
            .collect()
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn every_radius_gives_the_exact_median() {
        for (width, height) in [(1, 1), (1, 19), (23, 1), (33, 20), (70, 9)] {
            for radius in [1, 2, 3, 7] {
                for step in [1, 50] {
                    let picture: Vec<u8> = noise(width * height).iter().map(|value| value / step * step).collect();
                    let mut made = picture.clone();
                    median(&mut made, (width as u32, height as u32), 1, radius);
                    assert!(made == exact(&picture, (width, height), radius as isize), "{width}x{height} {radius}");
                }
            }
        }
    }

    #[test]
    fn channels_do_not_mix_and_wide_pictures_have_no_seams() {
        let (width, height) = (1100, 5);
        let picture = noise(width * height * 3);
        for radius in [1, 2, 40] {
            let mut made = picture.clone();
            median(&mut made, (width as u32, height as u32), 3, radius);
            for channel in 0..3 {
                let mut plane: Vec<u8> = picture.iter().skip(channel).step_by(3).copied().collect();
                median(&mut plane, (width as u32, height as u32), 1, radius);
                assert!(made.iter().skip(channel).step_by(3).eq(&plane), "radius {radius} channel {channel}");
                if radius == 2 {
                    let source: Vec<u8> = picture.iter().skip(channel).step_by(3).copied().collect();
                    assert!(plane == exact(&source, (width, height), 2));
                }
            }
        }
    }
}
