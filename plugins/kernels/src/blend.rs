//! A row of pixels laid over another one: Porter-Duff operators and blend modes.

use crate::blend_modes::{Colours, LANES, mixed};

/// How the colours and the alpha of a picture that is laid over another one join with it.
///
/// The first thirteen are the operators of Porter and Duff, "Compositing digital images" (SIGGRAPH 1984), as
/// the W3C's Compositing and Blending Level 1, section 9.1 lists them. The modes after them blend the
/// colours where both pictures are and join by `Over` (section 5): those up to `Luminosity` as in sections
/// 10.1 and 10.2, the rest as ImageMagick's operators of the same names. The last four replace one
/// channel. Formulas stand in `blend_modes.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the standards")]
pub enum Blend {
    Clear,
    Src,
    Dst,
    Over,
    DstOver,
    In,
    DstIn,
    Out,
    DstOut,
    Atop,
    DstAtop,
    Xor,
    Plus,
    Multiply,
    Screen,
    Overlay,
    Darken,
    Lighten,
    ColorDodge,
    ColorBurn,
    HardLight,
    SoftLight,
    Difference,
    Exclusion,
    Hue,
    Saturation,
    Color,
    Luminosity,
    LinearDodge,
    LinearBurn,
    LinearLight,
    VividLight,
    PinLight,
    HardMix,
    PegtopLight,
    MinusSrc,
    MinusDst,
    DivideSrc,
    DivideDst,
    ModulusAdd,
    ModulusSubtract,
    DarkenIntensity,
    LightenIntensity,
    Bumpmap,
    CopyAlpha,
    CopyRed,
    CopyGreen,
    CopyBlue,
}

impl Blend {
    /// Whether an opaque picture stays opaque, whatever is laid over it.
    pub const fn keeps_opaque(self) -> bool {
        use Blend::{Clear, CopyAlpha, DstAtop, DstIn, DstOut, In, Out, Src, Xor};
        !matches!(self, Clear | Src | In | DstIn | Out | DstOut | DstAtop | Xor | CopyAlpha)
    }

    /// Whether the picture vanishes where nothing is laid over it.
    pub const fn clears_outside(self) -> bool {
        use Blend::{Clear, DstAtop, DstIn, In, Out, Src};
        matches!(self, Clear | Src | In | DstIn | Out | DstAtop)
    }

    /// Whether two gray pictures may give a coloured one.
    pub const fn colours_gray(self) -> bool {
        matches!(self, Blend::CopyRed | Blend::CopyGreen | Blend::CopyBlue)
    }

    /// The shares of the source and of the backdrop: `a + b * alpha` of the other one each.
    const fn shares(self) -> [(f32, f32); 2] {
        const ALL: (f32, f32) = (1.0, 0.0);
        const NONE: (f32, f32) = (0.0, 0.0);
        const INSIDE: (f32, f32) = (0.0, 1.0);
        const OUTSIDE: (f32, f32) = (1.0, -1.0);
        match self {
            Blend::Clear => [NONE, NONE],
            Blend::Src => [ALL, NONE],
            Blend::Dst => [NONE, ALL],
            Blend::DstOver => [OUTSIDE, ALL],
            Blend::In => [INSIDE, NONE],
            Blend::DstIn => [NONE, INSIDE],
            Blend::Out => [OUTSIDE, NONE],
            Blend::DstOut => [NONE, OUTSIDE],
            Blend::Atop => [INSIDE, OUTSIDE],
            Blend::DstAtop => [OUTSIDE, INSIDE],
            Blend::Xor => [OUTSIDE, OUTSIDE],
            Blend::Plus => [ALL, ALL],
            _ => [ALL, OUTSIDE],
        }
    }
}

/// Lays `source`, with its alpha multiplied by `opacity`, over `backdrop`, in place.
///
/// Shape: RGBA, straight alpha. Both rows have the same length.
/// Range: `opacity` from 0 to 1.
/// Formula: with the shares `Fs`, `Fb` of the operator, `alpha = as Fs + ab Fb` and
/// `colour = (as Fs ((1 - ab) Cs + ab B(Cb, Cs)) + ab Fb Cb) / alpha`, where `B(Cb, Cs) = Cs` for Porter-Duff
/// operators. Pixels whose alpha becomes 0 are all 0.
/// Rounding: to nearest, once, at the end: within 0.502 of a level of the exact result.
///
/// # Panics
/// When the lengths differ.
pub(crate) fn blend_row(backdrop: &mut [[u8; 4]], source: &[[u8; 4]], blend: Blend, opacity: f64) {
    assert_eq!(backdrop.len(), source.len(), "pixels of the rows");
    match blend {
        Blend::Dst => return,
        Blend::CopyAlpha => return replace::<3>(backdrop, source, opacity),
        Blend::CopyRed => return replace::<0>(backdrop, source, opacity),
        Blend::CopyGreen => return replace::<1>(backdrop, source, opacity),
        Blend::CopyBlue => return replace::<2>(backdrop, source, opacity),
        _ => {}
    }
    let (blocks, rest) = backdrop.as_chunks_mut::<LANES>();
    let (source_blocks, source_rest) = source.as_chunks::<LANES>();
    for (block, source) in blocks.iter_mut().zip(source_blocks) {
        blend_block(block, source, blend, opacity);
    }
    if !rest.is_empty() {
        let (mut block, mut source) = ([[0; 4]; LANES], [[0; 4]; LANES]);
        block[..rest.len()].copy_from_slice(rest);
        source[..rest.len()].copy_from_slice(source_rest);
        blend_block(&mut block, &source, blend, opacity);
        rest.copy_from_slice(&block[..rest.len()]);
    }
}

