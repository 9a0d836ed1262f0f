//! Weighted sums of many samples at once, in 16-bit arithmetic: the inner loop of every linear filter.

/// Results made per turn of the inner loops.
pub(crate) const LANES: usize = 32;

/// The samples from `at` on.
///
/// # Panics
/// When there are fewer than `LANES`.
#[inline(always)]
pub(crate) fn lanes(samples: &[i16], at: usize) -> &[i16; LANES] {
    samples[at..].first_chunk::<LANES>().expect("enough samples")
}

/// Sums in 32 bits, one for each lane.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) struct Sums([i32; LANES]);

#[cfg(not(target_arch = "wasm32"))]
impl Sums {
    /// Sums that start at a value.
    #[inline(always)]
    pub(crate) fn new(start: i32) -> Self {
        Sums([start; LANES])
    }

    /// Adds two blocks of samples, each times its weight.
    #[inline(always)]
    pub(crate) fn add(&mut self, first: &[i16; LANES], second: &[i16; LANES], weights: [i16; 2]) {
        let [one, two] = weights.map(i32::from);
        for lane in 0..LANES {
            self.0[lane] += i32::from(first[lane]) * one + i32::from(second[lane]) * two;
        }
    }

    /// The same for two places each: both samples of a pair have the same weight. They are byte values.
    #[inline(always)]
    pub(crate) fn add_mirrored(&mut self, first: [&[i16; LANES]; 2], second: [&[i16; LANES]; 2], weights: [i16; 2]) {
        let [one, two] = weights.map(i32::from);
        for lane in 0..LANES {
            let near = i32::from(first[0][lane] + first[1][lane]);
            let far = i32::from(second[0][lane] + second[1][lane]);
            self.0[lane] += near * one + far * two;
        }
    }

    /// The sums shifted to the right by `bits`, clamped to bytes.
    #[inline(always)]
    pub(crate) fn bytes(self, bits: u32) -> [u8; LANES] {
        self.0.map(|sum| (sum >> bits).clamp(0, 255) as u8)
    }
}

/// The same with the instruction that multiplies pairs of 16-bit numbers and adds the products, which
/// the compiler does not find by itself.
#[cfg(target_arch = "wasm32")]
pub(crate) struct Sums {
    low: [core::arch::wasm32::v128; LANES / 8],
    high: [core::arch::wasm32::v128; LANES / 8],
}

#[cfg(target_arch = "wasm32")]
impl Sums {
    #[inline(always)]
    pub(crate) fn new(start: i32) -> Self {
        let all = [core::arch::wasm32::i32x4_splat(start); LANES / 8];
        Sums { low: all, high: all }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, first: &[i16; LANES], second: &[i16; LANES], weights: [i16; 2]) {
        self.add_vectors(vectors(first), vectors(second), weights);
    }

    #[inline(always)]
    pub(crate) fn add_mirrored(&mut self, first: [&[i16; LANES]; 2], second: [&[i16; LANES]; 2], weights: [i16; 2]) {
        let sums = |pair: [&[i16; LANES]; 2]| {
            let (mut sums, more) = (vectors(pair[0]), vectors(pair[1]));
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum = core::arch::wasm32::i16x8_add(*sum, more);
            }
            sums
        };
        self.add_vectors(sums(first), sums(second), weights);
    }

    #[inline(always)]
    fn add_vectors(&mut self, first: Vectors, second: Vectors, weights: [i16; 2]) {
        use core::arch::wasm32::{i16x8_shuffle, i32x4_add, i32x4_dot_i16x8, i32x4_splat};

        let [one, two] = weights.map(|weight| i32::from(weight as u16));
        let weights = i32x4_splat(one | two << 16);
        for vector in 0..LANES / 8 {
            let (a, b) = (first[vector], second[vector]);
            let front = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b);
            let back = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b);
            self.low[vector] = i32x4_add(self.low[vector], i32x4_dot_i16x8(front, weights));
            self.high[vector] = i32x4_add(self.high[vector], i32x4_dot_i16x8(back, weights));
        }
    }

    #[inline(always)]
    pub(crate) fn bytes(self, bits: u32) -> [u8; LANES] {
        use core::arch::wasm32::{i16x8_narrow_i32x4, i32x4_shr, i32x4_splat, u8x16_narrow_i16x8};

        let words = |at: usize| i16x8_narrow_i32x4(i32x4_shr(self.low[at], bits), i32x4_shr(self.high[at], bits));
        let mut made = [i32x4_splat(0); LANES / 16];
        for (index, made) in made.iter_mut().enumerate() {
            *made = u8x16_narrow_i16x8(words(2 * index), words(2 * index + 1));
        }
        bytemuck::pod_read_unaligned(bytemuck::bytes_of(&made))
    }
}

#[cfg(target_arch = "wasm32")]
type Vectors = [core::arch::wasm32::v128; LANES / 8];

#[cfg(target_arch = "wasm32")]
#[inline(always)]
fn vectors(lanes: &[i16; LANES]) -> Vectors {
    bytemuck::pod_read_unaligned(bytemuck::bytes_of(lanes))
}
