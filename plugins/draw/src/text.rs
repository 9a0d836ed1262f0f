//! `text`: letters on the picture.

use kurbo::{Affine, Point};
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};

use crate::placement::Gravity;
use crate::typeset::style::{Align, text_params};
use crate::typeset::{Bounds, Text as Typeset};

text_params! {
    color: Color::WHITE,
    opacity: 1.0,
    align: Align::Start,
    own: {
        /// Size of the font in pixels: the height of its em square.
        #[schemars(range(min = 1, max = 2000))]
        size_px: f32 = 32.0,
        /// Pixels from the side that gravity names, inwards; from the middle, to the right.
        #[schemars(range(min = -65535, max = 65535))]
        x: f32 = 0.0,
        /// Pixels from the side that gravity names, inwards; from the middle, downwards.
        #[schemars(range(min = -65535, max = 65535))]
        y: f32 = 0.0,
        /// Where on the picture the text lies.
        gravity: Gravity = Gravity::Center,
        /// Turns the text around its middle, in degrees clockwise.
        #[schemars(range(min = -360, max = 360))]
        angle_deg: f32 = 0.0,
    }
}

/// Writes a text on the picture. Lines end where the text says; what does not fit is cut off.
///
/// The block that is placed has the height of the font's lines (ascent and descent) and the width of
/// the widest line, whatever letters there are.
pub(crate) struct Text;

impl Transform for Text {
    const NAME: &'static str = "text";
    const SUMMARY: &'static str = "Writes a text on the picture.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        Typeset::of(params.look())?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let image = input.image;
        let mut text = Typeset::of(params.look())?;
        let block = text.lay_out(params.size_px, Bounds::default());
        let outer = (f64::from(image.width), f64::from(image.height));
        let inner = (f64::from(block.width), f64::from(block.height));
        let (x, y) = params.gravity.place(outer, inner, (f64::from(params.x), f64::from(params.y)));
        let middle = Point::new(x + inner.0 / 2.0, y + inner.1 / 2.0);
        let angle = f64::from(params.angle_deg).to_radians();
        let place = Affine::rotate_about(angle, middle) * Affine::translate((x, y));
        Ok(text.shapes(&block).paint(text.style(), place, image).into())
    }
}
