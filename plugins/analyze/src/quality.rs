//! `quality`: scores of what people complain about in pictures.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    blurriness::sharpness,
    numbers::{ramp, share},
    picture::{at_most, gray, size},
};

/// It has no parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// Gives scores of 0 (bad) to 1 (good), by plain measures of the pixels and not by a model of taste.
///
/// Where each score is 0 and 1 are estimates of this project; scores are for ranking the pictures of one
/// collection. What hangs on the file (its JPEG quality, its chroma subsampling) is not known here.
pub(crate) struct Quality;

impl Transform for Quality {
    const NAME: &'static str = "quality";
    const SUMMARY: &'static str =
        "Scores of focus, noise, blocks, resolution, contrast, exposure, lighting and saturation.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(_: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = measure(&input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    /// v / (v + 100), with the variance v of the Laplacian at no more than 1024 pixels a side.
    focus: f64,
    /// 1 without noise, 0 from a standard deviation of 20 levels on (Immerkær's estimate).
    noise: f64,
    /// 1 when steps across the borders of 8 x 8 blocks are no larger than others, 0 when they are twice as large.
    blockiness: f64,
    /// 0 at 0.05 megapixels, 1 from 2 on, by the logarithm.
    resolution: f64,
    /// The distance between the darkest and the lightest hundredth of the luma: 1 from 80 % of all levels on.
    contrast: f64,
    /// 1 for a mean luma of 30 % to 70 %, 0 at black and white.
    exposure: f64,
    /// 1 when nothing is clipped to black or white (within 2 levels), 0 when half of the picture is.
    lighting: f64,
    /// Colourfulness (Hasler and Süsstrunk): 0 for gray, 1 from 45, "quite colourful", on.
    saturation: f64,
    /// The mean of focus, noise, blockiness and resolution.
    pixel_score: f64,
    /// The mean of contrast, exposure, lighting and saturation; of gray pictures, of the first three.
    color_score: f64,
    /// The mean of both.
    score: f64,
    /// `good` from 0.7 on, `fair` from 0.4 on, or `poor`.
    class: &'static str,
}

fn measure(image: &Image) -> Found {
    let channels = image.format.bytes();
    let (full, full_size) = (gray(image), size(image));
    let noise = 1.0 - ramp(kernels::noise_deviation(&full, full_size), 0.0, 20.0);
    let blockiness = 1.0 - ramp(block_ratio(&full, full_size), 1.0, 2.0);
    let megapixels = image.size().pixels() as f64 / 1e6;
    let resolution = ramp(megapixels.ln(), 0.05f64.ln(), 2f64.ln());

    let histogram = kernels::luma_histogram(&full, 1);
    let pixels = full.len() as u64;
    let (dark, light) = kernels::ends(&histogram, pixels / 100, pixels / 100).unwrap_or((0, 0));
    let contrast = ramp(f64::from(light - dark) / 255.0, 0.0, 0.8);
    let mean = kernels::mean(&histogram).unwrap_or(0.0);
    let exposure = ramp(mean, 0.0, 0.3).min(1.0 - ramp(mean, 0.7, 1.0));
    let clipped: u64 = histogram[..3].iter().chain(&histogram[253..]).sum();
    let lighting = 1.0 - ramp(clipped as f64 / pixels as f64, 0.0, 0.5);
    let saturation = ramp(kernels::colorfulness(&image.pixels, channels), 0.0, 45.0);

    let (reduced, reduced_size) = at_most(full, full_size, 1024);
    let focus = sharpness(kernels::laplacian_variance(&reduced, reduced_size), 100.0);

    let mean_of = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let pixel_score = mean_of(&[focus, noise, blockiness, resolution]);
    let color_score = if kernels::is_gray(&image.pixels, channels) {
        mean_of(&[contrast, exposure, lighting])
    } else {
        mean_of(&[contrast, exposure, lighting, saturation])
    };
    let score = (pixel_score + color_score) / 2.0;
    Found {
        focus: share(focus),
        noise: share(noise),
        blockiness: share(blockiness),
        resolution: share(resolution),
        contrast: share(contrast),
        exposure: share(exposure),
        lighting: share(lighting),
        saturation: share(saturation),
        pixel_score: share(pixel_score),
        color_score: share(color_score),
        score: share(score),
        class: match score {
            0.7.. => "good",
            0.4.. => "fair",
            _ => "poor",
        },
    }
}

/// How much larger steps between neighbours are at every eighth column and row than elsewhere.
///
/// Source: the idea of Z. Wang, H. Sheikh and A. Bovik, No-Reference Perceptual Quality Assessment of JPEG
/// Compressed Images, ICIP 2002.
fn block_ratio(gray: &[u8], (width, height): (u32, u32)) -> f64 {
    let (width, height) = (width as usize, height as usize);
    let (mut at_border, mut inside) = ((0u64, 0u64), (0u64, 0u64));
    let mut add = |is_border: bool, steps: u64, count: u64| {
        let sum = if is_border { &mut at_border } else { &mut inside };
        sum.0 += steps;
        sum.1 += count;
    };
    let rows: Vec<&[u8]> = gray.chunks_exact(width).collect();
    let mut across = vec![0u64; width];
    for row in &rows {
        for (sum, pair) in across.iter_mut().zip(row.windows(2)) {
            *sum += u64::from(pair[0].abs_diff(pair[1]));
        }
    }
    for (x, steps) in across[..width - 1].iter().enumerate() {
        add(x % 8 == 7, *steps, height as u64);
    }
    for (y, pair) in rows.windows(2).enumerate() {
        let steps = pair[0].iter().zip(pair[1]).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        add(y % 8 == 7, steps, width as u64);
    }
    let mean = |(steps, count): (u64, u64)| if count == 0 { 0.0 } else { steps as f64 / count as f64 };
    // Steps under half a level are none: a flat picture has no blocks.
    mean(at_border).max(0.5) / mean(inside).max(0.5)
}
