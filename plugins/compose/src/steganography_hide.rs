//! `steganography_hide`: a picture hidden in the lowest bits of another one.

use safelight_kernels as kernels;
use safelight_sdk::{Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::only;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The picture to hide: {"url": ...}, {"asset": ...} or {"data": ...}. Its luma is hidden.
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    image: ImageRef,
    /// The pixel of the picture, counted row by row, that takes the first bit.
    #[serde(default)]
    #[schemars(range(min = 0, max = 268435456))]
    offset: u32,
    /// How many bits of each hidden pixel are kept, the highest first.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 8))]
    depth_bits: u32,
    /// How many of the lowest bits of the picture may be used. One changes nothing that can be seen.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 8))]
    max_planes: u32,
}

fn eight() -> u32 {
    8
}

fn two() -> u32 {
    2
}

/// Hides a gray picture; `steganography_read` finds it. Only formats without loss keep it.
///
/// The bits are laid out as ImageMagick's `-stegano` does with 8 bits a channel; see the kernel.
pub(crate) struct SteganographyHide;

impl Transform for SteganographyHide {
    const NAME: &'static str = "steganography_hide";
    const SUMMARY: &'static str = "Hides a gray picture in the lowest bits of the picture.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        let needed = kernels::planes_needed(input.pixels(), images[0].pixels(), params.depth_bits);
        if needed > u64::from(params.max_planes) {
            let (image, most) = (images[0], params.max_planes);
            let message = format!(
                "of {image} px at {} bits need {needed} bits of each pixel of {input} px, expected at most {most}",
                params.depth_bits
            );
            return Err(Refusal::params("image", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (mut picture, image) = (input.image, only(input.images));
        let Image { pixels: hidden, .. } = to_format(image, PixelFormat::Gray8);
        let channels = picture.format.bytes();
        kernels::hide(&mut picture.pixels, channels, &hidden, params.offset as usize, params.depth_bits);
        Ok(picture.into())
    }
}
