//! `watermark_text`: large pale letters over the picture.

use kurbo::Affine;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform};

use crate::placement::Gravity;
use crate::typeset::style::{Align, text_params};
use crate::typeset::{Bounds, Text as Typeset};

text_params! {
    color: Color::WHITE,
    opacity: 0.45,
    align: Align::Center,
    own: {
        /// Size of the font in pixels: the height of its em square.
        #[schemars(range(min = 1, max = 2000))]
        size_px: f32 = 94.0,
        /// Pixels from the side that gravity names, inwards; from the middle, to the right.
        #[schemars(range(min = -65535, max = 65535))]
        x: f32 = 0.0,
        /// Pixels from the side that gravity names, inwards; from the middle, downwards.
        #[schemars(range(min = -65535, max = 65535))]
        y: f32 = 0.0,
        /// Where on the picture the text lies.
        gravity: Gravity = Gravity::Center,
        /// Whether letters look raised: with a white edge on the upper left and a black one on the lower
        /// right.
        emboss: bool = false,
        /// How wide the edges of raised letters are, in pixels.
        #[schemars(range(min = 0, max = 100))]
        emboss_px: f32 = 1.0,
    }
}

/// Writes a text over the picture that lets it shine through. `opacity` counts for letters and edges
/// together.
pub(crate) struct WatermarkText;

impl Transform for WatermarkText {
    const NAME: &'static str = "watermark_text";
    const SUMMARY: &'static str = "Writes a large pale text over the picture.";
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
        let emboss = params.emboss.then_some(params.emboss_px);
        Ok(text.shapes(&block).paint_raised(text.style(), Affine::translate((x, y)), emboss, image).into())
    }
}
