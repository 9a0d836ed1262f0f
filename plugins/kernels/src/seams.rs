//! Seam carving: another size without other proportions of what matters.
//!
//! Source: S. Avidan and A. Shamir, "Seam carving for content-aware image resizing", ACM TOG 26(3), 2007.

use crate::{bytes, has_transparency, luma, quarter_turn};

/// The most pixels that [`carve`] may visit: every seam visits each pixel of the picture once.
pub const MOST_VISITS: u64 = 1 << 31;

/// How far a seam may move sideways from one row to the next, at most.
pub const LONGEST_STEP: u32 = 4;

/// How seams run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seams {
    /// Columns that a seam may move sideways per row: 0 (straight) to [`LONGEST_STEP`].
    pub step: u32,
    /// What each such column costs, in levels of luma.
    pub rigidity: u32,
}

/// How many pixels [`carve`] visits: for each seam, the picture as it is then, rounded up.
pub fn carve_visits((width, height): (u32, u32), to: (u32, u32)) -> u64 {
    visits(width, height, to.0) + visits(height, to.0, to.1)
}

/// Seams across `other` rows, for a length that changes.
fn visits(length: u32, other: u32, to: u32) -> u64 {
    u64::from(length.abs_diff(to)) * u64::from(length.max(to)) * u64::from(other)
}

/// Takes out, or doubles, the seams of least energy until the picture has the size `to`: vertical seams
/// first, then horizontal ones. Energy is the sum of luma's absolute differences across and down
/// (`e1` of the paper), zero where the picture is transparent.
///
/// When the picture grows, as many different seams as are needed are found, at most half the columns in one
/// round, and each is followed by its mean with the column to its right.
/// Of seams that cost as little, the leftmost ends.
/// Shape: `channels` is 1, 3 or 4 (straight alpha; doubled pixels are mixed with regard to it).
/// Cost: see [`carve_visits`]; a picture of luma, one of energy and one of sums (4 bytes a pixel) beside it.
///
/// # Panics
/// When the buffer has not the stated size, or a size is 0.
pub fn carve(pixels: Vec<u8>, size: (u32, u32), channels: usize, to: (u32, u32), seams: Seams) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(size.0, size.1, channels), "bytes of the picture");
    assert!(to.0 > 0 && to.1 > 0, "a size without pixels");
    let pixels = carve_columns(pixels, size, channels, to.0, seams);
    if to.1 == size.1 {
        return pixels;
    }
    let turned = quarter_turn(&pixels, (to.0, size.1), channels, true);
    let turned = carve_columns(turned, (size.1, to.0), channels, to.1, seams);
    quarter_turn(&turned, (to.1, to.0), channels, false)
}

fn carve_columns(mut pixels: Vec<u8>, (width, height): (u32, u32), channels: usize, to: u32, seams: Seams) -> Vec<u8> {
    let mut width = width as usize;
    let (height, to) = (height as usize, to as usize);
    if to < width {
        let mut carver = Carver::new(&pixels, (width, height), channels, seams);
        for _ in to..width {
            carver.remove();
        }
        return keep(&pixels, &carver.origin, (width, to, height), channels);
    }
    while width < to {
        let count = (to - width).min(width.div_ceil(2));
        let mut carver = Carver::new(&pixels, (width, height), channels, seams);
        let mut doubled = vec![false; width * height];
        for _ in 0..count {
            for (row, column) in carver.remove().into_iter().enumerate() {
                doubled[row * width + column] = true;
            }
        }
        pixels = double(&pixels, &doubled, (width, count), channels);
        width += count;
    }
    pixels
}

/// The pixels whose columns are left.
fn keep(pixels: &[u8], origin: &[u16], (width, left, height): (usize, usize, usize), channels: usize) -> Vec<u8> {
    let mut made = Vec::with_capacity(left * height * channels);
    for (row, origin) in pixels.chunks_exact(width * channels).zip(origin.chunks_exact(width)) {
        for column in &origin[..left] {
            let start = usize::from(*column) * channels;
            made.extend_from_slice(&row[start..start + channels]);
        }
    }
    made
}

