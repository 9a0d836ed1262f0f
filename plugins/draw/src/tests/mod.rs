//! Every transform of the plugin, called as the host calls it.

mod shapes;
mod text;

use safelight_sdk::{Image, PixelFormat, Size};

use crate::PLUGIN;

/// Runs a transform that must not refuse.
fn run(transform: &str, params: &str, image: Image) -> Image {
    PLUGIN.run(transform, params, image).unwrap_or_else(|refusal| panic!("{transform} {params}: {refusal}"))
}

/// A gray picture of one value.
fn gray(width: u32, height: u32, value: u8) -> Image {
    Image::filled(Size::new(width, height), PixelFormat::Gray8, &[value])
}

fn refusal(transform: &str, params: &str) -> String {
    match PLUGIN.run(transform, params, gray(10, 10, 0)) {
        Ok(_) => format!("{transform} {params} was accepted"),
        Err(refusal) => refusal.to_string(),
    }
}
