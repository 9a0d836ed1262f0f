//! `vignette`: fades towards the edges.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::length::{Amount, Offset};

/// The widest Gaussian, in pixels.
const WIDEST: f64 = 2000.0;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour that the edges fade to.
    color: Color,
    /// How much the edges fade: 1 leaves the colour alone, 0 changes nothing.
    #[schemars(range(min = 0.0, max = 1.0))]
    strength: f64,
    /// How far the ellipse ends from the left and right side, in pixels or as in "5%" of the picture's width; negative: beyond
    /// it.
    x: Offset,
    /// How far it ends from top and bottom, in pixels or percent of the picture's height.
    y: Offset,
    /// How soft the ellipse is: the standard deviation of a Gaussian, in pixels or percent of the
    /// picture's shorter side, at most 2000 pixels. 0 gives a sharp edge.
    sigma: Amount,
    /// How far that Gaussian reaches, in pixels. 0: as far as it counts, 3 sigma.
    #[schemars(range(min = 0, max = 1000))]
    radius_px: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            color: Color::BLACK,
            strength: 1.0,
            x: Offset::Pixels(10.0),
            y: Offset::Pixels(10.0),
            sigma: Amount::Pixels(10.0),
            radius_px: 0,
        }
    }
}

/// Mixes the picture with a colour outside an ellipse around its middle, in place; premultiplied, in sRGB values.
///
/// **Format.** The result has colour if the colour has, and alpha if the colour is not opaque.
pub(crate) struct Vignette;

impl Transform for Vignette {
    const NAME: &'static str = "vignette";
    const SUMMARY: &'static str = "Fades to a colour towards the edges.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        shape(params, input)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let shape = shape(params, input.image.size())?;
        let format = params.color.format_with(input.image.format);
        let mut image = to_format(input.image, format);
        let size = (image.width, image.height);
        kernels::vignette(&mut image.pixels, size, format.bytes(), params.color.pixel(format), &shape);
        Ok(image.into())
    }
}

fn shape(params: &Params, size: Size) -> Result<kernels::Vignette, Refusal> {
    Ok(kernels::Vignette {
        x: params.x.pixels("x", size.width)?,
        y: params.y.pixels("y", size.height)?,
        sigma: params.sigma.pixels("sigma", size.width.min(size.height))?.min(WIDEST),
        radius: if params.radius_px == 0 { u32::MAX } else { params.radius_px },
        strength: params.strength,
    })
}
