//! `rotate`: the picture turned clockwise.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Degrees clockwise; negative ones turn the other way.
    #[schemars(range(min = -36000.0, max = 36000.0))]
    angle_deg: f64,
    /// The colour of the corners that the turned picture leaves free.
    background: Color,
    /// How pixels between pixels are found. Of no meaning for multiples of 90 degrees.
    interpolation: Interpolation,
}

impl Default for Params {
    fn default() -> Self {
        Params { angle_deg: 90.0, background: Color::TRANSPARENT, interpolation: Interpolation::Bilinear }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Interpolation {
    /// Between 2 x 2 pixels.
    #[default]
    Bilinear,
    /// Between 4 x 4 pixels, sharper and slower.
    Bicubic,
}

/// Turns the picture around its middle.
///
/// Multiples of 90 degrees move pixels and change none. At other angles the result is the smallest
/// upright rectangle around the turned picture (sides rounded half up), its corners have the colour
/// of the background, and it has an alpha channel if the picture has one or the background is not
/// opaque.
pub(crate) struct Rotate;

impl Transform for Rotate {
    const NAME: &'static str = "rotate";
    const SUMMARY: &'static str = "Turns the picture clockwise by any angle.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(match quarters(params) {
            Some(0 | 2) => input,
            Some(_) => Size::new(input.height, input.width),
            None => {
                let (width, height) = kernels::rotated_size((input.width, input.height), params.angle_deg);
                Size::new(width, height)
            }
        }))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        Ok(match quarters(params) {
            Some(quarters) => turn(image, quarters).into(),
            None => turn_freely(params, image).into(),
        })
    }
}

/// How many quarter turns clockwise the angle is, 0 to 3; none if it is no multiple of 90 degrees.
fn quarters(params: &Params) -> Option<u32> {
    let turns = params.angle_deg.rem_euclid(360.0) / 90.0;
    (turns.fract() == 0.0).then_some(turns as u32 % 4)
}

fn turn(mut image: Image, quarters: u32) -> Image {
    let (size, channels) = ((image.width, image.height), image.format.bytes());
    match quarters {
        0 => image,
        2 => {
            kernels::half_turn(&mut image.pixels, channels);
            image
        }
        quarters => {
            let pixels = kernels::quarter_turn(&image.pixels, size, channels, quarters == 1);
            Image::new(size.1, size.0, image.format, pixels)
        }
    }
}

fn turn_freely(params: &Params, image: Image) -> Image {
    let format = params.background.format_with(image.format);
    let Image { width, height, mut pixels, .. } = to_format(image, format);
    let interpolation = match params.interpolation {
        Interpolation::Bilinear => kernels::Interpolation::Bilinear,
        Interpolation::Bicubic => kernels::Interpolation::Bicubic,
    };
    let size = kernels::rotated_size((width, height), params.angle_deg);
    let colour = params.background.pixel(format);
    let pixels = kernels::rotate(&mut pixels, (width, height), colour, params.angle_deg, interpolation);
    Image::new(size.0, size.1, format, pixels)
}
