//! Straight and premultiplied alpha.

/// Whether any pixel of an RGBA buffer is not opaque.
///
/// Cost: one pass of reading at most; ends at the first block that has such a pixel.
pub fn has_transparency(rgba: &[u8]) -> bool {
    const BLOCK: usize = 256;
    let blocks = rgba.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    let all = |block: &[u8]| {
        let (pixels, _) = block.as_chunks::<4>();
        pixels.iter().fold(u32::MAX, |all, pixel| all & u32::from_le_bytes(*pixel)) >> 24
    };
    blocks.into_iter().any(|block| all(block) != 255) || all(rest) != 255
}

/// Multiplies the colours of an RGBA buffer by its alpha, rounded to nearest, in place.
///
/// Source: `(x + 128 + ((x + 128) >> 8)) >> 8` is `x / 255` rounded to nearest for all products of
/// two bytes (J. Blinn, "Three wrongs make a right", IEEE CG&A 15(6), 1995).
pub fn premultiply(rgba: &mut [u8]) {
    let (pixels, _) = rgba.as_chunks_mut::<4>();
    for pixel in pixels {
        let alpha = u16::from(pixel[3]);
        let scaled = |value: u8| {
            let product = u16::from(value) * alpha + 128;
            ((product + (product >> 8)) >> 8) as u8
        };
        *pixel = [scaled(pixel[0]), scaled(pixel[1]), scaled(pixel[2]), pixel[3]];
    }
}

/// Divides the colours of an RGBA buffer by its alpha, rounded to nearest, in place.
///
/// A colour above its alpha (which filters with negative weights make) becomes 255. Where alpha is 0
/// all channels become 0.
pub fn unpremultiply(rgba: &mut [u8]) {
    let (pixels, _) = rgba.as_chunks_mut::<4>();
    for pixel in pixels {
        let reciprocal = RECIPROCALS[pixel[3] as usize];
        let divided = |value: u8| ((u32::from(value) * reciprocal + (1 << 15)) >> 16).min(255) as u8;
        *pixel = [divided(pixel[0]), divided(pixel[1]), divided(pixel[2]), pixel[3]];
    }
}

/// 255 / alpha in 1/65536, rounded to nearest; 0 for alpha 0.
///
/// The product with a value of at most alpha is off by less than 255 / 2 / 65536 of a level, which
/// changes no rounding except at exact halves.
static RECIPROCALS: [u32; 256] = {
    let mut table = [0; 256];
    let mut alpha = 1;
    while alpha < 256 {
        table[alpha] = ((255 << 16) + alpha as u32 / 2) / alpha as u32;
        alpha += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premultiplying_rounds_the_exact_product_to_nearest() {
        for alpha in 0..=255u8 {
            for value in 0..=255u8 {
                let mut pixel = [value, 0, 255, alpha];
                premultiply(&mut pixel);
                let exact = f64::from(value) * f64::from(alpha) / 255.0;
                assert_eq!(f64::from(pixel[0]), exact.round(), "{value} at {alpha}");
                assert_eq!(pixel[1..], [0, alpha, alpha]);
            }
        }
    }

    #[test]
    fn unpremultiplying_gives_the_quotient() {
        for alpha in 1..=255u8 {
            for value in 0..=alpha {
                let mut pixel = [value, 255, 0, alpha];
                unpremultiply(&mut pixel);
                let exact = f64::from(value) * 255.0 / f64::from(alpha);
                assert!((f64::from(pixel[0]) - exact).abs() <= 0.502, "{value} at {alpha}: {}", pixel[0]);
                assert_eq!(pixel[1..], [255, 0, alpha]);
            }
        }
        let mut pixel = [9, 9, 9, 0];
        unpremultiply(&mut pixel);
        assert_eq!(pixel, [0, 0, 0, 0]);
    }

    #[test]
    fn opaque_pixels_survive_both_ways_unchanged() {
        let mut pixels: Vec<u8> = (0..=255).flat_map(|v| [v, 255 - v, v / 2, 255]).collect();
        let before = pixels.clone();
        premultiply(&mut pixels);
        unpremultiply(&mut pixels);
        assert_eq!(pixels, before);
    }

    #[test]
    fn transparency_is_found_wherever_it_is() {
        let opaque = vec![255; 4 * 131];
        assert!(!has_transparency(&opaque));
        assert!(!has_transparency(&[]));
        for pixel in [0, 63, 64, 127, 128, 130] {
            let mut pixels = opaque.clone();
            pixels[pixel * 4 + 3] = 254;
            assert!(has_transparency(&pixels), "pixel {pixel}");
        }
    }
}
