//! Every operator and mode against the formulas of the standard, written out again in f64.

use super::*;

/// The shares of source and backdrop, from the alpha of both.
type Shares = fn(f64, f64) -> (f64, f64);

/// A mode's colour, from backdrop and source.
type Mix = fn(f64, f64) -> f64;

const PORTER_DUFF: [(Blend, Shares); 13] = [
    (Blend::Clear, |_, _| (0.0, 0.0)),
    (Blend::Src, |_, _| (1.0, 0.0)),
    (Blend::Dst, |_, _| (0.0, 1.0)),
    (Blend::Over, |s, _| (1.0, 1.0 - s)),
    (Blend::DstOver, |_, b| (1.0 - b, 1.0)),
    (Blend::In, |_, b| (b, 0.0)),
    (Blend::DstIn, |s, _| (0.0, s)),
    (Blend::Out, |_, b| (1.0 - b, 0.0)),
    (Blend::DstOut, |s, _| (0.0, 1.0 - s)),
    (Blend::Atop, |s, b| (b, 1.0 - s)),
    (Blend::DstAtop, |s, b| (1.0 - b, s)),
    (Blend::Xor, |s, b| (1.0 - b, 1.0 - s)),
    (Blend::Plus, |_, _| (1.0, 1.0)),
];

const SEPARABLE: [(Blend, Mix); 24] = [
    (Blend::Multiply, |b, s| b * s),
    (Blend::Screen, |b, s| 1.0 - (1.0 - b) * (1.0 - s)),
    (Blend::Overlay, |b, s| if b <= 0.5 { 2.0 * b * s } else { 1.0 - 2.0 * (1.0 - b) * (1.0 - s) }),
    (Blend::Darken, f64::min),
    (Blend::Lighten, f64::max),
    (Blend::ColorDodge, dodge),
    (Blend::ColorBurn, burn),
    (Blend::HardLight, |b, s| if s <= 0.5 { 2.0 * b * s } else { 1.0 - 2.0 * (1.0 - b) * (1.0 - s) }),
    (Blend::SoftLight, |b, s| match (s <= 0.5, b <= 0.25) {
        (true, _) => b - (1.0 - 2.0 * s) * b * (1.0 - b),
        (false, true) => b + (2.0 * s - 1.0) * (16.0 * b.powi(3) - 12.0 * b * b + 4.0 * b - b),
        (false, false) => b + (2.0 * s - 1.0) * (b.sqrt() - b),
    }),
    (Blend::Difference, |b, s| (b - s).abs()),
    (Blend::Exclusion, |b, s| b + s - 2.0 * b * s),
    (Blend::LinearDodge, |b, s| (b + s).min(1.0)),
    (Blend::LinearBurn, |b, s| (b + s - 1.0).max(0.0)),
    (Blend::LinearLight, |b, s| (b + 2.0 * s - 1.0).clamp(0.0, 1.0)),
    (Blend::VividLight, |b, s| if s <= 0.5 { burn(b, 2.0 * s) } else { dodge(b, 2.0 * s - 1.0) }),
    (Blend::PinLight, |b, s| {
        if b < 2.0 * s - 1.0 {
            2.0 * s - 1.0
        } else if b > 2.0 * s {
            2.0 * s
        } else {
            b
        }
    }),
    (Blend::HardMix, |b, s| if ((b + s) * 255.0).round() < 255.0 { 0.0 } else { 1.0 }),
    (Blend::PegtopLight, |b, s| 2.0 * b * s + b * b * (1.0 - 2.0 * s)),
    (Blend::MinusSrc, |b, s| (b - s).max(0.0)),
    (Blend::MinusDst, |b, s| (s - b).max(0.0)),
    (Blend::DivideSrc, over_or_full),
    (Blend::DivideDst, |b, s| over_or_full(s, b)),
    (Blend::ModulusAdd, |b, s| if ((b + s) * 255.0).round() > 255.0 { b + s - 1.0 } else { b + s }),
    (Blend::ModulusSubtract, |b, s| if s < b { s - b + 1.0 } else { s - b }),
];

fn dodge(b: f64, s: f64) -> f64 {
    if b == 0.0 {
        0.0
    } else if s == 1.0 {
        1.0
    } else {
        (b / (1.0 - s)).min(1.0)
    }
}

fn burn(b: f64, s: f64) -> f64 {
    if b == 1.0 {
        1.0
    } else if s == 0.0 {
        0.0
    } else {
        1.0 - ((1.0 - b) / s).min(1.0)
    }
}

fn over_or_full(above: f64, below: f64) -> f64 {
    match (above == 0.0, below == 0.0) {
        (true, _) => 0.0,
        (false, true) => 1.0,
        _ => (above / below).min(1.0),
    }
}

