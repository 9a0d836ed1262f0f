//! Sharpening by an unsharp mask.

use crate::blur::blur_channels;
use crate::{bytes, has_transparency, premultiply, unpremultiply};

/// Adds `amount` times the difference between a picture and its blur, in place:
/// `x + amount * (x - blur(x))` wherever that difference is more than `threshold` levels.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; colours are premultiplied for the work unless all opaque,
/// alpha itself stays as it is).
/// Range: `sigma` 0.1 to 250, `amount` 0 to 10 (kept in 1/256), `threshold` 0 to 255.
/// Edges: as in `gaussian_blur`.
/// Cost: a copy of the picture, the blur, and one pass.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn unsharp_mask(pixels: &mut [u8], size: (u32, u32), channels: usize, sigma: f64, amount: f64, threshold: u8) {
    unsharp_mask_within(pixels, size, channels, (sigma, u32::MAX), amount, threshold);
}

/// The same with a Gaussian that is cut at `radius` pixels, as in `gaussian_blur_within`.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn unsharp_mask_within(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    (sigma, radius): (f64, u32),
    amount: f64,
    threshold: u8,
) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let mixes_alpha = channels == 4 && has_transparency(pixels);
    if mixes_alpha {
        premultiply(pixels);
    }
    let mut blurred = pixels.to_vec();
    blur_channels(&mut blurred, (width as usize, height as usize), channels, sigma.max(0.1), f64::from(radius));
    let amount = (amount.clamp(0.0, 10.0) * 256.0).round() as i32;
    let threshold = i32::from(threshold);
    if channels == 4 {
        // Alpha keeps its value when its difference counts for nothing.
        let amounts: [i32; 64] = std::array::from_fn(|index| if index % 4 == 3 { 0 } else { amount });
        add_differences(pixels, &blurred, &amounts, threshold);
    } else {
        add_differences(pixels, &blurred, &[amount; 64], threshold);
    }
    if mixes_alpha {
        unpremultiply(pixels);
    }
}

fn add_differences(pixels: &mut [u8], blurred: &[u8], amounts: &[i32; 64], threshold: i32) {
    let add = |value: u8, blurred: u8, amount: i32| {
        let difference = i32::from(value) - i32::from(blurred);
        let counted = if difference.abs() > threshold { difference } else { 0 };
        (i32::from(value) + ((counted * amount + 128) >> 8)).clamp(0, 255) as u8
    };
    let (blocks, rest) = pixels.as_chunks_mut::<64>();
    let (blurred_blocks, blurred_rest) = blurred.as_chunks::<64>();
    for (block, blurred) in blocks.iter_mut().zip(blurred_blocks) {
        for lane in 0..64 {
            block[lane] = add(block[lane], blurred[lane], amounts[lane]);
        }
    }
    for ((value, blurred), amount) in rest.iter_mut().zip(blurred_rest).zip(amounts) {
        *value = add(*value, *blurred, *amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian_blur;

    #[test]
    fn the_difference_from_the_blur_is_added() {
        let picture: Vec<u8> = (0..91).map(|x| if x < 45 { 100 } else { 150 }).collect();
        let mut blurred = picture.clone();
        gaussian_blur(&mut blurred, (91, 1), 1, 2.0);
        for (amount, threshold) in [(0.0, 0), (0.5, 0), (1.0, 10), (10.0, 0), (10.0, 255)] {
            let mut made = picture.clone();
            unsharp_mask(&mut made, (91, 1), 1, 2.0, amount, threshold);
            for x in 0..91 {
                let difference = f64::from(picture[x]) - f64::from(blurred[x]);
                let counted = if difference.abs() > f64::from(threshold) { difference } else { 0.0 };
                let exact = (f64::from(picture[x]) + amount * counted).clamp(0.0, 255.0);
                assert!((f64::from(made[x]) - exact).abs() <= 0.5, "{amount} {threshold} at {x}: {}, {exact}", made[x]);
            }
        }
    }

    #[test]
    fn alpha_stays_and_one_colour_stays() {
        let mut pixels = [[10, 20, 30, 255].repeat(20), [10, 20, 30, 100].repeat(20)].concat();
        unsharp_mask(&mut pixels, (40, 1), 4, 1.5, 3.0, 0);
        let alphas: Vec<u8> = pixels.iter().skip(3).step_by(4).copied().collect();
        assert_eq!(alphas, [[255; 20], [100; 20]].concat());
        let mut pixels = [10, 20, 30, 255].repeat(21);
        unsharp_mask(&mut pixels, (7, 3), 4, 1.5, 10.0, 0);
        assert_eq!(pixels, [10, 20, 30, 255].repeat(21));
    }
}
