//! Colours of any profile to sRGB.
//!
//! Pixels are converted after they were reduced to 8 bits. A profile that cannot be read, or that
//! describes another kind of picture than it came with, is ignored: the pixels then count as sRGB,
//! as in browsers. PNG's gAMA and cHRM are not read.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransferCharacteristics,
    Transform8BitExecutor, TransformOptions,
};

use crate::{PixelFormat, Raster};

/// What became of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The pixels were sRGB before.
    AlreadySrgb,
    /// The pixels are sRGB now.
    Converted,
    /// The profile could not be used; the pixels are as they were.
    Ignored,
}

/// Converts pixels from an embedded profile to sRGB, in place. Alpha is kept.
pub(crate) fn to_srgb<'a>(rasters: impl Iterator<Item = &'a mut Raster>, icc: &[u8]) -> Outcome {
    match parse(icc) {
        Some(profile) => to_srgb_from(rasters, &profile),
        None => Outcome::Ignored,
    }
}

/// As [`to_srgb`], from a profile in memory.
pub(crate) fn to_srgb_from<'a>(rasters: impl Iterator<Item = &'a mut Raster>, profile: &ColorProfile) -> Outcome {
    let Some(conversion) = Conversion::new(profile) else {
        return Outcome::Ignored;
    };
    if conversion.changes_nothing() {
        return Outcome::AlreadySrgb;
    }
    let mut outcome = Outcome::Converted;
    for raster in rasters {
        if !conversion.run(raster) {
            outcome = Outcome::Ignored;
        }
    }
    outcome
}

/// The colour space that two numbers of ITU-T H.273 name; none where it is sRGB or not told.
///
/// The transfer of BT.709 and its kin counts as that of sRGB, as in browsers.
pub(crate) fn from_numbers(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    const SRGB: u8 = 13;
    let transfer = if matches!(transfer, 0 | 1 | 2 | 3 | 6 | 14 | 15) { SRGB } else { transfer };
    let primaries = if matches!(primaries, 0 | 2 | 3) { 1 } else { primaries };
    if (primaries, transfer) == (1, SRGB) {
        return None;
    }
    Some(ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    }))
}

/// CMYK (0 is no ink) to RGB: by its profile when there is a usable one, else by the plain product
/// of what each ink lets through, `(255 - c) * (255 - k) / 255`.
pub(crate) fn cmyk_to_rgb(cmyk: &[u8], icc: Option<&[u8]>) -> Vec<u8> {
    let mut rgb = vec![0; cmyk.len() / 4 * 3];
    let profile = icc.and_then(parse).filter(|profile| profile.color_space == DataColorSpace::Cmyk);
    // moxcms names four channels of 8 bits `Rgba`, whatever they mean.
    let executor = profile.and_then(|profile| executor(&profile, Layout::Rgba, Layout::Rgb));
    if let Some(executor) = executor
        && executor.transform(cmyk, &mut rgb).is_ok()
    {
        return rgb;
    }
    for (&[c, m, y, k], to) in cmyk.as_chunks::<4>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
        let light = |ink: u8| ((u32::from(255 - ink) * u32::from(255 - k) + 127) / 255) as u8;
        *to = [light(c), light(m), light(y)];
    }
    rgb
}

/// Pixels converted at a time: small enough for the second-level cache.
const RUN: usize = 16_384;

struct Conversion {
    /// RGB to RGB; none for a grey profile.
    rgb: Option<std::sync::Arc<Transform8BitExecutor>>,
    rgba: Option<std::sync::Arc<Transform8BitExecutor>>,
    /// What each grey value becomes.
    gray: Vec<u8>,
}

impl Conversion {
    fn new(profile: &ColorProfile) -> Option<Conversion> {
        let ramp: Vec<u8> = (0..=255).collect();
        let mut gray = vec![0; 256];
        match profile.color_space {
            DataColorSpace::Gray => {
                let mut rgb = vec![0; 768];
                executor(profile, Layout::Gray, Layout::Rgb)?.transform(&ramp, &mut rgb).ok()?;
                for (to, [_, green, _]) in gray.iter_mut().zip(rgb.as_chunks::<3>().0) {
                    *to = *green;
                }
                Some(Conversion { rgb: None, rgba: None, gray })
            }
            DataColorSpace::Rgb => {
                let rgb = executor(profile, Layout::Rgb, Layout::Rgb)?;
                let rgba = executor(profile, Layout::Rgba, Layout::Rgba)?;
                let neutral: Vec<u8> = ramp.iter().flat_map(|&value| [value; 3]).collect();
                let mut out = vec![0; 768];
                rgb.transform(&neutral, &mut out).ok()?;
                for (to, [_, green, _]) in gray.iter_mut().zip(out.as_chunks::<3>().0) {
                    *to = *green;
                }
                Some(Conversion { rgb: Some(rgb), rgba: Some(rgba), gray })
            }
            _ => None,
        }
    }

    /// True when no colour moves by more than one step, tried on a lattice of 6 x 6 x 6 colours and
    /// all greys: then the profile is sRGB in other words, and the pixels are better left alone.
    fn changes_nothing(&self) -> bool {
        let grays_stay = (0..=255_u8).zip(&self.gray).all(|(from, to)| from.abs_diff(*to) <= 1);
        let Some(rgb) = &self.rgb else {
            return grays_stay;
        };
        let mut lattice = Vec::with_capacity(6 * 6 * 6 * 3);
        for index in 0..216_u32 {
            lattice.extend([index / 36, index / 6 % 6, index % 6].map(|step| (step * 51) as u8));
        }
        let mut out = vec![0; lattice.len()];
        grays_stay
            && rgb.transform(&lattice, &mut out).is_ok()
            && lattice.iter().zip(&out).all(|(from, to)| from.abs_diff(*to) <= 1)
    }

    /// False when the raster is of another kind than the profile.
    fn run(&self, raster: &mut Raster) -> bool {
        let executor = match raster.format() {
            PixelFormat::Gray8 => {
                raster.pixels_mut().iter_mut().for_each(|value| {
                    *value = self.gray[usize::from(*value)];
                });
                return true;
            }
            PixelFormat::Rgb8 => &self.rgb,
            PixelFormat::Rgba8 => &self.rgba,
        };
        let Some(executor) = executor else {
            return false;
        };
        let mut from = Vec::new();
        let bytes = RUN * raster.format().bytes_per_pixel();
        for run in raster.pixels_mut().chunks_mut(bytes) {
            from.clear();
            from.extend_from_slice(run);
            if executor.transform(&from, run).is_err() {
                return false;
            }
        }
        true
    }
}

fn parse(icc: &[u8]) -> Option<ColorProfile> {
    // The parser meets untrusted bytes; a panic there must not cost more than the profile.
    std::panic::catch_unwind(|| ColorProfile::new_from_slice(icc).ok()).ok().flatten()
}

fn executor(profile: &ColorProfile, from: Layout, to: Layout) -> Option<std::sync::Arc<Transform8BitExecutor>> {
    let make = || {
        let srgb = ColorProfile::new_srgb();
        profile.create_transform_8bit(from, &srgb, to, TransformOptions::default()).ok()
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).ok().flatten()
}