/// One pixel through `blend_row`, gray.
fn made(blend: Blend, backdrop: (u8, u8), source: (u8, u8), opacity: f64) -> (u8, u8) {
    let pixel = |(value, alpha)| [value, value, value, alpha];
    let mut row = [pixel(backdrop)];
    blend_row(&mut row, &[pixel(source)], blend, opacity);
    assert!(row[0][0] == row[0][1] && row[0][1] == row[0][2], "{blend:?}: gray became {row:?}");
    (row[0][0], row[0][3])
}

/// The standard's formula in f64: colour and alpha in levels; no colour where nothing is seen.
fn exact(
    shares: fn(f64, f64) -> (f64, f64),
    mix: fn(f64, f64) -> f64,
    backdrop: (u8, u8),
    source: (u8, u8),
    opacity: f64,
) -> (Option<f64>, f64) {
    let unit = |value: u8| f64::from(value) / 255.0;
    let (cb, ab, cs, alpha) = (unit(backdrop.0), unit(backdrop.1), unit(source.0), unit(source.1) * opacity);
    let (fs, fb) = shares(alpha, ab);
    let together = (alpha * fs + ab * fb).min(1.0);
    let colour = (alpha * fs * ((1.0 - ab) * cs + ab * mix(cb, cs)) + ab * fb * cb).min(1.0);
    let shown = (together * 255.0).round() > 0.0;
    (shown.then(|| (colour / together).min(1.0) * 255.0), together * 255.0)
}

#[track_caller]
fn check(blend: Blend, exact: (Option<f64>, f64), backdrop: (u8, u8), source: (u8, u8), opacity: f64) {
    let (colour, alpha) = made(blend, backdrop, source, opacity);
    let what = || format!("{blend:?}: {source:?} at {opacity} over {backdrop:?} is {colour}, {alpha}; exact {exact:?}");
    assert!((f64::from(alpha) - exact.1).abs() <= 0.502, "{}", what());
    match exact.0 {
        Some(exact) => assert!((f64::from(colour) - exact).abs() <= 0.502, "{}", what()),
        // At an exact half the alpha may round to 1; then there is a colour.
        None => assert!(colour == 0 || alpha == 1, "{}", what()),
    }
}

const ALPHAS: [u8; 9] = [0, 1, 2, 63, 127, 128, 200, 254, 255];
const VALUES: [u8; 12] = [0, 1, 2, 50, 63, 64, 127, 128, 129, 200, 254, 255];

fn each_pair(mut check: impl FnMut((u8, u8), (u8, u8))) {
    for backdrop_alpha in ALPHAS {
        for source_alpha in ALPHAS {
            for backdrop in VALUES {
                for source in VALUES {
                    check((backdrop, backdrop_alpha), (source, source_alpha));
                }
            }
        }
    }
}

#[test]
fn porter_duff_operators_are_their_formulas() {
    for (blend, shares) in PORTER_DUFF {
        for opacity in [1.0, 0.45, 0.0] {
            each_pair(|backdrop, source| {
                if blend != Blend::Dst {
                    let exact = exact(shares, |_, s| s, backdrop, source, opacity);
                    check(blend, exact, backdrop, source, opacity);
                }
            });
        }
    }
    assert_eq!(made(Blend::Dst, (7, 0), (9, 9), 1.0), (7, 0));
}

#[test]
fn separable_modes_are_their_formulas() {
    for (blend, mix) in SEPARABLE {
        for opacity in [1.0, 0.3] {
            each_pair(|backdrop, source| {
                let exact = exact(|s, _| (1.0, 1.0 - s), mix, backdrop, source, opacity);
                check(blend, exact, backdrop, source, opacity);
            });
        }
    }
}

#[test]
fn over_on_opaque_pixels_is_right_for_all_values() {
    for opacity in [1.0, 0.5, 0.123] {
        for alpha in 0..=255u8 {
            for source in VALUES {
                for backdrop in VALUES {
                    let (backdrop, source) = ((backdrop, 255), (source, alpha));
                    let exact = exact(|s, _| (1.0, 1.0 - s), |_, s| s, backdrop, source, opacity);
                    check(Blend::Over, exact, backdrop, source, opacity);
                }
            }
        }
    }
}

