//! Backdrops that are made from the picture.

use safelight_kernels::{self as kernels, Filter, Window};
use safelight_sdk::{Color, Image, Size};

pub(super) struct Blur {
    pub(super) sigma_px: f64,
    pub(super) brightness: f64,
}

/// The colour that is most frequent at the picture's edges or in all of it; opaque. White if nothing is visible.
pub(super) fn frequent(image: &Image, at_edges: bool) -> Color {
    let size = (image.width, image.height);
    let found = kernels::frequent_color(&image.pixels, size, image.format.bytes(), at_edges);
    found.map_or(Color::WHITE, |[red, green, blue]| Color::opaque(red, green, blue))
}

/// The picture on a canvas that shows the picture itself, covering, centred and blurred.
pub(super) fn blurred(image: &Image, canvas: Size, at: (u32, u32), blur: Blur) -> Image {
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let scale = (f64::from(canvas.width) / width).max(f64::from(canvas.height) / height);
    let shown = ((f64::from(canvas.width) / scale).min(width), (f64::from(canvas.height) / scale).min(height));
    let window = Window { x: (width - shown.0) / 2.0, y: (height - shown.1) / 2.0, width: shown.0, height: shown.1 };
    let (size, to) = ((image.width, image.height), (canvas.width, canvas.height));
    let channels = image.format.bytes();
    let mut made = kernels::resize(&mut image.pixels.clone(), size, channels, window, to, Filter::Bilinear);
    kernels::gaussian_blur(&mut made, to, channels, blur.sigma_px);
    brighten(&mut made, channels, blur.brightness);
    let mut made = Image::new(canvas.width, canvas.height, image.format, made);
    let start = at.0 as usize * channels;
    for (row, picture) in made.rows_mut().skip(at.1 as usize).zip(image.rows()) {
        row[start..start + picture.len()].copy_from_slice(picture);
    }
    made
}

/// Mixes colours with white or black. Alpha stays.
fn brighten(pixels: &mut [u8], channels: usize, brightness: f64) {
    if brightness == 0.0 {
        return;
    }
    let towards = if brightness > 0.0 { 255.0 } else { 0.0 };
    let table: [u8; 256] = std::array::from_fn(|value| {
        let value = value as f64;
        (value + (towards - value) * brightness.abs()).round() as u8
    });
    let colours = if channels == 4 { 3 } else { channels };
    for pixel in pixels.chunks_exact_mut(channels) {
        for value in &mut pixel[..colours] {
            *value = table[*value as usize];
        }
    }
}
