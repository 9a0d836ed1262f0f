//! `compare`: how far apart two pictures are.

use safelight_kernels as kernels;
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    numbers::exact,
    picture::{gray, only, size},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to compare with: {"url": ...}, {"asset": ...} or {"data": ...}.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// What happens when the sizes differ.
    #[serde(default)]
    sizes: Sizes,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sizes {
    /// The other picture is stretched to the size of the first.
    #[default]
    Resize,
    /// The call is refused.
    Refuse,
}

/// Measures errors of the values, structural similarity and the distance of perceptual hashes.
///
/// Errors are over red, green and blue of both pictures laid over white, or over gray when both are gray.
/// Sizes that differ are made alike by Catmull-Rom.
pub(crate) struct Compare;

impl Transform for Compare {
    const NAME: &'static str = "compare";
    const SUMMARY: &'static str = "How far another picture is from this one: PSNR, SSIM, distance of hashes.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        if let Some(other) = images.first().filter(|other| **other != input)
            && params.sizes == Sizes::Refuse
        {
            return Err(Refusal::params("image", format!("is {other} px, expected {input} px as the picture has")));
        }
        Ok(Planned::to(input))
    }

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = measure(&input.image, only(input.images)?);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    /// Width and height of the other picture.
    other: [u32; 2],
    same_size: bool,
    /// All values are the same, and so are the sizes.
    identical: bool,
    /// In squared levels.
    mean_squared_error: f64,
    /// Peak signal-to-noise ratio in decibels; none when there is no error.
    psnr_db: Option<f64>,
    /// Structural similarity of the gray pictures: 1 for equal ones.
    ssim: f64,
    /// In how many of 64 bits the `dct` hashes differ.
    hash_distance_bits: u32,
    /// The same as a share of 64: 0 for pictures that look the same, about 0.5 for others.
    difference_ratio: f64,
}

fn measure(image: &Image, other: Image) -> Found {
    let (of, other_size) = (size(image), size(&other));
    let hash = |image: &Image| kernels::dct_hash(&gray(image), size(image)).to_be_bytes();
    let distance = kernels::hash_distance(&hash(image), &hash(&other));
    let other = resized(other, of);
    let format = if image.format == PixelFormat::Gray8 && other.format == PixelFormat::Gray8 {
        PixelFormat::Gray8
    } else {
        PixelFormat::Rgb8
    };
    let ssim = kernels::ssim(&gray(image), &gray(&other), of);
    let same_alpha = alpha(image) == alpha(&other);
    let values = [image.clone(), other].map(|image| to_format(image, format).pixels);
    let error = kernels::mean_squared_error(&values[0], &values[1]);
    Found {
        other: other_size.into(),
        same_size: of == other_size,
        identical: of == other_size && error == 0.0 && same_alpha,
        mean_squared_error: exact(error),
        psnr_db: (error > 0.0).then(|| exact(10.0 * (255.0 * 255.0 / error).log10())),
        ssim: exact(ssim),
        hash_distance_bits: distance,
        difference_ratio: exact(f64::from(distance) / 64.0),
    }
}

/// The alphas that are not all 255.
fn alpha(image: &Image) -> Option<Vec<u8>> {
    let alphas: Vec<u8> = match image.format {
        PixelFormat::Rgba8 => image.pixels.iter().skip(3).step_by(4).copied().collect(),
        PixelFormat::Gray8 | PixelFormat::Rgb8 => return None,
    };
    alphas.iter().any(|&alpha| alpha < 255).then_some(alphas)
}

fn resized(image: Image, (width, height): (u32, u32)) -> Image {
    if size(&image) == (width, height) {
        return image;
    }
    // Without alpha there is nothing to weight by.
    let image = if image.format == PixelFormat::Rgba8 { to_format(image, PixelFormat::Rgb8) } else { image };
    let Image { width: from_width, height: from_height, format, mut pixels } = image;
    let whole = kernels::Window::whole(from_width, from_height);
    let from = (from_width, from_height);
    let filter = kernels::Filter::CatmullRom;
    let pixels = kernels::resize(&mut pixels, from, format.bytes(), whole, (width, height), filter);
    Image::new(width, height, format, pixels)
}