/// Section 10.2 of the standard, in f64.
fn non_separable(blend: Blend, b: [f64; 3], s: [f64; 3]) -> [f64; 3] {
    let lum = |c: [f64; 3]| 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2];
    let min = |c: [f64; 3]| c.into_iter().fold(f64::MAX, f64::min);
    let max = |c: [f64; 3]| c.into_iter().fold(f64::MIN, f64::max);
    let set_lum = |c: [f64; 3], l: f64| {
        let c = c.map(|value| value + l - lum(c));
        let (l, n, x) = (lum(c), min(c), max(c));
        let c = if n < 0.0 { c.map(|value| l + (value - l) * l / (l - n)) } else { c };
        if x > 1.0 { c.map(|value| l + (value - l) * (1.0 - l) / (x - l)) } else { c }
    };
    let sat = |c: [f64; 3]| max(c) - min(c);
    let set_sat = |c: [f64; 3], target: f64| {
        if sat(c) == 0.0 { [0.0; 3] } else { c.map(|value| (value - min(c)) / sat(c) * target) }
    };
    match blend {
        Blend::Hue => set_lum(set_sat(s, sat(b)), lum(b)),
        Blend::Saturation => set_lum(set_sat(b, sat(s)), lum(b)),
        Blend::Color => set_lum(s, lum(b)),
        Blend::Luminosity => set_lum(b, lum(s)),
        _ => panic!("{blend:?}"),
    }
}

#[test]
fn modes_of_whole_colours_are_their_formulas() {
    let steps = [0u8, 1, 90, 128, 254, 255];
    let colours: Vec<[u8; 3]> =
        steps.iter().flat_map(|r| steps.iter().flat_map(move |g| steps.map(|b| [*r, *g, b]))).collect();
    for blend in [Blend::Hue, Blend::Saturation, Blend::Color, Blend::Luminosity] {
        for source in &colours {
            let mut row: Vec<[u8; 4]> = colours.iter().map(|[r, g, b]| [*r, *g, *b, 255]).collect();
            blend_row(&mut row, &vec![[source[0], source[1], source[2], 255]; colours.len()], blend, 1.0);
            for (made, backdrop) in row.iter().zip(&colours) {
                let unit = |colour: &[u8; 3]| colour.map(|value| f64::from(value) / 255.0);
                let exact = non_separable(blend, unit(backdrop), unit(source));
                for channel in 0..3 {
                    let error = (f64::from(made[channel]) - exact[channel] * 255.0).abs();
                    assert!(error <= 0.51, "{blend:?} {source:?} over {backdrop:?}: {made:?}, {exact:?}");
                }
            }
        }
    }
}

#[test]
fn intensities_decide_for_whole_pixels() {
    let (dark, bright) = ([0, 0, 255, 255], [90, 90, 0, 255]);
    for (blend, expected) in [(Blend::DarkenIntensity, dark), (Blend::LightenIntensity, bright)] {
        for (under, over) in [(dark, bright), (bright, dark)] {
            let mut row = [under];
            blend_row(&mut row, &[over], blend, 1.0);
            assert_eq!(row, [expected], "{blend:?}");
        }
    }
    // 0.2126 * 60 + 0.7152 * 160 + 0.0722 * 30 = 129.354 of 255.
    let mut row = [[200, 100, 50, 255]];
    blend_row(&mut row, &[[60, 160, 30, 255]], Blend::Bumpmap, 1.0);
    assert_eq!(row, [[101, 51, 25, 255]]);
}

#[test]
fn single_channels_are_replaced() {
    let (under, over) = ([10, 20, 30, 40], [110, 120, 130, 140]);
    let cases = [(Blend::CopyRed, 0), (Blend::CopyGreen, 1), (Blend::CopyBlue, 2), (Blend::CopyAlpha, 3)];
    for (blend, channel) in cases {
        for (opacity, expected) in [(1.0, over[channel]), (0.25, under[channel] + 25), (0.0, under[channel])] {
            let mut row = [under; 19];
            blend_row(&mut row, &[over; 19], blend, opacity);
            let mut pixel = under;
            pixel[channel] = expected;
            assert_eq!(row, [pixel; 19], "{blend:?} {opacity}");
        }
    }
}

#[test]
fn what_is_said_of_operators_is_so() {
    let all = PORTER_DUFF.map(|(blend, _)| blend).into_iter().chain(SEPARABLE.map(|(blend, _)| blend));
    for blend in all.chain([Blend::Hue, Blend::Bumpmap, Blend::CopyAlpha, Blend::CopyRed]) {
        let stays_opaque = ALPHAS.iter().all(|alpha| {
            let mut row = [[9, 99, 200, 255]];
            blend_row(&mut row, &[[90, 0, 255, *alpha]], blend, 1.0);
            row[0][3] == 255
        });
        assert_eq!(blend.keeps_opaque(), stays_opaque, "{blend:?}");
        let mut row = [[9, 99, 200, 255]];
        blend_row(&mut row, &[[0; 4]], blend, 1.0);
        if !matches!(blend, Blend::CopyAlpha | Blend::CopyRed) {
            assert_eq!(blend.clears_outside(), row == [[0; 4]], "{blend:?}");
            assert!(blend.clears_outside() || row == [[9, 99, 200, 255]], "{blend:?} {row:?}");
        }
    }
}
