//! Large square pixels.

use crate::{bytes, has_transparency, premultiply, unpremultiply};

/// Replaces every block of `block` x `block` pixels, counted from the top left corner, by its mean,
/// rounded to nearest, in place.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque).
/// Edges: a block that stands over the edge is the mean of what lies inside.
/// Range: `block` from 1 (no change) to 65535. Cost: two passes, whatever the block.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn pixelate(pixels: &mut [u8], (width, height): (u32, u32), channels: usize, block: u32) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() || block <= 1 {
        return;
    }
    let mixes_alpha = channels == 4 && has_transparency(pixels);
    if mixes_alpha {
        premultiply(pixels);
    }
    let stride = width as usize * channels;
    let block = block as usize;
    let mut sums = vec![0u32; stride];
    let mut row = vec![0u8; stride];
    for rows in pixels.chunks_mut(stride.saturating_mul(block)) {
        sums.fill(0);
        for row in rows.chunks_exact(stride) {
            add_row(&mut sums, row);
        }
        let height = rows.len() / stride;
        for (made, sums) in row.chunks_mut(block * channels).zip(sums.chunks(block * channels)) {
            fill_with_mean(made, sums, channels, height);
        }
        for to in rows.chunks_exact_mut(stride) {
            to.copy_from_slice(&row);
        }
    }
    if mixes_alpha {
        unpremultiply(pixels);
    }
}

/// At most 65535 rows of 255 are added: the sums fit.
fn add_row(sums: &mut [u32], row: &[u8]) {
    let (sum_blocks, sum_rest) = sums.as_chunks_mut::<32>();
    let (row_blocks, row_rest) = row.as_chunks::<32>();
    for (sums, row) in sum_blocks.iter_mut().zip(row_blocks) {
        for lane in 0..32 {
            sums[lane] += u32::from(row[lane]);
        }
    }
    for (sum, value) in sum_rest.iter_mut().zip(row_rest) {
        *sum += u32::from(*value);
    }
}

fn fill_with_mean(made: &mut [u8], sums: &[u32], channels: usize, height: usize) {
    let area = (sums.len() / channels * height) as u64;
    for channel in 0..channels {
        let sum: u64 = sums.iter().skip(channel).step_by(channels).map(|sum| u64::from(*sum)).sum();
        let mean = ((sum + area / 2) / area) as u8;
        made.iter_mut().skip(channel).step_by(channels).for_each(|value| *value = mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_their_means_also_at_the_edges() {
        // 3 x 3 by 2: the blocks are 2x2, 1x2, 2x1, 1x1.
        let mut pixels = [0, 10, 50, 20, 30, 70, 200, 100, 9];
        pixelate(&mut pixels, (3, 3), 1, 2);
        assert_eq!(pixels, [15, 15, 60, 15, 15, 60, 150, 150, 9]);
    }

    #[test]
    fn a_huge_block_is_the_mean_of_all() {
        let mut pixels = [0, 100, 255, 255, 100, 200, 255, 255];
        pixelate(&mut pixels, (2, 1), 4, 65_535);
        assert_eq!(pixels, [50, 150, 255, 255, 50, 150, 255, 255]);
        let mut pixels = vec![255; 65_535];
        pixelate(&mut pixels, (1, 65_535), 1, 65_535);
        assert!(pixels.iter().all(|value| *value == 255));
    }

    #[test]
    fn the_colour_of_transparent_pixels_does_not_count() {
        let mut pixels = [200, 100, 50, 255, 0, 0, 0, 0];
        pixelate(&mut pixels, (2, 1), 4, 2);
        assert_eq!(pixels, [199, 100, 50, 128, 199, 100, 50, 128]);
    }
}
