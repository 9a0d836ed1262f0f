//! Bugs, broken promises and refusals.

use safelight_sdk::{Image, PixelFormat, Refusal, Size};

use crate::Found;

pub(crate) fn trap(_: Image) -> Result<Found, Refusal> {
    std::arch::wasm32::unreachable()
}

pub(crate) fn panic(_: Image) -> Result<Found, Refusal> {
    // What `export!` of the SDK does for its plugins.
    std::panic::set_hook(Box::new(|panic| safelight_sdk::log::error(&panic.to_string())));
    panic!("the hostile plugin panics")
}

pub(crate) fn exit(_: Image) -> Result<Found, Refusal> {
    std::process::exit(0)
}

pub(crate) fn wrong_size(mut image: Image) -> Result<Found, Refusal> {
    image.pixels.pop();
    Ok((image, None))
}

pub(crate) fn zero_size(image: Image) -> Result<Found, Refusal> {
    Ok((Image { width: 0, height: 0, format: image.format, pixels: Vec::new() }, None))
}

pub(crate) fn wrong_plan(_: Image) -> Result<Found, Refusal> {
    Ok((Image::filled(Size::new(2, 2), PixelFormat::Gray8, &[0]), None))
}

pub(crate) fn bad_json(image: Image) -> Result<Found, Refusal> {
    Ok((image, Some("{\"colours\": [".to_owned())))
}

pub(crate) fn refuse(_: Image) -> Result<Found, Refusal> {
    Err(Refusal::image("this plugin refuses every picture"))
}

pub(crate) fn refuse_params(_: Image) -> Result<Found, Refusal> {
    Err(Refusal::params("x", "is missing, expected a number from 1 to 2"))
}
