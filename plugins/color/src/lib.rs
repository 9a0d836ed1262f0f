//! The standard plugin `color`: transforms that change every pixel by itself.
//!
//! All formulas work on sRGB-encoded values, as the filter functions of CSS do (W3C Filter Effects
//! Module Level 1). Alpha stays as it is. Results are rounded to nearest and clamped to 0..255.

mod brightness;
mod contrast;
mod gamma;
mod grayscale;
mod invert;
mod saturation;
mod sepia;
#[cfg(test)]
mod tests;

use safelight_kernels::{self as kernels, Matrix};
use safelight_sdk::{Image, PixelFormat};

safelight_sdk::export!(
    name: "color",
    summary: "Grayscale, sepia, brightness, contrast, saturation, inversion and gamma.",
    transforms: [
        grayscale::Grayscale,
        sepia::Sepia,
        brightness::Brightness,
        contrast::Contrast,
        saturation::Saturation,
        invert::Invert,
        gamma::Gamma,
    ],
);

/// What a matrix of colours can be applied to.
const COLOURED: &[PixelFormat] = &[PixelFormat::Rgba8, PixelFormat::Rgb8];

fn with_matrix(mut image: Image, matrix: &Matrix) -> Image {
    kernels::apply_matrix(&mut image.pixels, image.format.bytes(), matrix);
    image
}

/// Maps every channel but alpha by a function from 0..1 to 0..1.
fn with_curve(mut image: Image, curve: impl Fn(f64) -> f64) -> Image {
    kernels::apply_table(&mut image.pixels, image.format.bytes(), &kernels::table(curve));
    image
}
