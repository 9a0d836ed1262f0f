//! `statistics`: numbers about a picture's values.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Kind, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::numbers::{exact, ramp, share};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Whether each channel comes with its histogram: how many pixels have each of the values 0 to 255.
    histogram: bool,
    /// How many levels the values of every channel may lie apart in a picture that still counts as blank.
    #[schemars(range(min = 0, max = 255))]
    blank_tolerance: u8,
}

impl Default for Params {
    fn default() -> Self {
        Params { histogram: false, blank_tolerance: 4 }
    }
}

/// Measures the values of every channel. Pixels that are fully transparent count for alpha only.
///
/// **Illustration score.** Two things tell drawings from photographs, taken half and half: neighbours of the
/// same colour (within 2 levels; few in a photograph because of grain: 0 at 30 % of the pixels, 1 at 80 %), and
/// few colours (how much the 32 most frequent ones at 5 bits a channel cover: 0 at 50 %, 1 at 95 %). The ends
/// are estimates of this project.
pub(crate) struct Statistics;

impl Transform for Statistics {
    const NAME: &'static str = "statistics";
    const SUMMARY: &'static str =
        "Size, extremes, means, spread and entropy of every channel; whether gray, transparent, blank or drawn.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = measure(params, &input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    width: u32,
    height: u32,
    /// Red, green and blue are the same in every pixel that shows.
    grayscale: bool,
    /// The picture has an alpha channel, be it opaque everywhere.
    has_alpha: bool,
    /// Some alpha is below 255.
    semi_transparent: bool,
    /// The share of pixels with an alpha of 255.
    opaque_share: f64,
    /// The share of pixels with an alpha of 0.
    transparent_share: f64,
    /// All that shows is of one colour, and of one alpha.
    blank: bool,
    illustration_score: f64,
    /// How colourful it looks: 0 gray, 15 slightly, 45 quite, over 80 extremely (Hasler and Süsstrunk).
    colorfulness: f64,
    /// The standard deviation of the noise in levels (Immerkær).
    noise_deviation: f64,
    channels: Vec<Channel>,
}

#[derive(Debug, Serialize)]
struct Channel {
    /// `red`, `green` and `blue`, or `gray`; `alpha`; and `luma` of pictures with colours.
    name: &'static str,
    min: u8,
    max: u8,
    mean: f64,
    standard_deviation: f64,
    /// 0 for one value, 8 when all 256 are equally frequent.
    entropy_bits: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<Vec<u64>>,
}

fn measure(params: &Params, image: &Image) -> Found {
    let count = image.format.bytes();
    let names: &[_] = if count == 1 { &["gray"] } else { &["red", "green", "blue"] };
    let mut histograms: Vec<_> = names.iter().copied().zip(kernels::histograms(&image.pixels, count)).collect();
    let mut alpha = None;
    if image.format == PixelFormat::Rgba8 {
        let histogram = kernels::alpha_histogram(&image.pixels);
        histograms.push(("alpha", histogram));
        alpha = Some(histogram);
    }
    let of_alpha = |value: usize, without: f64| {
        alpha.map_or(without, |histogram| histogram[value] as f64 / image.size().pixels() as f64)
    };
    let spread = |histogram: &kernels::Histogram| kernels::summary(histogram).map_or(0, |all| all.max - all.min);
    let blank = histograms.iter().all(|(_, histogram)| spread(histogram) <= params.blank_tolerance);
    if count > 1 {
        histograms.push(("luma", kernels::luma_histogram(&image.pixels, count)));
    }
    let channels = histograms.iter().filter_map(|(name, histogram)| {
        let all = kernels::summary(histogram)?;
        Some(Channel {
            name,
            min: all.min,
            max: all.max,
            mean: exact(all.mean),
            standard_deviation: exact(all.deviation),
            entropy_bits: exact(all.entropy_bits),
            histogram: params.histogram.then(|| histogram.to_vec()),
        })
    });
    let gray = crate::picture::gray(image);
    Found {
        width: image.width,
        height: image.height,
        grayscale: kernels::is_gray(&image.pixels, count),
        has_alpha: alpha.is_some(),
        semi_transparent: of_alpha(255, 1.0) < 1.0,
        opaque_share: exact(of_alpha(255, 1.0)),
        transparent_share: exact(of_alpha(0, 0.0)),
        blank,
        illustration_score: share(illustration_score(image)),
        colorfulness: exact(kernels::colorfulness(&image.pixels, count)),
        noise_deviation: exact(kernels::noise_deviation(&gray, crate::picture::size(image))),
        channels: channels.collect(),
    }
}

fn illustration_score(image: &Image) -> f64 {
    let count = image.format.bytes();
    let flat = 0.5 * ramp(flat_share(image, count), 0.3, 0.8);
    flat + 0.5 * ramp(share_of_most_frequent(image, count), 0.5, 0.95)
}

/// The share of pixels whose right neighbour has the same values, within 2 levels.
fn flat_share(image: &Image, count: usize) -> f64 {
    if image.width < 2 {
        return 1.0;
    }
    let mut alike = 0u64;
    for row in image.rows() {
        let pairs = row.chunks_exact(count).zip(row[count..].chunks_exact(count));
        alike += pairs.filter(|(left, right)| left.iter().zip(*right).all(|(a, b)| a.abs_diff(*b) <= 2)).count() as u64;
    }
    alike as f64 / (f64::from(image.width - 1) * f64::from(image.height))
}

/// How much of the picture the 32 most frequent colours cover, of 5 bits a channel.
fn share_of_most_frequent(image: &Image, count: usize) -> f64 {
    let mut cells = vec![0u32; 1 << 15];
    for pixel in image.pixels.chunks_exact(count) {
        let cell = pixel[..count.min(3)].iter().fold(0, |cell, value| cell << 5 | usize::from(value >> 3));
        cells[cell] += 1;
    }
    cells.sort_unstable_by(|a, b| b.cmp(a));
    cells[..32].iter().map(|&pixels| f64::from(pixels)).sum::<f64>() / image.size().pixels() as f64
}
