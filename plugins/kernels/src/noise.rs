//! Noise that is the same every time.

use crate::bytes;

/// The distribution of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Normal: `strength` is the standard deviation, as a share of full range.
    Gaussian,
    /// Even, from `-strength` to `strength` of full range.
    Uniform,
    /// `strength` is the share of the values that become black or white, half each.
    Impulse,
    /// That of counted light: normal, its variance grows with the value; `strength` is the standard deviation at white.
    Poisson,
}

/// Adds noise to the colours of a picture, in place. Alpha stays.
///
/// Shape: `channels` is 1, 3 or 4. With `gray`, all colours of a pixel get the same noise, else each its own.
/// Range: `strength` 0 (no change) to 1.
/// Method: two 32-bit hashes of seed and place (C. Wellons's "lowbias32" mixer, public domain), so that every
/// value depends on its place alone. Normal numbers are the sum of their eight bytes (standard deviation
/// 209.0; never beyond 4.9 deviations). Results are rounded to nearest and clamped.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn noise(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    kind: Noise,
    strength: f64,
    gray: bool,
    seed: u32,
) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let strength = strength.clamp(0.0, 1.0) as f32;
    let seed = mix(seed ^ 0x9e37_79b9);
    let add: fn(f32, u32, f32) -> f32 = match kind {
        Noise::Gaussian => |value, hash, strength| value + normal(hash) * strength * 255.0,
        Noise::Uniform => |value, hash, strength| value + (part(hash) * 2.0 - 1.0) * strength * 255.0,
        Noise::Impulse => |value, hash, strength| {
            if part(hash) >= strength {
                value
            } else if mix(hash) & 1 == 0 {
                0.0
            } else {
                255.0
            }
        },
        Noise::Poisson => |value, hash, strength| value + normal(hash) * strength * (value * 255.0).sqrt(),
    };
    let colors = channels.min(3);
    for (index, pixel) in pixels.chunks_exact_mut(channels).enumerate() {
        for (channel, value) in pixel.iter_mut().take(colors).enumerate() {
            let place = if gray { index } else { index * colors + channel };
            let hash = mix((place as u32).wrapping_mul(0x9e37_79b1).wrapping_add(seed));
            *value = (add(f32::from(*value), hash, strength) + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
}

/// A gray picture of even noise: for textures.
pub(crate) fn texture(length: usize, seed: u32) -> Vec<u8> {
    let seed = mix(seed ^ 0x9e37_79b9);
    (0..length).map(|place| (mix((place as u32).wrapping_mul(0x9e37_79b1).wrapping_add(seed)) >> 24) as u8).collect()
}

/// Spreads every bit over all others; different numbers stay different.
#[inline(always)]
fn mix(mut value: u32) -> u32 {
    value ^= value >> 16;
    value = value.wrapping_mul(0x7feb_352d);
    value ^= value >> 15;
    value = value.wrapping_mul(0x846c_a68b);
    value ^ value >> 16
}

/// From 0 up to 1.
#[inline(always)]
fn part(hash: u32) -> f32 {
    (hash >> 8) as f32 / (1 << 24) as f32
}

/// A number of mean 0 and deviation 1: eight bytes of mean 127.5 and variance (256^2 - 1) / 12.
#[inline(always)]
fn normal(hash: u32) -> f32 {
    let sum = |hash: u32| (hash & 255) + (hash >> 8 & 255) + (hash >> 16 & 255) + (hash >> 24);
    (sum(hash) + sum(mix(hash ^ 0x5bd1_e995))) as f32 / 209.019 - 1020.0 / 209.019
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(value: u8, kind: Noise, strength: f64, seed: u32) -> Vec<u8> {
        let mut pixels = vec![value; 250 * 200];
        noise(&mut pixels, (250, 200), 1, kind, strength, false, seed);
        pixels
    }

    fn moments(values: &[u8]) -> (f64, f64) {
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, square.sqrt())
    }

    #[test]
    fn noise_has_the_stated_mean_and_deviation() {
        let even = 255.0 / 3f64.sqrt();
        let cases = [
            (128, Noise::Gaussian, 0.1, 25.5),
            (128, Noise::Uniform, 0.2, 0.2 * even),
            (128, Noise::Poisson, 0.1, 25.5 * (128.0f64 / 255.0).sqrt()),
            (64, Noise::Poisson, 0.05, 12.75 * (64.0f64 / 255.0).sqrt()),
        ];
        for (value, kind, strength, expected) in cases {
            let (mean, deviation) = moments(&noisy(value, kind, strength, 7));
            assert!((mean - f64::from(value)).abs() < 0.5, "{kind:?}: mean {mean}");
            assert!((deviation / expected - 1.0).abs() < 0.02, "{kind:?}: {deviation}, {expected}");
        }
        let impulses = noisy(128, Noise::Impulse, 0.1, 7);
        for level in [0, 255] {
            let share = impulses.iter().filter(|value| **value == level).count() as f64 / 50_000.0;
            assert!((share - 0.05).abs() < 0.005, "{level}: {share}");
        }
    }

    #[test]
    fn neighbours_and_seeds_are_independent() {
        let correlation = |a: &[u8], b: &[u8]| {
            let ((mean_a, deviation_a), (mean_b, deviation_b)) = (moments(a), moments(b));
            let sum: f64 =
                a.iter().zip(b).map(|(a, b)| (f64::from(*a) - mean_a) * (f64::from(*b) - mean_b)).sum::<f64>();
            sum / a.len() as f64 / deviation_a / deviation_b
        };
        let first = noisy(128, Noise::Gaussian, 0.1, 1);
        let second = noisy(128, Noise::Gaussian, 0.1, 2);
        assert!(correlation(&first, &second).abs() < 0.02);
        for shift in [1, 2, 250] {
            assert!(correlation(&first[..40_000], &first[shift..40_000 + shift]).abs() < 0.02, "{shift}");
        }
        assert_eq!(first, noisy(128, Noise::Gaussian, 0.1, 1));
    }

    #[test]
    fn gray_noise_keeps_gray_and_alpha_stays() {
        let mut pixels = [90, 90, 90, 77].repeat(500);
        noise(&mut pixels, (50, 10), 4, Noise::Gaussian, 0.2, true, 3);
        assert!(
            pixels
                .as_chunks::<4>()
                .0
                .iter()
                .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2] && pixel[3] == 77)
        );
        let mut pixels = [90, 90, 90].repeat(500);
        noise(&mut pixels, (50, 10), 3, Noise::Gaussian, 0.2, false, 3);
        assert!(pixels.as_chunks::<3>().0.iter().any(|pixel| pixel[0] != pixel[1]));
    }
}
