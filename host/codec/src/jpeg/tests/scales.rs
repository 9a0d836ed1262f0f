//! Reduced sizes against the average of the full one.

use super::*;

/// Averages squares of `n` pixels; those at the right and lower edge are cut off.
fn averaged(picture: &Decoded, n: usize) -> Vec<u8> {
    let channels = picture.layout.channels();
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut out = Vec::new();
    for y in 0..height / n {
        for x in 0..width / n {
            for channel in 0..channels {
                let mut sum = 0;
                for (dy, dx) in (0..n * n).map(|index| (index / n, index % n)) {
                    sum += usize::from(picture.pixels[((y * n + dy) * width + x * n + dx) * channels + channel]);
                }
                out.push(((sum + n * n / 2) / (n * n)) as u8);
            }
        }
    }
    out
}

/// Without subsampled chroma each reduced sample is the mean of full ones, but for the clamping and rounding of these.
#[test]
fn reduced_sizes_are_averages_of_the_full_size() {
    for (color, limit) in [(ColorType::Luma, 1), (ColorType::Rgb, 2), (ColorType::Cmyk, 1)] {
        let recipe = Recipe { width: 96, height: 64, color, sampling: SamplingFactor::F_1_1, ..RECIPE };
        for progressive in [false, true] {
            let file = encode(&Recipe { progressive, ..recipe });
            let picture = full(&file);
            for (scale, n) in [(Scale::Half, 2), (Scale::Quarter, 4), (Scale::Eighth, 8)] {
                let reduced = decode(&file, scale, MEMORY).expect("the file is valid");
                let (max, mean) = difference(&reduced.pixels, &averaged(&picture, n));
                assert!(max <= limit && mean < 0.6, "{color:?} {scale:?}: {max} {mean}");
            }
        }
    }
}

/// Chroma with fewer samples across than down is reduced by the same factor as luma and interpolated, so that the fine
/// coloured waves of the test picture are lost; the rest is close to the average.
#[test]
fn reduced_sizes_with_subsampled_chroma_are_close_to_averages() {
    use SamplingFactor::*;
    for sampling in [F_2_1, F_1_2, F_2_2] {
        let file = encode(&Recipe { width: 96, height: 64, sampling, ..RECIPE });
        let picture = full(&file);
        for (scale, n) in [(Scale::Half, 2), (Scale::Quarter, 4), (Scale::Eighth, 8)] {
            let reduced = decode(&file, scale, MEMORY).expect("the file is valid");
            let (_, mean) = difference(&reduced.pixels, &averaged(&picture, n));
            assert!(mean < 5.0, "{sampling:?} {scale:?}: {mean}");
        }
    }
}

#[test]
fn sizes_are_rounded_up() {
    for (width, height) in [(1, 1), (7, 9), (8, 8), (15, 17), (16, 33), (100, 3)] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::R_4_1_1] {
            let file = encode(&Recipe { width, height, sampling, ..RECIPE });
            for (scale, n) in SCALES.into_iter().zip([1, 2, 4, 8]) {
                let picture = decode(&file, scale, MEMORY).expect("the file is valid");
                let expected = (u32::from(width).div_ceil(n), u32::from(height).div_ceil(n));
                assert_eq!((picture.width, picture.height), expected);
                assert_eq!(picture.pixels.len() as u32, expected.0 * expected.1 * 3);
            }
        }
    }
}

#[test]
fn sequential_and_progressive_files_agree_at_every_scale() {
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2, SamplingFactor::R_4_1_1] {
        let sequential = encode(&Recipe { sampling, ..RECIPE });
        let progressive = encode(&Recipe { sampling, progressive: true, ..RECIPE });
        for scale in SCALES {
            assert!(
                decode(&sequential, scale, MEMORY) == decode(&progressive, scale, MEMORY),
                "{sampling:?} {scale:?}"
            );
        }
    }
}
