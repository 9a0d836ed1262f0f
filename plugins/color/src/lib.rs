//! The standard plugin `color`: transforms that change every pixel by itself.
//!
//! All formulas work on sRGB-encoded values, as the filter functions of CSS do (W3C Filter Effects
//! Module Level 1). Alpha stays as it is. Results are rounded to nearest and clamped to 0..255.

mod auto_brightness;
mod auto_color;
mod auto_contrast;
mod auto_enhance;
mod auto_gamma;
mod auto_level;
mod blackwhite;
mod blue_shift;
mod brightness;
mod channels;
mod color_blind;
mod colorize;
mod contrast;
mod contrast_stretch;
mod curves;
mod duotone;
mod equalize;
mod fill_light;
mod flatten;
mod gamma;
mod grayscale;
mod hue;
mod invert;
mod levels;
mod lut;
mod make_transparent;
mod modulate;
mod normalize;
mod opacity;
mod opacity_threshold;
mod ordered_dither;
mod photo_filter;
mod posterize;
mod quantize;
mod replace_color;
mod saturation;
mod sepia;
mod sigmoidal_contrast;
mod solarize;
#[cfg(test)]
mod tests;
mod threshold;
mod tint;
mod vibrance;

use safelight_kernels::{self as kernels, Histogram, Matrix, Table};
use safelight_sdk::{Image, PixelFormat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

safelight_sdk::export!(
    name: "color",
    summary: "Tones and colours: levels, curves, contrast, saturation, hue, toning, automatic corrections, few colours.",
    transforms: [
        grayscale::Grayscale,
        sepia::Sepia,
        brightness::Brightness,
        contrast::Contrast,
        saturation::Saturation,
        invert::Invert,
        gamma::Gamma,
        levels::Levels,
        curves::Curves,
        threshold::Threshold,
        posterize::Posterize,
        solarize::Solarize,
        sigmoidal_contrast::SigmoidalContrast,
        contrast_stretch::ContrastStretch,
        normalize::Normalize,
        equalize::Equalize,
        auto_level::AutoLevel,
        auto_gamma::AutoGamma,
        auto_brightness::AutoBrightness,
        auto_contrast::AutoContrast,
        auto_color::AutoColor,
        auto_enhance::AutoEnhance,
        fill_light::FillLight,
        modulate::Modulate,
        hue::Hue,
        vibrance::Vibrance,
        colorize::Colorize,
        tint::Tint,
        duotone::Duotone,
        blackwhite::Blackwhite,
        opacity::Opacity,
        opacity_threshold::OpacityThreshold,
        flatten::Flatten,
        make_transparent::MakeTransparent,
        channels::Channels,
        replace_color::ReplaceColor,
        blue_shift::BlueShift,
        color_blind::ColorBlind,
        photo_filter::PhotoFilter,
        quantize::Quantize,
        ordered_dither::OrderedDither,
        lut::Lut,
    ],
);

/// What a matrix of colours can be applied to.
const COLOURED: &[PixelFormat] = &[PixelFormat::Rgba8, PixelFormat::Rgb8];

/// Which channels a transform changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Channel {
    /// Red, green and blue, or gray.
    All,
    /// Red alone.
    Red,
    /// Green alone.
    Green,
    /// Blue alone.
    Blue,
    /// Alpha alone.
    Alpha,
}

fn with_matrix(mut image: Image, matrix: &Matrix) -> Image {
    kernels::apply_matrix(&mut image.pixels, image.format.bytes(), matrix);
    image
}

/// Maps every channel but alpha by a function from 0..1 to 0..1.
fn with_curve(image: Image, curve: impl Fn(f64) -> f64) -> Image {
    with_channel(image, Channel::All, &kernels::table(curve))
}

/// Maps the values of a channel. A gray picture of which one colour is to change becomes a coloured one; a picture without
/// alpha is opaque, and gets alpha when that changes.
fn with_channel(image: Image, channel: Channel, table: &Table) -> Image {
    if channel == Channel::Alpha {
        if image.format != PixelFormat::Rgba8 && table[255] == 255 {
            return image;
        }
        let mut image = safelight_sdk::to_format(image, PixelFormat::Rgba8);
        image.pixels.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = table[usize::from(pixel[3])]);
        return image;
    }
    let mut image = if channel == Channel::All || image.format != PixelFormat::Gray8 {
        image
    } else {
        safelight_sdk::to_format(image, PixelFormat::Rgb8)
    };
    let channels = image.format.bytes();
    if channel == Channel::All {
        kernels::apply_table(&mut image.pixels, channels, table);
        return image;
    }
    let same = kernels::table(|value| value);
    let tables = [Channel::Red, Channel::Green, Channel::Blue].map(|each| if each == channel { *table } else { same });
    kernels::apply_tables(&mut image.pixels, channels, &tables);
    image
}

/// Maps values by tables made from the picture's histograms: of each channel by itself, or all by that
/// of luma. `blend` is the share of the effect.
fn from_histograms(mut image: Image, per_channel: bool, blend: f64, make: impl Fn(&Histogram) -> Table) -> Image {
    let channels = image.format.bytes();
    let same = kernels::table(|value| value);
    let table = |histogram: &Histogram| kernels::mix(&same, &make(histogram), blend);
    if per_channel {
        let tables: Vec<Table> = kernels::histograms(&image.pixels, channels).iter().map(table).collect();
        kernels::apply_tables(&mut image.pixels, channels, &tables);
    } else {
        let table = table(&kernels::luma_histogram(&image.pixels, channels));
        kernels::apply_table(&mut image.pixels, channels, &table);
    }
    image
}

/// Spreads the values between the ends that `ends` finds over the whole range; without ends (a picture
/// of one colour) nothing changes.
fn stretched(image: Image, per_channel: bool, ends: impl Fn(&Histogram) -> Option<(u8, u8)>, blend: f64) -> Image {
    from_histograms(image, per_channel, blend, |histogram| match ends(histogram) {
        Some(ends) => kernels::stretch(ends),
        None => kernels::table(|value| value),
    })
}

/// The ends between which 99 of 100 pixels lie: half a per cent is cut off at either end.
fn common_ends(histogram: &Histogram) -> Option<(u8, u8)> {
    let cut = histogram.iter().sum::<u64>() / 200;
    kernels::ends(histogram, cut, cut)
}

/// The gamma that brings the mean to the middle. A black and a white picture stay.
fn centred(histogram: &Histogram) -> Table {
    match kernels::mean(histogram) {
        Some(mean) if mean > 0.0 && mean < 1.0 => {
            let power = (0.5_f64.ln() / mean.ln()).clamp(0.1, 10.0);
            kernels::table(|value| value.powf(power))
        }
        _ => kernels::table(|value| value),
    }
}
