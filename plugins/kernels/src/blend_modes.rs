//! The formulas of blend modes, on values from 0 to 1, a block of pixels at a time.

use crate::blend::Blend;

/// Pixels of a block.
pub(crate) const LANES: usize = 16;

/// Red, green and blue of a block of pixels.
pub(crate) type Colours = [[f32; LANES]; 3];

/// The blended colours `B(Cb, Cs)` of backdrop `b` and source `s`; none for operators that take the
/// source's as they are.
///
/// Source: W3C Compositing and Blending Level 1, sections 10.1 (separable) and 10.2 (non-separable); for the
/// others ImageMagick's "Compose Tables" on opaque pixels. Where a formula divides by 0, the limit counts.
#[inline(always)]
pub(crate) fn mixed(blend: Blend, b: &Colours, s: &Colours) -> Option<Colours> {
    Some(match blend {
        Blend::Multiply => each(b, s, |b, s| b * s),
        Blend::Screen => each(b, s, screen),
        Blend::Overlay => each(b, s, |b, s| hard_light(s, b)),
        Blend::Darken => each(b, s, f32::min),
        Blend::Lighten => each(b, s, f32::max),
        Blend::ColorDodge => each(b, s, color_dodge),
        Blend::ColorBurn => each(b, s, color_burn),
        Blend::HardLight => each(b, s, hard_light),
        Blend::SoftLight => each(b, s, soft_light),
        Blend::Difference => each(b, s, |b, s| (b - s).abs()),
        Blend::Exclusion => each(b, s, |b, s| b + s - 2.0 * b * s),
        Blend::LinearDodge => each(b, s, |b, s| (b + s).min(1.0)),
        Blend::LinearBurn => each(b, s, |b, s| (b + s - 1.0).max(0.0)),
        Blend::LinearLight => each(b, s, |b, s| (b + 2.0 * s - 1.0).clamp(0.0, 1.0)),
        Blend::VividLight => {
            each(b, s, |b, s| if s <= 0.5 { color_burn(b, 2.0 * s) } else { color_dodge(b, 2.0 * s - 1.0) })
        }
        Blend::PinLight => each(b, s, |b, s| b.clamp((2.0 * s - 1.0).max(0.0), (2.0 * s).min(1.0))),
        // In levels, as the sum of two quotients may miss 1 by a rounding.
        Blend::HardMix => each(b, s, |b, s| if (b + s) * 255.0 > 254.5 { 1.0 } else { 0.0 }),
        Blend::PegtopLight => each(b, s, |b, s| b * b * (1.0 - 2.0 * s) + 2.0 * b * s),
        Blend::MinusSrc => each(b, s, |b, s| (b - s).max(0.0)),
        Blend::MinusDst => each(b, s, |b, s| (s - b).max(0.0)),
        Blend::DivideSrc => each(b, s, quotient),
        Blend::DivideDst => each(b, s, |b, s| quotient(s, b)),
        Blend::ModulusAdd => each(b, s, |b, s| b + s - if (b + s) * 255.0 > 255.5 { 1.0 } else { 0.0 }),
        Blend::ModulusSubtract => each(b, s, |b, s| s - b + if s < b { 1.0 } else { 0.0 }),
        Blend::Bumpmap => {
            let luma = intensity(s);
            std::array::from_fn(|channel| std::array::from_fn(|lane| b[channel][lane] * luma[lane]))
        }
        Blend::DarkenIntensity => by_intensity(b, s, |b, s| s < b),
        Blend::LightenIntensity => by_intensity(b, s, |b, s| s > b),
        Blend::Hue => pixels(b, s, |b, s| with_luminosity(with_saturation(s, saturation(b)), luminosity(b))),
        Blend::Saturation => pixels(b, s, |b, s| with_luminosity(with_saturation(b, saturation(s)), luminosity(b))),
        Blend::Color => pixels(b, s, |b, s| with_luminosity(s, luminosity(b))),
        Blend::Luminosity => pixels(b, s, |b, s| with_luminosity(b, luminosity(s))),
        _ => return None,
    })
}

