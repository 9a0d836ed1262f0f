//! Perceptual hashes: pictures that look alike have hashes that differ in few bits.
//!
//! All start from a gray picture. Bits are written row by row, the first one highest.

use crate::{Filter, Window, equalize, gaussian_blur, luma_histogram, resize};

/// Bytes of a Marr-Hildreth hash.
pub const MARR_HILDRETH_BYTES: usize = 72;

/// One bit for each of 8 x 8 parts of the picture: whether it is lighter than their mean.
pub fn average_hash(gray: &[u8], size: (u32, u32)) -> u64 {
    let small = small(gray, size, (8, 8));
    let sum: u32 = small.iter().map(|&value| u32::from(value)).sum();
    pack(small.iter().map(|&value| u32::from(value) * 64 > sum))
}

/// One bit for each of 8 x 8 pairs of neighbours in a picture of 9 x 8: whether the right one is lighter.
///
/// Source: N. Krawetz, Kind of Like That, 2013.
pub fn difference_hash(gray: &[u8], size: (u32, u32)) -> u64 {
    let small = small(gray, size, (9, 8));
    pack(small.chunks_exact(9).flat_map(|row| row.windows(2).map(|pair| pair[1] > pair[0])))
}

/// One bit for each of 8 x 8 low frequencies: whether it is stronger than their median.
///
/// The picture is reduced to 32 x 32; of its DCT-II, the coefficients 1 to 8 of both axes are used, so
/// neither brightness nor contrast matters.
/// Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section
/// 3.2.1, without the mean filter, as the reduction takes means already.
pub fn dct_hash(gray: &[u8], size: (u32, u32)) -> u64 {
    const SIDE: usize = 32;
    let small = small(gray, size, (SIDE as u32, SIDE as u32));
    let waves: [[f64; SIDE]; 8] = std::array::from_fn(|k| {
        std::array::from_fn(|x| (std::f64::consts::PI * (k + 1) as f64 * (2 * x + 1) as f64 / (2 * SIDE) as f64).cos())
    });
    let mut coefficients = [[0i64; 8]; 8];
    for (v, row) in coefficients.iter_mut().enumerate() {
        for (u, coefficient) in row.iter_mut().enumerate() {
            let sum: f64 = (0..SIDE)
                .map(|y| {
                    let across: f64 = (0..SIDE).map(|x| waves[u][x] * f64::from(small[y * SIDE + x])).sum();
                    waves[v][y] * across
                })
                .sum();
            // Whole steps, so that the last digits of a cosine decide nothing.
            *coefficient = (sum * 256.0).round() as i64;
        }
    }
    let mut sorted = *coefficients.as_flattened().as_array::<64>().expect("64 coefficients");
    sorted.sort_unstable();
    // Twice the median, which lies between two values.
    let median = sorted[31] + sorted[32];
    pack(coefficients.as_flattened().iter().map(|value| 2 * value > median))
}

/// 576 bits: where the picture's edges (the response to a Mexican hat 17 pixels wide, at 512 x 512) are
/// stronger than around. Tells more pictures apart than the 64-bit hashes.
///
/// Source: C. Zauner (as above), section 3.2.2: blur, 512 x 512, equalized histogram; responses summed in
/// 31 x 31 blocks of 16 x 16 pixels; each of 8 x 8 windows of 3 x 3 blocks, 4 apart, gives 9 bits.
pub fn marr_hildreth_hash(gray: &[u8], size: (u32, u32)) -> [u8; MARR_HILDRETH_BYTES] {
    const SIDE: usize = 512;
    const BLOCK: usize = 16;
    const BLOCKS: usize = SIDE / BLOCK - 1;
    const REACH: usize = 8;
    let mut picture = small(gray, size, (SIDE as u32, SIDE as u32));
    gaussian_blur(&mut picture, (SIDE as u32, SIDE as u32), 1, 1.0);
    let table = equalize(&luma_histogram(&picture, 1));
    crate::apply_table(&mut picture, 1, &table);

    // The sum of a block's responses is the response to the blocks' sums: they come from a table of sums
    // over a picture whose edge pixels are repeated.
    let sums = Sums::of(&picture, SIDE, REACH);
    let hat: Vec<Vec<f64>> = (0..=2 * REACH)
        .map(|y| {
            (0..=2 * REACH)
                .map(|x| {
                    let at = |i: usize| ((i as f64 - REACH as f64) / 2.0).powi(2);
                    let r2 = at(x) + at(y);
                    (2.0 - r2) * (-r2 / 2.0).exp()
                })
                .collect()
        })
        .collect();
    let mut blocks = [[0i64; BLOCKS]; BLOCKS];
    for (row, values) in blocks.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (y, weights) in hat.iter().enumerate() {
                for (x, weight) in weights.iter().enumerate() {
                    sum += weight * f64::from(sums.square(column * BLOCK + x, row * BLOCK + y, BLOCK));
                }
            }
            *value = (sum * 16.0).round() as i64;
        }
    }
    let mut hash = [0; MARR_HILDRETH_BYTES];
    let mut bit = 0;
    for row in (0..BLOCKS - 2).step_by(4) {
        for column in (0..BLOCKS - 2).step_by(4) {
            let window: [i64; 9] = std::array::from_fn(|i| blocks[row + i / 3][column + i % 3]);
            let sum: i64 = window.iter().sum();
            for value in window {
                hash[bit / 8] |= u8::from(value * 9 > sum) << (7 - bit % 8);
                bit += 1;
            }
        }
    }
    hash
}

