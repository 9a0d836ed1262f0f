//! With SIMD128's instruction that multiplies pairs of 16-bit numbers and adds the products, which the
//! compiler does not find by itself.

use core::arch::wasm32::{
    i16x8_add, i16x8_narrow_i32x4, i16x8_shuffle, i32x4_add, i32x4_dot_i16x8, i32x4_shr, i32x4_splat,
    u8x16_narrow_i16x8, v128,
};

use super::LANES;

/// Vectors of 16-bit numbers in a block.
const VECTORS: usize = LANES / 8;

/// Sums in 32 bits, one for each lane.
pub(crate) struct Sums {
    low: [v128; VECTORS],
    high: [v128; VECTORS],
}

impl Sums {
    /// Sums that start at a value.
    #[inline(always)]
    pub(crate) fn new(start: i32) -> Self {
        Sums { low: [i32x4_splat(start); VECTORS], high: [i32x4_splat(start); VECTORS] }
    }

    /// Adds two blocks of samples, each times its weight.
    #[inline(always)]
    pub(crate) fn add(&mut self, first: &[i16; LANES], second: &[i16; LANES], weights: [i16; 2]) {
        let weights = pair(weights);
        let (first, second) = (vectors(first), vectors(second));
        for at in 0..VECTORS {
            self.add_vectors(at, first[at], second[at], weights);
        }
    }

    /// The same for two places each: both samples of a pair have the same weight. They are byte values.
    #[inline(always)]
    pub(crate) fn add_mirrored(&mut self, first: [&[i16; LANES]; 2], second: [&[i16; LANES]; 2], weights: [i16; 2]) {
        let weights = pair(weights);
        let (a, b) = (vectors(first[0]), vectors(first[1]));
        let (c, d) = (vectors(second[0]), vectors(second[1]));
        for at in 0..VECTORS {
            self.add_vectors(at, i16x8_add(a[at], b[at]), i16x8_add(c[at], d[at]), weights);
        }
    }

    #[inline(always)]
    fn add_vectors(&mut self, at: usize, first: v128, second: v128, weights: v128) {
        let front = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(first, second);
        let back = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(first, second);
        self.low[at] = i32x4_add(self.low[at], i32x4_dot_i16x8(front, weights));
        self.high[at] = i32x4_add(self.high[at], i32x4_dot_i16x8(back, weights));
    }

    /// The sums shifted to the right by `bits`, clamped to bytes.
    #[inline(always)]
    pub(crate) fn bytes(self, bits: u32) -> [u8; LANES] {
        let words = |at: usize| i16x8_narrow_i32x4(i32x4_shr(self.low[at], bits), i32x4_shr(self.high[at], bits));
        let mut made = [i32x4_splat(0); VECTORS / 2];
        for (index, made) in made.iter_mut().enumerate() {
            *made = u8x16_narrow_i16x8(words(2 * index), words(2 * index + 1));
        }
        bytemuck::pod_read_unaligned(bytemuck::bytes_of(&made))
    }
}

/// Two weights in every 32-bit lane.
#[inline(always)]
fn pair([one, two]: [i16; 2]) -> v128 {
    i32x4_splat(i32::from(one as u16) | i32::from(two) << 16)
}

#[inline(always)]
fn vectors(lanes: &[i16; LANES]) -> [v128; VECTORS] {
    bytemuck::pod_read_unaligned(bytemuck::bytes_of(lanes))
}
