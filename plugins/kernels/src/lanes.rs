//! Weighted sums of many samples at once, in 16-bit arithmetic: the inner loop of every linear filter.

#[cfg_attr(target_arch = "wasm32", path = "lanes/wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "lanes/any.rs")]
mod sums;

pub(crate) use sums::Sums;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_plain_arithmetic() {
        let samples: Vec<i16> = (0..4 * LANES).map(|index| (index * index * 13 % 256) as i16).collect();
        let at = |block: usize| lanes(&samples, block * LANES - block);
        let mut sums = Sums::new(100);
        sums.add(at(0), at(1), [300, -77]);
        sums.add_mirrored([at(0), at(2)], [at(1), at(3)], [-9, 50]);
        let made = sums.bytes(8);
        for (lane, made) in made.iter().enumerate() {
            let [a, b, c, d] = [0, 1, 2, 3].map(|block| i32::from(at(block)[lane]));
            let sum = 100 + a * 300 - b * 77 - (a + c) * 9 + (b + d) * 50;
            assert_eq!(i32::from(*made), (sum >> 8).clamp(0, 255), "lane {lane}");
        }
    }
}
