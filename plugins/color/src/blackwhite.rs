//! `blackwhite`: black and white alone.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Pixels of at least this luma, a fraction of the range, become white.
    #[schemars(range(min = 0.0, max = 1.0))]
    threshold: f64,
    /// Scatter the error so that areas keep their mean tone (Floyd and Steinberg).
    dither: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { threshold: 0.5, dither: false }
    }
}

/// Makes every pixel black or white by its luma (BT.709); alpha stays. Gray comes out of gray, and of opaque colours.
pub(crate) struct Blackwhite;

impl Transform for Blackwhite {
    const NAME: &'static str = "blackwhite";
    const SUMMARY: &'static str = "Makes every pixel black or white.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { threshold, dither } = *params;
        let (width, image) = (input.image.width as usize, input.image);
        let channels = image.format.bytes();
        let mut gray = if channels == 1 { image.pixels.clone() } else { kernels::luma(&image.pixels, channels) };
        if dither {
            scatter(&mut gray, width, threshold as f32 * 255.0);
        } else {
            let table = kernels::table(|value| if value >= threshold { 1.0 } else { 0.0 });
            kernels::apply_table(&mut gray, 1, &table);
        }
        if image.format == PixelFormat::Rgba8 {
            let mut image = image;
            for (pixel, value) in image.pixels.as_chunks_mut::<4>().0.iter_mut().zip(gray) {
                pixel[..3].fill(value);
            }
            return Ok(image.into());
        }
        Ok(Image::new(image.width, image.height, PixelFormat::Gray8, gray).into())
    }
}

/// Error diffusion: 7/16 to the right, 3, 5 and 1/16 below (R. W. Floyd and L. Steinberg, 1976).
fn scatter(gray: &mut [u8], width: usize, threshold: f32) {
    let mut errors = [vec![0.0_f32; width + 2], vec![0.0_f32; width + 2]];
    for row in gray.chunks_exact_mut(width) {
        let [here, below] = &mut errors;
        for (x, value) in row.iter_mut().enumerate() {
            let wanted = f32::from(*value) + here[x + 1];
            *value = if wanted >= threshold { 255 } else { 0 };
            let error = wanted - f32::from(*value);
            here[x + 2] += error * 7.0 / 16.0;
            below[x] += error * 3.0 / 16.0;
            below[x + 1] += error * 5.0 / 16.0;
            below[x + 2] += error / 16.0;
        }
        errors.swap(0, 1);
        errors[1].fill(0.0);
    }
}
