//! Pictures as the kernels take them.

use std::borrow::Cow;

use safelight_kernels as kernels;
use safelight_sdk::{Image, PixelFormat, Refusal, to_format};

/// The luma of a picture laid over white.
pub(crate) fn gray(image: &Image) -> Cow<'_, [u8]> {
    match image.format {
        PixelFormat::Gray8 => Cow::Borrowed(&image.pixels),
        PixelFormat::Rgb8 => Cow::Owned(kernels::luma(&image.pixels, 3)),
        PixelFormat::Rgba8 => Cow::Owned(to_format(image.clone(), PixelFormat::Gray8).pixels),
    }
}

/// Width and height as the kernels take them.
pub(crate) fn size(image: &Image) -> (u32, u32) {
    (image.width, image.height)
}

/// A gray picture reduced by whole pixels' areas, so that its longer side is at most so long; the same one if
/// it is.
pub(crate) fn at_most(gray: Cow<'_, [u8]>, (width, height): (u32, u32), side: u32) -> (Cow<'_, [u8]>, (u32, u32)) {
    let longer = width.max(height);
    if longer <= side {
        return (gray, (width, height));
    }
    let length = |length: u32| (f64::from(length) * f64::from(side) / f64::from(longer)).round().max(1.0) as u32;
    let reduced = (length(width), length(height));
    let whole = kernels::Window::whole(width, height);
    let pixels = kernels::resize(&mut gray.into_owned(), (width, height), 1, whole, reduced, kernels::Filter::Box);
    (Cow::Owned(pixels), reduced)
}

/// The one picture that the parameters name.
pub(crate) fn only(images: Vec<Image>) -> Result<Image, Refusal> {
    images.into_iter().next().ok_or_else(|| Refusal::other("there is no picture beside the parameters"))
}
