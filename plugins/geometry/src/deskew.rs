//! `deskew`: a page that was scanned askew, turned straight.

use safelight_kernels::{self as kernels, Interpolation};
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Refusal, Size, Transform, to_format};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How light a pixel may be to count as ink, 0 (only black) to 1 (all but white).
    #[schemars(range(min = 0.0, max = 1.0))]
    threshold: f64,
    /// The largest angle that is looked for, in degrees to either side.
    #[schemars(range(min = 0.5, max = 45.0))]
    max_angle_deg: f64,
    /// The colour of the corners that the turned page leaves free.
    background: Color,
}

impl Default for Params {
    fn default() -> Self {
        Params { threshold: 0.4, max_angle_deg: 15.0, background: Color::WHITE }
    }
}

/// Finds the angle at which lines of dark pixels run, and turns the picture so that they are level.
///
/// The angle is found on a copy of at most 800 pixels a side, in steps of 0.05 degrees, by the profile of
/// ink along lines. A picture that is straight, or without ink, stays as it is. The size of the result
/// depends on the pixels, so it is not known in the plan: the smallest upright rectangle around the turned
/// picture, as in `rotate`. The turn is bilinear.
pub(crate) struct Deskew;

impl Transform for Deskew {
    const NAME: &'static str = "deskew";
    const SUMMARY: &'static str = "Turns a page straight that was scanned askew.";
    type Params = Params;

    fn plan(_: &Params, _: Size) -> Result<Planned, Refusal> {
        Ok(Planned::unknown())
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let size = (image.width, image.height);
        let found =
            kernels::skew_deg(&image.pixels, size, image.format.bytes(), params.threshold, params.max_angle_deg);
        if found == 0.0 {
            return Ok(image.into());
        }
        let format = params.background.format_with(image.format);
        let mut pixels = to_format(image, format).pixels;
        let (width, height) = kernels::rotated_size(size, -found);
        Size::new(width, height).check()?;
        let colour = params.background.pixel(format);
        let pixels = kernels::rotate(&mut pixels, size, colour, -found, Interpolation::Bilinear);
        Ok(Image::new(width, height, format, pixels).into())
    }
}
