//! `flip`: the picture mirrored.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Which sides change places.
    direction: Direction,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// Left and right.
    #[default]
    Horizontal,
    /// Top and bottom.
    Vertical,
    /// Both, which is half a turn.
    Both,
}

/// Mirrors the picture, pixel by pixel, in place.
pub(crate) struct Flip;

impl Transform for Flip {
    const NAME: &'static str = "flip";
    const SUMMARY: &'static str = "Mirrors the picture horizontally, vertically or both.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let channels = image.format.bytes();
        match params.direction {
            Direction::Horizontal => kernels::mirror_columns(&mut image.pixels, image.width, channels),
            Direction::Vertical => kernels::mirror_rows(&mut image.pixels, image.width, channels),
            Direction::Both => kernels::half_turn(&mut image.pixels, channels),
        }
        Ok(image.into())
    }
}
