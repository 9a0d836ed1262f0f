//! Pictures turned, slanted and stretched by an affine mapping: the pixels inside, bilinearly and in fixed point.

use std::ops::Range;

/// Result pixels of a row that are made before the next row's.
const COLUMNS: usize = 128;

/// The positions in the picture of a result row's pixels: `(x0 + step * dx, y0 + step * dy)`, whole numbers being the
/// middles of pixels.
pub(crate) struct Line {
    pub(crate) x0: f64,
    pub(crate) y0: f64,
    pub(crate) dx: f64,
    pub(crate) dy: f64,
}

impl Line {
    /// The steps, below `steps`, whose positions are at least `margin` inside the picture's outer pixel
    /// centres, up to rounding. A negative margin is outside. Empty spans begin and end at the same step.
    pub(crate) fn span<const N: usize>(&self, grid: &Grid<'_, N>, margin: f64, steps: usize) -> Range<usize> {
        let (mut start, mut end) = (0.0f64, steps as f64);
        let axes = [(self.x0, self.dx, grid.width), (self.y0, self.dy, grid.height)];
        for (at, step, length) in axes {
            let (low, high) = (margin, f64::from(length - 1) - margin);
            if low > high {
                // The picture is too narrow for the margin.
                end = 0.0;
                continue;
            }
            if step.abs() < 1e-9 {
                // As good as parallel to the edge: all or nothing.
                if at < low || at > high {
                    end = 0.0;
                }
                continue;
            }
            let (a, b) = ((low - at) / step, (high - at) / step);
            start = start.max(a.min(b).ceil());
            end = end.min(a.max(b).floor() + 1.0);
        }
        let start = start.min(steps as f64) as usize;
        start..(end.max(0.0) as usize).max(start)
    }
}

/// Fractional bits of positions. 2^-33 of rounding a step is 1/100000 of a pixel at the end of 65535.
const POSITION_BITS: u32 = 32;

/// The part of a row that lies inside the picture, and its line in fixed point.
pub(crate) struct Inside {
    pub(crate) steps: Range<usize>,
    x0: i64,
    y0: i64,
    dx: i64,
    dy: i64,
}

impl Inside {
    /// No part of it.
    pub(crate) fn none(at: usize) -> Inside {
        Inside { steps: at..at, x0: 0, y0: 0, dx: 0, dy: 0 }
    }

    fn at(&self, step: usize) -> (i64, i64) {
        (self.x0 + step as i64 * self.dx, self.y0 + step as i64 * self.dy)
    }
}

/// A picture whose pixels lie on whole coordinates.
#[derive(Clone, Copy)]
pub(crate) struct Grid<'a, const N: usize> {
    pub(crate) pixels: &'a [[u8; N]],
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl<'a, const N: usize> Grid<'a, N> {
    pub(crate) fn new(pixels: &'a [u8], (width, height): (u32, u32)) -> Self {
        Grid { pixels: pixels.as_chunks::<N>().0, width: width as i32, height: height as i32 }
    }

    /// The part of a row of `steps` pixels whose four neighbours are all in the picture, and which lie at least
    /// `margin` inside its outer pixels.
    pub(crate) fn inside(&self, line: &Line, margin: f64, steps: usize) -> Inside {
        let fixed = |position: f64| (position * (1u64 << POSITION_BITS) as f64).round() as i64;
        // Half a weight's step more: cutting the bits below is then rounding to nearest.
        let half = 1 << (POSITION_BITS - 9);
        let mut inside = Inside {
            steps: line.span(self, margin, steps),
            x0: fixed(line.x0) + half,
            y0: fixed(line.y0) + half,
            dx: fixed(line.dx),
            dy: fixed(line.dy),
        };
        let is_inside = |(x, y): (i64, i64)| {
            let (left, top) = (x >> POSITION_BITS, y >> POSITION_BITS);
            left >= 0 && top >= 0 && left < i64::from(self.width) - 1 && top < i64::from(self.height) - 1
        };
        // What lies inside is one piece, so its two ends decide.
        while !inside.steps.is_empty() && !is_inside(inside.at(inside.steps.start)) {
            inside.steps.start += 1;
        }
        while !inside.steps.is_empty() && !is_inside(inside.at(inside.steps.end - 1)) {
            inside.steps.end -= 1;
        }
        inside
    }

    /// Makes the inner pixels of all rows, bilinearly; `inner` says for each row which these are.
    pub(crate) fn fill(&self, made: &mut [[u8; N]], stride: usize, inner: &[Inside]) {
        // In narrow columns, as a whole row of the result would cross thousands of the picture's.
        for left in (0..stride).step_by(COLUMNS) {
            let columns = left..stride.min(left + COLUMNS);
            for (row, inside) in made.chunks_exact_mut(stride).zip(inner) {
                let steps = inside.steps.start.max(columns.start)..inside.steps.end.min(columns.end);
                if !steps.is_empty() {
                    self.fill_row(inside, steps.start, &mut row[steps]);
                }
            }
        }
    }

    /// Makes the pixels from `step` on.
    fn fill_row(&self, inside: &Inside, step: usize, row: &mut [[u8; N]]) {
        let (mut x, mut y) = inside.at(step);
        let width = self.width as usize;
        for pixel in row {
            let (left, top) = ((x >> POSITION_BITS) as usize, (y >> POSITION_BITS) as usize);
            let weight = |position: i64| (position >> (POSITION_BITS - 8)) as u16 & 255;
            let first = top * width + left;
            let pair = |first: usize| self.pixels[first..].first_chunk::<2>().expect("a pixel inside the picture");
            *pixel = mix(pair(first), pair(first + width), weight(x), weight(y));
            x += inside.dx;
            y += inside.dy;
        }
    }
}

/// The pixel between two pixels and the two below, `right` and `below` 1/256 of the way, rounded to nearest.
#[inline(always)]
fn mix<const N: usize>(above: &[[u8; N]; 2], under: &[[u8; N]; 2], right: u16, below: u16) -> [u8; N] {
    // At most 255 * 256: the left and the right column fit 16 bits.
    let column =
        |x: usize, channel: usize| u16::from(above[x][channel]) * (256 - below) + u16::from(under[x][channel]) * below;
    let left: [u16; N] = std::array::from_fn(|channel| column(0, channel));
    let next: [u16; N] = std::array::from_fn(|channel| column(1, channel));
    std::array::from_fn(|channel| {
        let sum = u32::from(left[channel]) * u32::from(256 - right) + u32::from(next[channel]) * u32::from(right);
        ((sum + (1 << 15)) >> 16) as u8
    })
}
