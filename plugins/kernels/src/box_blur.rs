//! Mean of a square.

use crate::bytes;
use crate::rows::premultiplied;

/// Replaces every pixel by the mean of the square of `2 * radius + 1` pixels around it, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque).
/// Range: `radius` from 0 (no change) to 32767.
/// Method: running sums, first along rows, then along columns, each rounded to nearest: within 1 level of the exact
/// mean. Cost: the same for every radius; a copy of the picture.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn box_blur(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, radius: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || radius == 0 {
        return;
    }
    let stride = width as usize * channels;
    let radius = radius.min(32_767) as usize;
    premultiplied(pixels, channels, |pixels| {
        match channels {
            1 => rows::<1>(pixels, stride, radius),
            3 => rows::<3>(pixels, stride, radius),
            _ => rows::<4>(pixels, stride, radius),
        }
        columns(pixels, stride, radius);
    });
}

/// One over the number of pixels. Sums are at most 65535 * 255, which an `f32` holds exactly.
fn share(radius: usize) -> f32 {
    1.0 / (2 * radius + 1) as f32
}

fn rows<const N: usize>(pixels: &mut [u8], stride: usize, radius: usize) {
    let share = share(radius);
    let mut copy = vec![[0u8; N]; stride / N];
    for row in pixels.chunks_exact_mut(stride) {
        let (row, _) = row.as_chunks_mut::<N>();
        copy.copy_from_slice(row);
        let (first, last) = (copy[0], copy[copy.len() - 1]);
        // The window of the pixel before the first one.
        let mut sums: [u32; N] = first.map(|value| u32::from(value) * (radius as u32 + 1));
        for x in 0..radius {
            let pixel = copy.get(x).unwrap_or(&last);
            for channel in 0..N {
                sums[channel] += u32::from(pixel[channel]);
            }
        }
        for (x, made) in row.iter_mut().enumerate() {
            let new = copy.get(x + radius).unwrap_or(&last);
            let old = if x > radius { &copy[x - radius - 1] } else { &first };
            for channel in 0..N {
                sums[channel] = sums[channel] + u32::from(new[channel]) - u32::from(old[channel]);
                made[channel] = (sums[channel] as i32 as f32 * share + 0.5) as i32 as u8;
            }
        }
    }
}

fn columns(pixels: &mut [u8], stride: usize, radius: usize) {
    const LANES: usize = 16;
    let share = share(radius);
    let height = pixels.len() / stride;
    let source = pixels.to_vec();
    let row = |y: usize| &source[y * stride..(y + 1) * stride];
    let mut sums: Vec<u32> = row(0).iter().map(|value| u32::from(*value) * (radius as u32 + 1)).collect();
    for y in 0..radius {
        for (sum, value) in sums.iter_mut().zip(row(y.min(height - 1))) {
            *sum += u32::from(*value);
        }
    }
    let step = |sum: &mut u32, new: u8, old: u8| {
        *sum = *sum + u32::from(new) - u32::from(old);
        (*sum as i32 as f32 * share + 0.5) as i32 as u8
    };
    for (y, made) in pixels.chunks_exact_mut(stride).enumerate() {
        let (new, old) = (row((y + radius).min(height - 1)), row(y.saturating_sub(radius + 1)));
        let (made_blocks, made_rest) = made.as_chunks_mut::<LANES>();
        let (sum_blocks, sum_rest) = sums.as_chunks_mut::<LANES>();
        let (new_blocks, new_rest) = new.as_chunks::<LANES>();
        let (old_blocks, old_rest) = old.as_chunks::<LANES>();
        for (((made, sums), new), old) in made_blocks.iter_mut().zip(sum_blocks).zip(new_blocks).zip(old_blocks) {
            for lane in 0..LANES {
                made[lane] = step(&mut sums[lane], new[lane], old[lane]);
            }
        }
        for (((made, sum), new), old) in made_rest.iter_mut().zip(sum_rest).zip(new_rest).zip(old_rest) {
            *made = step(sum, *new, *old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_square_is_exact_within_a_level() {
        let (width, height) = (37, 29);
        let picture: Vec<u8> = (0..width * height).map(|index| (index * index * 31 % 251) as u8).collect();
        for radius in [1, 2, 5, 40, 32_767] {
            let mut made = picture.clone();
            box_blur(&mut made, (width as u32, height as u32), 1, radius);
            let r = radius.min(200) as i64;
            if radius > 200 {
                continue;
            }
            for y in 0..height as i64 {
                for x in 0..width as i64 {
                    let mut sum = 0;
                    for dy in -r..=r {
                        for dx in -r..=r {
                            let (x, y) = ((x + dx).clamp(0, width as i64 - 1), (y + dy).clamp(0, height as i64 - 1));
                            sum += i64::from(picture[(y * width as i64 + x) as usize]);
                        }
                    }
                    let exact = sum as f64 / ((2 * r + 1) * (2 * r + 1)) as f64;
                    let made = f64::from(made[(y * width as i64 + x) as usize]);
                    assert!((made - exact).abs() <= 1.01, "{radius} at {x}, {y}: {made}, {exact}");
                }
            }
        }
    }

    #[test]
    fn one_colour_stays_that_colour() {
        for radius in [1, 3, 100, 32_767] {
            let mut pixels = [255, 1, 7].repeat(40 * 3);
            box_blur(&mut pixels, (40, 3), 3, radius);
            assert_eq!(pixels, [255, 1, 7].repeat(40 * 3), "radius {radius}");
        }
    }
}