/// Moves one channel by `opacity` of the way to that of the source; the alpha of the source does not count.
fn replace<const CHANNEL: usize>(backdrop: &mut [[u8; 4]], source: &[[u8; 4]], opacity: f64) {
    let weight = (opacity * 65_536.0).round() as u32;
    for (to, from) in backdrop.iter_mut().zip(source) {
        to[CHANNEL] = between(to[CHANNEL], from[CHANNEL], weight);
    }
}

/// The value `weight / 65536` of the way from one to another, rounded to nearest.
#[inline(always)]
fn between(from: u8, to: u8, weight: u32) -> u8 {
    ((u32::from(from) * (65_536 - weight) + u32::from(to) * weight + 32_768) >> 16) as u8
}

#[inline(always)]
fn blend_block(backdrop: &mut [[u8; 4]; LANES], source: &[[u8; 4]; LANES], blend: Blend, opacity: f64) {
    if blend == Blend::Over {
        let all = |pixels: &[[u8; 4]; LANES]| pixels.iter().fold(255, |all, pixel| all & pixel[3]);
        let any = source.iter().fold(0, |any, pixel| any | pixel[3]);
        if any == 0 {
            return backdrop.iter_mut().for_each(|pixel| *pixel = if pixel[3] == 0 { [0; 4] } else { *pixel });
        }
        if opacity >= 1.0 && all(source) == 255 {
            *backdrop = *source;
            return;
        }
        if all(backdrop) == 255 {
            return over_opaque(backdrop, source, opacity);
        }
    }
    general(backdrop, source, blend, opacity as f32);
}

/// `Over` on opaque pixels, in whole numbers.
#[inline(always)]
fn over_opaque(backdrop: &mut [[u8; 4]; LANES], source: &[[u8; 4]; LANES], opacity: f64) {
    // Alpha 255 gives 65536 under full opacity: twelve more bits hold the quotient.
    let factor = (opacity * f64::from(1u32 << 28) / 255.0).round() as u32;
    for (to, from) in backdrop.iter_mut().zip(source) {
        let weight = (u32::from(from[3]) * factor + (1 << 11)) >> 12;
        for channel in 0..3 {
            to[channel] = between(to[channel], from[channel], weight);
        }
    }
}

/// Colours and alpha from 0 to 1, plane by plane.
#[inline(always)]
fn planes(pixels: &[[u8; 4]; LANES]) -> (Colours, [f32; LANES]) {
    let plane = |channel: usize| std::array::from_fn(|lane| f32::from(pixels[lane][channel]) / 255.0);
    ([plane(0), plane(1), plane(2)], plane(3))
}

#[inline(never)]
fn general(backdrop: &mut [[u8; 4]; LANES], source: &[[u8; 4]; LANES], blend: Blend, opacity: f32) {
    let (under, under_alpha) = planes(backdrop);
    let (over, mut over_alpha) = planes(source);
    over_alpha.iter_mut().for_each(|alpha| *alpha *= opacity);
    let [of_source, of_backdrop] = blend.shares();

    let mut alpha = [0.0f32; LANES];
    let mut source_share = [0.0f32; LANES];
    let mut backdrop_share = [0.0f32; LANES];
    for lane in 0..LANES {
        source_share[lane] = over_alpha[lane] * (of_source.0 + of_source.1 * under_alpha[lane]);
        backdrop_share[lane] = under_alpha[lane] * (of_backdrop.0 + of_backdrop.1 * over_alpha[lane]);
        alpha[lane] = (source_share[lane] + backdrop_share[lane]).min(1.0);
    }
    let blended = mixed(blend, &under, &over);
    let mut made = [[0u8; LANES]; 4];
    for channel in 0..3 {
        for lane in 0..LANES {
            let source = match &blended {
                Some(mixed) => over[channel][lane] + under_alpha[lane] * (mixed[channel][lane] - over[channel][lane]),
                None => over[channel][lane],
            };
            let sum = source_share[lane] * source + backdrop_share[lane] * under[channel][lane];
            // The sum is at most about alpha; where that is nothing, so is the sum.
            made[channel][lane] = level(sum / alpha[lane].max(1e-9));
        }
    }
    for lane in 0..LANES {
        made[3][lane] = level(alpha[lane]);
    }
    for (lane, pixel) in backdrop.iter_mut().enumerate() {
        let shown = if made[3][lane] == 0 { 0 } else { 255 };
        *pixel = [made[0][lane] & shown, made[1][lane] & shown, made[2][lane] & shown, made[3][lane]];
    }
}

/// A value from 0 to 1 as a byte, rounded to nearest.
#[inline(always)]
fn level(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as i32 as u8
}

#[cfg(test)]
mod tests;
