//! Mirroring, quarter turns and cutting: pixels move, and none changes.

use crate::bytes;

/// Mirrors left and right, in place.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn mirror_columns(pixels: &mut [u8], width: u32, channels: usize) {
    let stride = (width as usize * channels).max(1);
    for row in pixels.chunks_exact_mut(stride) {
        match channels {
            1 => row.reverse(),
            3 => row.as_chunks_mut::<3>().0.reverse(),
            4 => row.as_chunks_mut::<4>().0.reverse(),
            _ => panic!("{channels} channels"),
        }
    }
}

/// Mirrors top and bottom, in place.
pub fn mirror_rows(pixels: &mut [u8], width: u32, channels: usize) {
    let stride = (width as usize * channels).max(1);
    let height = pixels.len() / stride;
    let (top, bottom) = pixels.split_at_mut(height.div_ceil(2) * stride);
    for (upper, lower) in top.chunks_exact_mut(stride).zip(bottom.chunks_exact_mut(stride).rev()) {
        upper.swap_with_slice(lower);
    }
}

/// Turns a picture by half a turn, in place.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn half_turn(pixels: &mut [u8], channels: usize) {
    match channels {
        1 => pixels.reverse(),
        3 => pixels.as_chunks_mut::<3>().0.reverse(),
        4 => pixels.as_chunks_mut::<4>().0.reverse(),
        _ => panic!("{channels} channels"),
    }
}

/// Turns a picture by a quarter: clockwise or counter-clockwise. The result is `height` x `width`.
///
/// Cost: one new buffer, filled in tiles so that both pictures stay in the cache.
///
/// # Panics
/// When the buffer has not the stated size, or `channels` is not 1, 3 or 4.
pub fn quarter_turn(pixels: &[u8], (width, height): (u32, u32), channels: usize, clockwise: bool) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let mut turned = vec![0; pixels.len()];
    let size = (width as usize, height as usize);
    match channels {
        1 => turn::<1>(pixels, &mut turned, size, clockwise),
        3 => turn::<3>(pixels, &mut turned, size, clockwise),
        4 => turn::<4>(pixels, &mut turned, size, clockwise),
        _ => panic!("{channels} channels"),
    }
    turned
}

/// Pixels of a tile's side: a row of RGBA is a cache line.
const TILE: usize = 16;

/// Tiles side by side before the next ones below: pages are then used for a while before they are left.
const TILES: usize = 4;

fn turn<const N: usize>(from: &[u8], to: &mut [u8], (width, height): (usize, usize), clockwise: bool) {
    let (from, to) = (from.as_chunks::<N>().0, to.as_chunks_mut::<N>().0);
    for left in (0..width).step_by(TILE * TILES) {
        for top in (0..height).step_by(TILE) {
            for left in (left..width.min(left + TILE * TILES)).step_by(TILE) {
                let rows = TILE.min(height - top);
                let columns = TILE.min(width - left);
                let mut tile = [[[0; N]; TILE]; TILE];
                for (row, line) in tile.iter_mut().take(rows).enumerate() {
                    copy(line, &from[(top + row) * width + left..][..columns]);
                }
                // Column x becomes row x, read upwards, or row `width - 1 - x`, read downwards.
                let mut turned = [[[0; N]; TILE]; TILE];
                for x in 0..TILE {
                    for y in 0..TILE {
                        turned[x][y] = if clockwise { tile[TILE - 1 - y][x] } else { tile[y][x] };
                    }
                }
                for (column, line) in turned.iter().take(columns).enumerate() {
                    let x = left + column;
                    let start =
                        if clockwise { x * height + height - top - rows } else { (width - 1 - x) * height + top };
                    let used = if clockwise { &line[TILE - rows..] } else { &line[..rows] };
                    copy(&mut to[start..start + rows], used);
                }
            }
        }
    }
}

/// Copies pixels to the front of others; a whole tile's row by a copy of known length.
#[inline(always)]
fn copy<const N: usize>(to: &mut [[u8; N]], from: &[[u8; N]]) {
    match (to.first_chunk_mut::<TILE>(), <&[[u8; N]; TILE]>::try_from(from)) {
        (Some(to), Ok(from)) => *to = *from,
        _ => to[..from.len()].copy_from_slice(from),
    }
}

