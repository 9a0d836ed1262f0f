//! Rows of a picture together with their neighbours, for filters that work in place.

use crate::{has_transparency, premultiply, unpremultiply};

/// Calls `make` for every row from top to bottom, with the `2 * radius + 1` rows around it as `load`
/// wrote them (`length` values each; beyond the picture the edge row again) and the row itself, which
/// it overwrites.
///
/// Cost: every row is loaded once; `2 * radius + 1` loaded rows are kept.
pub(crate) fn slide<T: Copy + Default>(
    pixels: &mut [u8],
    stride: usize,
    radius: usize,
    length: usize,
    load: impl Fn(&[u8], &mut [T]),
    mut make: impl FnMut(&[&[T]], &mut [u8]),
) {
    let height = pixels.len() / stride;
    let slots = (2 * radius + 1).min(height);
    let mut ring = vec![vec![T::default(); length]; slots];
    let mut loaded = 0;
    for y in 0..height {
        while loaded < height && loaded <= y + radius {
            load(&pixels[loaded * stride..(loaded + 1) * stride], &mut ring[loaded % slots]);
            loaded += 1;
        }
        let row = |index: usize| &ring[(y + index).saturating_sub(radius).min(height - 1) % slots][..];
        let rows: Vec<&[T]> = (0..=2 * radius).map(row).collect();
        make(&rows, &mut pixels[y * stride..(y + 1) * stride]);
    }
}

/// Writes a row with `border` pixels on each side that repeat its first and last one.
pub(crate) fn bordered<T: From<u8> + Copy>(row: &[u8], channels: usize, border: usize, to: &mut [T]) {
    let edge = border * channels;
    let end = edge + row.len();
    widen(row, &mut to[edge..end]);
    for start in (0..edge).step_by(channels) {
        to.copy_within(edge..edge + channels, start);
        to.copy_within(end - channels..end, end + start);
    }
}

/// How long the buffer for `bordered` must be, when blocks of up to 64 are read from every place.
pub(crate) fn bordered_room(stride: usize, channels: usize, border: usize) -> usize {
    stride.next_multiple_of(64) + 2 * border * channels
}

/// Writes the channels of a row one after the other, each with a border as in `bordered`.
/// `to` is divided evenly among the channels.
pub(crate) fn planar(row: &[u8], channels: usize, border: usize, to: &mut [f32]) {
    let width = row.len() / channels;
    let length = to.len() / channels;
    for (channel, plane) in to.chunks_exact_mut(length).enumerate() {
        for (value, pixel) in plane[border..].iter_mut().zip(row.chunks_exact(channels)) {
            *value = f32::from(pixel[channel]);
        }
        let (first, last) = (plane[border], plane[border + width - 1]);
        plane[..border].fill(first);
        plane[border + width..].fill(last);
    }
}

/// Bytes as wider numbers.
pub(crate) fn widen<T: From<u8> + Copy>(from: &[u8], to: &mut [T]) {
    let (from_blocks, from_rest) = from.as_chunks::<32>();
    let (to_blocks, to_rest) = to.as_chunks_mut::<32>();
    for (from, to) in from_blocks.iter().zip(to_blocks) {
        *to = from.map(T::from);
    }
    for (from, to) in from_rest.iter().zip(to_rest) {
        *to = T::from(*from);
    }
}

/// Fills a row by blocks; of the last one what fits is kept. `make` gets the place of a block.
#[inline(always)]
pub(crate) fn fill_blocks<const N: usize>(row: &mut [u8], mut make: impl FnMut(usize) -> [u8; N]) {
    let (blocks, rest) = row.as_chunks_mut::<N>();
    let whole = blocks.len() * N;
    for (index, block) in blocks.iter_mut().enumerate() {
        *block = make(index * N);
    }
    if !rest.is_empty() {
        rest.copy_from_slice(&make(whole)[..rest.len()]);
    }
}

/// Pixels handled per turn by filters that keep the channels apart.
pub(crate) const PLANAR_LANES: usize = 8;

/// Fills a row by blocks of weighted means, rounded to nearest. `make` gets the place of a block, in pixels, and gives the
/// weighted sums of each channel and the sums of the weights.
#[inline(always)]
pub(crate) fn fill_means<const N: usize>(
    row: &mut [u8],
    mut make: impl FnMut(usize) -> ([[f32; PLANAR_LANES]; N], [f32; PLANAR_LANES]),
) {
    for (index, block) in row.chunks_mut(PLANAR_LANES * N).enumerate() {
        let (mut means, totals) = make(index * PLANAR_LANES);
        for channel in &mut means {
            for lane in 0..PLANAR_LANES {
                channel[lane] = channel[lane] / totals[lane] + 0.5;
            }
        }
        for (pixel, made) in block.chunks_exact_mut(N).enumerate() {
            for (channel, made) in made.iter_mut().enumerate() {
                *made = means[channel][pixel] as u8;
            }
        }
    }
}

/// Does some work on a picture with its colours multiplied by alpha, if any pixel is not opaque.
pub(crate) fn premultiplied(pixels: &mut [u8], channels: usize, work: impl FnOnce(&mut [u8])) {
    let mixes_alpha = channels == 4 && has_transparency(pixels);
    if mixes_alpha {
        premultiply(pixels);
    }
    work(pixels);
    if mixes_alpha {
        unpremultiply(pixels);
    }
}

/// The same for work that must leave alpha as it is.
pub(crate) fn keeping_alpha(pixels: &mut [u8], channels: usize, work: impl FnOnce(&mut [u8])) {
    if channels != 4 {
        return work(pixels);
    }
    let alpha: Vec<u8> = pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect();
    let mixes_alpha = alpha.iter().any(|alpha| *alpha != 255);
    if mixes_alpha {
        premultiply(pixels);
    }
    work(pixels);
    for (pixel, alpha) in pixels.as_chunks_mut::<4>().0.iter_mut().zip(alpha) {
        pixel[3] = alpha;
    }
    if mixes_alpha {
        unpremultiply(pixels);
    }
}
