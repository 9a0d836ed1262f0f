//! Shapes grown and shrunk by a distance, with smooth edges.

use crate::bytes;

/// Grows the shape of an alpha plane by `radius` pixels in every direction, with round corners.
///
/// Shape: one byte a pixel, 255 is inside. Range: `radius` from 0 on; 0 leaves the pixels of at least half alpha.
/// Method: pixels of at least half alpha are the shape; by how much the alpha is over a half, the edge lies
/// further out. A pixel at the Euclidean distance `d` from the nearest one, whose alpha is `a`, becomes
/// `radius + a / 255 - d`, clamped to 0..1, rounded to nearest.
/// Source of the distances: Meijster, Roerdink and Hesselink, "A general algorithm for computing distance
/// transforms in linear time" (2000); exact.
/// Edges: nothing is outside. Cost: four passes, the same for all radii.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn grow(alpha: &[u8], (width, height): (u32, u32), radius: f64) -> Vec<u8> {
    assert_eq!(alpha.len(), bytes(width, height, 1), "bytes of the plane");
    let (width, height) = (width as usize, height as usize);
    let nearest = nearest_in_columns(alpha, width, height);
    let mut grown = vec![0; alpha.len()];
    let mut envelope = Envelope::default();
    for (y, (row, nearest)) in grown.chunks_exact_mut(width.max(1)).zip(nearest.chunks_exact(width.max(1))).enumerate()
    {
        envelope.build(nearest, y as i64);
        envelope.walk(width, |x, column| {
            let (across, seed) = (x as i64 - column as i64, nearest[column] as usize);
            let down = y as i64 - seed as i64;
            let distance = ((across * across + down * down) as f64).sqrt();
            let covered = radius + f64::from(alpha[seed * width + column]) / 255.0 - distance;
            row[x] = (covered.clamp(0.0, 1.0) * 255.0).round() as u8;
        });
    }
    grown
}

/// From this alpha on a pixel belongs to the shape.
const HALF: u8 = 128;

/// No pixel of the shape in the column.
const NONE: i32 = -1;

/// For every pixel the row of the nearest pixel of the shape in its column.
fn nearest_in_columns(alpha: &[u8], width: usize, height: usize) -> Vec<i32> {
    let mut nearest = vec![NONE; alpha.len()];
    let mut last = vec![NONE; width];
    for y in 0..height {
        let row = y * width..(y + 1) * width;
        for ((nearest, last), alpha) in nearest[row.clone()].iter_mut().zip(&mut last).zip(&alpha[row]) {
            *last = if *alpha >= HALF { y as i32 } else { *last };
            *nearest = *last;
        }
    }
    last.fill(NONE);
    for y in (0..height).rev() {
        for (nearest, below) in nearest[y * width..(y + 1) * width].iter_mut().zip(&mut last) {
            let here = y as i32;
            *below = if *nearest == here { here } else { *below };
            if *below != NONE && (*nearest == NONE || *below - here < here - *nearest) {
                *nearest = *below;
            }
        }
    }
    nearest
}

/// For one row the columns whose nearest pixel is nearest of all, each from where on.
#[derive(Default)]
struct Envelope {
    /// Column, squared distance down or up, and the first x for which it counts.
    parts: Vec<(usize, i64, i64)>,
}

impl Envelope {
    fn build(&mut self, nearest: &[i32], y: i64) {
        self.parts.clear();
        for (column, row) in nearest.iter().enumerate().filter(|(_, row)| **row != NONE) {
            let down = (y - i64::from(*row)).pow(2);
            let at = |x: i64, column: usize, down: i64| (x - column as i64).pow(2) + down;
            while let Some((other, other_down, start)) = self.parts.last().copied()
                && at(start, other, other_down) > at(start, column, down)
            {
                self.parts.pop();
            }
            let start = match self.parts.last() {
                None => 0,
                Some((other, other_down, _)) => {
                    let (u, i) = (column as i64, *other as i64);
                    1 + (u * u - i * i + down - other_down).div_euclid(2 * (u - i))
                }
            };
            if start < nearest.len() as i64 {
                self.parts.push((column, down, start));
            }
        }
    }

    /// Calls `each` with every x and the column of its nearest pixel; not at all when there is none.
    fn walk(&self, width: usize, mut each: impl FnMut(usize, usize)) {
        let ends = self.parts.iter().skip(1).map(|(_, _, start)| *start as usize).chain([width]);
        for ((column, _, start), end) in self.parts.iter().zip(ends) {
            (*start as usize..end).for_each(|x| each(x, *column));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: the best of all pixels.
    fn exact(alpha: &[u8], width: usize, radius: f64) -> Vec<u8> {
        let seeds: Vec<usize> = (0..alpha.len()).filter(|index| alpha[*index] >= HALF).collect();
        let place = |index: usize| ((index % width) as f64, (index / width) as f64);
        (0..alpha.len())
            .map(|index| {
                let (x, y) = place(index);
                let distance = |seed: &usize| (place(*seed).0 - x).hypot(place(*seed).1 - y);
                let Some(least) = seeds.iter().map(distance).reduce(f64::min) else { return 0 };
                let best = seeds
                    .iter()
                    .filter(|seed| distance(seed) < least + 1e-9)
                    .map(|seed| radius + f64::from(alpha[*seed]) / 255.0 - least)
                    .fold(0.0, f64::max);
                (best.clamp(0.0, 1.0) * 255.0).round() as u8
            })
            .collect()
    }

    #[test]
    fn every_pixel_knows_its_nearest() {
        let mut state = 7u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for (width, height) in [(1, 1), (1, 9), (9, 1), (23, 17), (40, 31)] {
            for density in [1, 3, 20, 90] {
                // All seeds alike, so that it does not matter which of several nearest ones is found.
                let alpha: Vec<u8> =
                    (0..width * height).map(|_| if noise() % 100 < density { 200 } else { 100 }).collect();
                for radius in [0.0, 1.0, 2.5, 7.0, 1000.0] {
                    let made = grow(&alpha, (width, height), radius);
                    assert_eq!(made, exact(&alpha, width as usize, radius), "{width}x{height} {density} {radius}");
                }
            }
        }
    }

    #[test]
    fn edges_follow_the_alpha() {
        assert_eq!(grow(&[0, 0, 0, 255, 0, 0, 0], (7, 1), 2.0), [0, 255, 255, 255, 255, 255, 0]);
        assert_eq!(grow(&[0, 0, 0, 204, 0, 0, 0], (7, 1), 1.0), [0, 0, 204, 255, 204, 0, 0]);
        assert_eq!(grow(&[0, 127, 0], (3, 1), 5.0), [0, 0, 0]);
    }
}
