//! Inverse cosine transforms of a block to 8x8, 4x4, 2x2 samples or a single one.
//!
//! The reduced sizes are what averaging the full 8x8 samples over 2x2, 4x4 or 8x8 squares gives, computed from
//! the coefficients without making the full samples. With c(0) = 1/sqrt 2, c(u) = 1 and A(u, x) = (2x+1) u pi / 16,
//! one dimension of the transform (T.81, A.3.3) is `f(x) = 1/2 sum c(u) F(u) cos A(u, x)`.
//!
//! - The mean of two neighbours x = 2n, 2n+1 is `1/2 sum c(u) F(u) cos(u pi / 16) cos((2n+1) u pi / 8)`. The second
//!   cosine is that of a 4-point transform; for u = 4 it is 0 and those of 5, 6, 7 are the negatives of those of
//!   3, 2, 1. So every coefficient, times a weight, is added to one of 4 x 4 sums, which go through a 4-point transform.
//! - Folding once more leaves 2 x 2 sums to which only coefficient 0 and the odd ones contribute.

mod eight;
mod four;
mod two;

use super::frame::Quantization;
use super::huffman::Sink;
use eight::Eight;
use four::Four;
use two::Two;

/// Column (horizontal frequency) and row of each index along the zigzag line (T.81, figure A.6).
pub(super) const fn zigzag() -> [(u8, u8); 64] {
    let mut order = [(0, 0); 64];
    let (mut x, mut y) = (0u8, 0u8);
    let mut index = 0;
    while index < 64 {
        order[index] = (x, y);
        // Even diagonals run up and to the right, odd ones down and to the left.
        if (x + y) % 2 == 0 {
            if x == 7 {
                y += 1;
            } else if y == 0 {
                x += 1;
            } else {
                x += 1;
                y -= 1;
            }
        } else if y == 7 {
            x += 1;
        } else if x == 0 {
            y += 1;
        } else {
            x -= 1;
            y += 1;
        }
        index += 1;
    }
    order
}

/// Weights and places for the coefficients of one component, and the sums of the block at hand.
pub(super) enum Transform {
    One(One),
    Two(Two),
    Four(Box<Four>),
    Eight(Box<Eight>),
}

impl Transform {
    /// For blocks of `size` x `size` samples; 1, 2, 4 or 8.
    pub(super) fn new(size: usize, quantization: &Quantization) -> Transform {
        match size {
            1 => Transform::One(One { dc: i32::from(quantization[0]) }),
            2 => Transform::Two(Two::new(quantization)),
            4 => Transform::Four(Box::new(Four::new(quantization))),
            _ => Transform::Eight(Box::new(Eight::new(quantization))),
        }
    }

    /// Transforms a block of 64 coefficients in zigzag order and writes its samples. `nonzero` has a bit for every
    /// AC coefficient that is not zero.
    pub(super) fn apply(&mut self, block: &[i16], nonzero: u64, out: &mut [u8], at: usize, stride: usize) {
        let dc = i32::from(block[0]);
        match self {
            Transform::One(one) => {
                if let Some(sample) = out.get_mut(at) {
                    *sample = one.sample(dc);
                }
            }
            Transform::Two(two) => {
                let mut sink = two.sums();
                put_all(block, nonzero, &mut sink);
                two.finish(dc, sink.sums, out, at, stride);
            }
            Transform::Four(four) => {
                let mut sink = four.sums();
                let last = put_all(block, nonzero, &mut sink);
                four.finish(dc, &sink.sums, last, out, at, stride);
            }
            Transform::Eight(eight) => {
                let last = put_all(block, nonzero, &mut **eight);
                eight.finish(dc, last, out, at, stride);
            }
        }
    }
}

/// Puts the AC coefficients of a block and returns the index after the last one.
#[inline(always)]
fn put_all<S: Sink>(block: &[i16], mut nonzero: u64, sink: &mut S) -> usize {
    let mut last = 0;
    while nonzero != 0 {
        last = nonzero.trailing_zeros() as usize;
        if let Some(&value) = block.get(last) {
            sink.put(last, i32::from(value));
        }
        nonzero &= nonzero - 1;
    }
    last + 1
}

/// One sample per block: the DC coefficient alone.
pub(super) struct One {
    dc: i32,
}

/// Reads past coefficients that are not needed.
pub(super) struct Ignore;

impl Sink for Ignore {
    #[inline(always)]
    fn put(&mut self, _index: usize, _value: i32) {}
}

impl One {
    #[inline(always)]
    pub(super) fn sample(&self, dc: i32) -> u8 {
        clamp((dc.wrapping_mul(self.dc).wrapping_add(4) >> 3).wrapping_add(128))
    }
}

/// Rounds samples to bytes. Adding 1.5 * 2^23 puts the integer into the low bits of the number, without the checks
/// a conversion of arbitrary values needs.
#[inline(always)]
fn round<const N: usize>(samples: [f32; N]) -> [u8; N] {
    const MAGIC: f32 = 12_582_912.0;
    let mut bytes = [0; N];
    for (byte, sample) in bytes.iter_mut().zip(samples) {
        let limited = sample.clamp(0.0, 255.0);
        *byte = (limited + MAGIC).to_bits() as u8;
    }
    bytes
}

#[inline(always)]
fn clamp(sample: i32) -> u8 {
    sample.clamp(0, 255) as u8
}
