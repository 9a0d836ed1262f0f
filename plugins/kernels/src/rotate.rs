//! Rotation by any angle.

use std::ops::Range;

use crate::{bytes, has_transparency, premultiply, unpremultiply};

/// How a pixel between pixels is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// Linear between the nearest 2 x 2 pixels.
    Bilinear,
    /// The Catmull-Rom cubic (B = 0, C = 1/2 in Mitchell and Netravali 1988) over 4 x 4 pixels.
    Bicubic,
}

/// The size of the smallest upright rectangle around a picture turned by `angle_deg`, rounded half
/// up and at least 1: `|w cos| + |h sin|` by `|w sin| + |h cos|`.
pub fn rotated_size((width, height): (u32, u32), angle_deg: f64) -> (u32, u32) {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let (width, height) = (f64::from(width), f64::from(height));
    let round = |length: f64| (length + 0.5).floor().max(1.0) as u32;
    (round((width * cos).abs() + (height * sin).abs()), round((width * sin).abs() + (height * cos).abs()))
}

/// Turns a picture clockwise around its middle, into the size that `rotated_size` gives.
///
/// Shape: `colour` is one pixel of the background and gives the number of channels (1, 3 or 4).
/// RGBA is premultiplied for the work unless picture and background are opaque; the buffer's contents
/// are then spent.
/// Edges: the background lies around the picture, and the edge is smoothed into it.
/// Cost: one new buffer; 4 or 16 pixels are read for each one made.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn rotate(
    pixels: &mut [u8],
    size: (u32, u32),
    colour: &[u8],
    angle_deg: f64,
    interpolation: Interpolation,
) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(size.0, size.1, colour.len()), "bytes of the picture");
    let mut colour = colour.to_vec();
    let mixes_alpha = colour.len() == 4 && (colour[3] != 255 || has_transparency(pixels));
    if mixes_alpha {
        premultiply(pixels);
        premultiply(&mut colour);
    }
    let mut made = match colour.len() {
        1 => turn::<1>(pixels, size, &colour, angle_deg, interpolation),
        3 => turn::<3>(pixels, size, &colour, angle_deg, interpolation),
        4 => turn::<4>(pixels, size, &colour, angle_deg, interpolation),
        channels => panic!("{channels} channels"),
    };
    if mixes_alpha {
        unpremultiply(&mut made);
    }
    made
}

fn turn<const N: usize>(
    pixels: &[u8],
    size: (u32, u32),
    colour: &[u8],
    angle_deg: f64,
    interpolation: Interpolation,
) -> Vec<u8> {
    let to = rotated_size(size, angle_deg);
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let colour: [u8; N] = colour.try_into().expect("one pixel");
    let source = Source { pixels: pixels.as_chunks::<N>().0, width: size.0 as i32, height: size.1 as i32, colour };
    let mut made = colour.repeat(to.0 as usize * to.1 as usize);
    let stride = to.0 as usize;
    let mut inner = Vec::with_capacity(to.1 as usize);
    for (y, row) in (0..to.1).zip(made.as_chunks_mut::<N>().0.chunks_exact_mut(stride)) {
        // Pixel centres, from the middle of the result to that of the picture, turned back.
        let down = f64::from(y) + 0.5 - f64::from(to.1) / 2.0;
        let start = 0.5 - f64::from(to.0) / 2.0;
        let x0 = start * cos + down * sin + f64::from(size.0) / 2.0 - 0.5;
        let y0 = -start * sin + down * cos + f64::from(size.1) / 2.0 - 0.5;
        let line = Line { x0, y0, dx: cos, dy: -sin };
        let touched = line.span(&source, -3.0, stride);
        let fast = match interpolation {
            Interpolation::Bilinear => source.inside(&line, stride),
            Interpolation::Bicubic => Inside { steps: touched.start..touched.start, x0: 0, y0: 0, dx: 0, dy: 0 },
        };
        for step in (touched.start..fast.steps.start).chain(fast.steps.end..touched.end) {
            let (x, y) = (x0 + step as f64 * cos, y0 - step as f64 * sin);
            row[step] = match interpolation {
                Interpolation::Bilinear => source.bilinear(x, y),
                Interpolation::Bicubic => source.bicubic(x, y),
            };
        }
        inner.push(fast);
    }
    // In narrow columns, as a whole row of the result would cross thousands of the picture's.
    for left in (0..stride).step_by(COLUMNS) {
        let columns = left..stride.min(left + COLUMNS);
        for (row, inside) in made.as_chunks_mut::<N>().0.chunks_exact_mut(stride).zip(&inner) {
            let steps = inside.steps.start.max(columns.start)..inside.steps.end.min(columns.end);
            if !steps.is_empty() {
                source.fill(inside, steps.start, &mut row[steps]);
            }
        }
    }
    made
}

/// Result pixels of a row that are made before the next row's.
const COLUMNS: usize = 128;

