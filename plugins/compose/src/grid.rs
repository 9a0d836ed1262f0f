//! `grid`: pictures in cells of one size.

use safelight_kernels::{Blend, Paint};
use safelight_sdk::{Color, Image, ImageRef, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pictures::{is_gray, joined_format, lay};
use crate::placement::{Canvas, Fitting, Gravity, Placement};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// The pictures, row by row: {"url": ...}, {"asset": ...} or {"data": ...} each.
    #[schemars(length(min = 1, max = 500))]
    #[expect(dead_code, reason = "the host reads it and hands over the pictures")]
    images: Vec<ImageRef>,
    /// Width of a cell in pixels.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 65535))]
    cell_width: u32,
    /// Height of a cell in pixels.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 65535))]
    cell_height: u32,
    /// Cells in a row; without it as many as make the grid nearly as high as wide.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    columns: Option<u32>,
    /// Free space between cells, in pixels.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4096))]
    padding_px: u32,
    /// Free space around all cells, in pixels.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4096))]
    margin_px: u32,
    /// The colour behind all.
    #[serde(default = "white")]
    background: Color,
    /// How a picture fills its cell.
    #[serde(default)]
    fit: Fitting,
    /// Where a picture lies in its cell.
    #[serde(default)]
    gravity: Gravity,
}

fn hundred() -> u32 {
    100
}

fn white() -> Color {
    Color::WHITE
}

/// Lays pictures into the cells of a grid, scaled by Lanczos3, over the background.
///
/// It starts without a picture: a contact sheet has no first one. Cells without a picture show the background.
pub(crate) struct Grid;

impl Transform for Grid {
    const NAME: &'static str = "grid";
    const SUMMARY: &'static str = "Makes a sheet of pictures in rows and columns.";
    const KIND: Kind = Kind::Generate;
    type Params = Params;

    fn plan_with_images(params: &Params, _: Size, images: &[Size]) -> Result<Planned, Refusal> {
        Ok(Planned::to(sheet(params, images.len()).1))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (columns, size) = sheet(params, input.images.len());
        let format = params.background.format_with(PixelFormat::Gray8);
        let gray = input.images.iter().all(is_gray);
        let format = joined_format(format, gray, Blend::Over);
        let mut canvas = Image::filled(size, format, params.background.pixel(format));
        let cell = Size::new(params.cell_width, params.cell_height);
        let placement = Placement::inside(cell, params.fit, params.gravity);
        for (index, image) in input.images.into_iter().enumerate() {
            let (column, row) = (index as u32 % columns, index as u32 / columns);
            let (layer, at) = placement.layout(cell, image.size(), Canvas::Keep)?.shown(image);
            let corner = |index: u32, side: u32| i64::from(params.margin_px + index * (side + params.padding_px));
            let at = (corner(column, cell.width) + at.0, corner(row, cell.height) + at.1);
            lay(&mut canvas, &layer, at, Paint::OVER);
        }
        Ok(canvas.into())
    }
}

/// Columns, and the size of the whole; lengths saturate.
fn sheet(params: &Params, count: usize) -> (u32, Size) {
    let count = count as u32;
    let columns = params.columns.unwrap_or_else(|| square(params, count));
    let length = |cells: u32, side: u32| {
        let steps = cells.saturating_mul(side.saturating_add(params.padding_px));
        (steps - params.padding_px).saturating_add(2 * params.margin_px)
    };
    let rows = count.div_ceil(columns).max(1);
    (columns, Size::new(length(columns, params.cell_width), length(rows, params.cell_height)))
}

/// The number of columns that makes the grid nearest to a square, from the fewest on.
fn square(params: &Params, count: u32) -> u32 {
    let apart = |columns: &u32| {
        let width = u64::from(*columns) * u64::from(params.cell_width);
        let height = u64::from(count.div_ceil(*columns)) * u64::from(params.cell_height);
        width.abs_diff(height)
    };
    (1..=count).min_by_key(apart).unwrap_or(1)
}
