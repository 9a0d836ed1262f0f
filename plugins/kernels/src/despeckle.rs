//! Removal of speckle.

use crate::bytes;
use crate::lanes::LANES;
use crate::rows::premultiplied;

/// How far a value may stand out before it is moved, in levels.
const STEP: u8 = 2;

/// Takes single specks away, in place, by moving values that stand out from their neighbours by one level at a time.
///
/// Shape: `channels` is 1, 3 or 4; each by itself (RGBA premultiplied unless all opaque).
/// Method: complementary hulling, one round: for each of four directions, values are first raised, then lowered, where
/// they lie two levels and more below (above) the neighbours along that direction. Source: T. R.
/// Crimmins, "Geometric filter for speckle reduction", Applied Optics 24(10), 1985; the order of
/// directions is that of ImageMagick's `-despeckle`. Edges: repeated; ImageMagick takes black.
/// Cost: 32 light passes.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn despeckle(pixels: &mut [u8], (width, height): (u32, u32), channels: usize) {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    if pixels.is_empty() {
        return;
    }
    let stride = width as usize * channels;
    premultiplied(pixels, channels, |pixels| {
        let mut other = pixels.to_vec();
        for (dx, dy) in [(0, 1), (1, 0), (1, 1), (-1, 1)] {
            for (dx, dy, raise) in [(dx, dy, true), (-dx, -dy, true), (-dx, -dy, false), (dx, dy, false)] {
                let hull = Hull { stride, channels, dx, dy, raise };
                hull.first(pixels, &mut other);
                hull.second(&other, pixels);
            }
        }
    });
}

/// One direction and one polarity.
struct Hull {
    stride: usize,
    channels: usize,
    dx: isize,
    dy: isize,
    raise: bool,
}

impl Hull {
    /// Moves a value by one level when its neighbour at the offset stands two levels or more beyond it.
    fn first(&self, from: &[u8], to: &mut [u8]) {
        if self.raise {
            self.rows(from, to, |value, ahead, _| value + u8::from(ahead.saturating_sub(value) >= STEP));
        } else {
            self.rows(from, to, |value, ahead, _| value - u8::from(value.saturating_sub(ahead) >= STEP));
        }
    }

    /// Moves it when the neighbour on the other side stands two levels or more beyond it and the one at
    /// the offset stands beyond it as well.
    fn second(&self, from: &[u8], to: &mut [u8]) {
        if self.raise {
            self.rows(from, to, |value, ahead, behind| {
                value + u8::from((behind.saturating_sub(value) >= STEP) & (ahead > value))
            });
        } else {
            self.rows(from, to, |value, ahead, behind| {
                value - u8::from((value.saturating_sub(behind) >= STEP) & (ahead < value))
            });
        }
    }

    #[inline(always)]
    fn rows(&self, from: &[u8], to: &mut [u8], step: impl Fn(u8, u8, u8) -> u8 + Copy) {
        let (stride, channels) = (self.stride, self.channels);
        let height = from.len() / stride;
        let row = |y: usize| &from[y * stride..(y + 1) * stride];
        for (y, made) in to.chunks_exact_mut(stride).enumerate() {
            let at = |dy: isize| row(y.saturating_add_signed(dy).min(height - 1));
            let (ahead, here, behind) = (at(self.dy), row(y), at(-self.dy));
            // The pixels that have a neighbour on both sides.
            let start = channels * self.dx.unsigned_abs();
            let inner = start..stride.saturating_sub(start).max(start);
            if !inner.is_empty() {
                let shifted = |dx: isize| {
                    let from = (inner.start as isize + dx * channels as isize) as usize;
                    from..from + inner.len()
                };
                let (ahead, behind) = (&ahead[shifted(self.dx)], &behind[shifted(-self.dx)]);
                run(&mut made[inner.clone()], &here[inner.clone()], ahead, behind, step);
            }
            if self.dx == 0 {
                continue;
            }
            // The first and the last one, whose neighbours are clamped.
            for x in (0..channels.min(stride)).chain(stride.saturating_sub(channels)..stride) {
                let (pixel, channel) = (x / channels, x % channels);
                let clamped =
                    |dx: isize| pixel.saturating_add_signed(dx).min(stride / channels - 1) * channels + channel;
                made[x] = step(here[x], ahead[clamped(self.dx)], behind[clamped(-self.dx)]);
            }
        }
    }
}

#[inline(always)]
fn run(made: &mut [u8], here: &[u8], ahead: &[u8], behind: &[u8], step: impl Fn(u8, u8, u8) -> u8) {
    let (made_blocks, made_rest) = made.as_chunks_mut::<LANES>();
    let (here_blocks, here_rest) = here.as_chunks::<LANES>();
    let (ahead_blocks, ahead_rest) = ahead.as_chunks::<LANES>();
    let (behind_blocks, behind_rest) = behind.as_chunks::<LANES>();
    for (((made, here), ahead), behind) in made_blocks.iter_mut().zip(here_blocks).zip(ahead_blocks).zip(behind_blocks)
    {
        for lane in 0..LANES {
            made[lane] = step(here[lane], ahead[lane], behind[lane]);
        }
    }
    for (((made, here), ahead), behind) in made_rest.iter_mut().zip(here_rest).zip(ahead_rest).zip(behind_rest) {
        *made = step(*here, *ahead, *behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speck_fades_and_a_step_stays() {
        let mut pixels = vec![100; 81];
        pixels[40] = 104;
        despeckle(&mut pixels, (9, 9), 1);
        assert!(pixels[40] <= 102, "{}", pixels[40]);
        let step: Vec<u8> = (0..81).map(|index| if index % 9 < 4 { 50 } else { 150 }).collect();
        let mut made = step.clone();
        despeckle(&mut made, (9, 9), 1);
        for (made, before) in made.iter().zip(&step) {
            assert!(made.abs_diff(*before) <= 16);
        }
        assert!(made[9 * 4 + 4] > 130 && made[9 * 4 + 3] < 70, "{:?}", &made[36..45]);
    }

    #[test]
    fn one_step_follows_the_rule() {
        // To the right: a value is raised when the neighbour on its right lies two levels above it.
        let hull = Hull { stride: 4, channels: 1, dx: 1, dy: 0, raise: true };
        let mut made = [0; 4];
        hull.first(&[10, 12, 13, 20], &mut made);
        assert_eq!(made, [11, 12, 14, 20]);
        // The other way: also what lies on the left must stand above it.
        hull.second(&[15, 10, 11, 11], &mut made);
        assert_eq!(made, [15, 11, 11, 11]);
        let hull = Hull { raise: false, ..hull };
        hull.second(&[5, 10, 9, 255], &mut made);
        assert_eq!(made, [5, 9, 9, 255]);
    }

    #[test]
    fn extremes_do_not_wrap() {
        for value in [0, 1, 2, 253, 254, 255] {
            let mut pixels = vec![value; 35 * 3];
            despeckle(&mut pixels, (35, 1), 3);
            assert_eq!(pixels, vec![value; 35 * 3]);
        }
    }
}
