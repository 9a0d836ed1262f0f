//! By how much a page was scanned askew.

use crate::bytes;

/// The longest side of the working copy.
const SIDE: usize = 800;

/// Steps of the coarse and of the fine search, in degrees.
const COARSE_DEG: f64 = 0.5;
const FINE_DEG: f64 = 0.05;

/// The angle, in degrees clockwise, by which the lines of a page are turned, from -`most_deg` to `most_deg`.
///
/// Method: projection profiles. Dark pixels (luma over white below `threshold`, 0 to 1) are counted along
/// parallel lines; at the right angle lines of text and gaps alternate most, by the sum of squared
/// differences of neighbouring counts (W. Postl, "Detection of linear oblique structures and skew scan in
/// digitized documents", ICPR 1986). Angles are tried in steps of 0.5, then of 0.05 degrees around the best.
/// Of angles that are as good, the smallest turn; 0 for a page without dark pixels or all dark.
/// Cost: one pass of reading, then counts of at most 800 x 800 pixels for `4 * most_deg + 21` angles.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn skew_deg(pixels: &[u8], (width, height): (u32, u32), channels: usize, threshold: f64, most_deg: f64) -> f64 {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let points = Points::of(pixels, (width as usize, height as usize), channels, threshold);
    let ink: u64 = points.points.iter().map(|(_, _, count)| u64::from(*count)).sum();
    if ink == 0 || ink == u64::from(width) * u64::from(height) {
        return 0.0;
    }
    let mut best = (0.0, points.score(0.0));
    let mut attempt = |angle: f64| {
        let score = points.score(angle);
        if score > best.1 {
            best = (angle, score);
        }
        best.0
    };
    let mut around = 0.0;
    for step in 1..=(most_deg / COARSE_DEG) as u32 {
        for sign in [1.0, -1.0] {
            around = attempt(sign * f64::from(step) * COARSE_DEG);
        }
    }
    for step in 1..(COARSE_DEG / FINE_DEG).round() as u32 {
        for sign in [1.0, -1.0] {
            let angle: f64 = around + sign * f64::from(step) * FINE_DEG;
            if angle.abs() <= most_deg {
                attempt(angle);
            }
        }
    }
    best.0
}

/// The blocks of a page that have dark pixels.
struct Points {
    /// Column, row and number of dark pixels.
    points: Vec<(u16, u16, u32)>,
    size: (usize, usize),
}

impl Points {
    fn of(pixels: &[u8], (width, height): (usize, usize), channels: usize, threshold: f64) -> Self {
        let factor = width.max(height).div_ceil(SIDE);
        let size = (width.div_ceil(factor), height.div_ceil(factor));
        // Compared as a sum of weighted channels, 255000 for white: BT.709.
        let limit = (threshold * 255_000.0) as u32;
        let mut points = Vec::new();
        let mut counts = vec![0u32; size.0];
        for (y, rows) in pixels.chunks(width * channels * factor).enumerate() {
            counts.fill(0);
            for row in rows.chunks_exact(width * channels) {
                for (count, block) in counts.iter_mut().zip(row.chunks(factor * channels)) {
                    *count += block.chunks_exact(channels).filter(|pixel| light(pixel) < limit).count() as u32;
                }
            }
            let dark = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            points.extend(dark.map(|(x, count)| (x as u16, y as u16, *count)));
        }
        Points { points, size }
    }

    /// How much the counts along lines that are turned by an angle change from line to line.
    fn score(&self, angle_deg: f64) -> f64 {
        const BITS: u32 = 16;
        let fixed = |value: f64| (value * f64::from(1u32 << BITS)).round() as i64;
        let (sin, cos) = angle_deg.to_radians().sin_cos();
        let (across, down) = (fixed(-sin), fixed(cos));
        // One line before the least distance of a corner, so that lines count from 1.
        let (right, bottom) = (self.size.0 as i64 * across, self.size.1 as i64 * down);
        let start = right.min(0) + bottom.min(0) - (3 << (BITS - 1));
        let lines = ((right.max(0) + bottom.max(0) - start) >> BITS) as usize + 3;
        let mut counts = vec![0u32; lines];
        for (x, y, count) in &self.points {
            let at = i64::from(*x) * across + i64::from(*y) * down - start;
            counts[(at >> BITS) as usize] += count;
        }
        counts.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1])).powi(2)).sum()
    }
}

/// BT.709 luma over white, in 1/1000 of a level.
fn light(pixel: &[u8]) -> u32 {
    match *pixel {
        [gray] => u32::from(gray) * 1000,
        [red, green, blue] => weighted(red, green, blue),
        [red, green, blue, alpha] => {
            let alpha = u32::from(alpha);
            (weighted(red, green, blue) * alpha + 255_000 * (255 - alpha)) / 255
        }
        _ => panic!("{} channels", pixel.len()),
    }
}

fn weighted(red: u8, green: u8, blue: u8) -> u32 {
    213 * u32::from(red) + 715 * u32::from(green) + 72 * u32::from(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of dashes, turned by an angle.
    fn page(width: usize, height: usize, angle_deg: f64) -> Vec<u8> {
        let (sin, cos) = angle_deg.to_radians().sin_cos();
        let (middle_x, middle_y) = (width as f64 / 2.0, height as f64 / 2.0);
        let ink = |index: usize| {
            let (x, y) = ((index % width) as f64 - middle_x, (index / width) as f64 - middle_y);
            let (along, across) = (x * cos + y * sin, y * cos - x * sin);
            across.rem_euclid(16.0) < 7.0 && along.rem_euclid(11.0) < 8.0 && along.abs() < middle_x * 0.8
        };
        (0..width * height).map(|index| if ink(index) { 20 } else { 240 }).collect()
    }

    #[test]
    fn the_angle_of_lines_is_found() {
        for (width, height) in [(400, 300), (1300, 900)] {
            for angle in [-12.0, -3.3, -0.4, 0.0, 0.25, 1.0, 7.65] {
                let found = skew_deg(&page(width, height, angle), (width as u32, height as u32), 1, 0.4, 15.0);
                assert!((found - angle).abs() <= 0.15, "{width}x{height} {angle}: {found}");
            }
        }
    }

    #[test]
    fn a_page_without_lines_is_straight() {
        for value in [0, 255] {
            for (width, height) in [(1, 1), (1, 500), (500, 1), (90, 70)] {
                let pixels = vec![value; (width * height * 3) as usize];
                assert_eq!(skew_deg(&pixels, (width, height), 3, 0.4, 45.0), 0.0, "{value} {width}x{height}");
            }
        }
        assert_eq!(skew_deg(&[0, 0, 0, 0].repeat(50), (50, 1), 4, 1.0, 15.0), 0.0);
    }
}
