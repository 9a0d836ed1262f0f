//! A symmetric filter of few taps along one direction, in 16-bit arithmetic.

/// Weights add up to this, so that one colour stays exactly that colour.
const ONE_BITS: u32 = 14;

/// Samples made per turn of the inner loops.
const LANES: usize = 32;

/// A symmetric filter, its taps taken in groups of two distances: two pairs of samples share one
/// multiply-add instruction.
pub(crate) struct Fir {
    radius: usize,
    groups: Vec<Group>,
}

/// Two distances from the middle and the weights of the samples there. The middle itself is the
/// distance 0, taken twice with half its weight.
#[derive(Clone, Copy)]
struct Group {
    distances: [usize; 2],
    weights: [i16; 2],
}

impl Fir {
    /// The Gaussian of standard deviation `sigma`, cut at 3 sigma, in 1/16384.
    ///
    /// What is cut off weighs 0.27 %; the rest is scaled to sum up to one.
    pub(crate) fn gaussian(sigma: f64) -> Self {
        let radius = (3.0 * sigma).ceil() as usize;
        let density = |distance: usize| (-0.5 * (distance as f64 / sigma).powi(2)).exp();
        let sum = 1.0 + 2.0 * (1..=radius).map(density).sum::<f64>();
        let one = f64::from(1 << ONE_BITS);
        let mut weights: Vec<i16> =
            (0..=radius).map(|distance| (density(distance) / sum * one).round() as i16).collect();
        // The middle takes what rounding left over. The sum is even, and so is then the middle.
        let sides: i32 = weights[1..].iter().map(|weight| 2 * i32::from(*weight)).sum();
        weights[0] = (((1 << ONE_BITS) - sides) / 2) as i16;
        let mut groups = Vec::new();
        for start in (0..=radius).step_by(2) {
            // An odd tap is paired with one of weight 0.
            let second = if start < radius { (start + 1, weights[start + 1]) } else { (start, 0) };
            groups.push(Group { distances: [start, second.0], weights: [weights[start], second.1] });
        }
        Fir { radius, groups }
    }

    /// How many samples on each side of the middle take part.
    pub(crate) fn radius(&self) -> usize {
        self.radius
    }

    /// How long the buffer of samples must be to make `results` results.
    pub(crate) fn samples(&self, results: usize, stride: usize) -> usize {
        Self::room(results) + 2 * self.radius * stride
    }

    /// `results` rounded up to whole turns of the loop.
    pub(crate) fn room(results: usize) -> usize {
        results.next_multiple_of(LANES)
    }

    /// Writes `results[i] = sum of weight[d] * (samples[i + (radius - d) * stride] + samples[i + (radius + d) * stride])`,
    /// rounded to nearest. Samples are byte values.
    pub(crate) fn run(&self, samples: &[i16], stride: usize, results: &mut [u8]) {
        assert!(samples.len() >= self.samples(results.len(), stride), "enough samples");
        let middle = self.radius * stride;
        let (blocks, rest) = results.as_chunks_mut::<LANES>();
        assert!(rest.is_empty(), "whole turns");
        for (index, block) in blocks.iter_mut().enumerate() {
            self.block(samples, index * LANES + middle, stride, block);
        }
    }

    /// The samples at one distance before and after `at`.
    #[inline(always)]
    fn pair(samples: &[i16], at: usize, distance: usize) -> [&[i16; LANES]; 2] {
        let lanes = |start: usize| samples[start..].first_chunk::<LANES>().expect("enough samples");
        [lanes(at - distance), lanes(at + distance)]
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[inline(always)]
    fn block(&self, samples: &[i16], at: usize, stride: usize, results: &mut [u8; LANES]) {
        let mut sums = [1 << (ONE_BITS - 1); LANES];
        for group in &self.groups {
            let [a, b] = Self::pair(samples, at, group.distances[0] * stride);
            let [c, d] = Self::pair(samples, at, group.distances[1] * stride);
            let [first, second] = group.weights.map(i32::from);
            for lane in 0..LANES {
                sums[lane] += i32::from(a[lane] + b[lane]) * first + i32::from(c[lane] + d[lane]) * second;
            }
        }
        for (result, sum) in results.iter_mut().zip(sums) {
            *result = (sum >> ONE_BITS) as u8;
        }
    }

    /// The same with the instruction that multiplies pairs of 16-bit numbers and adds the products,
    /// which the compiler does not find by itself.
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    fn block(&self, samples: &[i16], at: usize, stride: usize, results: &mut [u8; LANES]) {
        use core::arch::wasm32::{
            i16x8_add, i16x8_narrow_i32x4, i16x8_shuffle, i32x4_add, i32x4_dot_i16x8, i32x4_shr, i32x4_splat,
            u8x16_narrow_i16x8, v128,
        };
        const VECTORS: usize = LANES / 8;

        let vectors =
            |lanes: &[i16; LANES]| -> [v128; VECTORS] { bytemuck::pod_read_unaligned(bytemuck::bytes_of(lanes)) };
        let mut low = [i32x4_splat(1 << (ONE_BITS - 1)); VECTORS];
        let mut high = low;
        for group in &self.groups {
            let [a, b] = Self::pair(samples, at, group.distances[0] * stride).map(vectors);
            let [c, d] = Self::pair(samples, at, group.distances[1] * stride).map(vectors);
            let [first, second] = group.weights.map(|weight| i32::from(weight as u16));
            let weights = i32x4_splat(first | second << 16);
            for vector in 0..VECTORS {
                let near = i16x8_add(a[vector], b[vector]);
                let far = i16x8_add(c[vector], d[vector]);
                let front = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(near, far);
                let back = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(near, far);
                low[vector] = i32x4_add(low[vector], i32x4_dot_i16x8(front, weights));
                high[vector] = i32x4_add(high[vector], i32x4_dot_i16x8(back, weights));
            }
        }
        let mut made = [i32x4_splat(0); VECTORS / 2];
        for (index, made) in made.iter_mut().enumerate() {
            let words =
                |vector: usize| i16x8_narrow_i32x4(i32x4_shr(low[vector], ONE_BITS), i32x4_shr(high[vector], ONE_BITS));
            *made = u8x16_narrow_i16x8(words(2 * index), words(2 * index + 1));
        }
        results.copy_from_slice(bytemuck::bytes_of(&made));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_up_to_one_and_follow_the_gaussian() {
        for sigma in [0.1, 0.3, 0.5, 1.0, 2.0, 3.3, 5.0, 6.0] {
            let fir = Fir::gaussian(sigma);
            let sum: i32 = fir.groups.iter().flat_map(|group| group.weights).map(|weight| 2 * i32::from(weight)).sum();
            assert_eq!(sum, 1 << ONE_BITS, "sigma {sigma}");
            // The response to one bright sample is the filter itself.
            let mut samples = vec![0; fir.samples(LANES * 3, 1)];
            let at = LANES + fir.radius();
            samples[at] = 255;
            let mut results = [0; LANES * 3];
            fir.run(&samples, 1, &mut results);
            let density = |x: f64| (-0.5 * (x / sigma).powi(2)).exp();
            let norm: f64 = (-40..=40).map(|x| density(f64::from(x))).sum();
            for (x, result) in results.iter().enumerate() {
                let exact = 255.0 * density(x as f64 - LANES as f64) / norm;
                assert!((f64::from(*result) - exact).abs() < 0.8, "sigma {sigma}, at {x}: {result}, {exact}");
            }
        }
    }
}
