//! `shadow`: a soft copy of the picture's shape behind it.

use safelight_kernels::{self as kernels, Paint};
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::{alpha_plane, coloured, lay};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How far the shadow lies to the right, in pixels; to the left when negative.
    #[schemars(range(min = -4096, max = 4096))]
    x_px: i32,
    /// How far the shadow lies below, in pixels; above when negative.
    #[schemars(range(min = -4096, max = 4096))]
    y_px: i32,
    /// Standard deviation of the shadow's blur in pixels; below 0.1 it is sharp.
    #[schemars(range(min = 0.0, max = 250.0))]
    sigma_px: f64,
    /// How much larger the shadow is than the picture, in pixels on every side.
    #[schemars(range(min = 0.0, max = 1000.0))]
    spread_px: f64,
    /// The shadow's colour.
    color: Color,
    /// What the shadow's alpha is multiplied with.
    #[schemars(range(min = 0.0, max = 1.0))]
    opacity: f64,
    /// Whether the canvas grows to hold the shadow.
    canvas: Room,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            x_px: 6,
            y_px: 6,
            sigma_px: 4.0,
            spread_px: 0.0,
            color: Color::BLACK,
            opacity: 0.5,
            canvas: Room::Grow,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Room {
    /// It grows until the whole shadow is seen.
    #[default]
    Grow,
    /// It keeps the picture's size.
    Keep,
}

/// Lays the picture over its blurred shape in one colour. The result has alpha.
///
/// The shadow ends three standard deviations of the blur beyond the shape. Its corners are round when it is
/// spread. Blur and growth are those of the kernels; the picture lies over it as in `composite`.
pub(crate) struct Shadow;

impl Transform for Shadow {
    const NAME: &'static str = "shadow";
    const SUMMARY: &'static str = "Lays a blurred shadow of the picture's shape behind it.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let margins = margins(params);
        let grown = grown(input, margins);
        // What is cut off afterwards is made as well.
        grown.check()?;
        Ok(Planned::to(if params.canvas == Room::Keep { input } else { grown }))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let picture = to_format(input.image, safelight_sdk::PixelFormat::Rgba8);
        let [left, top, right, bottom] = margins(params);
        let (x, y) = (params.x_px, params.y_px);
        let moved = |margin: u32, by: i32| margin.checked_add_signed(by).expect("room for the shadow's reach");
        let (mut plane, size) =
            alpha_plane(&picture, [moved(left, x), moved(top, y), moved(right, -x), moved(bottom, -y)]);
        let plain = (size.width, size.height);
        if params.spread_px > 0.0 {
            plane = kernels::grow(&plane, plain, params.spread_px);
        }
        kernels::gaussian_blur(&mut plane, plain, 1, params.sigma_px);
        let mut canvas = coloured(params.color, params.opacity, &plane, size);
        let kept = picture.size();
        lay(&mut canvas, &picture, (i64::from(left), i64::from(top)), Paint::OVER);
        if params.canvas == Room::Keep {
            let Image { format, mut pixels, .. } = canvas;
            kernels::cut(&mut pixels, plain, format.bytes(), (left, top, kept.width, kept.height));
            canvas = Image::new(kept.width, kept.height, format, pixels);
        }
        Ok(canvas.into())
    }
}

/// How many rows and columns the shadow needs at the left, the top, the right and the bottom.
fn margins(params: &Params) -> [u32; 4] {
    let reach = (3.0 * params.sigma_px).ceil() as i64 + params.spread_px.ceil() as i64;
    let margin = |towards: i32| u32::try_from(reach + i64::from(towards)).unwrap_or(0);
    [margin(-params.x_px), margin(-params.y_px), margin(params.x_px), margin(params.y_px)]
}

fn grown(size: Size, [left, top, right, bottom]: [u32; 4]) -> Size {
    Size::new(size.width.saturating_add(left + right), size.height.saturating_add(top + bottom))
}
