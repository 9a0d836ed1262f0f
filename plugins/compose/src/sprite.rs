//! `sprite`: pictures in one sheet, with a map of it.

use safelight_kernels::{self as kernels, Sheet};
use safelight_sdk::{Color, Image, ImageRef, Input, Kind, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{common_format, sheet};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The pictures: {"url": ...}, {"asset": ...} or {"data": ...} each.
    #[schemars(length(min = 1, max = 500))]
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    images: Vec<ImageRef>,
    /// The names that the data give to the pictures, as many as there are pictures, all different; without
    /// them "0", "1"...
    #[serde(default)]
    #[schemars(length(max = 500), inner(length(min = 1, max = 255)))]
    names: Vec<String>,
    /// How they are laid out.
    #[serde(default)]
    layout: Layout,
    /// Free space between two pictures, in pixels.
    #[serde(default = "two")]
    #[schemars(range(min = 0, max = 4096))]
    gap_px: u32,
    /// The colour of what is free.
    #[serde(default = "nothing")]
    background: Color,
}

fn two() -> u32 {
    2
}

fn nothing() -> Color {
    Color::TRANSPARENT
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Layout {
    /// Into as little space as is found; the order is not kept.
    #[default]
    Packed,
    /// One below the other, at the left.
    Column,
    /// Side by side, at the top.
    Row,
}

/// What the data say of one picture.
#[derive(Debug, Serialize)]
struct Placed<'a> {
    name: &'a str,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

/// The data.
#[derive(Debug, Serialize)]
struct Map<'a> {
    width: u32,
    height: u32,
    images: Vec<Placed<'a>>,
}

/// Lays pictures into one sheet, each as it is, and tells where each lies:
/// `{"width", "height", "images": [{"name", "x", "y", "width", "height"}]}`, in the order given.
///
/// It starts without a picture: a sheet has no first one. The same sizes always give the same layout.
pub(crate) struct Sprite;

impl Transform for Sprite {
    const NAME: &'static str = "sprite";
    const SUMMARY: &'static str = "Packs pictures into one sheet and tells where each lies.";
    const KIND: Kind = Kind::Generate;
    type Params = Params;

    fn plan_with_images(params: &Params, _: Size, images: &[Size]) -> Result<Planned, Refusal> {
        check_names(&params.names, images.len())?;
        Ok(Planned::to(arrange(params, images).0))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let sizes: Vec<Size> = input.images.iter().map(Image::size).collect();
        let (size, places) = arrange(params, &sizes);
        let filled: u64 = sizes.iter().map(|size| size.pixels()).sum();
        let around = (filled < size.pixels()).then_some(params.background);
        let format = common_format(input.images.iter(), around);
        let sheet = sheet(size, format, params.background, input.images, &places);
        let numbers: Vec<String> = (0..sizes.len()).map(|index| index.to_string()).collect();
        let names = if params.names.is_empty() { &numbers } else { &params.names };
        let placed = names.iter().zip(&sizes).zip(&places).map(|((name, size), place)| Placed {
            name,
            x: place.0,
            y: place.1,
            width: size.width,
            height: size.height,
        });
        let map = Map { width: size.width, height: size.height, images: placed.collect() };
        Ok(Outcome::found(sheet, &map))
    }
}

fn check_names(names: &[String], images: usize) -> Result<(), Refusal> {
    if !names.is_empty() && names.len() != images {
        let message = format!("has {} entries, expected one for each of the {images} images", names.len());
        return Err(Refusal::params("names", message));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Refusal::params("names", format!("has {:?} twice, expected different names", pair[0]))),
        None => Ok(()),
    }
}

/// The size of the sheet and the corner of each picture; lengths saturate, and the SDK refuses such sizes.
fn arrange(params: &Params, sizes: &[Size]) -> (Size, Vec<(u32, u32)>) {
    let plain: Vec<(u32, u32)> = sizes.iter().map(|size| (size.width, size.height)).collect();
    let sheet = match params.layout {
        Layout::Packed => kernels::pack(&plain, params.gap_px),
        Layout::Row => line(&plain, params.gap_px),
        Layout::Column => {
            let turned: Vec<(u32, u32)> = plain.iter().map(|(width, height)| (*height, *width)).collect();
            let Sheet { size, places } = line(&turned, params.gap_px);
            Sheet { size: (size.1, size.0), places: places.into_iter().map(|(x, y)| (y, x)).collect() }
        }
    };
    let short = |length: u64| u32::try_from(length).unwrap_or(u32::MAX);
    let places = sheet.places.into_iter().map(|(x, y)| (short(x), short(y))).collect();
    (Size::new(short(sheet.size.0), short(sheet.size.1)), places)
}

/// One after the other, to the right.
fn line(sizes: &[(u32, u32)], gap: u32) -> Sheet {
    let (mut right, mut places) = (0, Vec::with_capacity(sizes.len()));
    for (index, (width, _)) in sizes.iter().enumerate() {
        right += if index > 0 { u64::from(gap) } else { 0 };
        places.push((right, 0));
        right += u64::from(*width);
    }
    let height = sizes.iter().map(|size| u64::from(size.1)).max().unwrap_or(0);
    Sheet { size: (right, height), places }
}
