//! Where the eye is drawn in a picture, for cuts that keep what matters.

use crate::{LUMA, bytes};

/// The longest side of the working copy.
const SIDE: usize = 128;

/// Weights of the three measures: J. Wagner, smartcrop.js (2014), default options. Different from there:
/// the copy has 128 pixels a side, all windows of one size are looked at, and instead of a weight for each
/// place in the window its middle counts twice.
const DETAIL_WEIGHT: f32 = 0.2;
const SKIN_WEIGHT: f32 = 1.8;
const SATURATION_WEIGHT: f32 = 0.1;

/// Skin as a direction in RGB, how alike a colour must be, and how light: the same source.
const SKIN: [f32; 3] = [0.78, 0.57, 0.44];
const SKIN_FROM: f32 = 0.8;
const SKIN_LUMA: std::ops::RangeInclusive<f32> = 0.2..=1.0;

/// From which saturation on a colour counts, and how light it must be: the same source.
const SATURATION_FROM: f32 = 0.4;
const SATURATION_LUMA: std::ops::RangeInclusive<f32> = 0.05..=0.9;

/// The top left corner of the window of this size that holds most of what draws the eye: edges, saturated
/// colours and tones of skin. The window's middle, two thirds of each side, counts twice.
///
/// Shape: `channels` is 1, 3 or 4; what is transparent draws no eye. The window is at most the picture.
/// Rounding: positions are multiples of a pixel of the working copy (the means of blocks, at most 128 a
/// side); of windows that are as good, the one nearest the middle. The last column and row can be reached.
/// Cost: one pass of reading; the rest is bounded by the copy's size.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn attention(pixels: &[u8], (width, height): (u32, u32), channels: usize, window: (f64, f64)) -> (f64, f64) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let free = (f64::from(width) - window.0, f64::from(height) - window.1);
    if free.0 <= 0.0 && free.1 <= 0.0 {
        return (0.0, 0.0);
    }
    let factor = (width.max(height) as usize).div_ceil(SIDE);
    let (copy, size) = blocks(pixels, (width as usize, height as usize), channels, factor);
    let sums = Sums::of(&saliency(&copy, size), size);
    let place = |length: f64, free: f64| Places { factor: factor as f64, length, free: free.max(0.0) };
    let (across, down) = (place(window.0, free.0), place(window.1, free.1));
    let mut best = (f64::MIN, f64::MAX, (0.0, 0.0));
    for y in down.all() {
        for x in across.all() {
            let score = sums.within(&across.span(x, 1.0), &down.span(y, 1.0))
                + sums.within(&across.span(x, 2.0 / 3.0), &down.span(y, 2.0 / 3.0));
            let aside = (x - across.free / 2.0).powi(2) + (y - down.free / 2.0).powi(2);
            // Sums differ in their last digits where windows are alike.
            let is_more = score > best.0 * (1.0 + 1e-6) + 1e-6;
            let is_nearer = score >= best.0 * (1.0 - 1e-6) - 1e-6 && aside < best.1;
            if is_more || is_nearer {
                best = (score.max(best.0), aside, (x, y));
            }
        }
    }
    best.2
}

/// Where the window may lie along one direction, in pixels of the picture.
struct Places {
    factor: f64,
    length: f64,
    free: f64,
}

impl Places {
    fn all(&self) -> impl Iterator<Item = f64> + use<> {
        let (factor, free) = (self.factor, self.free);
        let steps = (free / factor).ceil() as usize;
        (0..=steps).map(move |step| (step as f64 * factor).min(free).floor())
    }

    /// The middle part of the window, in pixels of the copy.
    fn span(&self, start: f64, part: f64) -> (f64, f64) {
        let margin = self.length * (1.0 - part) / 2.0;
        ((start + margin) / self.factor, (start + self.length - margin) / self.factor)
    }
}

