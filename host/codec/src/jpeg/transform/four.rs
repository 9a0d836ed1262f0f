//! Blocks reduced to half their size.

use super::super::frame::Quantization;
use super::super::huffman::Sink;
use super::{clamp, round, zigzag};
use std::f64::consts::PI;

/// 4 x 4 samples.
pub(in crate::jpeg) struct Four {
    weights: [i32; 128],
    places: [u8; 128],
    dc: i32,
}

/// The sums of one block of a [`Four`], in fixed point, indexed column * 4 + row; those after 16 are for weight 0.
pub(in crate::jpeg) struct FourSums<'t> {
    pub(in crate::jpeg) sums: [i32; 32],
    table: &'t Four,
}

const FOUR_FRACTION: u32 = 9;

impl Four {
    pub(in crate::jpeg) fn new(quantization: &Quantization) -> Four {
        // The place among 4 and the weight of a frequency, as described at the top.
        let fold = |u: u8| {
            let weight = 0.5 * (f64::from(u) * PI / 16.0).cos();
            match u {
                0 => Some((0, 0.5 * 0.5f64.sqrt())),
                1..=3 => Some((u, weight)),
                4 => None,
                _ => Some((8 - u, -weight)),
            }
        };
        let mut table = Four { weights: [0; 128], places: [16; 128], dc: 0 };
        for (index, (u, v)) in zigzag().into_iter().enumerate() {
            if let (Some((x, across)), Some((y, down))) = (fold(u), fold(v)) {
                let scaled = across * down * f64::from(quantization[index]) * f64::from(1 << FOUR_FRACTION);
                table.weights[index] = scaled.round() as i32;
                table.places[index] = x * 4 + y;
            }
        }
        table.dc = i32::from(quantization[0]);
        table
    }

    #[inline(always)]
    pub(in crate::jpeg) fn sums(&self) -> FourSums<'_> {
        FourSums { sums: [0; 32], table: self }
    }

    /// Writes the samples. `last` is the index after the last AC coefficient.
    #[inline(always)]
    pub(in crate::jpeg) fn finish(
        &self,
        dc: i32,
        from: &[i32; 32],
        last: usize,
        out: &mut [u8],
        at: usize,
        stride: usize,
    ) {
        let dc = dc.wrapping_mul(self.dc);
        if last <= 1 {
            let value = clamp((dc.wrapping_add(4) >> 3).wrapping_add(128));
            for y in 0..4 {
                if let Some(row) = out.get_mut(at + y * stride..at + y * stride + 4) {
                    row.fill(value);
                }
            }
            return;
        }
        let scale = 1.0 / (1 << FOUR_FRACTION) as f32;
        let mut sums = [[0f32; 4]; 4];
        for (column, from) in sums.iter_mut().zip(from.chunks_exact(4)) {
            for (sum, &from) in column.iter_mut().zip(from) {
                *sum = from as f32 * scale;
            }
        }
        sums[0][0] += dc as f32 * 0.125 + 128.0;
        let across = four_points(sums);
        let mut turned = [[0f32; 4]; 4];
        for x in 0..4 {
            for y in 0..4 {
                turned[y][x] = across[x][y];
            }
        }
        let samples = four_points(turned);
        for (y, line) in samples.iter().enumerate() {
            if let Some(row) = out.get_mut(at + y * stride..at + y * stride + 4) {
                row.copy_from_slice(&round(*line));
            }
        }
    }
}

impl Sink for FourSums<'_> {
    #[inline(always)]
    fn put(&mut self, index: usize, value: i32) {
        let place = usize::from(self.table.places[index & 127]) & 31;
        self.sums[place] = self.sums[place].wrapping_add(value.wrapping_mul(self.table.weights[index & 127]));
    }
}

/// `out[n] = sum f[k] cos((2n+1) k pi / 8)` of four vectors at once.
#[inline(always)]
fn four_points(f: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    const C1: f32 = 0.923_879_5; // cos(pi / 8)
    const C2: f32 = std::f32::consts::FRAC_1_SQRT_2; // cos(2 pi / 8)
    const C3: f32 = 0.382_683_43; // cos(3 pi / 8)
    let mut out = [[0f32; 4]; 4];
    for lane in 0..4 {
        let (f0, f1, f2, f3) = (f[0][lane], f[1][lane], f[2][lane] * C2, f[3][lane]);
        let (even_outer, even_inner) = (f0 + f2, f0 - f2);
        let (odd_outer, odd_inner) = (f1 * C1 + f3 * C3, f1 * C3 - f3 * C1);
        out[0][lane] = even_outer + odd_outer;
        out[1][lane] = even_inner + odd_inner;
        out[2][lane] = even_inner - odd_inner;
        out[3][lane] = even_outer - odd_outer;
    }
    out
}