/// A mode that treats every channel by itself.
#[inline(always)]
fn each(b: &Colours, s: &Colours, mode: impl Fn(f32, f32) -> f32) -> Colours {
    let mut made = [[0.0; LANES]; 3];
    for channel in 0..3 {
        for lane in 0..LANES {
            made[channel][lane] = mode(b[channel][lane], s[channel][lane]);
        }
    }
    made
}

/// A mode that needs all channels of a pixel.
#[inline(always)]
fn pixels(b: &Colours, s: &Colours, mode: impl Fn([f32; 3], [f32; 3]) -> [f32; 3]) -> Colours {
    let mut made = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        let pixel = mode([b[0][lane], b[1][lane], b[2][lane]], [s[0][lane], s[1][lane], s[2][lane]]);
        for channel in 0..3 {
            made[channel][lane] = pixel[channel];
        }
    }
    made
}

/// The source's pixel where its intensity is as asked against the backdrop's, else the backdrop's.
#[inline(always)]
fn by_intensity(b: &Colours, s: &Colours, takes_source: impl Fn(f32, f32) -> bool) -> Colours {
    let (under, over) = (intensity(b), intensity(s));
    std::array::from_fn(|channel| {
        std::array::from_fn(|lane| if takes_source(under[lane], over[lane]) { s } else { b }[channel][lane])
    })
}

/// BT.709 luma, which ImageMagick calls intensity.
#[inline(always)]
fn intensity(colours: &Colours) -> [f32; LANES] {
    std::array::from_fn(|lane| 0.2126 * colours[0][lane] + 0.7152 * colours[1][lane] + 0.0722 * colours[2][lane])
}

#[inline(always)]
fn screen(b: f32, s: f32) -> f32 {
    b + s - b * s
}

#[inline(always)]
fn hard_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 { b * 2.0 * s } else { screen(b, 2.0 * s - 1.0) }
}

#[inline(always)]
fn soft_light(b: f32, s: f32) -> f32 {
    let curve = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
    if s <= 0.5 { b - (1.0 - 2.0 * s) * b * (1.0 - b) } else { b + (2.0 * s - 1.0) * (curve - b) }
}

#[inline(always)]
fn color_dodge(b: f32, s: f32) -> f32 {
    quotient(b, 1.0 - s)
}

#[inline(always)]
fn color_burn(b: f32, s: f32) -> f32 {
    1.0 - quotient(1.0 - b, s)
}

/// At most 1; nothing of nothing is nothing.
#[inline(always)]
fn quotient(above: f32, below: f32) -> f32 {
    if above <= 0.0 { 0.0 } else { (above / below.max(1e-9)).min(1.0) }
}

/// The luminosity of section 10.2, which has weights of its own.
#[inline(always)]
fn luminosity([red, green, blue]: [f32; 3]) -> f32 {
    0.3 * red + 0.59 * green + 0.11 * blue
}

#[inline(always)]
fn least(colour: [f32; 3]) -> f32 {
    colour[0].min(colour[1]).min(colour[2])
}

#[inline(always)]
fn greatest(colour: [f32; 3]) -> f32 {
    colour[0].max(colour[1]).max(colour[2])
}

#[inline(always)]
fn saturation(colour: [f32; 3]) -> f32 {
    greatest(colour) - least(colour)
}

/// `SetLum` and `ClipColor`: shifted to a luminosity, then drawn towards it where out of range.
#[inline(always)]
fn with_luminosity(colour: [f32; 3], target: f32) -> [f32; 3] {
    let shift = target - luminosity(colour);
    let mut colour = colour.map(|value| value + shift);
    let (low, high) = (least(colour), greatest(colour));
    if low < 0.0 {
        colour = colour.map(|value| target + (value - target) * target / (target - low).max(1e-9));
    }
    if high > 1.0 {
        colour = colour.map(|value| target + (value - target) * (1.0 - target) / (high - target).max(1e-9));
    }
    colour
}

/// `SetSat`: the least channel becomes 0, the greatest the saturation, and the middle one in proportion.
#[inline(always)]
fn with_saturation(colour: [f32; 3], target: f32) -> [f32; 3] {
    let (low, range) = (least(colour), saturation(colour));
    if range <= 0.0 {
        return [0.0; 3];
    }
    colour.map(|value| (value - low) * target / range)
}
