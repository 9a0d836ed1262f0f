//! Pixels taken from elsewhere, as a map says.

use crate::{bytes, has_transparency, premultiply, unpremultiply};

/// What lies beyond the edges of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// The nearest pixel of the picture.
    Edge,
    /// The picture again, from the other side.
    Wrap,
    /// The picture mirrored at its edge.
    Mirror,
    /// Nothing: transparent in RGBA, black in other pictures.
    Nothing,
}

/// Makes every pixel from the one that lies `amplitude * (map - 128) / 127` pixels away, in a new buffer.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque). The map has the picture's
/// size, two bytes a pixel: across and down. 128 moves nothing, 255 fully to one side, 1 (and 0) fully to
/// the other; a positive amplitude takes from the right or from below where the map is bright.
/// Method: bilinear, in 1/256 of a pixel, rounded to nearest.
///
/// # Panics
/// When a buffer has not the stated size.
pub fn displace(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    map: &[[u8; 2]],
    amplitude: (f64, f64),
    beyond: Beyond,
) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    assert_eq!(map.len(), bytes(width, height, 1), "pixels of the map");
    let mixes_alpha = channels == 4 && (beyond == Beyond::Nothing || has_transparency(pixels));
    if mixes_alpha {
        premultiply(pixels);
    }
    let mut made = match channels {
        1 => moved::<1>(pixels, (width, height), map, amplitude, beyond),
        3 => moved::<3>(pixels, (width, height), map, amplitude, beyond),
        4 => moved::<4>(pixels, (width, height), map, amplitude, beyond),
        _ => panic!("{channels} channels"),
    };
    if mixes_alpha {
        unpremultiply(&mut made);
    }
    made
}

fn moved<const N: usize>(
    pixels: &[u8],
    (width, height): (u32, u32),
    map: &[[u8; 2]],
    amplitude: (f64, f64),
    beyond: Beyond,
) -> Vec<u8> {
    let source = pixels.as_chunks::<N>().0;
    let (columns, rows) = (i64::from(width), i64::from(height));
    let offsets = |amplitude: f64| -> [i64; 256] {
        std::array::from_fn(|value| {
            let share = ((value as f64 - 128.0) / 127.0).max(-1.0);
            (amplitude * share * 256.0).round() as i64
        })
    };
    let (across, down) = (offsets(amplitude.0), offsets(amplitude.1));
    let at = |x: i64, y: i64| match (inside(x, columns, beyond), inside(y, rows, beyond)) {
        (Some(x), Some(y)) => source[y * width as usize + x],
        _ => [0; N],
    };
    let mut made = vec![0; pixels.len()];
    let lines = made.as_chunks_mut::<N>().0.chunks_exact_mut((width as usize).max(1));
    for (y, (line, map)) in lines.zip(map.chunks_exact((width as usize).max(1))).enumerate() {
        for (x, (pixel, map)) in line.iter_mut().zip(map).enumerate() {
            let (x, y) = (x as i64 * 256 + across[map[0] as usize], y as i64 * 256 + down[map[1] as usize]);
            let (left, top) = (x >> 8, y >> 8);
            let (right, below) = ((x & 255) as u32, (y & 255) as u32);
            let corners = [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)];
            let weights = [(256 - right) * (256 - below), right * (256 - below), (256 - right) * below, right * below];
            for channel in 0..N {
                let sum: u32 =
                    corners.iter().zip(weights).map(|(corner, weight)| u32::from(corner[channel]) * weight).sum();
                pixel[channel] = ((sum + 32_768) >> 16) as u8;
            }
        }
    }
    made
}

/// The position inside a side of this length that counts for any position.
#[inline(always)]
fn inside(at: i64, length: i64, beyond: Beyond) -> Option<usize> {
    if (0..length).contains(&at) {
        return Some(at as usize);
    }
    let at = match beyond {
        Beyond::Edge => at.clamp(0, length - 1),
        Beyond::Wrap => at.rem_euclid(length),
        Beyond::Mirror => {
            let within = at.rem_euclid(2 * length);
            if within < length { within } else { 2 * length - 1 - within }
        }
        Beyond::Nothing => return None,
    };
    Some(at as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifted(map: u8, amplitude: f64, beyond: Beyond) -> Vec<u8> {
        let mut pixels = [10, 20, 30, 40, 50];
        displace(&mut pixels, (5, 1), 1, &[[map, 128]; 5], (amplitude, 7.0), beyond)
    }

    #[test]
    fn a_full_map_moves_by_the_amplitude() {
        assert_eq!(shifted(128, 100.0, Beyond::Nothing), [10, 20, 30, 40, 50]);
        assert_eq!(shifted(255, 2.0, Beyond::Edge), [30, 40, 50, 50, 50]);
        assert_eq!(shifted(1, 2.0, Beyond::Edge), [10, 10, 10, 20, 30]);
        assert_eq!(shifted(0, 2.0, Beyond::Edge), [10, 10, 10, 20, 30]);
        assert_eq!(shifted(255, -2.0, Beyond::Wrap), [40, 50, 10, 20, 30]);
        assert_eq!(shifted(255, 2.0, Beyond::Mirror), [30, 40, 50, 50, 40]);
        assert_eq!(shifted(255, 2.0, Beyond::Nothing), [30, 40, 50, 0, 0]);
        assert_eq!(shifted(255, 0.5, Beyond::Edge), [15, 25, 35, 45, 50]);
        assert_eq!(shifted(255, 1e6, Beyond::Edge), [50; 5]);
    }

    #[test]
    fn rows_move_by_the_second_channel() {
        let mut pixels = [1, 2, 3, 4, 5, 6];
        let map: Vec<[u8; 2]> = [128, 128, 255, 255, 1, 1].map(|value| [128, value]).to_vec();
        assert_eq!(displace(&mut pixels, (2, 3), 1, &map, (9.0, 1.0), Beyond::Edge), [1, 2, 5, 6, 3, 4]);
    }

    #[test]
    fn the_colour_of_transparent_pixels_does_not_bleed() {
        let mut pixels = [[255, 255, 255, 255], [0, 0, 0, 0]].concat().repeat(8);
        let made = displace(&mut pixels, (16, 1), 4, &[[255, 128]; 16], (0.4, 0.0), Beyond::Wrap);
        assert!(made.as_chunks::<4>().0.iter().all(|pixel| pixel[3] > 0 && pixel[..3] == [255, 255, 255]), "{made:?}");
    }
}
