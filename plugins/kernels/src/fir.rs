//! A symmetric filter of few taps along one direction, in 16-bit arithmetic.

use crate::lanes::{LANES, Sums, lanes};
use crate::rows::fill_blocks;

/// Weights add up to this, so that one colour stays exactly that colour.
const ONE_BITS: u32 = 14;

/// The same for wide filters, whose sums then fit 16 bits: half the work.
const WIDE_ONE_BITS: u32 = 8;

/// From this radius on a filter is wide.
const WIDE_FROM: usize = 4;

/// Results of a wide filter made per turn.
const WIDE_LANES: usize = 64;

/// A symmetric filter.
pub(crate) struct Fir {
    /// By distance from the middle. The middle itself is taken twice with half its weight.
    weights: Vec<i16>,
}

impl Fir {
    /// The Gaussian of standard deviation `sigma`, cut at 3 sigma or at `radius` pixels.
    ///
    /// What is cut off at 3 sigma weighs 0.27 %; the rest is scaled to sum up to one. Weights are in
    /// 1/16384, from radius 4 on in 1/256: rounded so that the weight of all taps from a distance on is exact to half
    /// a unit, which makes the answer to a step exact to half a level.
    pub(crate) fn gaussian(sigma: f64, radius: usize) -> Self {
        let radius = ((3.0 * sigma).ceil() as usize).min(radius);
        let density = |distance: usize| (-0.5 * (distance as f64 / sigma).powi(2)).exp();
        let sum = 1.0 + 2.0 * (1..=radius).map(density).sum::<f64>();
        let one_bits = if radius < WIDE_FROM { ONE_BITS } else { WIDE_ONE_BITS };
        let one = f64::from(1 << one_bits);
        let mut weights = vec![0; radius + 1];
        let (mut exact, mut given) = (0.0, 0);
        for distance in (1..=radius).rev() {
            exact += density(distance) / sum * one;
            let weight = exact.round() as i16 - given;
            weights[distance] = weight;
            given += weight;
        }
        weights[0] = (1 << (one_bits - 1)) - given;
        Fir { weights }
    }

    /// How many samples on each side of the middle take part.
    pub(crate) fn radius(&self) -> usize {
        self.weights.len() - 1
    }

    /// Fills a row: `sum of weight[d] * (sample before + sample after)`, rounded to nearest. `places[d]` says
    /// where in `samples` the rows of samples at the distance d before and after the middle start. They are byte
    /// values, and go on for a whole block beyond the row's end.
    pub(crate) fn fill(&self, samples: &[i16], places: &[[usize; 2]], row: &mut [u8]) {
        if self.radius() < WIDE_FROM {
            fill_blocks(row, |at| self.block(samples, places, at));
        } else {
            fill_blocks(row, |at| self.wide_block(samples, places, at));
        }
    }

    #[inline(always)]
    fn block(&self, samples: &[i16], places: &[[usize; 2]], at: usize) -> [u8; LANES] {
        let mut sums = Sums::new(1 << (ONE_BITS - 1));
        let (pairs, last) = self.weights.as_chunks::<2>();
        let (places, last_places) = places.as_chunks::<2>();
        let block = |place: usize| lanes(samples, place + at);
        for (weights, [[a, b], [c, d]]) in pairs.iter().zip(places) {
            sums.add_mirrored([block(*a), block(*b)], [block(*c), block(*d)], *weights);
        }
        // An odd tap is paired with one of weight 0.
        if let (Some(weight), Some([a, b])) = (last.first(), last_places.first()) {
            let both = [block(*a), block(*b)];
            sums.add_mirrored(both, both, [*weight, 0]);
        }
        sums.bytes(ONE_BITS)
    }

    /// At most 255 * 256 comes together, and half of one for rounding: it fits 16 bits without a sign.
    #[inline(always)]
    fn wide_block(&self, samples: &[i16], places: &[[usize; 2]], at: usize) -> [u8; WIDE_LANES] {
        let mut sums = [1i16 << (WIDE_ONE_BITS - 1); WIDE_LANES];
        let block = |place: usize| samples[place + at..].first_chunk::<WIDE_LANES>().expect("enough samples");
        for (weight, [before, after]) in self.weights.iter().zip(places) {
            let (before, after) = (block(*before), block(*after));
            for lane in 0..WIDE_LANES {
                let both = before[lane].wrapping_add(after[lane]);
                sums[lane] = sums[lane].wrapping_add(both.wrapping_mul(*weight));
            }
        }
        let mut made = [0; WIDE_LANES];
        for lane in 0..WIDE_LANES {
            made[lane] = (sums[lane] as u16 >> WIDE_ONE_BITS) as u8;
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_up_to_one_and_follow_the_gaussian() {
        for sigma in [0.1, 0.3, 0.5, 1.0, 1.3, 2.0, 3.3, 5.0, 6.0] {
            let fir = Fir::gaussian(sigma, 100);
            let one = if fir.radius() < WIDE_FROM { 1 << ONE_BITS } else { 1 << WIDE_ONE_BITS };
            let sum: i32 = fir.weights.iter().map(|weight| 2 * i32::from(*weight)).sum();
            assert_eq!(sum, one, "sigma {sigma}");
            // The response to one bright sample is the filter itself.
            let middle = fir.radius() + 2 * WIDE_LANES;
            let mut samples = vec![0; 2 * middle + 2 * WIDE_LANES];
            samples[middle + 32] = 255;
            let places: Vec<[usize; 2]> = (0..=fir.radius()).map(|d| [middle - d, middle + d]).collect();
            let mut results = [0; 70];
            fir.fill(&samples, &places, &mut results);
            let density = |x: f64| (-0.5 * (x / sigma).powi(2)).exp();
            let norm: f64 = (-40..=40).map(|x| density(f64::from(x))).sum();
            for (x, result) in results.iter().enumerate() {
                let exact = 255.0 * density(x as f64 - 32.0) / norm;
                let allowed = if one == 1 << ONE_BITS { 0.8 } else { 1.6 };
                assert!((f64::from(*result) - exact).abs() < allowed, "sigma {sigma}, at {x}: {result}, {exact}");
            }
        }
    }
}