/// Means of blocks as red, green, blue (0 to 1, times alpha) and alpha, and the size of the copy.
fn blocks(
    pixels: &[u8],
    (width, height): (usize, usize),
    channels: usize,
    factor: usize,
) -> (Vec<[f32; 4]>, (usize, usize)) {
    let size = (width.div_ceil(factor), height.div_ceil(factor));
    let mut copy = Vec::with_capacity(size.0 * size.1);
    let mut sums = vec![[0u32; 4]; size.0];
    for rows in pixels.chunks(width * channels * factor) {
        sums.fill([0; 4]);
        for row in rows.chunks_exact(width * channels) {
            match channels {
                1 => add::<1>(&mut sums, row, factor, |[gray]| [*gray, *gray, *gray, 255].map(u32::from)),
                3 => add::<3>(&mut sums, row, factor, |[red, green, blue]| [*red, *green, *blue, 255].map(u32::from)),
                4 => add::<4>(&mut sums, row, factor, |[red, green, blue, alpha]| {
                    let times_alpha = |value: u8| (u32::from(value) * u32::from(*alpha) + 127) / 255;
                    [times_alpha(*red), times_alpha(*green), times_alpha(*blue), u32::from(*alpha)]
                }),
                _ => panic!("{channels} channels"),
            }
        }
        let lines = rows.len() / (width * channels);
        for (index, sum) in sums.iter().enumerate() {
            let columns = factor.min(width - index * factor);
            let scale = 1.0 / (255.0 * (columns * lines) as f32);
            copy.push(sum.map(|sum| sum as f32 * scale));
        }
    }
    (copy, size)
}

#[inline(always)]
fn add<const N: usize>(sums: &mut [[u32; 4]], row: &[u8], factor: usize, rgba: impl Fn(&[u8; N]) -> [u32; 4]) {
    for (sum, block) in sums.iter_mut().zip(row.as_chunks::<N>().0.chunks(factor)) {
        for pixel in block {
            let values = rgba(pixel);
            for channel in 0..4 {
                sum[channel] += values[channel];
            }
        }
    }
}

/// How much each pixel of the copy draws the eye.
fn saliency(copy: &[[f32; 4]], (width, height): (usize, usize)) -> Vec<f32> {
    let light: Vec<f32> = copy.iter().map(|[red, green, blue, _]| luma_of(*red, *green, *blue)).collect();
    let at = |x: usize, y: usize| light[y * width + x];
    let mut made = Vec::with_capacity(copy.len());
    for y in 0..height {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(height - 1));
        for x in 0..width {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            // The Laplacian of four neighbours; edges clamped.
            let detail = (4.0 * at(x, y) - at(left, y) - at(right, y) - at(x, above) - at(x, below)).abs();
            let [red, green, blue, alpha] = copy[y * width + x];
            let here = at(x, y);
            made.push(
                alpha
                    * (DETAIL_WEIGHT * detail.min(1.0)
                        + SKIN_WEIGHT * skin(red, green, blue, here)
                        + SATURATION_WEIGHT * saturation(red, green, blue, here)),
            );
        }
    }
    made
}

fn luma_of(red: f32, green: f32, blue: f32) -> f32 {
    LUMA[0] as f32 * red + LUMA[1] as f32 * green + LUMA[2] as f32 * blue
}

/// 0 to 1: how much a colour has the direction of skin.
fn skin(red: f32, green: f32, blue: f32, light: f32) -> f32 {
    let length = (red * red + green * green + blue * blue).sqrt();
    if length < 1e-3 || !SKIN_LUMA.contains(&light) {
        return 0.0;
    }
    let [r, g, b] = SKIN;
    let apart = ((red / length - r).powi(2) + (green / length - g).powi(2) + (blue / length - b).powi(2)).sqrt();
    ((1.0 - apart - SKIN_FROM) / (1.0 - SKIN_FROM)).max(0.0)
}

/// 0 to 1: the saturation of HSL, as far as it is strong.
fn saturation(red: f32, green: f32, blue: f32, light: f32) -> f32 {
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    if high - low < 1e-3 || !SATURATION_LUMA.contains(&light) {
        return 0.0;
    }
    let sum = high + low;
    let of_hsl = (high - low) / if sum > 1.0 { 2.0 - sum } else { sum };
    ((of_hsl - SATURATION_FROM) / (1.0 - SATURATION_FROM)).max(0.0)
}

/// Sums over all rectangles from the corner (F. Crow, "Summed-area tables for texture mapping", 1984).
struct Sums {
    sums: Vec<f64>,
    width: usize,
    height: usize,
}

