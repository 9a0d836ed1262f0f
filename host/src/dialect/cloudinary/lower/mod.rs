//! From an evaluated transformation to what the engine runs: steps, encoding, rendering.
//!
//! Everything here is pure. What a transformation refers to (named transformations, layers, tables, components)
//! is looked up beforehand and kept in a [`Lookup`], which notes what it was asked for and did not have:
//!
//! ```text
//! let mut lookup = Lookup::default();
//! loop {
//!     let lowered = evaluate(&transformation, &facts, &lookup, hints, &bounds)
//!         .and_then(|evaluated| lower(&evaluated, source, wanted, &lookup));
//!     let missing = lookup.missing();
//!     if missing.is_empty() { break lowered; }
//!     for what in missing { /* find it in the store */ lookup.insert(what, found); }
//! }
//! ```
//!
//! `http::cloudinary::delivery` does so for addresses; a dialect does so in [`crate::dialect::Dialect::outputs`] for eager
//! transformations of a source whose size is known only when it was read. Steps of several
//! transformations that follow each other (incoming, then eager) may be joined: evaluate the second one with the
//! size that the first one comes to.
//!
//! What cannot be carried out is an error that names the component, never left out in silence.

mod color;
mod effect;
mod encoding;
mod finish;
mod format;
mod function;
mod layer;
mod length;
mod lookup;
mod pages;
mod resize;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;

use super::{
    evaluate::{Action, EvaluateError, Evaluated, Step as Evaluation},
    transformation::{AutoWidth, Component, Dimension, Error, FormatName, Key, Param},
};
use crate::job::{COMPONENT, Encoding, ImageSource, Rendering, Step};

pub use format::{Choice, choose};
pub use lookup::{Assets, Found, Lookup, Missing, TextStyle};
pub use pages::rendering;

/// What is known of the source beside the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its format, as the engine calls it (`jpeg`, `pdf`).
    pub format: &'a str,
    /// How many pages or frames it has.
    pub frames: u32,
}

/// What is asked of the result beside the transformation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The extension of the address.
    pub extension: Option<FormatName>,
    /// The client's `Accept` header, for `f_auto`.
    pub accept: Option<&'a str>,
}

/// What the transform of a step begins with that is a function on the web; its address follows. The engine does not know
/// such steps: delivery runs what is before them, calls the function, and goes on with its answer.
pub const REMOTE: &str = "remote:";

/// What the engine runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// From the source on, in order.
    pub steps: Vec<Step>,
    /// How the result is written.
    pub encoding: Encoding,
    /// How the source is read.
    pub rendering: Rendering,
    /// Whether the answer depends on the `Accept` header.
    pub varies: bool,
}

impl Lowered {
    /// Whether the result is the source in another format at most.
    pub fn keeps_pixels(&self) -> bool {
        self.steps.is_empty() && self.rendering.is_default()
    }

    /// The blobs that the steps name: they have to be kept for as long as the steps may run.
    pub fn blobs(&self) -> Vec<String> {
        let mut blobs = Vec::new();
        for step in &self.steps {
            layer::each_step(step, &mut |step| blobs.extend(step.transform.strip_prefix(COMPONENT).map(str::to_owned)));
            layer::each_source(step, &mut |source| {
                if let ImageSource::Blob(sha256) = source {
                    blobs.push(sha256.clone());
                }
            });
        }
        blobs.sort();
        blobs.dedup();
        blobs
    }

    /// Whether a function on the web is called for it.
    pub fn calls_out(&self) -> bool {
        self.steps.iter().any(|step| step.transform.starts_with(REMOTE))
    }

    /// Whether a picture is fetched from elsewhere for it.
    pub fn fetches(&self) -> bool {
        let mut fetches = false;
        for step in &self.steps {
            layer::each_source(step, &mut |source| fetches |= matches!(source, ImageSource::Url(_)));
        }
        fetches
    }
}

/// What a transformation comes to in the engine's words.
///
/// # Errors
/// What cannot be carried out, naming parameter and component; layers and components that are not there.
pub fn lower(
    evaluated: &Evaluated,
    source: Source<'_>,
    wanted: Wanted<'_>,
    assets: &dyn Assets,
) -> Result<Lowered, EvaluateError> {
    let mut picture = Picture::new(assets);
    let pages = pages::pages(&evaluated.output, &evaluated.actions, source)?;
    picture.steps.extend(pages.steps);
    picture.actions(&evaluated.actions)?;
    let Picture { first, steps, .. } = picture;
    let mut steps: Vec<Step> = first.into_iter().chain(steps).collect();
    let written = encoding::encoding(&evaluated.output, source, wanted)?;
    steps.extend(written.steps);
    Ok(Lowered { steps, encoding: written.encoding, rendering: pages.rendering, varies: written.varies })
}

/// The steps of one picture: the base, or a layer.
struct Picture<'a> {
    assets: &'a dyn Assets,
    /// Before all else.
    first: Vec<Step>,
    steps: Vec<Step>,
    is_layer: bool,
}

impl<'a> Picture<'a> {
    fn new(assets: &'a dyn Assets) -> Self {
        Self { assets, first: Vec::new(), steps: Vec::new(), is_layer: false }
    }

    fn actions(&mut self, actions: &[Action]) -> Result<(), EvaluateError> {
        for action in actions {
            match action {
                Action::Step(step) => self.step(step)?,
                Action::Layer(layer) => self.layer(layer)?,
            }
        }
        Ok(())
    }

    /// One component, in the order of the language: size, effects, corners and border, turns, opacity, what
    /// is behind, functions.
    fn step(&mut self, step: &Evaluation) -> Result<(), EvaluateError> {
        let within = |error: Error| error.within(&step.component.to_string());
        check(&step.component).map_err(within)?;
        self.steps.extend(resize::resize(step).map_err(within)?);
        self.steps.extend(effect::effects(step).map_err(within)?);
        self.steps.extend(finish::finish(&step.component).map_err(within)?);
        self.function(&step.component)
    }
}

/// Refuses what is asked of the answer in place of the image.
fn check(component: &Component) -> Result<(), Error> {
    for param in &component.params {
        if let Param::Width(Dimension::Auto(AutoWidth::Breakpoints { json: true, .. })) = param {
            return Err(refused(param, "a width, not the list of breakpoints"));
        }
        if param.key() == Key::Prefix {
            return Err(refused(param, "a prefix for sprites only"));
        }
    }
    Ok(())
}

/// A parameter that cannot be carried out.
fn refused(param: &Param, expected: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    let text = param.to_string();
    let value = text.split_once('_').map_or(text.as_str(), |(_, value)| value).to_owned();
    Error::new(param.key().title(), value, expected)
}

/// A step with these parameters; those that are null are left out.
fn call(transform: &str, params: Value) -> Step {
    let mut params = match params {
        Value::Object(params) => params,
        _ => Default::default(),
    };
    params.retain(|_, value| !value.is_null());
    Step { transform: transform.to_owned(), params }
}
