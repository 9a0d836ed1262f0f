//! Pictures cut round.

use crate::bytes;

/// Rows that a row of pixels is divided into for its coverage.
const PARTS: usize = 16;

/// The half-axes of the four corners, clockwise from the top left.
pub type Corners = [(f64, f64); 4];

/// Rounds the corners of a picture: what lies outside becomes `colour`.
///
/// Each corner is a quarter of an ellipse of the given half-axes in pixels. Where corners of one side are
/// longer than it together, all shrink by one factor (CSS Backgrounds and Borders 3, section 5.5).
/// Shape: `colour` is one pixel and gives the number of channels (1, 3 or 4; straight alpha).
/// Edges: a pixel counts by the area that lies inside, exactly across and in 16 steps down.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn round_corners(pixels: &mut [u8], (width, height): (u32, u32), colour: &[u8], corners: Corners) {
    assert_eq!(pixels.len(), bytes(width, height, colour.len()), "bytes of the picture");
    let channels = colour.len();
    let (width, height) = (f64::from(width), f64::from(height));
    let [top_left, top_right, bottom_right, bottom_left] = fitting(corners, width, height);
    for (y, row) in pixels.chunks_exact_mut(width as usize * channels).enumerate() {
        let depth = |part: usize| y as f64 + (part as f64 + 0.5) / PARTS as f64;
        let left: [f64; PARTS] =
            std::array::from_fn(|part| inset(top_left, depth(part)).max(inset(bottom_left, height - depth(part))));
        let right: [f64; PARTS] =
            std::array::from_fn(|part| inset(top_right, depth(part)).max(inset(bottom_right, height - depth(part))));
        let most = |insets: &[f64; PARTS]| insets.iter().copied().fold(0.0, f64::max);
        let (first, last) = (most(&left), width - most(&right));
        let mut shade = |x: usize| {
            let inside: f64 = (0..PARTS)
                .map(|part| ((x as f64 + 1.0).min(width - right[part]) - (x as f64).max(left[part])).max(0.0))
                .sum();
            cover(&mut row[x * channels..][..channels], colour, (inside / PARTS as f64) as f32);
        };
        let (first, last) = ((first.ceil() as usize).min(width as usize), last.max(0.0) as usize);
        (0..first).for_each(&mut shade);
        (first.max(last)..width as usize).for_each(&mut shade);
    }
}

fn fitting(corners: Corners, width: f64, height: f64) -> Corners {
    let [top_left, top_right, bottom_right, bottom_left] = corners;
    let sides = [
        (width, top_left.0 + top_right.0),
        (width, bottom_left.0 + bottom_right.0),
        (height, top_left.1 + bottom_left.1),
        (height, top_right.1 + bottom_right.1),
    ];
    let factor = sides.iter().fold(1.0, |factor: f64, (side, sum)| factor.min(side / sum.max(1e-9)));
    corners.map(|(across, down)| (across * factor, down * factor))
}

/// How far the edge lies inside at a distance from the corner along the other direction.
fn inset((across, down): (f64, f64), depth: f64) -> f64 {
    if depth >= down || across <= 0.0 {
        return 0.0;
    }
    let up = 1.0 - depth / down;
    across * (1.0 - (1.0 - up * up).max(0.0).sqrt())
}

/// Mixes a pixel with the colour, by alpha.
fn cover(pixel: &mut [u8], colour: &[u8], inside: f32) {
    if inside >= 1.0 {
        return;
    }
    let (front, behind) = match (&*pixel, colour) {
        (&[.., front], &[.., behind]) if colour.len() == 4 => {
            (inside * f32::from(front), (1.0 - inside) * f32::from(behind))
        }
        _ => (inside * 255.0, (1.0 - inside) * 255.0),
    };
    let sum = front + behind;
    for (channel, (value, colour)) in pixel.iter_mut().zip(colour).enumerate() {
        *value = if channel == 3 {
            (sum + 0.5) as u8
        } else if sum > 0.0 {
            ((f32::from(*value) * front + f32::from(*colour) * behind) / sum + 0.5) as u8
        } else {
            0
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_left_is_that_of_the_shape() {
        let area = |size: (u32, u32), corners: Corners| {
            let mut pixels = vec![255; (size.0 * size.1) as usize];
            round_corners(&mut pixels, size, &[0], corners);
            pixels.iter().map(|value| f64::from(*value) / 255.0).sum::<f64>()
        };
        let pi = std::f64::consts::PI;
        let circle = [(50.0, 50.0); 4];
        assert!((area((100, 100), circle) - pi * 2500.0).abs() < 4.0);
        let ellipse = [(30.5, 10.0); 4];
        assert!((area((61, 20), ellipse) - pi * 305.0).abs() < 2.0);
        let mut corners = [(0.0, 0.0); 4];
        corners[2] = (20.0, 20.0);
        assert!((area((50, 50), corners) - (2500.0 - 400.0 * (1.0 - pi / 4.0))).abs() < 1.0);
        // Corners that are too long together: halved.
        assert!((area((100, 100), [(100.0, 100.0); 4]) - pi * 2500.0).abs() < 4.0);
        assert_eq!(area((9, 9), [(0.0, 0.0); 4]), 81.0);
    }

    #[test]
    fn outside_is_the_colour_and_inside_untouched() {
        let mut pixels = [10, 20, 30, 255].repeat(100);
        round_corners(&mut pixels, (10, 10), &[0, 0, 0, 0], [(5.0, 5.0); 4]);
        let at = |x: usize, y: usize| &pixels[(y * 10 + x) * 4..][..4];
        assert_eq!((at(0, 0), at(9, 9), at(5, 5)), (&[0; 4][..], &[0; 4][..], &[10, 20, 30, 255][..]));
        assert!(pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0 || pixel[..3] == [10, 20, 30]));
        let mut pixels = [10, 20, 30].repeat(100);
        round_corners(&mut pixels, (10, 10), &[255, 0, 0], [(5.0, 5.0); 4]);
        assert_eq!(pixels[..3], [255, 0, 0]);
        assert_eq!(pixels[(5 * 10 + 5) * 3..][..3], [10, 20, 30]);
    }

    #[test]
    fn opposite_corners_are_alike() {
        let mut pixels = vec![200; 31 * 17];
        round_corners(&mut pixels, (31, 17), &[0], [(7.3, 5.1); 4]);
        let turned: Vec<u8> = pixels.iter().rev().copied().collect();
        let apart = pixels.iter().zip(turned).map(|(one, other)| one.abs_diff(other)).max();
        assert!(apart <= Some(1), "{apart:?}");
    }
}
