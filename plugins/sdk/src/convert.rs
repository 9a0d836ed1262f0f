//! Conversion between the three pixel formats.

use crate::{Image, PixelFormat};

/// The picture in another format; the same picture when it has that format already.
///
/// To gray: luma by BT.709 weights on the encoded values (0.2126, 0.7152, 0.0722), rounded to
/// nearest. Alpha is dropped by laying the picture over white, as a format without transparency
/// shows it. From gray: the same value in each channel. New alpha is 255.
///
/// Cost: one new buffer and one pass.
pub fn to_format(image: Image, format: PixelFormat) -> Image {
    use PixelFormat::{Gray8, Rgb8, Rgba8};
    // Before any room is made: the result would be as large as the picture.
    if image.format == format {
        return image;
    }
    let from = &image.pixels;
    let mut to = Image::room(image.size(), format);
    match (image.format, format) {
        (Gray8, Rgb8) => each::<1, 3>(from, &mut to, |[v]| [v, v, v]),
        (Gray8, Rgba8) => each::<1, 4>(from, &mut to, |[v]| [v, v, v, 255]),
        (Rgb8, Gray8) => each::<3, 1>(from, &mut to, |[r, g, b]| [luma(r, g, b)]),
        (Rgb8, Rgba8) => each::<3, 4>(from, &mut to, |[r, g, b]| [r, g, b, 255]),
        (Rgba8, Rgb8) => {
            each::<4, 3>(from, &mut to, |[r, g, b, a]| [over_white(r, a), over_white(g, a), over_white(b, a)])
        }
        (Rgba8, Gray8) => {
            each::<4, 1>(from, &mut to, |[r, g, b, a]| [luma(over_white(r, a), over_white(g, a), over_white(b, a))])
        }
        (Gray8, Gray8) | (Rgb8, Rgb8) | (Rgba8, Rgba8) => return image,
    }
    Image::new(image.width, image.height, format, to)
}

/// Of the formats that a transform accepts, the one that loses least of a picture in `from`; its
/// own if accepted.
pub(crate) fn nearest(from: PixelFormat, accepted: &[PixelFormat]) -> Option<PixelFormat> {
    use PixelFormat::{Gray8, Rgb8, Rgba8};
    let preference = match from {
        Gray8 => [Gray8, Rgb8, Rgba8],
        Rgb8 => [Rgb8, Rgba8, Gray8],
        Rgba8 => [Rgba8, Rgb8, Gray8],
    };
    preference.into_iter().find(|format| accepted.contains(format))
}

/// Maps every pixel of `from` and appends the results. Works in blocks, so that the buffer's length
/// is touched once for many pixels.
fn each<const N: usize, const M: usize>(from: &[u8], to: &mut Vec<u8>, map: impl Fn([u8; N]) -> [u8; M]) {
    const BLOCK: usize = 64;
    let (pixels, _) = from.as_chunks::<N>();
    let mut made = [[0; M]; BLOCK];
    for block in pixels.chunks(BLOCK) {
        for (made, pixel) in made.iter_mut().zip(block) {
            *made = map(*pixel);
        }
        to.extend_from_slice(made[..block.len()].as_flattened());
    }
}

/// BT.709 luma. The weights are in 1/65536 and sum up to 65536.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    let sum = 13_933 * u32::from(r) + 46_871 * u32::from(g) + 4_732 * u32::from(b);
    ((sum + 32_768) >> 16) as u8
}

/// `value` with opacity `alpha` in front of white, rounded to nearest.
fn over_white(value: u8, alpha: u8) -> u8 {
    let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127;
    (sum / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: PixelFormat, pixel: &[u8], to: PixelFormat, expected: &[u8]) {
        // 65 pixels: one more than a block.
        let image = Image::new(65, 1, from, pixel.repeat(65));
        assert_eq!(to_format(image, to).pixels, expected.repeat(65), "{from:?} to {to:?}");
    }

    #[test]
    fn formats_convert_by_the_stated_formulas() {
        use PixelFormat::{Gray8, Rgb8, Rgba8};
        check(Gray8, &[7], Rgb8, &[7, 7, 7]);
        check(Gray8, &[7], Rgba8, &[7, 7, 7, 255]);
        check(Rgb8, &[1, 2, 3], Rgba8, &[1, 2, 3, 255]);
        check(Rgb8, &[255, 255, 255], Gray8, &[255]);
        check(Rgb8, &[255, 0, 0], Gray8, &[54]); // 54.2
        check(Rgb8, &[0, 255, 0], Gray8, &[182]); // 182.4
        check(Rgb8, &[0, 0, 255], Gray8, &[18]); // 18.4
        check(Rgba8, &[9, 8, 7, 255], Rgb8, &[9, 8, 7]);
        check(Rgba8, &[9, 8, 7, 0], Rgb8, &[255, 255, 255]);
        check(Rgba8, &[0, 0, 0, 51], Rgb8, &[204, 204, 204]); // 255 * 0.8
        check(Rgba8, &[0, 0, 0, 51], Gray8, &[204]);
    }

    #[test]
    fn the_accepted_format_that_loses_least_is_chosen() {
        use PixelFormat::{Gray8, Rgb8, Rgba8};
        assert_eq!(nearest(Gray8, &[Rgba8, Rgb8]), Some(Rgb8));
        assert_eq!(nearest(Rgb8, &[Gray8, Rgba8]), Some(Rgba8));
        assert_eq!(nearest(Rgba8, &[Gray8, Rgb8]), Some(Rgb8));
        assert_eq!(nearest(Rgba8, &[]), None);
    }
}
