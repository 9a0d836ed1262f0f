//! A gray picture hidden in the lowest bits of another one.

/// Hides a gray picture in the low bits of an RGB, RGBA or gray one, in place.
///
/// Order: that of ImageMagick's `-stegano` for 8 bits a channel. The hidden picture's highest bits come first,
/// pixel by pixel, then the next bits. Each bit goes into one pixel of the picture, from pixel `offset` on
/// and round to it again, in turn into red, green and blue (a gray picture has but one). When every pixel has
/// taken a bit, the next higher bit of each is used. Alpha stays.
/// Range: `depth` bits of every hidden pixel, 1 to 8. See [`planes_needed`].
///
/// # Panics
/// When `channels` is not 1, 3 or 4, or the picture has no room.
pub fn hide(pixels: &mut [u8], channels: usize, hidden: &[u8], offset: usize, depth: u32) {
    each_bit(pixels.len() / channels, channels, hidden.len(), offset, depth, |index, plane, which, bit| {
        let value = (hidden[which] >> bit) & 1;
        pixels[index] = (pixels[index] & !(1 << plane)) | (value << plane);
    });
}

/// Reads what [`hide`] wrote: `count` gray pixels. Bits that were not hidden are 0.
///
/// # Panics
/// As `hide`.
pub fn reveal(pixels: &[u8], channels: usize, count: usize, offset: usize, depth: u32) -> Vec<u8> {
    let mut found = vec![0; count];
    each_bit(pixels.len() / channels, channels, count, offset, depth, |index, plane, which, bit| {
        found[which] |= ((pixels[index] >> plane) & 1) << bit;
    });
    found
}

/// How many bits of every pixel it takes to hide so many pixels in a picture of `room` pixels.
pub fn planes_needed(room: u64, hidden: u64, depth: u32) -> u64 {
    (hidden * u64::from(depth)).div_ceil(room.max(1))
}

fn each_bit(
    room: usize,
    channels: usize,
    count: usize,
    offset: usize,
    depth: u32,
    mut each: impl FnMut(usize, u32, usize, u32),
) {
    assert!(matches!(channels, 1 | 3 | 4), "{channels} channels");
    assert!(planes_needed(room as u64, count as u64, depth) <= 8, "{count} pixels at {depth} bits in {room}");
    if count == 0 {
        return;
    }
    let start = offset % room;
    let (mut at, mut plane, mut color) = (start, 0, 0);
    let colors = channels.min(3);
    for bit in (8 - depth..8).rev() {
        for which in 0..count {
            each(at * channels + color, plane, which, bit);
            color = if color + 1 == colors { 0 } else { color + 1 };
            at = if at + 1 == room { 0 } else { at + 1 };
            plane += u32::from(at == start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_found_again() {
        for channels in [1, 3, 4] {
            for (room, count) in [(64, 8), (64, 30), (64, 64), (7, 5), (1, 1)] {
                for (offset, depth) in [(0, 8), (5, 8), (1000, 3), (63, 1)] {
                    let mut pixels: Vec<u8> = (0..room * channels).map(|index| (index * 77 % 256) as u8).collect();
                    let hidden: Vec<u8> = (0..count).map(|index| (index * 141 % 256) as u8).collect();
                    let before = pixels.clone();
                    hide(&mut pixels, channels, &hidden, offset, depth);
                    let kept: Vec<u8> = hidden.iter().map(|value| value >> (8 - depth) << (8 - depth)).collect();
                    let case = (channels, room, count, offset, depth);
                    assert_eq!(reveal(&pixels, channels, count, offset, depth), kept, "{case:?}");
                    let planes = planes_needed(room as u64, count as u64, depth);
                    let changed = pixels.iter().zip(&before).map(|(one, other)| u32::from(one ^ other)).max();
                    assert!(changed < Some(1 << planes), "{case:?}: {changed:?}");
                }
            }
        }
    }

    #[test]
    fn bits_go_into_colours_in_turn_the_highest_first() {
        let mut pixels = [0; 4 * 4];
        // The two upper bits of 0b10 and 0b11: first 1, 1, then 0, 1; from pixel 2 on, and round.
        hide(&mut pixels, 4, &[0x80, 0xc0], 2, 2);
        let mut expected = [0; 16];
        expected[2 * 4] = 1;
        expected[3 * 4 + 1] = 1;
        expected[4] = 1;
        assert_eq!(pixels, expected);
    }
}
