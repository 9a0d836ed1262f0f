//! `canvas`: a picture of one colour.

use safelight_sdk::{Color, Image, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Width in pixels.
    #[schemars(range(min = 1, max = 65535))]
    width: u32,
    /// Height in pixels.
    #[schemars(range(min = 1, max = 65535))]
    height: u32,
    /// The colour.
    color: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { width: 10, height: 10, color: Color::WHITE }
    }
}

/// Makes a picture of one colour: gray if the colour is gray, with alpha if the colour is not opaque.
pub(crate) struct Canvas;

impl Transform for Canvas {
    const NAME: &'static str = "canvas";
    const SUMMARY: &'static str = "Makes a picture of one colour.";
    const KIND: Kind = Kind::Generate;
    type Params = Params;

    fn plan(params: &Params, _: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(Size::new(params.width, params.height)))
    }

    fn apply(params: &Params, _: Input) -> Result<Outcome, Refusal> {
        let format = params.color.format_with(PixelFormat::Gray8);
        let size = Size::new(params.width, params.height);
        Ok(Image::filled(size, format, params.color.pixel(format)).into())
    }
}
