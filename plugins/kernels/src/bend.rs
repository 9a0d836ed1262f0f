//! Columns moved up and down.

use crate::{bytes, premultiply, unpremultiply};

/// Moves the columns of an RGBA picture down along an arch, into a new buffer that is `ceil(|height_px|)` rows
/// higher: with a positive height those at the sides by it and the middle ones not at all, with a negative
/// one the other way round. The arch is half a period of a sine.
///
/// Method: linear between rows, colours premultiplied, rounded to nearest. Edges: transparent beyond.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn bend(rgba: &mut [u8], (width, height): (u32, u32), height_px: f64) -> Vec<u8> {
    assert_eq!(rgba.len(), bytes(width, height, 4), "bytes of the picture");
    premultiply(rgba);
    let more = height_px.abs().ceil();
    let (columns, rows) = (width as usize, height as usize);
    let shifts: Vec<(usize, u32)> = (0..columns)
        .map(|x| {
            let arch = (std::f64::consts::PI * (x as f64 + 0.5) / f64::from(width)).sin() * height_px.abs();
            let down = if height_px > 0.0 { height_px - arch } else { arch };
            let fixed = (down * 256.0).round() as usize;
            (fixed >> 8, (fixed & 255) as u32)
        })
        .collect();
    let source = rgba.as_chunks::<4>().0;
    let mut made = vec![0; bytes(width, height + more as u32, 4)];
    for (y, row) in made.as_chunks_mut::<4>().0.chunks_exact_mut(columns.max(1)).enumerate() {
        for (x, (pixel, (whole, part))) in row.iter_mut().zip(&shifts).enumerate() {
            // The row that comes to lie here is `whole + part / 256` above.
            let at = |up: usize| y.checked_sub(up).filter(|y| *y < rows).map_or([0; 4], |y| source[y * columns + x]);
            let (near, far) = (at(*whole), at(*whole + 1));
            *pixel = std::array::from_fn(|channel| {
                ((u32::from(near[channel]) * (256 - part) + u32::from(far[channel]) * part + 128) >> 8) as u8
            });
        }
    }
    unpremultiply(&mut made);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_move_along_the_arch() {
        let mut pixels = [200, 100, 50, 255].repeat(100);
        let made = bend(&mut pixels, (100, 1), 4.0);
        let tops: Vec<usize> =
            [0, 50, 99].map(|x| (0..5).position(|y| made[(y * 100 + x) * 4 + 3] > 127).expect("a row")).to_vec();
        assert_eq!(tops, [4, 0, 4]);
        for (x, y) in [(0, 0), (50, 4)] {
            assert_eq!(made[(y * 100 + x) * 4..][..4], [0; 4]);
        }
        // A level of rounding is two at less than half alpha.
        for pixel in made.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 100) {
            assert!(pixel[0].abs_diff(200) <= 2 && pixel[1].abs_diff(100) <= 2 && pixel[2].abs_diff(50) <= 2);
        }
    }

    #[test]
    fn every_column_keeps_what_it_has() {
        for height in [-2.5, 0.0, 3.0] {
            let mut pixels = [9, 9, 9, 255].repeat(30);
            let made = bend(&mut pixels, (10, 3), height);
            let rows = made.len() / 40;
            assert_eq!(rows, 3 + f64::abs(height).ceil() as usize);
            for x in 0..10 {
                let sum: u32 = (0..rows).map(|y| u32::from(made[(y * 10 + x) * 4 + 3])).sum();
                assert!(sum.abs_diff(3 * 255) <= 1, "{height} {x}: {sum}");
            }
        }
    }
}
