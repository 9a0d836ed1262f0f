//! `text_image`: a picture of a text.

use kurbo::Affine;
use safelight_sdk::{Color, Image, Input, Kind, Outcome, PixelFormat, Planned, Refusal, Size, Transform};

use crate::caption::Overflow;
use crate::typeset::style::{Align, text_params};
use crate::typeset::{Bounds, Shapes, Text as Typeset};

text_params! {
    color: Color::BLACK,
    opacity: 1.0,
    align: Align::Start,
    own: {
        /// Size of the font in pixels: the height of its em square.
        #[schemars(range(min = 1, max = 2000))]
        size_px: f32 = 32.0,
        /// Lines are broken to be at most this wide, in pixels. Without it, they end where the text says.
        #[schemars(range(min = 1, max = 65535))]
        max_width: Option<u32> = None,
        /// The most that lines may be high, in pixels.
        #[schemars(range(min = 1, max = 65535))]
        max_height: Option<u32> = None,
        /// What happens with lines below max_height, and with words wider than max_width: with visible,
        /// such lines are there and such words are broken.
        overflow: Overflow = Overflow::Visible,
        /// Whether the picture ends where the ink does. Without it, it has the height of the font's lines
        /// and the width of the widest line.
        trim: bool = true,
        /// The colour behind the text.
        background: Color = Color::TRANSPARENT,
        /// Room around the text, in pixels.
        #[schemars(range(min = 0, max = 1000))]
        padding_px: u32 = 0,
    }
}

/// Makes a picture of a text, as large as the text: with alpha unless the background is opaque.
///
/// With `trim` it holds all ink, outlines and shadow too. A text without ink is not trimmed.
pub(crate) struct TextImage;

impl Transform for TextImage {
    const NAME: &'static str = "text_image";
    const SUMMARY: &'static str = "Makes a picture of a text.";
    const KIND: Kind = Kind::Generate;
    type Params = Params;

    fn plan(params: &Params, _: Size) -> Result<Planned, Refusal> {
        let (_, _, size, _) = lay(params)?;
        Ok(Planned::to(size))
    }

    fn apply(params: &Params, _: Input) -> Result<Outcome, Refusal> {
        let (text, shapes, size, at) = lay(params)?;
        let mut format = params.background.format_with(PixelFormat::Gray8);
        if format == PixelFormat::Gray8 && !params.color.is_gray() {
            format = PixelFormat::Rgb8;
        }
        let mut pixel = params.background;
        // Under glass, as it were: nothing shows of the colour of what is transparent.
        if pixel.rgba[3] == 0 {
            pixel = Color::TRANSPARENT;
        }
        let image = Image::filled(size, format, pixel.pixel(format));
        Ok(shapes.paint(text.style(), Affine::translate(at), image).into())
    }
}

/// The text, its shapes, the picture's size and where on it the block's corner lies.
fn lay(params: &Params) -> Result<(Typeset, Shapes, Size, (f64, f64)), Refusal> {
    let mut text = Typeset::of(params.look())?;
    let most_high = params.max_height.map(|height| height as f32);
    let ellipsis_below = most_high.filter(|_| params.overflow == Overflow::Ellipsis);
    let width = params.max_width.map(|width| width as f32);
    let block = text.lay_out(params.size_px, Bounds { width, ellipsis_below });
    if params.overflow == Overflow::Refuse {
        if let Some(most) = most_high.filter(|most| block.height > *most) {
            let message = format!("its lines are {} px high, expected at most {most} px", block.height.ceil());
            return Err(Refusal::params("text", message));
        }
        if !block.fits_width {
            return Err(Refusal::params("text", format!("has a word wider than max_width of {} px", block.width)));
        }
    }
    let shapes = text.shapes(&block);
    // Lines that are aligned in a box start where the box's free space ends.
    let left = block.lines.iter().map(|line| line.x).fold(f32::INFINITY, f32::min).max(0.0);
    let right = block.lines.iter().map(|line| line.x + line.width).fold(0.0, f32::max);
    let whole = [left, 0.0, right.max(left), block.height].map(f64::from);
    let ink = shapes.ink(text.style()).filter(|_| params.trim).unwrap_or(whole);
    let padding = f64::from(params.padding_px);
    let (left, top) = (ink[0].floor(), ink[1].floor());
    let side = |start: f64, end: f64| ((end.ceil() - start).max(1.0) + 2.0 * padding) as u32;
    let size = Size::new(side(left, ink[2]), side(top, ink[3]));
    // Before anything is allocated.
    size.check()?;
    Ok((text, shapes, size, (padding - left, padding - top)))
}