/// In how many bits two hashes of one length differ.
pub fn hash_distance(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

fn small(gray: &[u8], (width, height): (u32, u32), to: (u32, u32)) -> Vec<u8> {
    resize(&mut gray.to_vec(), (width, height), 1, Window::whole(width, height), to, Filter::Box)
}

fn pack(bits: impl Iterator<Item = bool>) -> u64 {
    bits.fold(0, |hash, bit| hash << 1 | u64::from(bit))
}

/// Sums over rectangles of a square picture that is continued beyond its edges.
struct Sums {
    table: Vec<u32>,
    stride: usize,
}

impl Sums {
    fn of(picture: &[u8], side: usize, reach: usize) -> Sums {
        let padded = side + 2 * reach;
        let stride = padded + 1;
        let mut table = vec![0u32; stride * stride];
        let inside = |i: usize| i.saturating_sub(reach).min(side - 1);
        for y in 0..padded {
            let mut sum = 0;
            for x in 0..padded {
                sum += u32::from(picture[inside(y) * side + inside(x)]);
                table[(y + 1) * stride + x + 1] = table[y * stride + x + 1] + sum;
            }
        }
        Sums { table, stride }
    }

    fn square(&self, x: usize, y: usize, side: usize) -> u32 {
        let at = |x: usize, y: usize| self.table[y * self.stride + x];
        at(x + side, y + side) + at(x, y) - at(x + side, y) - at(x, y + side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Vec<u8> {
        (0..width * height)
            .map(|i| {
                let (x, y) = (f64::from(i % width) / f64::from(width), f64::from(i / width) / f64::from(height));
                (127.0 + 60.0 * (7.0 * x).sin() * (4.0 * y + 1.0).cos() + 50.0 * (x - y)) as u8
            })
            .collect()
    }

    /// Three nested squares and a slope between them.
    fn squares(width: u32, height: u32) -> Vec<u8> {
        (0..width * height)
            .map(|i| {
                let (x, y) = (f64::from(i % width) / f64::from(width), f64::from(i / width) / f64::from(height));
                let level = [0.1, 0.24, 0.37].iter().filter(|&&edge| x > edge && x < 0.95 - edge && y > edge).count();
                (40.0 * x + 60.0 * level as f64) as u8
            })
            .collect()
    }

    #[test]
    fn simple_pictures_by_hand() {
        // Left half dark, right half light, 9 x 8: every row is the same.
        let halves: Vec<u8> = (0..72).map(|i| if i % 9 < 4 { 0 } else { 200 }).collect();
        assert_eq!(difference_hash(&halves, (9, 8)), 0x1010_1010_1010_1010);
        let halves: Vec<u8> = (0..64).map(|i| if i % 8 < 4 { 0 } else { 200 }).collect();
        assert_eq!(average_hash(&halves, (8, 8)), 0x0F0F_0F0F_0F0F_0F0F);
        // One colour has no frequencies, and nothing is above a median of nothing.
        assert_eq!(
            (dct_hash(&[77; 12], (4, 3)), average_hash(&[77], (1, 1)), difference_hash(&[7], (1, 1))),
            (0, 0, 0)
        );
        assert_eq!(marr_hildreth_hash(&[77; 12], (4, 3)), [0; 72]);
    }

    #[test]
    fn a_single_wave_shows_at_its_place() {
        // The cosine of frequency 2 across gives the coefficient (2, 0), which is not looked at; that of
        // frequencies 2 and 3 the one in row 2, column 1 (from 0) alone.
        let wave = |k: f64, i: u32| (std::f64::consts::PI * k * f64::from(2 * i + 1) / 64.0).cos();
        let gray: Vec<u8> =
            (0..1024).map(|i| (128.0 + 100.0 * wave(2.0, i % 32) * wave(3.0, i / 32)).round() as u8).collect();
        let hash = dct_hash(&gray, (32, 32));
        assert_eq!(hash >> (63 - (2 * 8 + 1)) & 1, 1, "{hash:016x}");
    }

    #[test]
    fn hashes_outlive_scaling_and_brightness_and_tell_pictures_apart() {
        let (a, b) = (picture(200, 150), picture(320, 240));
        let lighter: Vec<u8> = a.iter().map(|value| value / 2 + 60).collect();
        let other: Vec<u8> =
            (0..200 * 150u32).map(|i| ((i % 200) * 13 % 256) as u8 ^ ((i / 2000) * 31) as u8).collect();
        let bytes = |hash: u64| hash.to_be_bytes();
        for hash in [dct_hash, difference_hash, average_hash] {
            let of_a = bytes(hash(&a, (200, 150)));
            assert!(hash_distance(&of_a, &bytes(hash(&b, (320, 240)))) <= 4);
            assert!(hash_distance(&of_a, &bytes(hash(&lighter, (200, 150)))) <= 4);
            assert!(hash_distance(&of_a, &bytes(hash(&other, (200, 150)))) >= 12);
        }
        // Edges are what this one looks at.
        let of_a = marr_hildreth_hash(&squares(200, 150), (200, 150));
        assert!(hash_distance(&of_a, &marr_hildreth_hash(&squares(400, 300), (400, 300))) < 80);
        assert!(hash_distance(&of_a, &marr_hildreth_hash(&other, (200, 150))) > 150);
    }
}
