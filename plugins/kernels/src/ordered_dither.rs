//! Ordered dithering: few levels, by thresholds that repeat like tiles.

use std::f64::consts::PI;

/// A tile of thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dither {
    /// No tile: every value goes to the nearest level.
    Threshold,
    /// Squares of a checkerboard.
    Checks,
    /// B. Bayer's matrix of 2, 4 or 8 pixels (1973): single pixels, as far from each other as can be.
    Bayer(u8),
    /// Its kin of 3 pixels.
    Dispersed3,
    /// Dots on lines that run askew, two to a tile of this (even) side.
    Angled(u8),
    /// Dots in rows and columns, one to a tile of this side.
    Straight(u8),
    /// A round black dot in a tile of this side.
    Black(u8),
    /// A round white dot.
    White(u8),
}

impl Dither {
    /// Side of the tile, and the ranks of its pixels: the one of rank 1 is the first that becomes light.
    pub fn tile(self) -> (usize, Vec<u32>) {
        match self {
            Dither::Threshold => (1, vec![1]),
            Dither::Checks => (2, vec![1, 2, 2, 1]),
            Dither::Dispersed3 => (3, vec![3, 7, 4, 6, 1, 9, 2, 8, 5]),
            Dither::Bayer(side) => {
                let rank = move |x: u32, y: u32| 1 + bayer(u32::from(side), x, y);
                let side = u32::from(side);
                (side as usize, (0..side).flat_map(|y| (0..side).map(move |x| rank(x, y))).collect())
            }
            Dither::Angled(side) => ranked(side, |u, v| (2.0 * PI * u).cos() * (2.0 * PI * v).cos()),
            Dither::Straight(side) => ranked(side, |u, v| (2.0 * PI * u).cos() + (2.0 * PI * v).cos()),
            Dither::Black(side) => ranked(side, |u, v| -((u - 0.5).powi(2) + (v - 0.5).powi(2))),
            Dither::White(side) => ranked(side, |u, v| (u - 0.5).powi(2) + (v - 0.5).powi(2)),
        }
    }
}

/// `M(2n) = 4 M(n) + (0 2 / 3 1)`, for a side that is a power of 2.
fn bayer(side: u32, x: u32, y: u32) -> u32 {
    if side < 2 {
        return 0;
    }
    let first = match (x % 2, y % 2) {
        (0, 0) => 0,
        (1, 0) => 2,
        (0, 1) => 3,
        _ => 1,
    };
    first * (side * side / 4) + bayer(side / 2, x / 2, y / 2)
}

/// Ranks by a function of the place within the tile; the least comes first. What is equal but for rounding
/// follows the order of pixels.
fn ranked(side: u8, key: impl Fn(f64, f64) -> f64) -> (usize, Vec<u32>) {
    let side = usize::from(side.max(1));
    let middle = |index: usize| (index as f64 + 0.5) / side as f64;
    let value = |index: usize| (key(middle(index % side), middle(index / side)) * 1e6).round() as i64;
    let mut order: Vec<usize> = (0..side * side).collect();
    order.sort_by_key(|&index| (value(index), index));
    let mut ranks = vec![0; side * side];
    order.into_iter().zip(1..).for_each(|(index, rank)| ranks[index] = rank);
    (side, ranks)
}

/// Leaves `levels` values in every channel but alpha, evenly spaced from 0 to 255.
///
/// With N ranks in the tile a value of `v` (0 to 1) is `t = floor(v ((levels - 1) N + 1))` steps up: it takes the level
/// `t / N`, or the next one where `t mod N` reaches the pixel's rank. So an even area keeps its mean.
///
/// Shape: `channels` is 1, 3 or 4. Range: `levels` 2 to 256. Cost: a table of 256 values for each rank, one look-up for
/// each value.
///
/// # Panics
/// For other channels.
pub fn ordered_dither(pixels: &mut [u8], width: usize, channels: usize, dither: Dither, levels: u32) {
    assert!(matches!(channels, 1 | 3 | 4), "{channels} channels");
    let (side, ranks) = dither.tile();
    let steps = ranks.iter().copied().max().unwrap_or(1);
    let top = levels.clamp(2, 256) - 1;
    let raised = |value: u32, rank: u32| {
        let up = value * (top * steps + 1) / 255;
        let level = (up / steps + u32::from(up % steps >= rank)).min(top);
        ((level * 255 + top / 2) / top) as u8
    };
    let tables: Vec<[u8; 256]> =
        (1..=steps).map(|rank| std::array::from_fn(|value| raised(value as u32, rank))).collect();
    let colors = if channels == 4 { 3 } else { channels };
    for (y, row) in pixels.chunks_exact_mut(width * channels).enumerate() {
        let line = &ranks[y % side * side..][..side];
        for (pixel, rank) in row.chunks_exact_mut(channels).zip(line.iter().cycle()) {
            let table = &tables[*rank as usize - 1];
            pixel[..colors].iter_mut().for_each(|value| *value = table[usize::from(*value)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Dither; 10] = [
        Dither::Threshold,
        Dither::Checks,
        Dither::Bayer(2),
        Dither::Bayer(4),
        Dither::Bayer(8),
        Dither::Dispersed3,
        Dither::Angled(6),
        Dither::Straight(16),
        Dither::Black(5),
        Dither::White(7),
    ];

    #[test]
    fn tiles_hold_every_rank_equally_often() {
        assert_eq!(Dither::Bayer(2).tile().1, [1, 3, 4, 2]);
        assert_eq!(Dither::Bayer(4).tile().1, [1, 9, 3, 11, 13, 5, 15, 7, 4, 12, 2, 10, 16, 8, 14, 6]);
        for dither in ALL {
            let (side, ranks) = dither.tile();
            assert_eq!(ranks.len(), side * side);
            let most = *ranks.iter().max().unwrap();
            let often = |rank| ranks.iter().filter(|&&found| found == rank).count();
            assert!((1..=most).all(|rank| often(rank) * most as usize == side * side), "{dither:?}");
        }
        // The middle of a black dot is the last to become light, that of a white one the first.
        assert_eq!((Dither::Black(5).tile().1[12], Dither::White(5).tile().1[12]), (25, 1));
    }

    #[test]
    fn even_areas_keep_their_mean() {
        for dither in ALL {
            let (side, ranks) = dither.tile();
            let steps = *ranks.iter().max().unwrap();
            for levels in [2, 3, 7] {
                let mut last = 0.0;
                for value in [0, 1, 60, 127, 128, 200, 254, 255] {
                    let mut pixels = vec![value; side * side];
                    ordered_dither(&mut pixels, side, 1, dither, levels);
                    let mean = pixels.iter().map(|&made| f64::from(made)).sum::<f64>() / pixels.len() as f64;
                    let step = 255.0 / f64::from(steps * (levels - 1));
                    assert!((mean - f64::from(value)).abs() <= step + 0.5, "{dither:?} {levels}: {value} gives {mean}");
                    assert!(mean >= last, "{dither:?} {levels}: {value} gives {mean}");
                    last = mean;
                }
            }
        }
    }

    #[test]
    fn alpha_stays_and_ends_are_kept() {
        let mut pixels = [0, 255, 128, 77].repeat(35);
        ordered_dither(&mut pixels, 7, 4, Dither::Bayer(2), 2);
        assert!(pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[..2] == [0, 255] && pixel[3] == 77));
        let mut pixels: Vec<u8> = (0..=255).collect();
        ordered_dither(&mut pixels, 256, 1, Dither::Straight(8), 256);
        assert!((0..=255).zip(&pixels).all(|(value, made): (u8, _)| value.abs_diff(*made) <= 1));
    }
}
