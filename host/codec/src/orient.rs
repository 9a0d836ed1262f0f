//! The eight ways a camera can be held, and turning pixels upright.

use crate::{PixelFormat, Raster};

/// A turn and flip: first the sides are exchanged along the main diagonal if `transpose` is set,
/// then left and right are exchanged if `flip_x` is, then top and bottom if `flip_y` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    pub(crate) transpose: bool,
    pub(crate) flip_x: bool,
    pub(crate) flip_y: bool,
}

impl Orientation {
    /// As it is.
    pub const UPRIGHT: Orientation = Orientation { transpose: false, flip_x: false, flip_y: false };

    /// By the number that EXIF has for it, 1 to 8.
    ///
    /// Source: EXIF 2.32 section 4.6.4, tag 0x0112; TIFF 6.0 page 36. Other values than 1 to 8 mean
    /// upright, as everywhere.
    pub fn from_exif(value: u16) -> Orientation {
        let (transpose, flip_x, flip_y) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Orientation { transpose, flip_x, flip_y }
    }

    /// The number that EXIF has for it.
    pub fn exif(self) -> u16 {
        (1..=8).find(|value| Orientation::from_exif(*value) == self).unwrap_or(1)
    }

    /// The one that takes this one back.
    pub fn inverse(self) -> Orientation {
        // An exchange of sides takes the flips to the other side of it.
        let (flip_x, flip_y) = if self.transpose { (self.flip_y, self.flip_x) } else { (self.flip_x, self.flip_y) };
        Orientation { transpose: self.transpose, flip_x, flip_y }
    }

    /// The orientation that does `self` first and `next` on its result.
    pub(crate) fn then(self, next: Orientation) -> Orientation {
        // Exchanging the sides turns an earlier flip of one axis into one of the other.
        let (flip_x, flip_y) = if next.transpose { (self.flip_y, self.flip_x) } else { (self.flip_x, self.flip_y) };
        Orientation {
            transpose: self.transpose != next.transpose,
            flip_x: flip_x != next.flip_x,
            flip_y: flip_y != next.flip_y,
        }
    }

    /// Width and height after turning.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }

    /// Turns the pixels. Flips work in place; an exchange of sides makes a second buffer.
    pub fn apply(self, raster: Raster) -> Raster {
        if self == Orientation::UPRIGHT {
            return raster;
        }
        let (width, height, format) = (raster.width(), raster.height(), raster.format());
        let pixels = raster.into_pixels();
        let size = (width as usize, height as usize);
        let pixels = match format {
            PixelFormat::Gray8 => self.turn::<1>(pixels, size),
            PixelFormat::Rgb8 => self.turn::<3>(pixels, size),
            PixelFormat::Rgba8 => self.turn::<4>(pixels, size),
        };
        let (width, height) = self.size(width, height);
        Raster::new(width, height, format, pixels).expect("turning keeps every pixel")
    }

    fn turn<const N: usize>(self, mut pixels: Vec<u8>, (width, height): (usize, usize)) -> Vec<u8> {
        if self.transpose {
            return self.exchange::<N>(&pixels, width, height);
        }
        let rows = pixels.as_chunks_mut::<N>().0;
        match (self.flip_x, self.flip_y) {
            (true, true) => rows.reverse(),
            (true, false) => rows.chunks_exact_mut(width).for_each(<[_]>::reverse),
            (false, true) => {
                let (top, bottom) = rows.split_at_mut(height / 2 * width);
                let bottom = bottom.rchunks_exact_mut(width);
                for (upper, lower) in top.chunks_exact_mut(width).zip(bottom) {
                    upper.swap_with_slice(lower);
                }
            }
            (false, false) => {}
        }
        pixels
    }

    /// Goes through the result in square blocks, so that the rows read and the rows written both
    /// stay in the first-level cache.
    fn exchange<const N: usize>(self, pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
        const BLOCK: usize = 32;
        let from = pixels.as_chunks::<N>().0;
        let mut out = vec![0; pixels.len()];
        let to = out.as_chunks_mut::<N>().0;
        for block_y in (0..width).step_by(BLOCK) {
            for block_x in (0..height).step_by(BLOCK) {
                let end_x = (block_x + BLOCK).min(height);
                for y in block_y..(block_y + BLOCK).min(width) {
                    let from_x = if self.flip_y { width - 1 - y } else { y };
                    let row = &mut to[y * height + block_x..y * height + end_x];
                    for (x, pixel) in (block_x..).zip(row) {
                        let from_y = if self.flip_x { height - 1 - x } else { x };
                        *pixel = from[from_y * width + from_x];
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of letters turned by each orientation, written down from the pictures in the EXIF text:
    /// "the 0th row is at the visual top/bottom/left/right, the 0th column at ...".
    #[test]
    fn each_of_the_eight_turns_as_exif_says() {
        let expected: [(u16, u32, &[u8]); 8] = [
            (1, 3, b"abcdef"),
            (2, 3, b"cbafed"),
            (3, 3, b"fedcba"),
            (4, 3, b"defabc"),
            (5, 2, b"adbecf"),
            (6, 2, b"daebfc"),
            (7, 2, b"fcebda"),
            (8, 2, b"cfbead"),
        ];
        for (value, width, pixels) in expected {
            let raster = Raster::new(3, 2, PixelFormat::Gray8, b"abcdef".to_vec()).unwrap();
            let turned = Orientation::from_exif(value).apply(raster);
            assert_eq!(turned.width(), width, "orientation {value}");
            assert_eq!(turned.pixels(), pixels, "orientation {value}");
        }
    }

    #[test]
    fn blocks_and_formats_do_not_matter() {
        // Wider than a block on both sides, and not a multiple of it.
        let (width, height) = (77_u32, 45_u32);
        for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
            let bytes = width as usize * height as usize * format.bytes_per_pixel();
            let pixels: Vec<u8> = (0..bytes).map(|at| (at * 7919 / 13) as u8).collect();
            let raster = Raster::new(width, height, format, pixels).unwrap();
            for value in 1..=8 {
                let orientation = Orientation::from_exif(value);
                let turned = orientation.apply(raster.clone());
                for (x, y) in [(0, 0), (1, 0), (0, 1), (76, 44), (31, 32), (40, 33)] {
                    let (mut to_x, mut to_y) = orientation.size(x, y);
                    if orientation.flip_x {
                        to_x = turned.width() - 1 - to_x;
                    }
                    if orientation.flip_y {
                        to_y = turned.height() - 1 - to_y;
                    }
                    let pixel = turned.crop(to_x, to_y, 1, 1).unwrap();
                    assert_eq!(pixel, raster.crop(x, y, 1, 1).unwrap(), "{value} {format:?}");
                }
            }
        }
    }

    #[test]
    fn turns_can_be_taken_back() {
        for value in 1..=8 {
            let turn = Orientation::from_exif(value);
            assert_eq!(turn.then(turn.inverse()), Orientation::UPRIGHT, "{value}");
            assert_eq!(turn.exif(), value);
        }
    }

    #[test]
    fn two_turns_make_one() {
        let raster = Raster::new(3, 2, PixelFormat::Gray8, b"abcdef".to_vec()).unwrap();
        for first in (1..=8).map(Orientation::from_exif) {
            for second in (1..=8).map(Orientation::from_exif) {
                let one_by_one = second.apply(first.apply(raster.clone()));
                assert_eq!(first.then(second).apply(raster.clone()), one_by_one);
            }
        }
    }
}
