//! In plain arithmetic, which compilers for processors turn into their vectors.

#![allow(clippy::needless_range_loop, reason = "lanes and channels are indices: the loops become SIMD")]

use super::LANES;

/// Sums in 32 bits, one for each lane.
pub(crate) struct Sums([i32; LANES]);

impl Sums {
    /// Sums that start at a value.
    #[inline(always)]
    pub(crate) fn new(start: i32) -> Self {
        Sums([start; LANES])
    }

    /// Adds two blocks of samples, each times its weight.
    #[inline(always)]
    pub(crate) fn add(&mut self, first: &[i16; LANES], second: &[i16; LANES], weights: [i16; 2]) {
        let (one, two) = (i32::from(weights[0]), i32::from(weights[1]));
        for lane in 0..LANES {
            self.0[lane] += i32::from(first[lane]) * one + i32::from(second[lane]) * two;
        }
    }

    /// The same for two places each: both samples of a pair have the same weight. They are byte values.
    #[inline(always)]
    pub(crate) fn add_mirrored(&mut self, first: [&[i16; LANES]; 2], second: [&[i16; LANES]; 2], weights: [i16; 2]) {
        let (one, two) = (i32::from(weights[0]), i32::from(weights[1]));
        let ([a, b], [c, d]) = (first, second);
        for lane in 0..LANES {
            self.0[lane] += i32::from(a[lane] + b[lane]) * one + i32::from(c[lane] + d[lane]) * two;
        }
    }

    /// The sums shifted to the right by `bits`, clamped to bytes.
    #[inline(always)]
    pub(crate) fn bytes(self, bits: u32) -> [u8; LANES] {
        let mut made = [0; LANES];
        for lane in 0..LANES {
            let word = (self.0[lane] >> bits).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
            made[lane] = word.clamp(0, 255) as u8;
        }
        made
    }
}
