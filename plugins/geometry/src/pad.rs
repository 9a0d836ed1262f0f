//! `pad`: a border around the picture.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::placement::Gravity;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width of the canvas in pixels, at least the picture's. Without it, the picture's.
    #[schemars(range(min = 1, max = 65535))]
    width: Option<u32>,
    /// Height of the canvas in pixels, at least the picture's. Without it, the picture's.
    #[schemars(range(min = 1, max = 65535))]
    height: Option<u32>,
    /// Where the picture lies on the canvas.
    gravity: Gravity,
    /// The colour around the picture.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { width: None, height: None, gravity: Gravity::Center, background: Color::TRANSPARENT }
    }
}

/// Lays the picture on a canvas. The picture keeps its size: a canvas that is smaller is refused.
///
/// **Background.** It lies around the picture, not behind it: transparent pixels stay transparent.
/// The result has an alpha channel if the picture has one or the background is not opaque.
/// **Rounding.** Half a pixel of free space goes to the right and to the bottom.
pub(crate) struct Pad;

impl Transform for Pad {
    const NAME: &'static str = "pad";
    const SUMMARY: &'static str = "Lays the picture on a larger canvas of one colour.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        canvas(params, input).map(Planned::to)
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let canvas = canvas(params, input.image.size())?;
        let format = params.background.format_with(input.image.format);
        let image = to_format(input.image, format);
        let at = (
            (canvas.width - image.width) * params.gravity.left_halves() / 2,
            (canvas.height - image.height) * params.gravity.top_halves() / 2,
        );
        let colour = params.background.pixel(format);
        let size = (image.width, image.height);
        let pixels = kernels::extend(&image.pixels, size, colour, (canvas.width, canvas.height), at);
        Ok(Image::new(canvas.width, canvas.height, format, pixels).into())
    }
}

fn canvas(params: &Params, input: Size) -> Result<Size, Refusal> {
    let side = |field: &str, asked: Option<u32>, length: u32| match asked {
        Some(asked) if asked < length => {
            let message = format!("is {asked}, expected at least the picture's {field} of {length}");
            Err(Refusal::params(field, message))
        }
        asked => Ok(asked.unwrap_or(length)),
    };
    Ok(Size::new(side("width", params.width, input.width)?, side("height", params.height, input.height)?))
}
