//! All samples of a block.

use super::super::frame::Quantization;
use super::super::huffman::Sink;
use super::{round, zigzag};
use std::f64::consts::PI;

/// 8 x 8 samples, by the algorithm of Arai, Agui and Nakajima ("A fast DCT-SQ scheme for images", Trans. IEICE E71,
/// 1988) in single precision. Its scale factors are folded into the weights.
pub(in crate::jpeg) struct Eight {
    /// Coefficients times weight, indexed column * 8 + row; places from 64 on are never read.
    block: [f32; 128],
    weights: [f32; 128],
    places: [u8; 128],
    dc: f32,
}

impl Eight {
    pub(in crate::jpeg) fn new(quantization: &Quantization) -> Eight {
        let scale = |u: u8| {
            if u == 0 { 0.125f64.sqrt() } else { (f64::from(u) * PI / 16.0).cos() * 0.25f64.sqrt() }
        };
        let mut table = Eight { block: [0.0; 128], weights: [0.0; 128], places: [64; 128], dc: 0.0 };
        for (index, (u, v)) in zigzag().into_iter().enumerate() {
            table.weights[index] = (scale(u) * scale(v) * f64::from(quantization[index])) as f32;
            table.places[index] = u * 8 + v;
        }
        table.dc = table.weights[0];
        table
    }

    /// Writes the samples and clears the block. `last` is the index after the last AC coefficient.
    #[inline(always)]
    pub(in crate::jpeg) fn finish(&mut self, dc: i32, last: usize, out: &mut [u8], at: usize, stride: usize) {
        let dc = dc as f32 * self.dc + 128.0;
        if last <= 1 {
            let value = round([dc])[0];
            for y in 0..8 {
                if let Some(row) = out.get_mut(at + y * stride..at + y * stride + 8) {
                    row.fill(value);
                }
            }
            return;
        }
        self.block[0] = dc;
        // The first ten coefficients are those whose column and row add up to 3 at most.
        if last <= 10 { self.transform::<4>(out, at, stride) } else { self.transform::<8>(out, at, stride) }
    }

    /// Transforms and clears the coefficients in the first `N` columns and rows; the others are zero.
    #[inline(never)]
    fn transform<const N: usize>(&mut self, out: &mut [u8], at: usize, stride: usize) {
        let mut columns = [[0f32; N]; N];
        for (column, from) in columns.iter_mut().zip(self.block.chunks_exact_mut(8)) {
            column.copy_from_slice(&from[..N]);
            from[..N].fill(0.0);
        }
        let across = eight_points(&columns);
        let mut rows = [[0f32; 8]; N];
        for x in 0..8 {
            for y in 0..N {
                rows[y][x] = across[x][y];
            }
        }
        let samples = eight_points(&rows);
        for (y, line) in samples.iter().enumerate() {
            if let Some(row) = out.get_mut(at + y * stride..at + y * stride + 8) {
                row.copy_from_slice(&round(*line));
            }
        }
    }
}

impl Sink for Eight {
    #[inline(always)]
    fn put(&mut self, index: usize, value: i32) {
        let place = usize::from(self.places[index & 127]);
        self.block[place & 127] = value as f32 * self.weights[index & 127];
    }
}

/// The scaled inverse transform of the first `N` of eight vectors, the others being zero; `LANES` at once.
#[inline(always)]
fn eight_points<const N: usize, const LANES: usize>(f: &[[f32; LANES]; N]) -> [[f32; LANES]; 8] {
    const ROOT_2: f32 = std::f32::consts::SQRT_2;
    const A: f32 = 1.847_759_1; // 2 cos(pi / 8)
    const B: f32 = 1.082_392_2; // 2 (cos(pi / 8) - cos(3 pi / 8))
    const C: f32 = 2.613_126; // 2 (cos(pi / 8) + cos(3 pi / 8))
    let mut out = [[0f32; LANES]; 8];
    for lane in 0..LANES {
        // Sum and difference of an input of the lower half and one of the upper half.
        let pair = |low: usize, high: usize| {
            let first = f[low][lane];
            if high < N { (first + f[high][lane], first - f[high][lane]) } else { (first, first) }
        };
        let (sum_04, difference_04) = pair(0, 4);
        let (sum_26, difference_26) = pair(2, 6);
        let turned_26 = difference_26 * ROOT_2 - sum_26;
        let (e0, e3) = (sum_04 + sum_26, sum_04 - sum_26);
        let (e1, e2) = (difference_04 + turned_26, difference_04 - turned_26);

        let (sum_35, difference_35) = pair(3, 5);
        let (sum_17, difference_17) = pair(1, 7);
        let o0 = sum_17 + sum_35;
        let rotation = (difference_17 - difference_35) * A;
        let o1 = rotation + difference_35 * C - o0;
        let o2 = (sum_17 - sum_35) * ROOT_2 - o1;
        let o3 = rotation - difference_17 * B - o2;

        out[0][lane] = e0 + o0;
        out[1][lane] = e1 + o1;
        out[2][lane] = e2 + o2;
        out[3][lane] = e3 + o3;
        out[4][lane] = e3 - o3;
        out[5][lane] = e2 - o2;
        out[6][lane] = e1 - o1;
        out[7][lane] = e0 - o0;
    }
    out
}
