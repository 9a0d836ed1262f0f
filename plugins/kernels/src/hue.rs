//! Colours by hue: HSL, HSV, and the perceptual space Oklab.

/// Hue 0..1, saturation 0..1, lightness 0..1 of red, green and blue in 0..1.
pub fn to_hsl([r, g, b]: [f32; 3]) -> [f32; 3] {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let (sum, chroma) = (high + low, high - low);
    let saturation = if chroma == 0.0 { 0.0 } else { chroma / (1.0 - (sum - 1.0).abs()).max(f32::MIN_POSITIVE) };
    [hue([r, g, b], high, chroma), saturation.min(1.0), sum / 2.0]
}

/// The inverse of [`to_hsl`]; hue wraps around.
pub fn from_hsl([hue, saturation, lightness]: [f32; 3]) -> [f32; 3] {
    let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
    let low = lightness - chroma / 2.0;
    wheel(hue, chroma).map(|value| value + low)
}

/// Hue 0..1, saturation 0..1, value 0..1 of red, green and blue in 0..1.
pub fn to_hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = high - low;
    [hue([r, g, b], high, chroma), if high == 0.0 { 0.0 } else { chroma / high }, high]
}

/// The inverse of [`to_hsv`]; hue wraps around.
pub fn from_hsv([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let chroma = value * saturation;
    wheel(hue, chroma).map(|part| part + value - chroma)
}

fn hue([r, g, b]: [f32; 3], high: f32, chroma: f32) -> f32 {
    if chroma == 0.0 {
        return 0.0;
    }
    let sixth = if high == r {
        (g - b) / chroma
    } else if high == g {
        (b - r) / chroma + 2.0
    } else {
        (r - g) / chroma + 4.0
    };
    (sixth / 6.0).rem_euclid(1.0)
}

/// The colour of a hue with its smallest part at 0 and its largest at `chroma`.
fn wheel(hue: f32, chroma: f32) -> [f32; 3] {
    let sixth = hue.rem_euclid(1.0) * 6.0;
    let part = |shift: f32| {
        let place = (sixth + shift) % 6.0;
        chroma * (1.0 - (place - 3.0).abs() + 1.0).clamp(0.0, 1.0)
    };
    // Distances from red, green and blue on the wheel.
    [part(3.0), part(1.0), part(5.0)]
}

/// Lightness, green-red and blue-yellow of an sRGB-encoded colour in 0..1: distances in this space are
/// about as large as they look.
///
/// Source: B. Ottosson, A perceptual color space for image processing, 2020.
pub fn to_oklab(srgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = srgb.map(linear);
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The inverse of [`to_oklab`], clamped to 0..1.
pub fn from_oklab([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(|value| encoded(value.clamp(0.0, 1.0)))
}

/// Linear light of an sRGB-encoded value in 0..1 (IEC 61966-2-1).
pub fn linear(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The inverse of [`linear`].
pub fn encoded(value: f32) -> f32 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

/// Replaces every colour by what `map` makes of it, red, green and blue in 0..1; alpha stays. Results are
/// rounded to nearest and clamped.
///
/// A colour that follows its like is not computed again.
///
/// # Panics
/// When `channels` is not 3 or 4.
pub fn map_colors(pixels: &mut [u8], channels: usize, map: impl FnMut([f32; 3]) -> [f32; 3]) {
    match channels {
        3 => map_pixels::<3>(pixels, map),
        4 => map_pixels::<4>(pixels, map),
        _ => panic!("{channels} channels"),
    }
}

fn map_pixels<const N: usize>(pixels: &mut [u8], mut map: impl FnMut([f32; 3]) -> [f32; 3]) {
    let byte = |value: f32| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    let (mut last, mut made) = (None, [0; 3]);
    for pixel in pixels.as_chunks_mut::<N>().0 {
        let color = [pixel[0], pixel[1], pixel[2]];
        if last != Some(color) {
            made = map(color.map(|value| f32::from(value) / 255.0)).map(byte);
            last = Some(color);
        }
        pixel[..3].copy_from_slice(&made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_are_their_own_inverses() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(17) {
                for b in (0..=255).step_by(51) {
                    let color = [r, g, b].map(|value: i32| value as f32 / 255.0);
                    for back in [from_hsl(to_hsl(color)), from_hsv(to_hsv(color)), from_oklab(to_oklab(color))] {
                        for (made, exact) in back.iter().zip(color) {
                            assert!((made - exact).abs() < 0.001, "{color:?} {back:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn known_colours_have_known_places() {
        let close = |made: [f32; 3], exact: [f32; 3]| {
            assert!(made.iter().zip(exact).all(|(a, b)| (a - b).abs() < 0.001), "{made:?} {exact:?}");
        };
        close(to_hsl([1.0, 0.5, 0.0]), [30.0 / 360.0, 1.0, 0.5]);
        close(to_hsl([0.25, 0.25, 0.75]), [240.0 / 360.0, 0.5, 0.5]);
        close(to_hsv([0.0, 0.5, 0.5]), [0.5, 1.0, 0.5]);
        // White and red as the source's author gives them.
        close(to_oklab([1.0; 3]), [1.0, 0.0, 0.0]);
        close(to_oklab([1.0, 0.0, 0.0]), [0.628, 0.225, 0.126]);
    }

    #[test]
    fn alpha_is_left_alone() {
        let mut pixels = [10, 20, 30, 40, 10, 20, 30, 50];
        map_colors(&mut pixels, 4, |color| color.map(|value| 1.0 - value));
        assert_eq!(pixels, [245, 235, 225, 40, 245, 235, 225, 50]);
    }
}
