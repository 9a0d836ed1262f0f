//! `gradient_fade`: edges that fade into nothing.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Whether one side fades or two.
    mode: Mode,
    /// How strong the fade is: 0 is none, 0.2 goes evenly to nothing, more stays longer near nothing.
    #[schemars(range(min = 0.0, max = 1.0))]
    strength: f64,
    /// The share of the width that fades, from the left; from the right when negative.
    #[schemars(range(min = -1.0, max = 1.0))]
    x: f64,
    /// The share of the height that fades, from the top; from the bottom when negative.
    #[schemars(range(min = -1.0, max = 1.0))]
    y: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { mode: Mode::Single, strength: 0.2, x: 0.0, y: 0.5 }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// The side that the sign names.
    #[default]
    Single,
    /// Both sides alike.
    Symmetric,
    /// Both sides alike, in what is added to them: the picture mirrored at its edges. The canvas grows by the shares on
    /// both sides.
    SymmetricPad,
}

/// Multiplies alpha by a ramp. The result has alpha.
///
/// At a share `t` of the way from the edge to the end of the fade, taken at the pixel's middle, the factor is
/// `t ^ (5 strength)`; where two fades meet, the product counts. Rounded to nearest.
pub(crate) struct GradientFade;

impl Transform for GradientFade {
    const NAME: &'static str = "gradient_fade";
    const SUMMARY: &'static str = "Lets the picture fade into nothing towards its edges.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let (x, y) = padding(params, input);
        Ok(Planned::to(Size::new(input.width.saturating_add(2 * x), input.height.saturating_add(2 * y))))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = mirrored(&input.image, padding(params, input.image.size())).unwrap_or(input.image);
        let columns = factors(params, params.x, image.width);
        let rows = factors(params, params.y, image.height);
        kernels::fade_alpha(&mut image.pixels, &columns, &rows);
        Ok(image.into())
    }
}

/// Columns and rows that are added on each side.
fn padding(params: &Params, size: Size) -> (u32, u32) {
    let share = |share: f64, length: u32| (f64::from(length) * share.abs()).round() as u32;
    match params.mode {
        Mode::SymmetricPad => (share(params.x, size.width), share(params.y, size.height)),
        Mode::Single | Mode::Symmetric => (0, 0),
    }
}

/// The factor of every column or row.
fn factors(params: &Params, share: f64, length: u32) -> Vec<f32> {
    let share = match params.mode {
        // Of a picture that was 1 and became 1 + 2 |share|.
        Mode::SymmetricPad => share.abs() / (1.0 + 2.0 * share.abs()),
        Mode::Single | Mode::Symmetric => share,
    };
    let reach = f64::from(length) * share.abs();
    let factor = |distance: f64| {
        if reach <= 0.0 { 1.0 } else { (distance / reach).min(1.0).powf(5.0 * params.strength) as f32 }
    };
    let middle = |index: u32| f64::from(index) + 0.5;
    let from_start = |index: u32| factor(middle(index));
    let from_end = |index: u32| factor(f64::from(length) - middle(index));
    let of = |index: u32| match params.mode {
        Mode::Single if share < 0.0 => from_end(index),
        Mode::Single => from_start(index),
        Mode::Symmetric | Mode::SymmetricPad => from_start(index) * from_end(index),
    };
    (0..length).map(of).collect()
}

/// The picture with columns and rows added on each side, mirrored at its edges; none without any.
fn mirrored(image: &Image, (x, y): (u32, u32)) -> Option<Image> {
    if (x, y) == (0, 0) {
        return None;
    }
    let size = Size::new(image.width + 2 * x, image.height + 2 * y);
    // At most as many are added as there are, so that one mirror is enough.
    let source = |at: u32, before: u32, length: u32| {
        let at = i64::from(at) - i64::from(before);
        let length = i64::from(length);
        (if at < 0 {
            -1 - at
        } else if at >= length {
            2 * length - 1 - at
        } else {
            at
        }) as usize
    };
    let columns: Vec<usize> = (0..size.width).map(|column| source(column, x, image.width)).collect();
    let mut pixels = Image::room(size, PixelFormat::Rgba8);
    let mut line = vec![[0u8; 4]; size.width as usize];
    for row in 0..size.height {
        let start = source(row, y, image.height) * image.stride();
        let from = image.pixels[start..start + image.stride()].as_chunks::<4>().0;
        line.iter_mut().zip(&columns).for_each(|(to, column)| *to = from[*column]);
        pixels.extend_from_slice(line.as_flattened());
    }
    Some(Image::new(size.width, size.height, PixelFormat::Rgba8, pixels))
}