impl Sums {
    fn of(values: &[f32], (width, height): (usize, usize)) -> Self {
        let stride = width + 1;
        let mut sums = vec![0.0; stride * (height + 1)];
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                row += f64::from(values[y * width + x]);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        Sums { sums, width, height }
    }

    /// The sum up to a position between pixels.
    fn to(&self, x: f64, y: f64) -> f64 {
        let (x, y) = (x.clamp(0.0, self.width as f64), y.clamp(0.0, self.height as f64));
        let (left, top) = ((x as usize).min(self.width - 1), (y as usize).min(self.height - 1));
        let (right, below) = (x - left as f64, y - top as f64);
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let upper = at(left, top) * (1.0 - right) + at(left + 1, top) * right;
        let lower = at(left, top + 1) * (1.0 - right) + at(left + 1, top + 1) * right;
        upper * (1.0 - below) + lower * below
    }

    fn within(&self, (left, right): &(f64, f64), (top, bottom): &(f64, f64)) -> f64 {
        self.to(*right, *bottom) - self.to(*left, *bottom) - self.to(*right, *top) + self.to(*left, *top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(width: usize, height: usize, pixel: [u8; 3], spot: (usize, usize, usize), with: [u8; 3]) -> Vec<u8> {
        let (left, top, side) = spot;
        let inside = |x: usize, y: usize| (left..left + side).contains(&x) && (top..top + side).contains(&y);
        (0..width * height).flat_map(|i| if inside(i % width, i / width) { with } else { pixel }).collect()
    }

    #[test]
    fn a_flat_picture_is_cut_in_the_middle() {
        let pixels = [90; 300 * 100];
        assert_eq!(attention(&pixels, (300, 100), 1, (100.0, 100.0)), (99.0, 0.0));
        assert_eq!(attention(&pixels, (300, 100), 1, (300.0, 100.0)), (0.0, 0.0));
    }

    #[test]
    fn a_window_is_drawn_to_strong_colour_and_to_skin() {
        for (spot, colour) in [((250, 30, 40), [230, 20, 20]), ((10, 40, 40), [200, 146, 112])] {
            let pixels = filled(300, 100, [120, 125, 130], spot, colour);
            let (x, y) = attention(&pixels, (300, 100), 3, (100.0, 100.0));
            assert_eq!(y, 0.0);
            assert!(x <= spot.0 as f64 && x + 100.0 >= (spot.0 + spot.2) as f64, "{colour:?} at {spot:?}: {x}");
        }
    }

    #[test]
    fn skin_wins_over_a_pattern_and_transparent_pixels_do_not_count() {
        let mut pixels: Vec<u8> = (0..200 * 50)
            .flat_map(|i| {
                let x = i % 200;
                if x < 50 {
                    if x / 4 % 2 == 0 { [90, 90, 90, 255] } else { [120, 120, 120, 255] }
                } else if x >= 150 {
                    [200, 146, 112, 255]
                } else {
                    [100, 100, 100, 255]
                }
            })
            .collect();
        assert!(attention(&pixels, (200, 50), 4, (50.0, 50.0)).0 >= 140.0);
        for pixel in pixels.as_chunks_mut::<4>().0 {
            if pixel[0] == 200 {
                pixel[3] = 0;
            }
        }
        assert!(attention(&pixels, (200, 50), 4, (50.0, 50.0)).0 <= 110.0);
    }

    #[test]
    fn a_window_stays_inside_whatever_the_size() {
        for (width, height) in [(1, 1), (1, 999), (999, 1), (129, 127), (300, 301)] {
            for part in [0.01, 0.5, 0.99, 1.0] {
                let window = ((f64::from(width) * part).max(1.0), (f64::from(height) * part).max(1.0));
                let pixels: Vec<u8> = (0..width * height).map(|i| (i * 89 % 251) as u8).collect();
                let (x, y) = attention(&pixels, (width, height), 1, window);
                assert!(x >= 0.0 && x + window.0 <= f64::from(width) + 1e-9, "{width}x{height} {part}: {x}");
                assert!(y >= 0.0 && y + window.1 <= f64::from(height) + 1e-9, "{width}x{height} {part}: {y}");
            }
        }
    }
}
