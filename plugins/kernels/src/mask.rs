//! Alpha changed by planes of factors.

use crate::bytes;

/// Multiplies the alpha of an RGBA buffer by a plane of the same size, 255 being 1, rounded to nearest, in place.
///
/// # Panics
/// When the sizes differ.
pub fn multiply_alpha(rgba: &mut [u8], mask: &[u8]) {
    let pixels = rgba.as_chunks_mut::<4>().0;
    assert_eq!(pixels.len(), mask.len(), "pixels of the mask");
    for (pixel, mask) in pixels.iter_mut().zip(mask) {
        // Blinn's division by 255, see `premultiply`.
        let product = u16::from(pixel[3]) * u16::from(*mask) + 128;
        pixel[3] = ((product + (product >> 8)) >> 8) as u8;
    }
}

/// Multiplies the alpha of an RGBA buffer by a factor for its column and one for its row, from 0 to 1, in place.
/// Rounded to nearest, once.
///
/// # Panics
/// When the factors are not as many as columns and rows.
pub fn fade_alpha(rgba: &mut [u8], columns: &[f32], rows: &[f32]) {
    assert_eq!(rgba.len(), bytes(columns.len() as u32, rows.len() as u32, 4), "bytes of the picture");
    for (row, down) in rgba.as_chunks_mut::<4>().0.chunks_exact_mut(columns.len().max(1)).zip(rows) {
        for (pixel, across) in row.iter_mut().zip(columns) {
            pixel[3] = (f32::from(pixel[3]) * (across * down) + 0.5) as u8;
        }
    }
}

/// How much of each pixel lies in a rectangle with rounded corners that fills the whole size, as a plane
/// of alpha.
///
/// Range: `radii` are the horizontal and the vertical radius of the corners top left, top right, bottom
/// right, bottom left. Where two of them are longer than the side between them, all are reduced by the
/// same factor (CSS Backgrounds and Borders Level 3, section 5.5).
/// Method: sixteen lines through every row, each covered exactly along x: within 2 levels of the area.
///
/// # Panics
/// When a radius is negative or not a number.
pub fn rounded_rectangle((width, height): (u32, u32), radii: [(f64, f64); 4]) -> Vec<u8> {
    const LINES: u32 = 16;
    assert!(radii.iter().all(|(x, y)| *x >= 0.0 && *y >= 0.0), "radii from 0 on: {radii:?}");
    let (across, down) = (f64::from(width), f64::from(height));
    let ratio = |side: f64, one: f64, other: f64| if one + other > side { side / (one + other) } else { 1.0 };
    let [tl, tr, br, bl] = radii;
    let factor = ratio(across, tl.0, tr.0)
        .min(ratio(across, bl.0, br.0))
        .min(ratio(down, tl.1, bl.1))
        .min(ratio(down, tr.1, br.1));
    let [tl, tr, br, bl] = radii.map(|(x, y)| (x * factor, y * factor));
    // How far the outline is from the side, at a distance from the corner.
    let inset = |(rx, ry): (f64, f64), distance: f64| {
        if distance >= ry {
            return 0.0;
        }
        let rest = 1.0 - distance / ry;
        rx * (1.0 - (1.0 - rest * rest).max(0.0).sqrt())
    };
    let mut plane = vec![255; bytes(width, height, 1)];
    let mut sums = vec![0.0f64; width as usize];
    let curved = |y: f64| y < tl.1.max(tr.1) || y + 1.0 > down - bl.1.max(br.1);
    for (y, row) in plane.chunks_exact_mut((width as usize).max(1)).enumerate() {
        if !curved(y as f64) {
            continue;
        }
        sums.fill(0.0);
        for line in 0..LINES {
            let at = y as f64 + (f64::from(line) + 0.5) / f64::from(LINES);
            let left = inset(tl, at).max(inset(bl, down - at));
            let right = across - inset(tr, at).max(inset(br, down - at));
            cover(&mut sums, left, right);
        }
        for (value, sum) in row.iter_mut().zip(&sums) {
            *value = (sum / f64::from(LINES) * 255.0).round().clamp(0.0, 255.0) as u8;
        }
    }
    plane
}

/// Adds to every pixel of a line how much of it lies between two positions.
fn cover(sums: &mut [f64], left: f64, right: f64) {
    if right <= left {
        return;
    }
    let last = sums.len() - 1;
    let (first, end) = ((left.floor() as usize).min(last), (right.floor() as usize).min(last));
    if first == end {
        sums[first] += right - left;
        return;
    }
    sums[first] += first as f64 + 1.0 - left;
    sums[end] += right - end as f64;
    sums[first + 1..end].iter_mut().for_each(|sum| *sum += 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_multiplied_and_rounded_to_nearest() {
        for alpha in 0..=255u8 {
            for mask in 0..=255u8 {
                let mut pixel = [1, 2, 3, alpha];
                multiply_alpha(&mut pixel, &[mask]);
                let exact = (f64::from(alpha) * f64::from(mask) / 255.0).round();
                assert_eq!(pixel, [1, 2, 3, exact as u8]);
            }
        }
        let mut pixels = [9, 9, 9, 200].repeat(6);
        fade_alpha(&mut pixels, &[1.0, 0.5, 0.0], &[1.0, 0.25]);
        let alphas: Vec<u8> = pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect();
        assert_eq!(alphas, [200, 100, 0, 50, 25, 0]);
    }

    #[test]
    fn a_circle_has_its_area() {
        for side in [1u32, 2, 5, 16, 101] {
            let radius = f64::from(side) / 2.0;
            let plane = rounded_rectangle((side, side), [(radius, radius); 4]);
            let area = plane.iter().map(|value| f64::from(*value) / 255.0).sum::<f64>();
            let exact = std::f64::consts::PI * radius * radius;
            assert!((area - exact).abs() <= 0.01 * exact.max(1.0), "{side}: {area}, {exact}");
            // Symmetric both ways.
            let turned: Vec<u8> = plane.iter().rev().copied().collect();
            assert_eq!(plane, turned);
        }
    }

    #[test]
    fn corners_are_round_one_by_one_and_shrink_together() {
        assert_eq!(rounded_rectangle((4, 3), [(0.0, 0.0); 4]), [255; 12]);
        let plane = rounded_rectangle((20, 10), [(6.0, 6.0), (0.0, 0.0), (3.0, 3.0), (0.0, 0.0)]);
        let at = |x: usize, y: usize| plane[y * 20 + x];
        assert_eq!((at(0, 0), at(19, 0), at(0, 9), at(10, 5)), (0, 255, 255, 255));
        assert!(at(19, 9) > 0 && at(19, 9) < 255 && at(1, 1) < 255 && at(18, 8) == 255);
        // Radii beyond the sides: the same as the largest that fit.
        let ellipse = rounded_rectangle((30, 12), [(15.0, 6.0); 4]);
        assert_eq!(rounded_rectangle((30, 12), [(150.0, 60.0); 4]), ellipse);
    }
}
