//! The colour that a picture has most of.

use crate::bytes;

/// Levels of a channel that are counted together.
const STEP_BITS: u32 = 4;

/// The most frequent colour of a picture, or of its outermost rows and columns: the mean of the colours in
/// the fullest of 16 x 16 x 16 cells of RGB. None when no pixel is more than half opaque.
///
/// Of cells that are as full, the darker one. Shape: `channels` is 1, 3 or 4.
/// Cost: one pass of reading.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn frequent_color(pixels: &[u8], (width, height): (u32, u32), channels: usize, at_edges: bool) -> Option<[u8; 3]> {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    let mut cells = vec![Cell::default(); 1 << (3 * (8 - STEP_BITS))];
    let stride = width as usize * channels;
    let last = height as usize - 1;
    for (y, row) in pixels.chunks_exact(stride).enumerate() {
        if !at_edges || y == 0 || y == last {
            count(&mut cells, row, channels);
        } else {
            count(&mut cells, &row[..channels], channels);
            count(&mut cells, &row[stride - channels..], channels);
        }
    }
    // The last of equals by `max_by_key`, so the order is turned round.
    let fullest = cells.iter().rev().max_by_key(|cell| cell.count).filter(|cell| cell.count > 0)?;
    Some(fullest.sums.map(|sum| ((sum + fullest.count / 2) / fullest.count) as u8))
}

#[derive(Clone, Default)]
struct Cell {
    count: u64,
    sums: [u64; 3],
}

fn count(cells: &mut [Cell], row: &[u8], channels: usize) {
    for pixel in row.chunks_exact(channels) {
        let rgb = match *pixel {
            [gray] => [gray; 3],
            [red, green, blue] => [red, green, blue],
            [red, green, blue, alpha] if alpha >= 128 => [red, green, blue],
            _ => continue,
        };
        let index = rgb.iter().fold(0, |index, value| index << (8 - STEP_BITS) | usize::from(*value >> STEP_BITS));
        let cell = &mut cells[index];
        cell.count += 1;
        for (sum, value) in cell.sums.iter_mut().zip(rgb) {
            *sum += u64::from(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_cell_gives_its_mean() {
        // Nine pixels: an edge of eight around one.
        let pixels = [10, 10, 12, 10, 200, 90, 90, 90, 91];
        assert_eq!(frequent_color(&pixels, (3, 3), 1, false), Some([11; 3])); // 42 / 4 = 10.5
        assert_eq!(frequent_color(&[9, 9, 9, 9, 70, 9, 9, 9, 9], (3, 3), 1, true), Some([9; 3]));
        let mostly_inside = [[200; 5], [200, 10, 10, 10, 10], [10, 10, 10, 10, 200], [200; 5]].concat();
        assert_eq!(frequent_color(&mostly_inside, (5, 4), 1, true), Some([200; 3]));
        assert_eq!(frequent_color(&[1, 2, 3, 0], (1, 1), 4, true), None);
        assert_eq!(frequent_color(&[1, 2, 3, 128, 255, 255, 255, 127], (2, 1), 4, false), Some([1, 2, 3]));
    }
}
