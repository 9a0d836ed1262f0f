//! `trim`: a border of one colour removed.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Image, Input, Outcome, Planned, Rect, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// By how many levels a border pixel may differ from the colour, in every channel.
    #[schemars(range(min = 0, max = 255))]
    tolerance: u8,
    /// The border's colour. Without it, that of the top left pixel.
    color: Option<Color>,
}

impl Default for Params {
    fn default() -> Self {
        Params { tolerance: 10, color: None }
    }
}

/// Removes rows and columns at the edges that consist of the border's colour only.
///
/// Pixels that are transparent are alike whatever their colour. A picture without alpha is opaque. A
/// picture that is border altogether stays as it is. The size of the result depends on the pixels,
/// so it is not known in the plan.
pub(crate) struct Trim;

impl Transform for Trim {
    const NAME: &'static str = "trim";
    const SUMMARY: &'static str = "Removes a border of one colour.";
    type Params = Params;

    fn plan(_: &Params, _: Size) -> Result<Planned, Refusal> {
        Ok(Planned::unknown())
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Some(rect) = inside(params, &input.image) else {
            return Ok(input.image.into());
        };
        let Image { width, height, format, mut pixels } = input.image;
        let cut = (rect.x, rect.y, rect.width, rect.height);
        kernels::cut(&mut pixels, (width, height), format.bytes(), cut);
        Ok(Image::new(rect.width, rect.height, format, pixels).into())
    }
}

/// The smallest rectangle with all pixels that are not border; none if there is no such pixel.
fn inside(params: &Params, image: &Image) -> Option<Rect> {
    let channels = image.format.bytes();
    let border = params.color.map_or_else(|| rgba(image.pixel(0, 0)), |color| color.rgba);
    let is_border = |pixel: &[u8]| alike(rgba(pixel), border, params.tolerance);
    let (mut top, mut bottom) = (None, 0);
    let (mut left, mut right) = (image.width as usize, 0);
    for (y, row) in image.rows().enumerate() {
        let mut pixels = row.chunks_exact(channels);
        let Some(first) = pixels.position(|pixel| !is_border(pixel)) else {
            continue;
        };
        // `pixels` is now behind the first one: if no other is found, the first is also the last.
        let last = pixels.rposition(|pixel| !is_border(pixel)).map_or(first, |last| first + 1 + last);
        top.get_or_insert(y);
        bottom = y;
        left = left.min(first);
        right = right.max(last);
    }
    let top = top?;
    Some(Rect::new(left as u32, top as u32, (right - left + 1) as u32, (bottom - top + 1) as u32))
}

fn rgba(pixel: &[u8]) -> [u8; 4] {
    match *pixel {
        [red, green, blue, alpha] => [red, green, blue, alpha],
        [red, green, blue] => [red, green, blue, 255],
        _ => [pixel[0], pixel[0], pixel[0], 255],
    }
}

fn alike(one: [u8; 4], other: [u8; 4], tolerance: u8) -> bool {
    let both_transparent = one[3] == 0 && other[3] == 0;
    both_transparent || one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= tolerance)
}
