//! `caption`: a text inside a box.

use kurbo::Affine;
use safelight_kernels::FillRule;
use safelight_sdk::{Color, Input, Outcome, Planned, Refusal, Size, Transform, log};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::painter::Painter;
use crate::placement::Gravity;
use crate::rectangle::rounded;
use crate::typeset::style::{Align, text_params};
use crate::typeset::{Block, Bounds, Text as Typeset};

/// What happens with lines that do not fit into the box.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Overflow {
    /// They stand outside of the box.
    #[default]
    Visible,
    /// Lines below the box are left out; an ellipsis tells.
    Ellipsis,
    /// The call is refused.
    Refuse,
}

/// Where lines lie in the height of the box.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerticalAlign {
    /// At the top.
    Top,
    /// In the middle.
    #[default]
    Middle,
    /// At the bottom.
    Bottom,
}

text_params! {
    color: Color::WHITE,
    opacity: 1.0,
    align: Align::Center,
    own: {
        /// Size of the font in pixels. Without it, the largest at which all of the text fits into the
        /// box.
        #[schemars(range(min = 1, max = 2000))]
        size_px: Option<f32> = None,
        /// Width of the box in pixels. Without it, width_fraction.
        #[schemars(range(min = 1, max = 65535))]
        width: Option<u32> = None,
        /// Height of the box in pixels. Without it, height_fraction.
        #[schemars(range(min = 1, max = 65535))]
        height: Option<u32> = None,
        /// Width of the box as a share of the picture's. Without it, all of it.
        #[schemars(range(min = 0.001, max = 1))]
        width_fraction: Option<f32> = None,
        /// Height of the box as a share of the picture's. Without it, the picture's height, or the
        /// text's if size_px is given.
        #[schemars(range(min = 0.001, max = 1))]
        height_fraction: Option<f32> = None,
        /// Pixels from the side that gravity names to the box, inwards; from the middle, to the right.
        #[schemars(range(min = -65535, max = 65535))]
        x: f32 = 0.0,
        /// Pixels from the side that gravity names to the box, inwards; from the middle, downwards.
        #[schemars(range(min = -65535, max = 65535))]
        y: f32 = 0.0,
        /// Where on the picture the box lies.
        gravity: Gravity = Gravity::Center,
        /// Where lines lie in the height of the box.
        vertical_align: VerticalAlign = VerticalAlign::Middle,
        /// The colour of the box.
        background: Color = Color::TRANSPARENT,
        /// Room between the sides of the box and the text, in pixels.
        #[schemars(range(min = 0, max = 1000))]
        padding_px: f32 = 0.0,
        /// What happens with lines that do not fit into the box.
        overflow: Overflow = Overflow::Visible,
    }
}

/// Writes a text in lines that fit a box. Lines are broken between words (Unicode Standard Annex 14); a
/// word that is wider than the box is broken anywhere.
pub(crate) struct Caption;

/// A box on the picture and the lines in it.
struct Laid {
    text: Typeset,
    block: Block,
    /// x, y, width, height.
    frame: [f64; 4],
    /// The block's corner.
    at: (f64, f64),
}

impl Transform for Caption {
    const NAME: &'static str = "caption";
    const SUMMARY: &'static str = "Writes a text in lines that fit a box.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        lay(params, input)?;
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let laid = lay(params, image.size())?;
        if params.background.rgba[3] > 0 {
            let mut painter = Painter::default();
            painter.fill(rounded(laid.frame, (0.0, 0.0)).iter(), FillRule::NonZero, params.background, 1.0);
            image = painter.paint(image, params.opacity, params.antialias);
        }
        let shapes = laid.text.shapes(&laid.block);
        Ok(shapes.paint(laid.text.style(), Affine::translate(laid.at), image).into())
    }
}

fn lay(params: &Params, picture: Size) -> Result<Laid, Refusal> {
    let width = side("width", params.width, params.width_fraction, picture.width)?.unwrap_or(picture.width as f32);
    let height = side("height", params.height, params.height_fraction, picture.height)?;
    let room = |side: f32| (side - 2.0 * params.padding_px).max(1.0);
    let mut text = Typeset::of(params.look())?;
    let size_px = match params.size_px {
        Some(size) => size,
        None => text.size_for(room(width), room(height.unwrap_or(picture.height as f32))),
    };
    let below = height.map(room).filter(|_| params.overflow == Overflow::Ellipsis);
    let block = text.lay_out(size_px, Bounds { width: Some(room(width)), ellipsis_below: below });
    let height = match (height, params.size_px) {
        (Some(height), _) => height,
        (None, Some(_)) => block.height + 2.0 * params.padding_px,
        (None, None) => picture.height as f32,
    };
    if block.height > room(height) + 0.01 && params.overflow != Overflow::Ellipsis {
        let message = format!("its lines are {} px high, expected at most {} px", block.height.ceil(), room(height));
        if params.overflow == Overflow::Refuse {
            return Err(Refusal::params("text", message));
        }
        log::debug(&message);
    }
    let outer = (f64::from(picture.width), f64::from(picture.height));
    let inner = (f64::from(width), f64::from(height));
    let (x, y) = params.gravity.place(outer, inner, (f64::from(params.x), f64::from(params.y)));
    let share = match params.vertical_align {
        VerticalAlign::Top => 0.0,
        VerticalAlign::Middle => 0.5,
        VerticalAlign::Bottom => 1.0,
    };
    let padding = f64::from(params.padding_px);
    let free = inner.1 - 2.0 * padding - f64::from(block.height);
    let at = (x + padding, y + padding + free * share);
    Ok(Laid { text, block, frame: [x, y, inner.0, inner.1], at })
}

/// A side of the box in pixels; none when nothing is said.
fn side(field: &str, pixels: Option<u32>, fraction: Option<f32>, picture: u32) -> Result<Option<f32>, Refusal> {
    match (pixels, fraction) {
        (Some(pixels), Some(fraction)) => {
            let message = format!("is {fraction} beside {field} {pixels}, expected only one of them");
            Err(Refusal::params(format!("{field}_fraction"), message))
        }
        (Some(pixels), None) => Ok(Some(pixels as f32)),
        (None, fraction) => Ok(fraction.map(|fraction| fraction * picture as f32)),
    }
}