/// Every marked pixel, followed by its mean with the next one.
fn double(pixels: &[u8], doubled: &[bool], (width, count): (usize, usize), channels: usize) -> Vec<u8> {
    let height = doubled.len() / width;
    let mut made = Vec::with_capacity((width + count) * height * channels);
    for (row, doubled) in pixels.chunks_exact(width * channels).zip(doubled.chunks_exact(width)) {
        for (column, doubled) in doubled.iter().enumerate() {
            let start = column * channels;
            let pixel = &row[start..start + channels];
            made.extend_from_slice(pixel);
            if *doubled {
                let next = row.get(start + channels..start + 2 * channels).unwrap_or(pixel);
                push_mean(&mut made, pixel, next);
            }
        }
    }
    made
}

fn push_mean(made: &mut Vec<u8>, one: &[u8], other: &[u8]) {
    let (&[.., a], &[.., b]) = (one, other) else { return };
    let (a, b) = if one.len() == 4 { (u32::from(a), u32::from(b)) } else { (1, 1) };
    let sum = (a + b).max(1);
    for (channel, (one, other)) in one.iter().zip(other).enumerate() {
        let mean = if channel == 3 {
            (a + b).div_ceil(2)
        } else {
            (u32::from(*one) * a + u32::from(*other) * b + sum / 2) / sum
        };
        made.push(mean as u8);
    }
}

/// What is left of a picture while seams are taken out. Rows keep their full stride; the front is used.
struct Carver {
    stride: usize,
    height: usize,
    width: usize,
    light: Vec<u8>,
    opacity: Option<Vec<u8>>,
    energy: Vec<u16>,
    /// From which column of the picture each pixel comes.
    origin: Vec<u16>,
    sums: Vec<u32>,
    seams: Seams,
}

impl Carver {
    fn new(pixels: &[u8], (width, height): (usize, usize), channels: usize, seams: Seams) -> Self {
        let light = if channels == 1 { pixels.to_vec() } else { luma(pixels, channels) };
        let has_alpha = channels == 4 && has_transparency(pixels);
        let opacity = has_alpha.then(|| pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect());
        let mut carver = Carver {
            stride: width,
            height,
            width,
            light,
            opacity,
            energy: vec![0; width * height],
            origin: (0..height).flat_map(|_| (0..width).map(|column| column as u16)).collect(),
            sums: vec![0; width * height],
            seams,
        };
        for y in 0..height {
            carver.renew_energy(y, 0, width);
        }
        carver
    }

