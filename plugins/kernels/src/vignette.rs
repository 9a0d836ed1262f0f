//! A picture that fades towards its edges.

use crate::blur::blur_channels;
use crate::bytes;
use crate::rows::premultiplied;

/// The shape of a vignette.
#[derive(Clone, Copy, Debug)]
pub struct Vignette {
    /// How far the ellipse ends from the picture's left and right side, in pixels; negative when it reaches beyond.
    pub x: f64,
    /// The same for top and bottom.
    pub y: f64,
    /// Standard deviation of the Gaussian that softens the ellipse, in pixels. 0.1 or less: a sharp edge.
    pub sigma: f64,
    /// Where that Gaussian is cut, in pixels.
    pub radius: u32,
    /// How much of the picture is gone outside: 1 leaves the colour alone.
    pub strength: f64,
}

/// Mixes a picture with a colour outside an ellipse, in place.
///
/// Shape: `channels` is 1, 3 or 4, `color` as many values (straight alpha); premultiplied while they are mixed.
/// Method: a mask, 1 inside the ellipse around the middle with the half axes `width / 2 - x` and `height / 2 - y` (at least
/// half a pixel) and 0 outside, its edge a pixel soft, blurred as by `gaussian_blur`. Every value becomes
/// `color + (value - color) * (1 - strength * (1 - mask))`, rounded to nearest.
/// Cost: the blur of a gray picture, and one pass.
///
/// # Panics
/// When the buffer has not the stated size, or `color` another number of values than `channels`.
pub fn vignette(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, color: &[u8], shape: &Vignette) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    assert_eq!(color.len(), channels, "values of the colour");
    if pixels.is_empty() {
        return;
    }
    let mut mask = ellipse((width, height), shape);
    let size = (width as usize, height as usize);
    if shape.sigma > 0.1 && shape.radius > 0 {
        blur_channels(&mut mask, size, 1, shape.sigma, f64::from(shape.radius));
    }
    let strength = shape.strength.clamp(0.0, 1.0);
    let shares: [u32; 256] =
        std::array::from_fn(|mask| (255.0 * (1.0 - strength * (1.0 - mask as f64 / 255.0))).round() as u32);
    let mut color = color.to_vec();
    if channels == 4 {
        crate::premultiply(&mut color);
    }
    let opaque = channels != 4 || color[3] == 255;
    let mix = |pixels: &mut [u8]| match channels {
        1 => mix_pixels::<1>(pixels, &mask, &color, &shares),
        3 => mix_pixels::<3>(pixels, &mask, &color, &shares),
        _ => mix_pixels::<4>(pixels, &mask, &color, &shares),
    };
    if opaque {
        premultiplied(pixels, channels, mix);
    } else {
        // The picture may be opaque, the result is not.
        crate::premultiply(pixels);
        mix(pixels);
        crate::unpremultiply(pixels);
    }
}

/// 255 inside, 0 outside, and between them by the distance of a pixel's middle from the line, which is
/// estimated as `(1 - f) / |f'|` of the ellipse's equation `f = sqrt((x/a)^2 + (y/b)^2)`.
fn ellipse((width, height): (u32, u32), shape: &Vignette) -> Vec<u8> {
    let half = |length: u32, inset: f64| (f64::from(length) / 2.0 - inset).max(0.5) as f32;
    let (a, b) = (half(width, shape.x), half(height, shape.y));
    let offsets = |length: u32| move |at: u32| (at as f32 + 0.5) - length as f32 / 2.0;
    let (column, row) = (offsets(width), offsets(height));
    let columns: Vec<(f32, f32)> = (0..width).map(|x| (column(x) / a, column(x) / (a * a))).collect();
    let mut mask = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        let (from_y, slope_y) = (row(y) / b, row(y) / (b * b));
        mask.extend(columns.iter().map(|(from_x, slope_x)| {
            let f = (from_x * from_x + from_y * from_y).sqrt();
            let slope = (slope_x * slope_x + slope_y * slope_y).sqrt();
            // The slope of f is slope / f.
            let distance = if slope > 0.0 { (1.0 - f) * f / slope } else { 1.0 };
            ((distance + 0.5).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        }));
    }
    mask
}

fn mix_pixels<const N: usize>(pixels: &mut [u8], mask: &[u8], color: &[u8], shares: &[u32; 256]) {
    let color: [u32; N] = std::array::from_fn(|channel| u32::from(color[channel]));
    for (pixel, mask) in pixels.as_chunks_mut::<N>().0.iter_mut().zip(mask) {
        let share = shares[usize::from(*mask)];
        for channel in 0..N {
            let sum = u32::from(pixel[channel]) * share + color[channel] * (255 - share);
            // Of values up to 65025, (x + 128) * 257 >> 16 is x / 255 rounded to nearest.
            pixel[channel] = (((sum + 128) * 257) >> 16) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Vignette = Vignette { x: 2.0, y: 1.0, sigma: 0.0, radius: u32::MAX, strength: 1.0 };

    #[test]
    fn what_lies_outside_the_ellipse_is_the_colour() {
        let mut pixels = [10, 20, 30].repeat(40 * 20);
        vignette(&mut pixels, (40, 20), 3, &[255, 0, 0], &SHAPE);
        let at = |x: usize, y: usize| &pixels[(y * 40 + x) * 3..(y * 40 + x) * 3 + 3];
        for (x, y) in [(0, 0), (39, 0), (0, 19), (0, 10), (20, 0), (1, 10)] {
            assert_eq!(at(x, y), [255, 0, 0], "{x}, {y}");
        }
        for (x, y) in [(20, 10), (3, 10), (36, 10), (20, 2), (20, 17)] {
            assert_eq!(at(x, y), [10, 20, 30], "{x}, {y}");
        }
    }

    #[test]
    fn strength_keeps_a_part_of_the_picture() {
        let mut pixels = vec![200; 400];
        vignette(&mut pixels, (20, 20), 1, &[0], &Vignette { strength: 0.25, ..SHAPE });
        assert_eq!((pixels[0], pixels[210]), (150, 200));
        let mut pixels = vec![200; 400];
        vignette(&mut pixels, (20, 20), 1, &[0], &Vignette { strength: 0.0, sigma: 5.0, ..SHAPE });
        assert_eq!(pixels, vec![200; 400]);
    }

    #[test]
    fn a_transparent_colour_fades_the_picture_out() {
        let mut pixels = [9, 99, 199, 255].repeat(900);
        vignette(&mut pixels, (30, 30), 4, &[0, 0, 0, 0], &Vignette { sigma: 3.0, ..SHAPE });
        let half_way = pixels.as_chunks::<4>().0.iter().filter(|pixel| (60..200).contains(&pixel[3])).count();
        assert!(half_way > 50);
        for pixel in pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 60) {
            assert!(
                pixel[0].abs_diff(9) <= 3 && pixel[1].abs_diff(99) <= 3 && pixel[2].abs_diff(199) <= 3,
                "{pixel:?}"
            );
        }
    }
}
