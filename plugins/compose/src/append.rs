//! `append`: pictures in a row or a column.

use safelight_sdk::{Color, Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{common_format, sheet};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The pictures that follow the picture, in order: {"url": ...}, {"asset": ...} or {"data": ...} each.
    #[schemars(length(min = 1, max = 100))]
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    images: Vec<ImageRef>,
    /// Whether they follow to the right or below.
    #[serde(default)]
    direction: Direction,
    /// Where those lie that are less high than the row or less wide than the column.
    #[serde(default)]
    align: Align,
    /// Free space between two of them, in pixels.
    #[serde(default)]
    #[schemars(range(min = 0, max = 65535))]
    gap_px: u32,
    /// The colour of what is free.
    #[serde(default = "white")]
    background: Color,
}

fn white() -> Color {
    Color::WHITE
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// To the right.
    #[default]
    Horizontal,
    /// Below.
    Vertical,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Align {
    /// At the top of a row, at the left of a column.
    #[default]
    Start,
    /// In the middle; half a pixel of free space goes to the right or below.
    Center,
    /// At the bottom of a row, at the right of a column.
    End,
}

/// Sets pictures side by side, each as it is: nothing is scaled or blended.
///
/// The result has alpha if a picture has, or if something is free and the background is not opaque.
pub(crate) struct Append;

impl Transform for Append {
    const NAME: &'static str = "append";
    const SUMMARY: &'static str = "Sets other pictures beside or below the picture.";
    const KIND: Kind = Kind::Compose;
    type Params = Params;

    fn plan_with_images(params: &Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        let sizes: Vec<Size> = [input].into_iter().chain(images.iter().copied()).collect();
        Ok(Planned::to(arrange(params, &sizes).0))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let images: Vec<Image> = [input.image].into_iter().chain(input.images).collect();
        let sizes: Vec<Size> = images.iter().map(Image::size).collect();
        let (size, places) = arrange(params, &sizes);
        let filled: u64 = sizes.iter().map(|size| size.pixels()).sum();
        let around = (filled < size.pixels()).then_some(params.background);
        let format: PixelFormat = common_format(images.iter(), around);
        Ok(sheet(size, format, params.background, images, &places).into())
    }
}

/// The size of the whole and the corner of each. Lengths saturate; the SDK refuses such sizes.
fn arrange(params: &Params, sizes: &[Size]) -> (Size, Vec<(u32, u32)>) {
    let turned = |size: &Size| match params.direction {
        Direction::Horizontal => *size,
        Direction::Vertical => Size::new(size.height, size.width),
    };
    let sizes: Vec<Size> = sizes.iter().map(turned).collect();
    let across = sizes.iter().map(|size| size.height).max().unwrap_or(0);
    let mut along = 0u32;
    let mut places = Vec::with_capacity(sizes.len());
    for (index, size) in sizes.iter().enumerate() {
        along = along.saturating_add(if index > 0 { params.gap_px } else { 0 });
        let free = across - size.height;
        let aside = match params.align {
            Align::Start => 0,
            Align::Center => free / 2,
            Align::End => free,
        };
        places.push((along, aside));
        along = along.saturating_add(size.width);
    }
    match params.direction {
        Direction::Horizontal => (Size::new(along, across), places),
        Direction::Vertical => (Size::new(across, along), places.into_iter().map(|(x, y)| (y, x)).collect()),
    }
}
