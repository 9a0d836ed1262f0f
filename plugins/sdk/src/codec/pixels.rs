//! From what rasterisers make to what the contract wants.

use crate::{Image, PixelFormat};

/// A picture from packed RGBA pixels whose colours were multiplied by their alpha: straight alpha, and none
/// at all where every pixel is opaque.
///
/// **Rounding**: to nearest. A pixel of alpha 0 becomes transparent black. **Cost**: two passes in place.
pub fn from_premultiplied(width: u32, height: u32, mut pixels: Vec<u8>) -> Image {
    let is_opaque = pixels.as_chunks::<4>().0.iter().fold(255, |all, pixel| all & pixel[3]) == 255;
    if is_opaque {
        let count = pixels.len() / 4;
        for index in 1..count {
            pixels.copy_within(4 * index..4 * index + 3, 3 * index);
        }
        pixels.truncate(3 * count);
        return Image::new(width, height, PixelFormat::Rgb8, pixels);
    }
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let alpha = u32::from(pixel[3]);
        if alpha != 0 && alpha != 255 {
            for channel in &mut pixel[..3] {
                *channel = ((u32::from(*channel) * 255 + alpha / 2) / alpha).min(255) as u8;
            }
        }
    }
    Image::new(width, height, PixelFormat::Rgba8, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_taken_out_of_colours_or_dropped() {
        let image = from_premultiplied(2, 1, vec![64, 0, 127, 128, 9, 8, 7, 255]);
        assert_eq!((image.format, image.pixels), (PixelFormat::Rgba8, vec![128, 0, 253, 128, 9, 8, 7, 255]));
        let image = from_premultiplied(2, 1, vec![1, 2, 3, 255, 4, 5, 6, 255]);
        assert_eq!((image.format, image.pixels), (PixelFormat::Rgb8, vec![1, 2, 3, 4, 5, 6]));
    }
}
