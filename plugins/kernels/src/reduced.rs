//! A picture reduced by a whole factor, and enlarged again, for filters that are wide.

/// Fractional bits of positions and of interpolated values.
const BITS: u32 = 7;

/// The greatest factor: a column's sum of so many bytes fits 16 bits.
pub(crate) const MOST: usize = 257;

/// The mean of every `factor` x `factor` block, rounded to nearest, and the size of the result.
///
/// A margin of one block on each side, and the part of the last blocks that lies outside, repeat the
/// nearest edge pixel: clamping the reduced picture is then the same as clamping the picture.
/// `factor` is at most `MOST`.
pub(crate) fn reduce(
    pixels: &[u8],
    (width, height): (usize, usize),
    channels: usize,
    factor: usize,
) -> (Vec<u8>, (usize, usize)) {
    assert!((1..=MOST).contains(&factor), "a factor whose sums fit");
    let stride = width * channels;
    let small_width = width.div_ceil(factor) + 2;
    let small_height = height.div_ceil(factor) + 2;
    let mut small = Vec::with_capacity(small_width * small_height * channels);
    let mut sums = vec![0u16; stride];
    let mut row = vec![0u8; small_width * channels];
    for block in 0..small_height {
        sums.fill(0);
        for y in 0..factor {
            let y = (block * factor + y).saturating_sub(factor).min(height - 1);
            add_row(&mut sums, &pixels[y * stride..(y + 1) * stride]);
        }
        means(&sums, channels, factor, &mut row);
        small.extend_from_slice(&row);
    }
    (small, (small_width, small_height))
}

fn add_row(sums: &mut [u16], row: &[u8]) {
    let (sum_blocks, sum_rest) = sums.as_chunks_mut::<64>();
    let (row_blocks, row_rest) = row.as_chunks::<64>();
    for (sums, row) in sum_blocks.iter_mut().zip(row_blocks) {
        for lane in 0..64 {
            sums[lane] += u16::from(row[lane]);
        }
    }
    for (sum, value) in sum_rest.iter_mut().zip(row_rest) {
        *sum += u16::from(*value);
    }
}

/// The means of blocks, from the sums of their columns.
fn means(sums: &[u16], channels: usize, factor: usize, row: &mut [u8]) {
    let last = sums.len() / channels - 1;
    let area = (factor * factor) as u32;
    for (block, made) in row.chunks_exact_mut(channels).enumerate() {
        for (channel, made) in made.iter_mut().enumerate() {
            let mut sum = 0;
            for x in 0..factor {
                let x = (block * factor + x).saturating_sub(factor).min(last);
                sum += u32::from(sums[x * channels + channel]);
            }
            *made = ((sum + area / 2) / area) as u8;
        }
    }
}

/// Enlarges what `reduce` made to its former size, bilinearly between the blocks' centres.
pub(crate) fn enlarge(
    small: &[u8],
    (small_width, _): (usize, usize),
    factor: usize,
    pixels: &mut [u8],
    (width, _): (usize, usize),
    channels: usize,
) {
    let stride = width * channels;
    let small_stride = small_width * channels;
    let columns: Vec<(usize, u16)> = (0..width).map(|x| position(x, factor)).collect();
    let small_row = |y: usize| &small[y * small_stride..(y + 1) * small_stride];
    let mut above = vec![0; stride];
    let mut below = vec![0; stride];
    let mut current = usize::MAX;
    for (y, row) in pixels.chunks_exact_mut(stride).enumerate() {
        let (block, fraction) = position(y, factor);
        if block != current {
            widen_row(small_row(block), &columns, channels, &mut above);
            widen_row(small_row(block + 1), &columns, channels, &mut below);
            current = block;
        }
        mix_rows(&above, &below, u32::from(fraction), row);
    }
}

/// Between which two blocks (the first is given) a pixel's centre lies, and how far, in 1/128.
fn position(at: usize, factor: usize) -> (usize, u16) {
    // The centre of block b, margin counted, is at pixel (b - 1) * factor + (factor - 1) / 2; all in half pixels.
    let halves = 2 * at + factor + 1;
    let block = halves / (2 * factor);
    let rest = halves % (2 * factor);
    (block, (((rest << BITS) + factor) / (2 * factor)) as u16)
}

fn widen_row(small: &[u8], columns: &[(usize, u16)], channels: usize, row: &mut [u16]) {
    for ((block, fraction), made) in columns.iter().zip(row.chunks_exact_mut(channels)) {
        let at = block * channels;
        let pair = &small[at..at + 2 * channels];
        for (channel, made) in made.iter_mut().enumerate() {
            let (left, right) = (u16::from(pair[channel]), u16::from(pair[channels + channel]));
            *made = left * ((1 << BITS) - fraction) + right * fraction;
        }
    }
}

fn mix_rows(above: &[u16], below: &[u16], fraction: u32, row: &mut [u8]) {
    const LANES: usize = 32;
    let mix = |above: u16, below: u16| {
        let sum = u32::from(above) * ((1 << BITS) - fraction) + u32::from(below) * fraction;
        ((sum + (1 << (2 * BITS - 1))) >> (2 * BITS)) as u8
    };
    let (row_blocks, row_rest) = row.as_chunks_mut::<LANES>();
    let (above_blocks, above_rest) = above.as_chunks::<LANES>();
    let (below_blocks, below_rest) = below.as_chunks::<LANES>();
    for ((row, above), below) in row_blocks.iter_mut().zip(above_blocks).zip(below_blocks) {
        for lane in 0..LANES {
            row[lane] = mix(above[lane], below[lane]);
        }
    }
    for ((made, above), below) in row_rest.iter_mut().zip(above_rest).zip(below_rest) {
        *made = mix(*above, *below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_their_means_with_a_margin_of_edge_pixels() {
        // 3 x 1 by 2: margin, (10, 20), (40, 40 repeated), margin.
        let (small, size) = reduce(&[10, 20, 40], (3, 1), 1, 2);
        assert_eq!(size, (4, 3));
        assert_eq!(small, [10, 15, 40, 40].repeat(3));
    }

    #[test]
    fn a_ramp_comes_back_as_the_ramp() {
        let pixels: Vec<u8> = (0..200).collect();
        for factor in [2, 3, 4, 5] {
            let (small, small_size) = reduce(&pixels, (200, 1), 1, factor);
            let mut made = vec![0; 200];
            enlarge(&small, small_size, factor, &mut made, (200, 1), 1);
            for x in 2 * factor..200 - 2 * factor {
                assert!(made[x].abs_diff(pixels[x]) <= 1, "factor {factor} at {x}: {}", made[x]);
            }
        }
    }

    #[test]
    fn positions_stay_inside() {
        for factor in 1..=84 {
            for length in [1, 2, 83, 84, 85, 1000] {
                let (block, fraction) = position(length - 1, factor);
                assert!(block + 1 < length.div_ceil(factor) + 2 && fraction <= 128, "{factor} {length}");
            }
        }
    }
}
