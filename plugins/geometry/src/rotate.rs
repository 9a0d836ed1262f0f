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
    /// How large the result is.
    canvas: Canvas,
    /// Which pictures are turned. Others stay as they are. Without it, all are turned.
    only: Option<Only>,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            angle_deg: 90.0,
            background: Color::TRANSPARENT,
            interpolation: Interpolation::Bilinear,
            canvas: Canvas::Grow,
            only: None,
        }
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Canvas {
    /// The smallest upright rectangle around the turned picture.
    #[default]
    Grow,
    /// The picture's own size: what stands over is cut off.
    Keep,
    /// The largest upright rectangle inside the turned picture: no background is seen.
    Inside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Only {
    /// Pictures that are wider than high.
    Landscape,
    /// Pictures that are higher than wide.
    Portrait,
}

/// Turns the picture around its middle.
///
/// Multiples of 90 degrees move pixels and change none. At other angles the result is the smallest
/// upright rectangle around the turned picture (sides rounded half up), its corners have the colour
/// of the background, and it has an alpha channel if the picture has one or the background is not
/// opaque. The other canvases are cut from the middle of that; half a pixel goes to the right and to the bottom.
pub(crate) struct Rotate;

impl Transform for Rotate {
    const NAME: &'static str = "rotate";
    const SUMMARY: &'static str = "Turns the picture clockwise by any angle.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        Ok(Planned::to(match angle(params, input) {
            Some(angle) => canvas(params.canvas, input, angle),
            None => input,
        }))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let (image, full) = (input.image, input.view.full);
        let Some(angle) = angle(params, full) else {
            return Ok(image.into());
        };
        let turned = match angle {
            Angle::Quarters(quarters) => turn(image, quarters),
            Angle::Free(angle_deg) => turn_freely(params, image, angle_deg),
        };
        Ok(framed(turned, canvas(params.canvas, full, angle), params.background).into())
    }
}

#[derive(Debug, Clone, Copy)]
enum Angle {
    /// Quarter turns clockwise, 0 to 3.
    Quarters(u32),
    /// Degrees clockwise, no multiple of 90.
    Free(f64),
}

/// By how much the picture is turned; none if it is not one of those that are.
fn angle(params: &Params, input: Size) -> Option<Angle> {
    let applies = match params.only {
        None => true,
        Some(Only::Landscape) => input.width > input.height,
        Some(Only::Portrait) => input.width < input.height,
    };
    let turns = params.angle_deg.rem_euclid(360.0) / 90.0;
    let angle = if turns.fract() == 0.0 { Angle::Quarters(turns as u32 % 4) } else { Angle::Free(params.angle_deg) };
    applies.then_some(angle)
}

fn canvas(canvas: Canvas, input: Size, angle: Angle) -> Size {
    let turned = match angle {
        Angle::Quarters(0 | 2) => input,
        Angle::Quarters(_) => Size::new(input.height, input.width),
        Angle::Free(angle_deg) => {
            let (width, height) = kernels::rotated_size((input.width, input.height), angle_deg);
            Size::new(width, height)
        }
    };
    match (canvas, angle) {
        (Canvas::Keep, _) => input,
        (Canvas::Inside, Angle::Free(angle_deg)) => inside(input, turned, angle_deg),
        _ => turned,
    }
}

/// The largest upright rectangle around the middle of a turned one whose pixels mix with no background:
/// their middles lie between the outermost middles of the picture's pixels.
///
/// Either two opposite corners touch the two long sides, or all four touch a side each: then
/// `w |cos| + h |sin| = width` and `w |sin| + h |cos| = height`.
fn inside(input: Size, turned: Size, angle_deg: f64) -> Size {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let (sin, cos) = (sin.abs(), cos.abs());
    let (width, height) = (f64::from(input.width - 1), f64::from(input.height - 1));
    let (long, short) = (width.max(height), width.min(height));
    let two_touch = short <= 2.0 * sin * cos * long || (sin - cos).abs() < 1e-9;
    let (across, down) = match two_touch {
        true if width >= height => (short / 2.0 / sin, short / 2.0 / cos),
        true => (short / 2.0 / cos, short / 2.0 / sin),
        false => {
            let determinant = cos * cos - sin * sin;
            ((width * cos - height * sin) / determinant, (height * cos - width * sin) / determinant)
        }
    };
    // As odd or even as the turned picture, so that it can be cut from the very middle.
    let pixels = |length: f64, turned: u32| {
        let pixels = (length.max(0.0) as u32 + 1).min(turned);
        if (turned - pixels) % 2 == 1 { (pixels - 1).max(1) } else { pixels }
    };
    Size::new(pixels(across, turned.width), pixels(down, turned.height))
}

/// The middle of a picture, with background around it where it is too small.
fn framed(image: Image, to: Size, background: Color) -> Image {
    if image.size() == to {
        return image;
    }
    let kept = (image.width.min(to.width), image.height.min(to.height));
    let rect = ((image.width - kept.0) / 2, (image.height - kept.1) / 2, kept.0, kept.1);
    let mut image = image;
    kernels::cut(&mut image.pixels, (image.width, image.height), image.format.bytes(), rect);
    let image = Image::new(kept.0, kept.1, image.format, image.pixels);
    if image.size() == to {
        return image;
    }
    let format = background.format_with(image.format);
    let image = to_format(image, format);
    let at = ((to.width - kept.0) / 2, (to.height - kept.1) / 2);
    let pixels = kernels::extend(&image.pixels, kept, background.pixel(format), (to.width, to.height), at);
    Image::new(to.width, to.height, format, pixels)
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

fn turn_freely(params: &Params, image: Image, angle_deg: f64) -> Image {
    let format = params.background.format_with(image.format);
    let Image { width, height, mut pixels, .. } = to_format(image, format);
    let interpolation = match params.interpolation {
        Interpolation::Bilinear => kernels::Interpolation::Bilinear,
        Interpolation::Bicubic => kernels::Interpolation::Bicubic,
    };
    let size = kernels::rotated_size((width, height), angle_deg);
    let colour = params.background.pixel(format);
    let pixels = kernels::rotate(&mut pixels, (width, height), colour, angle_deg, interpolation);
    Image::new(size.0, size.1, format, pixels)
}
