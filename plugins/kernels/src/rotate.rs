//! Rotation by any angle.

use crate::{
    affine::{Grid, Inside, Line},
    bytes, has_transparency, premultiply, unpremultiply,
};

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
    let source = Source { grid: Grid::new(pixels, size), colour };
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
        let touched = line.span(&source.grid, -3.0, stride);
        let fast = match interpolation {
            Interpolation::Bilinear => source.grid.inside(&line, 0.0, stride),
            Interpolation::Bicubic => Inside::none(touched.start),
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
    source.grid.fill(made.as_chunks_mut::<N>().0, stride, &inner);
    made
}

struct Source<'a, const N: usize> {
    grid: Grid<'a, N>,
    colour: [u8; N],
}

impl<const N: usize> Source<'_, N> {
    /// The pixel at whole coordinates; outside, the background.
    #[inline(always)]
    fn at(&self, x: i32, y: i32) -> &[u8; N] {
        let Grid { pixels, width, height } = self.grid;
        if x >= 0 && x < width && y >= 0 && y < height {
            &pixels[y as usize * width as usize + x as usize]
        } else {
            &self.colour
        }
    }

    /// Whether nothing but background is within `reach` of a position.
    #[inline(always)]
    fn is_outside(&self, x: f64, y: f64, reach: f64) -> bool {
        let (right, bottom) = (f64::from(self.grid.width - 1), f64::from(self.grid.height - 1));
        x <= -reach || y <= -reach || x >= right + reach || y >= bottom + reach
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
        let colour = [5, 250, 90];
        let source = Source { grid: Grid::new(&pixels, (width, height)), colour };
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
