//! `ordered_dither`: few levels by a pattern.

use safelight_kernels::{self as kernels, Dither};
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Patterns of thresholds, in the order in which ImageMagick lists its own.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pattern {
    /// None: every value goes to the nearest level.
    Threshold,
    /// A checkerboard.
    Checks,
    /// Bayer's matrix, 2 x 2: single pixels, spread out.
    Bayer2,
    /// The same, 3 x 3.
    Bayer3,
    /// Bayer's matrix, 4 x 4.
    Bayer4,
    /// Bayer's matrix, 8 x 8.
    Bayer8,
    /// Halftone dots on slanting lines, tiles of 4 x 4.
    Angled4,
    /// The same, 6 x 6.
    Angled6,
    /// The same, 8 x 8.
    Angled8,
    /// Halftone dots in rows and columns, tiles of 4 x 4.
    Straight4,
    /// The same, 6 x 6.
    Straight6,
    /// The same, 8 x 8.
    Straight8,
    /// The same, 16 x 16.
    Straight16,
    /// Round black dots, tiles of 5 x 5.
    Black5,
    /// Round white dots, tiles of 5 x 5.
    White5,
    /// Round black dots, tiles of 6 x 6.
    Black6,
    /// Round white dots, tiles of 6 x 6.
    White6,
    /// Round black dots, tiles of 7 x 7.
    Black7,
    /// Round white dots, tiles of 7 x 7.
    White7,
}

impl Pattern {
    fn dither(self) -> Dither {
        match self {
            Pattern::Threshold => Dither::Threshold,
            Pattern::Checks => Dither::Checks,
            Pattern::Bayer2 => Dither::Bayer(2),
            Pattern::Bayer3 => Dither::Dispersed3,
            Pattern::Bayer4 => Dither::Bayer(4),
            Pattern::Bayer8 => Dither::Bayer(8),
            Pattern::Angled4 => Dither::Angled(4),
            Pattern::Angled6 => Dither::Angled(6),
            Pattern::Angled8 => Dither::Angled(8),
            Pattern::Straight4 => Dither::Straight(4),
            Pattern::Straight6 => Dither::Straight(6),
            Pattern::Straight8 => Dither::Straight(8),
            Pattern::Straight16 => Dither::Straight(16),
            Pattern::Black5 => Dither::Black(5),
            Pattern::White5 => Dither::White(5),
            Pattern::Black6 => Dither::Black(6),
            Pattern::White6 => Dither::White(6),
            Pattern::Black7 => Dither::Black(7),
            Pattern::White7 => Dither::White(7),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How the levels are scattered.
    pattern: Pattern,
    /// How many levels each channel keeps.
    #[schemars(range(min = 2, max = 256))]
    levels: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { pattern: Pattern::Bayer4, levels: 2 }
    }
}

/// Leaves few levels in each channel, chosen pixel by pixel by a pattern so that areas keep their mean tone; see the kernel.
/// On sRGB values, alpha stays.
pub(crate) struct OrderedDither;

impl Transform for OrderedDither {
    const NAME: &'static str = "ordered_dither";
    const SUMMARY: &'static str = "Leaves few levels in each channel, scattered by a pattern.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let (width, channels) = (image.width as usize, image.format.bytes());
        kernels::ordered_dither(&mut image.pixels, width, channels, params.pattern.dither(), params.levels);
        Ok(image.into())
    }
}
