//! From transformation to concrete steps, given what is known of the image.
//!
//! Variables and expressions are computed, conditions decided, named transformations put in, sizes
//! followed from step to step. The size after an effect that depends on the pixels (`e_trim`) is
//! not known; the size before it stands in for it, and [`Step::exact`] is false from there on.

mod focus;
mod resolve;
mod step;
mod value;
mod walk;

use std::collections::BTreeMap;

use super::{
    geometry::{Anchor, Canvas, Layout, Rect, Resize, Size},
    transformation::{Component, Error, Layer, Limits, Transformation},
};

/// What is known of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its size.
    pub size: Size,
    /// Number of pages or frames.
    pub pages: u32,
    /// The page at hand.
    pub page: u32,
    /// Where the page stands in the whole.
    pub page_offset: (f64, f64),
    /// Its tags.
    pub tags: Vec<String>,
    /// Contextual metadata.
    pub context: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// Stored face coordinates.
    pub faces: Vec<Rect>,
    /// Stored custom coordinates.
    pub custom: Vec<Rect>,
    /// The most interesting part, for automatic gravity; the middle when it is not known.
    pub interest: Option<Rect>,
    /// How likely it is an illustration.
    pub illustration: Option<f64>,
    /// Seconds.
    pub duration: Option<f64>,
    /// Width through height without its uniform border.
    pub trimmed_aspect_ratio: Option<f64>,
}

impl Facts {
    /// An image of this size with one page, of which nothing else is known.
    pub fn of(size: Size) -> Self {
        Self {
            size,
            pages: 1,
            page: 1,
            page_offset: (0.0, 0.0),
            tags: Vec::new(),
            context: BTreeMap::new(),
            metadata: BTreeMap::new(),
            faces: Vec::new(),
            custom: Vec::new(),
            interest: None,
            illustration: None,
            duration: None,
            trimmed_aspect_ratio: None,
        }
    }
}

/// What the client tells of its screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hints {
    /// Width of the place for the image, in pixels.
    pub width: Option<u32>,
    /// Device pixels for each of them.
    pub dpr: Option<f64>,
}

/// The size of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Known.
    Size(Size),
    /// Known only when it is drawn; the base's size stands in for it.
    Later,
    /// There is no such asset.
    Missing,
}

/// What else a transformation refers to.
pub trait Library {
    /// The named transformation of this name.
    fn named(&self, name: &str) -> Option<Transformation>;
    /// The size of a layer, whose variables are replaced.
    fn measure(&self, layer: &Layer) -> Measured;
}

/// Bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Steps, layers included.
    pub steps: usize,
    /// Named transformations within each other.
    pub depth: usize,
    /// Pixels of any size on the way.
    pub pixels: u64,
    /// Either side of any size on the way.
    pub side: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { steps: 500, depth: Limits::default().depth, pixels: 100_000_000, side: 32_767 }
    }
}

/// A component with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its parameters, each constant. Named transformations and what belongs to a layer's place are taken out.
    pub component: Component,
    /// A turn that comes before the resizing: `a_auto_right`, `a_auto_left`.
    pub first_turn_deg: Option<f64>,
    /// What was asked of the size, when anything was.
    pub resize: Option<Resize>,
    /// What that comes to.
    pub layout: Option<Layout>,
    /// The size before.
    pub before: Size,
    /// The size after.
    pub after: Size,
    /// Whether `before` is the size that the pixels will have.
    pub exact_before: bool,
    /// Whether the other sizes are those that the pixels will have.
    pub exact: bool,
    /// Stored face coordinates that are seen after the resizing, where they are then. Empty for layers.
    pub faces: Vec<Rect>,
}

/// A layer that is put over or under the image.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerStep {
    /// What it is, without variables.
    pub layer: Layer,
    /// Below the image.
    pub under: bool,
    /// What is done to it first.
    pub steps: Vec<Action>,
    /// Whether the first of these is of the component that names the layer: what a text looks like stands there.
    pub own: bool,
    /// How it is applied: blend mode, flags, gravity, offsets.
    pub apply: Component,
    /// What gravity comes to.
    pub anchor: Anchor,
    /// The image's size before.
    pub before: Size,
    /// Where it goes, when its size is known.
    pub canvas: Option<Canvas>,
    /// The image's size after.
    pub after: Size,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// To the image itself.
    Step(Box<Step>),
    /// Another image with it.
    Layer(Box<LayerStep>),
}

/// What a transformation comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// How the result is written: format, quality, flags, pages, density, delay, default image and the
    /// like; the last ones of all components. They stand in the steps too.
    pub output: Component,
    /// The size in the end.
    pub size: Size,
    /// Whether it is the size that the pixels will have.
    pub exact: bool,
    /// Whether the width hint was asked for: the answer varies with it.
    pub asked_width_hint: bool,
    /// Whether the pixel ratio hint was asked for.
    pub asked_dpr_hint: bool,
}

/// Why a transformation cannot be carried out. The text is fit for `X-Cld-Error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// Something in it is wrong: 400.
    #[error(transparent)]
    Transformation(#[from] Error),
    /// It names a transformation that is not there: 400.
    #[error("Unknown transformation {}", .0.escape_default())]
    UnknownTransformation(String),
    /// It names an asset that is not there: 404.
    #[error("Resource not found - {}", .0.escape_default())]
    MissingLayer(String),
    /// It makes something too large: 400.
    #[error("Image is too large: {width} x {height} pixels (at most {most} pixels)")]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Pixels that are allowed.
        most: u64,
    },
}

/// What a transformation comes to for an image.
///
/// # Errors
/// See [`EvaluateError`].
pub fn evaluate(
    transformation: &Transformation,
    facts: &Facts,
    library: &dyn Library,
    hints: Hints,
    bounds: &Bounds,
) -> Result<Evaluated, EvaluateError> {
    walk::Walk::new(facts, library, hints, bounds).run(transformation)
}

#[cfg(test)]
mod tests;
