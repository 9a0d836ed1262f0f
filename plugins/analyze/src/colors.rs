//! `colors`: the colours that a picture mostly consists of.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::color_names::{Names, names};
use crate::numbers::{exact, tenth};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many colours at most.
    #[schemars(range(min = 1, max = 256))]
    count: u16,
    /// The least share of the pixels that a colour must have, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    min_share: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { count: 16, min_share: 0.0 }
    }
}

/// Groups the pixels by colour; see the kernel for how. Pixels with an alpha below 128 do not count.
///
/// **Predominant.** Words for 64 such groups, with the percentage of the pixels that each stands for.
/// **Background.** The most frequent of 6 groups along the picture's edges (a fiftieth of the shorter side
/// deep): what the picture may lie on.
pub(crate) struct Colors;

impl Transform for Colors {
    const NAME: &'static str = "colors";
    const SUMMARY: &'static str = "Dominant colours with shares and names, and the likely background.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = find(params, &input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    /// The pixels that count.
    pixels: u64,
    /// Most frequent first.
    colors: Vec<Color>,
    predominant: Predominant,
    /// None when no pixel along the edges shows.
    background: Option<Color>,
}

#[derive(Debug, Serialize)]
struct Color {
    /// As in `#1a2b3c`.
    hex: String,
    rgb: [u8; 3],
    pixels: u64,
    share: f64,
    /// The share in percent, with one decimal.
    percent: f64,
    /// One of 12 words.
    name: &'static str,
    /// One of 21 words.
    fine_name: &'static str,
}

/// Words with percentages, highest first.
#[derive(Debug, Serialize)]
struct Predominant {
    basic: Vec<(&'static str, f64)>,
    fine: Vec<(&'static str, f64)>,
}

fn find(params: &Params, image: &Image) -> Found {
    let channels = image.format.bytes();
    let groups = kernels::dominant_colors(&image.pixels, channels, usize::from(params.count));
    let pixels = groups.iter().map(|group| group.pixels).sum();
    let colors = groups.iter().map(|group| color(group, pixels)).filter(|color| color.share >= params.min_share);
    let many = kernels::dominant_colors(&image.pixels, channels, 64);
    let edges = kernels::dominant_colors(&edges(image), channels, 6);
    let along: u64 = edges.iter().map(|group| group.pixels).sum();
    Found {
        pixels,
        colors: colors.collect(),
        predominant: Predominant { basic: words(&many, |names| names.basic), fine: words(&many, |names| names.fine) },
        background: edges.first().map(|group| color(group, along)),
    }
}

fn color(group: &kernels::Dominant, all: u64) -> Color {
    let [r, g, b] = group.color;
    let share = group.pixels as f64 / all as f64;
    let Names { basic, fine } = names(group.color);
    Color {
        hex: format!("#{r:02x}{g:02x}{b:02x}"),
        rgb: group.color,
        pixels: group.pixels,
        share: exact(share),
        percent: tenth(share * 100.0),
        name: basic,
        fine_name: fine,
    }
}

fn words(groups: &[kernels::Dominant], word: fn(Names) -> &'static str) -> Vec<(&'static str, f64)> {
    let mut found: Vec<(&'static str, u64)> = Vec::new();
    for group in groups {
        let word = word(names(group.color));
        match found.iter_mut().find(|(known, _)| *known == word) {
            Some((_, pixels)) => *pixels += group.pixels,
            None => found.push((word, group.pixels)),
        }
    }
    let all: u64 = found.iter().map(|(_, pixels)| pixels).sum();
    found.sort_by_key(|(word, pixels)| (std::cmp::Reverse(*pixels), *word));
    found.into_iter().map(|(word, pixels)| (word, tenth(pixels as f64 * 100.0 / all as f64))).collect()
}

/// The pixels along the edges, each once.
fn edges(image: &Image) -> Vec<u8> {
    let channels = image.format.bytes();
    let (width, height) = (image.width as usize, image.height as usize);
    let deep = (width.min(height) / 50).max(1);
    let mut found = Vec::new();
    for (y, row) in image.rows().enumerate() {
        if y < deep || y + deep >= height || 2 * deep >= width {
            found.extend_from_slice(row);
        } else {
            found.extend_from_slice(&row[..deep * channels]);
            found.extend_from_slice(&row[(width - deep) * channels..]);
        }
    }
    found
}