/// The positions in the picture of a result row's pixels: `(x0 + step * dx, y0 + step * dy)`.
struct Line {
    x0: f64,
    y0: f64,
    dx: f64,
    dy: f64,
}

impl Line {
    /// The steps, below `steps`, whose positions are at least `margin` inside the picture's outer pixel
    /// centres, up to rounding. A negative margin is outside. Empty spans begin and end at the same step.
    fn span<const N: usize>(&self, source: &Source<'_, N>, margin: f64, steps: usize) -> Range<usize> {
        let (mut start, mut end) = (0.0f64, steps as f64);
        let axes = [(self.x0, self.dx, source.width), (self.y0, self.dy, source.height)];
        for (at, step, length) in axes {
            let (low, high) = (margin, f64::from(length - 1) - margin);
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
struct Inside {
    steps: Range<usize>,
    x0: i64,
    y0: i64,
    dx: i64,
    dy: i64,
}

impl Inside {
    fn at(&self, step: usize) -> (i64, i64) {
        (self.x0 + step as i64 * self.dx, self.y0 + step as i64 * self.dy)
    }
}

struct Source<'a, const N: usize> {
    pixels: &'a [[u8; N]],
    width: i32,
    height: i32,
    colour: [u8; N],
}

impl<const N: usize> Source<'_, N> {
    /// The pixel at whole coordinates; outside, the background.
    #[inline(always)]
    fn at(&self, x: i32, y: i32) -> &[u8; N] {
        if x >= 0 && x < self.width && y >= 0 && y < self.height {
            &self.pixels[y as usize * self.width as usize + x as usize]
        } else {
            &self.colour
        }
    }

    /// Whether nothing but background is within `reach` of a position.
    #[inline(always)]
    fn is_outside(&self, x: f64, y: f64, reach: f64) -> bool {
        x <= -reach || y <= -reach || x >= f64::from(self.width - 1) + reach || y >= f64::from(self.height - 1) + reach
    }

    #[inline(always)]
    fn bilinear(&self, x: f64, y: f64) -> [u8; N] {
        if self.is_outside(x, y, 1.0) {
            return self.colour;
        }
        let (left, top) = (x.floor(), y.floor());
        // Positions in 1/256 of a pixel; weights of the four sum up to 65536.
        let right = ((x - left) * 256.0 + 0.5) as u32;
        let below = ((y - top) * 256.0 + 0.5) as u32;
        let (left, top) = (left as i32, top as i32);
        let corners = [self.at(left, top), self.at(left + 1, top), self.at(left, top + 1), self.at(left + 1, top + 1)];
        let weights = [(256 - right) * (256 - below), right * (256 - below), (256 - right) * below, right * below];
        std::array::from_fn(|channel| {
            let mut sum = 1 << 15;
            for corner in 0..4 {
                sum += u32::from(corners[corner][channel]) * weights[corner];
            }
            (sum >> 16) as u8
        })
    }

    /// The part of a row of `steps` pixels whose four neighbours are all in the picture.
    fn inside(&self, line: &Line, steps: usize) -> Inside {
        let fixed = |position: f64| (position * (1u64 << POSITION_BITS) as f64).round() as i64;
        // Half a weight's step more: cutting the bits below is then rounding to nearest.
        let half = 1 << (POSITION_BITS - 9);
        let mut inside = Inside {
            steps: line.span(self, 0.0, steps),
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

    /// Makes the pixels from `step` on, which are inside, bilinearly.
    fn fill(&self, inside: &Inside, step: usize, row: &mut [[u8; N]]) {
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

    #[inline(always)]
    fn bicubic(&self, x: f64, y: f64) -> [u8; N] {
        if self.is_outside(x, y, 2.0) {
            return self.colour;
        }
        let (left, top) = (x.floor(), y.floor());
        let across = cubic((x - left) as f32);
        let down = cubic((y - top) as f32);
        let (left, top) = (left as i32, top as i32);
        let mut sums = [0.5f32; N];
        for (row, weight_down) in (-1..).zip(down) {
            for (column, weight) in (-1..).zip(across) {
                let pixel = self.at(left + column, top + row);
                for channel in 0..N {
                    sums[channel] += f32::from(pixel[channel]) * (weight * weight_down);
                }
            }
        }
        let mut made = sums.map(|sum| sum as u8);
        if N == 4 {
            // Overshoot must not make a premultiplied colour brighter than its alpha.
            let alpha = made[N - 1];
            made.iter_mut().for_each(|value| *value = (*value).min(alpha));
        }
        made
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

/// The Catmull-Rom weights of the pixels at -1, 0, 1 and 2 for a position `t` between 0 and 1.
fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [0.5 * (-t3 + 2.0 * t2 - t), 0.5 * (3.0 * t3 - 5.0 * t2 + 2.0), 0.5 * (-3.0 * t3 + 4.0 * t2 + t), 0.5 * (t3 - t2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Interpolation; 2] = [Interpolation::Bilinear, Interpolation::Bicubic];

    #[test]
    fn a_turn_by_nothing_or_a_quarter_moves_pixels_exactly() {
        let pixels: Vec<u8> = (0..12).map(|value| value * 20).collect();
        for interpolation in BOTH {
            assert_eq!(rotate(&mut pixels.clone(), (4, 3), &[9], 0.0, interpolation), pixels);
            let turned = rotate(&mut pixels.clone(), (4, 3), &[9], 90.0, interpolation);
            let expected = crate::quarter_turn(&pixels, (4, 3), 1, true);
            assert_eq!(turned, expected, "{interpolation:?}");
        }
    }

    #[test]
    fn one_colour_on_its_own_background_stays() {
        for interpolation in BOTH {
            for angle in [1.0, 33.3, 45.0, 200.0, 359.0] {
                let size = rotated_size((13, 8), angle);
                let made = rotate(&mut [7, 200, 90].repeat(13 * 8), (13, 8), &[7, 200, 90], angle, interpolation);
                assert_eq!(made, [7, 200, 90].repeat((size.0 * size.1) as usize), "{interpolation:?} {angle}");
            }
        }
    }

    #[test]
    fn a_smooth_picture_turns_as_the_formula_says() {
        // A ramp along x: at a result pixel the value is the ramp at the position turned back.
        let (width, height) = (61u32, 41u32);
        let pixels: Vec<u8> = (0..width * height).map(|index| 2 * (index % width) as u8 + 50).collect();
        for interpolation in BOTH {
            let angle: f64 = 30.0;
            let to = rotated_size((width, height), angle);
            let made = rotate(&mut pixels.clone(), (width, height), &[0], angle, interpolation);
            let (sin, cos) = angle.to_radians().sin_cos();
            let (x, y) = (f64::from(to.0) / 2.0, f64::from(to.1) / 2.0);
            for (dx, dy) in [(0.0, 0.0), (10.0, 3.0), (-12.0, -5.0), (4.0, 11.0)] {
                let column = (x + dx).floor();
                let row = (y + dy).floor();
                let (across, down) = (column + 0.5 - x, row + 0.5 - y);
                let back = across * cos + down * sin + f64::from(width) / 2.0 - 0.5;
                let value = made[row as usize * to.0 as usize + column as usize];
                assert!((f64::from(value) - (2.0 * back + 50.0)).abs() <= 0.6, "{interpolation:?}: {value} at {back}");
            }
        }
    }

    #[test]
    fn every_pixel_is_the_one_between_its_four_neighbours() {
        let (width, height) = (83u32, 59u32);
        let pixels: Vec<u8> = (0..width * height * 3).map(|index| (index * index % 251) as u8).collect();
        let (grid, colour) = (pixels.as_chunks::<3>().0, [5, 250, 90]);
        let source = Source { pixels: grid, width: width as i32, height: height as i32, colour };
        for angle in [0.001, 12.0, 45.0, 89.999, 135.0, 180.5, 271.3, -30.0] {
            let to = rotated_size((width, height), angle);
            let made = rotate(&mut pixels.clone(), (width, height), &colour, angle, Interpolation::Bilinear);
            let (sin, cos) = angle.to_radians().sin_cos();
            for (index, made) in made.as_chunks::<3>().0.iter().enumerate() {
                let (x, y) = (index as u32 % to.0, index as u32 / to.0);
                let across = f64::from(x) + 0.5 - f64::from(to.0) / 2.0;
                let down = f64::from(y) + 0.5 - f64::from(to.1) / 2.0;
                let back_x = across * cos + down * sin + f64::from(width) / 2.0 - 0.5;
                let back_y = down * cos - across * sin + f64::from(height) / 2.0 - 0.5;
                let expected = source.bilinear(back_x, back_y);
                // A weight may round to the next of 256 steps: at most a level along each axis.
                let largest = (0..3).map(|channel| made[channel].abs_diff(expected[channel])).max();
                assert!(largest <= Some(2), "{angle} at {x}, {y}: {made:?}, {expected:?}");
            }
        }
    }

    #[test]
    fn the_colour_of_transparent_pixels_does_not_bleed() {
        for interpolation in BOTH {
            let made = rotate(&mut [255, 255, 255, 255].repeat(400), (20, 20), &[0, 0, 0, 0], 30.0, interpolation);
            assert!(made.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 0 && pixel[3] != 255));
            for pixel in made.as_chunks::<4>().0 {
                assert!(pixel[3] == 0 || pixel[..3] == [255, 255, 255], "{interpolation:?} {pixel:?}");
            }
        }
    }

    #[test]
    fn sizes_are_those_of_the_upright_rectangle() {
        assert_eq!(rotated_size((4000, 3000), 90.0), (3000, 4000));
        assert_eq!(rotated_size((4000, 3000), 180.0), (4000, 3000));
        assert_eq!(rotated_size((100, 100), 45.0), (141, 141));
        assert_eq!(rotated_size((1, 1), 45.0), (1, 1));
    }
}
