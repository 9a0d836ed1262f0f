//! Blocks reduced to a quarter of their size.

use super::super::frame::Quantization;
use super::super::huffman::Sink;
use super::{clamp, zigzag};
use std::f64::consts::PI;

/// 2 x 2 samples.
///
/// The three sums besides DC are kept in one word, 21 bits each with 10 bits of fraction: horizontal, vertical and
/// both. One multiplication by a packed weight adds a coefficient to its sum. Samples of a valid block are far
/// inside the +-1024 this leaves; others overflow into each other, which is harmless.
pub(in crate::jpeg) struct Two {
    dc: i32,
    weights: Box<[i64; 128]>,
}

/// The sums of one block of a [`Two`].
pub(in crate::jpeg) struct TwoSums<'t> {
    pub(in crate::jpeg) sums: i64,
    weights: &'t [i64; 128],
}

const TWO_FRACTION: u32 = 10;

impl Two {
    pub(in crate::jpeg) fn new(quantization: &Quantization) -> Two {
        // The mean over x = 0..3 of cos A(u, x); that over 4..7 is its negative for odd u.
        let mean = |u: u8| (0..4).map(|x| (f64::from(2 * x + 1) * f64::from(u) * PI / 16.0).cos()).sum::<f64>() / 4.0;
        let half = 0.5f64.sqrt();
        let mut weights = Box::new([0; 128]);
        for (index, (u, v)) in zigzag().into_iter().enumerate() {
            let basis = match (u % 2, v % 2) {
                (1, 0) if v == 0 => mean(u) * half / 4.0,
                (0, 1) if u == 0 => mean(v) * half / 4.0,
                (1, 1) => mean(u) * mean(v) / 4.0,
                _ => continue,
            };
            let field = if v == 0 {
                0
            } else if u == 0 {
                21
            } else {
                42
            };
            let scaled = basis * f64::from(quantization[index]) * f64::from(1 << TWO_FRACTION);
            weights[index] = (scaled.round() as i64) << field;
        }
        Two { dc: i32::from(quantization[0]), weights }
    }

    #[inline(always)]
    pub(in crate::jpeg) fn sums(&self) -> TwoSums<'_> {
        TwoSums { sums: 0, weights: &self.weights }
    }

    /// Writes the four samples.
    #[inline(always)]
    pub(in crate::jpeg) fn finish(&self, dc: i32, sums: i64, out: &mut [u8], at: usize, stride: usize) {
        // Each field is sign-extended; the borrow it took from the next one is given back.
        let horizontal = (sums << 43 >> 43) as i32;
        let sums = (sums - i64::from(horizontal)) >> 21;
        let vertical = (sums << 43 >> 43) as i32;
        let both = ((sums - i64::from(vertical)) >> 21) as i32;
        let middle = (dc.wrapping_mul(self.dc) << (TWO_FRACTION - 3))
            .wrapping_add((128 << TWO_FRACTION) + (1 << (TWO_FRACTION - 1)));
        let (left, right) = (middle.wrapping_add(horizontal), middle.wrapping_sub(horizontal));
        let (top_left, top_right) = (vertical.wrapping_add(both), vertical.wrapping_sub(both));
        if let Some(row) = out.get_mut(at..at + 2) {
            row[0] = clamp(left.wrapping_add(top_left) >> TWO_FRACTION);
            row[1] = clamp(right.wrapping_add(top_right) >> TWO_FRACTION);
        }
        if let Some(row) = out.get_mut(at + stride..at + stride + 2) {
            row[0] = clamp(left.wrapping_sub(top_left) >> TWO_FRACTION);
            row[1] = clamp(right.wrapping_sub(top_right) >> TWO_FRACTION);
        }
    }
}

impl Sink for TwoSums<'_> {
    #[inline(always)]
    fn put(&mut self, index: usize, value: i32) {
        self.sums = self.sums.wrapping_add(i64::from(value).wrapping_mul(self.weights[index & 127]));
    }
}