    /// Computes the energies of columns `from..to` of a row.
    fn renew_energy(&mut self, y: usize, from: usize, to: usize) {
        let (stride, last) = (self.stride, self.width - 1);
        let row = y * stride;
        let above = y.saturating_sub(1) * stride;
        let below = (y + 1).min(self.height - 1) * stride;
        for x in from..to.min(self.width) {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(last));
            let across = self.light[row + left].abs_diff(self.light[row + right]);
            let down = self.light[above + x].abs_diff(self.light[below + x]);
            let energy = u16::from(across) + u16::from(down);
            self.energy[row + x] = match &self.opacity {
                Some(opacity) if opacity[row + x] == 0 => 0,
                _ => energy,
            };
        }
    }

    /// Takes out the seam of least energy; gives the column of the picture that it has in each row.
    fn remove(&mut self) -> Vec<usize> {
        self.add_up();
        let seam = self.seam();
        let columns = seam.iter().enumerate().map(|(y, x)| usize::from(self.origin[y * self.stride + x])).collect();
        for (y, x) in seam.iter().enumerate() {
            let (start, end) = (y * self.stride + x, y * self.stride + self.width);
            self.light.copy_within(start + 1..end, start);
            self.energy.copy_within(start + 1..end, start);
            self.origin.copy_within(start + 1..end, start);
            if let Some(opacity) = &mut self.opacity {
                opacity.copy_within(start + 1..end, start);
            }
        }
        self.width -= 1;
        if self.width > 0 {
            for (y, x) in seam.iter().enumerate() {
                // Where the neighbours across or down are others than before.
                let near = [seam[y.saturating_sub(1)], *x, seam[(y + 1).min(self.height - 1)]];
                let (low, high) = (near.iter().min(), near.iter().max());
                let (low, high) = (low.copied().unwrap_or(*x), high.copied().unwrap_or(*x));
                self.renew_energy(y, low.saturating_sub(1), high + 1);
            }
        }
        columns
    }

    /// For each pixel, the least sum of energies of a seam from the top that ends there.
    fn add_up(&mut self) {
        let (stride, width, step) = (self.stride, self.width, self.seams.step as usize);
        // With room on both sides, so that no neighbour has to be checked.
        let mut before = vec![u32::MAX / 2; width + 2 * step];
        before[step..step + width].fill(0);
        for y in 0..self.height {
            let sums = &mut self.sums[y * stride..][..width];
            let energy = &self.energy[y * stride..][..width];
            sums.copy_from_slice(&before[step..step + width]);
            for aside in 1..=step {
                let price = self.seams.rigidity * aside as u32;
                let (left, right) = (&before[step - aside..][..width], &before[step + aside..][..width]);
                for x in 0..width {
                    sums[x] = sums[x].min(left[x].min(right[x]) + price);
                }
            }
            for x in 0..width {
                sums[x] += u32::from(energy[x]);
            }
            before[step..step + width].copy_from_slice(sums);
        }
    }

    /// The cheapest seam: a column for each row.
    fn seam(&self) -> Vec<usize> {
        let mut seam = vec![0; self.height];
        let row = |y: usize| &self.sums[y * self.stride..][..self.width];
        let last = row(self.height - 1);
        let mut x = (0..self.width).min_by_key(|x| last[*x]).unwrap_or(0);
        seam[self.height - 1] = x;
        for y in (0..self.height - 1).rev() {
            let sums = row(y);
            let (low, high) =
                (x.saturating_sub(self.seams.step as usize), (x + self.seams.step as usize).min(self.width - 1));
            // Straight ahead before aside, left before right.
            x = (low..=high)
                .min_by_key(|from| {
                    (sums[*from] + self.seams.rigidity * from.abs_diff(x) as u32, from.abs_diff(x), *from)
                })
                .unwrap_or(x);
            seam[y] = x;
        }
        seam
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Seams = Seams { step: 1, rigidity: 0 };

    /// Every way from the top to the bottom of a picture whose columns change by at most one.
    fn all_seams(width: usize, height: usize) -> Vec<Vec<usize>> {
        let mut seams: Vec<Vec<usize>> = (0..width).map(|x| vec![x]).collect();
        for _ in 1..height {
            let longer = |seam: &Vec<usize>| {
                let x = *seam.last().expect("a row");
                let next = x.saturating_sub(1)..=(x + 1).min(width - 1);
                next.map(|x| [seam.as_slice(), &[x]].concat()).collect::<Vec<_>>()
            };
            seams = seams.iter().flat_map(longer).collect();
        }
        seams
    }

    #[test]
    fn the_seam_of_least_energy_goes() {
        let (width, height) = (6, 5);
        for seed in 0..20 {
            let picture: Vec<u8> = (0..width * height).map(|i| ((i + 3) * (seed * 37 + 91) * 89 % 251) as u8).collect();
            let at = |x: usize, y: usize| i32::from(picture[y * width + x]);
            let energy = |x: usize, y: usize| {
                let across = at(x.saturating_sub(1), y) - at((x + 1).min(width - 1), y);
                let down = at(x, y.saturating_sub(1)) - at(x, (y + 1).min(height - 1));
                across.abs() + down.abs()
            };
            let cost = |seam: &[usize]| seam.iter().enumerate().map(|(y, x)| energy(*x, y)).sum::<i32>();
            let seams = all_seams(width, height);
            let least = seams.iter().map(|seam| cost(seam)).min().expect("a seam");
            let without = |seam: &[usize]| -> Vec<u8> {
                let kept = (0..width * height).filter(|i| seam[i / width] != i % width);
                kept.map(|i| picture[i]).collect()
            };
            let made = carve(picture.clone(), (6, 5), 1, (5, 5), FREE);
            assert!(seams.iter().any(|seam| cost(seam) == least && without(seam) == made), "seed {seed}: {made:?}");
        }
    }

    #[test]
    fn energies_that_are_renewed_are_those_of_the_smaller_picture() {
        let picture: Vec<u8> = (0..30 * 20).map(|i| (i * 7919 % 241) as u8).collect();
        let mut carver = Carver::new(&picture, (30, 20), 1, Seams { step: 3, rigidity: 0 });
        for _ in 0..20 {
            carver.remove();
            let before = carver.energy.clone();
            for y in 0..20 {
                carver.renew_energy(y, 0, carver.width);
                let row = y * 30..y * 30 + carver.width;
                assert_eq!(carver.energy[row.clone()], before[row], "row {y} of {} columns", carver.width);
            }
        }
    }

    #[test]
    fn an_object_keeps_its_size_while_the_plain_around_it_goes() {
        let (width, height) = (60, 20);
        let bright = |x: usize| (25..35).contains(&x);
        let pixels: Vec<u8> =
            (0..width * height).map(|i| if bright(i % width) { ((i * 7919) % 199) as u8 + 50 } else { 30 }).collect();
        let made = carve(pixels, (60, 20), 1, (30, 20), FREE);
        for row in made.chunks_exact(30) {
            assert_eq!(row.iter().filter(|value| **value >= 50).count(), 10, "{row:?}");
        }
    }

    #[test]
    fn seams_that_are_doubled_are_followed_by_means() {
        let made = carve(vec![10, 20, 200, 100], (4, 1), 1, (5, 1), Seams { step: 0, rigidity: 0 });
        // Energies: |10-20| = 10, 190, 80, 100.
        assert_eq!(made, [10, 15, 20, 200, 100]);
        let clear = carve(vec![255, 255, 255, 255, 0, 0, 0, 0], (2, 1), 4, (4, 1), FREE);
        for pixel in clear.as_chunks::<4>().0 {
            assert!(pixel[3] == 0 || pixel[..3] == [255; 3], "{clear:?}");
        }
    }

    #[test]
    fn every_size_is_reached_in_every_format() {
        for channels in [1, 3, 4] {
            for (width, height) in [(1, 1), (1, 9), (9, 1), (7, 5)] {
                for to in [(1, 1), (3, 2), (20, 31), (7, 5)] {
                    for step in [0, 1, LONGEST_STEP] {
                        let pixels: Vec<u8> =
                            (0..(width * height) as usize * channels).map(|i| (i * 89 % 251) as u8).collect();
                        let seams = Seams { step, rigidity: 5 };
                        let made = carve(pixels.clone(), (width, height), channels, to, seams);
                        assert_eq!(made.len(), (to.0 * to.1) as usize * channels);
                        if to == (width, height) {
                            assert_eq!(made, pixels);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn visits_count_every_seam() {
        assert_eq!(carve_visits((100, 50), (90, 50)), 10 * 100 * 50);
        assert_eq!(carve_visits((100, 50), (100, 60)), 10 * 60 * 100);
        assert_eq!(carve_visits((65_535, 4096), (1, 1)), 65_534 * 65_535 * 4096 + 4095 * 4096);
    }
}
