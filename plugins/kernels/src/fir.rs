//! A symmetric filter of few taps along one direction, in 16-bit arithmetic.

use crate::lanes::{LANES, Sums, lanes};

/// Weights add up to this, so that one colour stays exactly that colour.
const ONE_BITS: u32 = 14;

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
    /// The Gaussian of standard deviation `sigma`, cut at 3 sigma or at `radius` pixels, in 1/16384.
    ///
    /// What is cut off at 3 sigma weighs 0.27 %; the rest is scaled to sum up to one.
    pub(crate) fn gaussian(sigma: f64, radius: usize) -> Self {
        let radius = ((3.0 * sigma).ceil() as usize).min(radius);
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

    /// How far the samples of each group lie before and after the middle.
    pub(crate) fn distances(&self) -> impl Iterator<Item = [usize; 2]> {
        self.groups.iter().map(|group| group.distances)
    }

    /// One block of results: `sum of weight[d] * (samples before + samples after)`, rounded to nearest.
    /// `place` says where in `samples` a group's four blocks start: before and after the middle at the first
    /// distance, then at the second. Samples are byte values.
    #[inline(always)]
    pub(crate) fn block(&self, samples: &[i16], place: impl Fn(usize, [usize; 2]) -> [usize; 4]) -> [u8; LANES] {
        let mut sums = Sums::new(1 << (ONE_BITS - 1));
        for (index, group) in self.groups.iter().enumerate() {
            let [a, b, c, d] = place(index, group.distances);
            let block = |at: usize| lanes(samples, at);
            sums.add_mirrored([block(a), block(b)], [block(c), block(d)], group.weights);
        }
        sums.bytes(ONE_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_up_to_one_and_follow_the_gaussian() {
        for sigma in [0.1, 0.3, 0.5, 1.0, 2.0, 3.3, 5.0, 6.0] {
            let fir = Fir::gaussian(sigma, 100);
            let sum: i32 = fir.groups.iter().flat_map(|group| group.weights).map(|weight| 2 * i32::from(weight)).sum();
            assert_eq!(sum, 1 << ONE_BITS, "sigma {sigma}");
            // The response to one bright sample is the filter itself.
            let middle = fir.radius() + LANES;
            let mut samples = vec![0; 2 * middle + 4 * LANES];
            samples[middle + LANES] = 255;
            let block = |at: usize| {
                fir.block(&samples, |_, [a, b]| {
                    [a, b].map(|d| [middle + at - d, middle + at + d]).concat().try_into().expect("four")
                })
            };
            let results: Vec<u8> = [0, LANES, 2 * LANES].into_iter().flat_map(block).collect();
            let density = |x: f64| (-0.5 * (x / sigma).powi(2)).exp();
            let norm: f64 = (-40..=40).map(|x| density(f64::from(x))).sum();
            for (x, result) in results.iter().enumerate() {
                let exact = 255.0 * density(x as f64 - LANES as f64) / norm;
                assert!((f64::from(*result) - exact).abs() < 0.8, "sigma {sigma}, at {x}: {result}, {exact}");
            }
        }
    }
}