/// Cuts a rectangle (x, y, width, height) out of a picture, in place: the rows move to the front.
///
/// # Panics
/// When the rectangle is not inside the picture.
pub fn cut(pixels: &mut Vec<u8>, (width, height): (u32, u32), channels: usize, rect: (u32, u32, u32, u32)) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let (x, y, rect_width, rect_height) = rect;
    assert!(
        u64::from(x) + u64::from(rect_width) <= u64::from(width)
            && u64::from(y) + u64::from(rect_height) <= u64::from(height),
        "a rectangle inside the picture"
    );
    let stride = width as usize * channels;
    let length = rect_width as usize * channels;
    for row in 0..rect_height as usize {
        let start = (y as usize + row) * stride + x as usize * channels;
        pixels.copy_within(start..start + length, row * length);
    }
    pixels.truncate(rect_height as usize * length);
}

/// Lays a picture on a larger canvas of one colour, with its corner at `at`.
///
/// Cost: one new buffer.
///
/// # Panics
/// When the picture does not fit the canvas, or `colour` is not one pixel.
pub fn extend(
    pixels: &[u8],
    (width, height): (u32, u32),
    colour: &[u8],
    canvas: (u32, u32),
    at: (u32, u32),
) -> Vec<u8> {
    let channels = colour.len();
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let (left, top) = (at.0 as usize * channels, at.1 as usize);
    let right = (canvas.0 - width - at.0) as usize * channels;
    let bottom = (canvas.1 - height - at.1) as usize;
    let blank = colour.repeat(canvas.0 as usize);
    let mut made = Vec::with_capacity(bytes(canvas.0, canvas.1, channels));
    (0..top).for_each(|_| made.extend_from_slice(&blank));
    for row in pixels.chunks_exact((width as usize * channels).max(1)) {
        made.extend_from_slice(&blank[..left]);
        made.extend_from_slice(row);
        made.extend_from_slice(&blank[..right]);
    }
    (0..bottom).for_each(|_| made.extend_from_slice(&blank));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose pixels all differ.
    fn numbered(width: u32, height: u32, channels: usize) -> Vec<u8> {
        (0..width * height).flat_map(|pixel| (0..channels as u32).map(move |c| (pixel * 7 + c * 61) as u8)).collect()
    }

    #[test]
    fn quarter_turns_put_every_pixel_where_it_belongs() {
        for (width, height) in [(1, 1), (1, 5), (5, 1), (3, 2), (33, 65), (64, 32), (131, 50)] {
            for channels in [1, 3, 4] {
                let picture = numbered(width, height, channels);
                let pixel = |pixels: &[u8], x: u32, y: u32, width: u32| {
                    let start = (y * width + x) as usize * channels;
                    pixels[start..start + channels].to_vec()
                };
                let right = quarter_turn(&picture, (width, height), channels, true);
                let left = quarter_turn(&picture, (width, height), channels, false);
                for y in 0..height {
                    for x in 0..width {
                        let here = pixel(&picture, x, y, width);
                        assert_eq!(pixel(&right, height - 1 - y, x, height), here, "{width}x{height} right");
                        assert_eq!(pixel(&left, y, width - 1 - x, height), here, "{width}x{height} left");
                    }
                }
                let mut half = picture.clone();
                half_turn(&mut half, channels);
                assert_eq!(quarter_turn(&right, (height, width), channels, true), half);
                mirror_rows(&mut half, width, channels);
                mirror_columns(&mut half, width, channels);
                assert_eq!(half, picture);
            }
        }
    }

    #[test]
    fn mirroring_swaps_sides() {
        let mut pixels = [1, 2, 3, 4, 5, 6];
        mirror_columns(&mut pixels, 3, 1);
        assert_eq!(pixels, [3, 2, 1, 6, 5, 4]);
        let mut pixels = [1, 2, 3, 4, 5, 6];
        mirror_rows(&mut pixels, 2, 1);
        assert_eq!(pixels, [5, 6, 3, 4, 1, 2]);
    }

    #[test]
    fn a_cut_and_an_extension_are_each_others_inverse() {
        let picture = numbered(5, 4, 3);
        let large = extend(&picture, (5, 4), &[1, 2, 3], (9, 7), (2, 3));
        assert_eq!(large.len(), 9 * 7 * 3);
        assert_eq!(large[..3], [1, 2, 3]);
        let mut cut_out = large;
        cut(&mut cut_out, (9, 7), 3, (2, 3, 5, 4));
        assert_eq!(cut_out, picture);
    }
}
