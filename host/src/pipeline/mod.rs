//! Walks the step tree. No I/O: values in, values out.
//!
//! The port [`Transforms`] is what runs a step; [`crate::wasm`] answers it with components.

mod codecs;
mod components;
mod hand_over;
mod images;
mod memory;
mod plan;
mod sandbox;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod tree;
mod walk;

pub use codecs::{Ask, BuiltIn, Codecs, Scaling, SourceInfo, Want, WrittenFormat, decode, probe, written_format};
pub(crate) use codecs::{frames_of, no_such_page, scaled};
pub use components::{Component, WithComponents, named_components};
pub use images::{Images, Reference, all_image_references, image_key, image_references};
pub use memory::walk_bytes;
pub use plan::{Limits, Need, NodePlan, Plan, PlannedOutput, Shape, plan_outputs};
pub use sandbox::{FormatSet, Sandbox};
pub use timeline::{Arrangement, Shot, Timeline};
pub use tree::{Node, ROOT, Tree};
pub use walk::{Leaf, Stopped, walk};

use std::sync::Arc;

use safelight_codec::{PixelFormat, Raster};

use crate::{error::Failure, job::Params};

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

/// A rectangle of whole pixels, origin top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The leftmost column.
    pub x: u32,
    /// The topmost row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// What a transform does with pictures; the same kinds as in `wit/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One picture in, one out.
    Filter,
    /// One picture and others in, one out.
    Compose,
    /// None in, one out.
    Generate,
    /// One in, data out; the picture passes on.
    Analyze,
    /// The frames of one in, and others; some of them out, in another order or for other times.
    Timeline,
}

/// A transform as the registry knows it.
#[derive(Debug)]
pub struct TransformInfo {
    /// Its name.
    pub name: String,
    /// What it does with pictures.
    pub kind: Kind,
    /// One line for people.
    pub summary: String,
    /// The JSON Schema of its parameters.
    pub schema: serde_json::Value,
    /// Accepted pixel formats, best first.
    pub formats: Vec<PixelFormat>,
    /// Names of the parameters that name pictures (`"format": "image"`), in schema order.
    pub image_params: Vec<String>,
    /// The plugin that offers it.
    pub plugin: Arc<PluginInfo>,
}

/// The plugin that a transform belongs to.
#[derive(Debug)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence.
    pub license: String,
    /// One line for people.
    pub summary: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// Stands for the assets that it may read: their names and files. Empty if it reads none.
    pub assets: String,
    /// Whether it ships with the host.
    pub bundled: bool,
}

impl PluginInfo {
    /// Stands for all that its results depend on, beside what goes in: the component, and the assets that it may read.
    pub fn identity(&self) -> String {
        if self.assets.is_empty() { self.digest.clone() } else { format!("{}+{}", self.digest, self.assets) }
    }
}

/// One step to run, with the pictures that its parameters name.
#[derive(Clone, Debug)]
pub struct Call {
    /// The transform.
    pub transform: Arc<TransformInfo>,
    /// Its parameters; checked against the schema by [`Transforms::resolve`]'s caller.
    pub params: Params,
    /// Pictures named by parameters, in schema order.
    pub images: Vec<Arc<Raster>>,
}

/// What a call would do; see `planned` in `wit/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The result's size; none when it depends on the pixels.
    pub output: Option<Size>,
    /// The part of the input that matters; none is all.
    pub region: Option<Rect>,
    /// The smallest size of the whole input that is still as good; none is the full size. It may be above
    /// the input's: only a source that is not made of pixels has it.
    pub enough: Option<Size>,
}

/// Which part of the full picture an input shows; see `view` in `wit/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The size that was given to `plan`.
    pub full: Size,
    /// The part handed over, in pixels of `full`.
    pub region: Rect,
}

/// What a run of calls yielded, and what it cost.
#[derive(Debug)]
pub struct Outcome {
    /// The picture after the last call; none if it is the input, unchanged.
    pub image: Option<Raster>,
    /// One entry a call.
    pub data: Vec<Option<serde_json::Value>>,
    /// Wall-clock time of the run.
    pub elapsed: std::time::Duration,
    /// Highest linear memory of the run, in bytes.
    pub peak_bytes: u64,
}

/// A call that did not work: which one of the run, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct CallError {
    /// The index within the run.
    pub call: usize,
    /// Why. The code tells refused, trapped and over limit apart.
    pub failure: Failure,
}

/// Runs steps. Both calls block for as long as the guest runs: never call them on an async thread.
pub trait Transforms: Send + Sync {
    /// What reads sources and writes results, of the same moment as the transforms.
    fn codecs(&self) -> &dyn Codecs {
        &BuiltIn
    }

    /// Finds a transform by `name` or `plugin/name`. An unknown one is a failure with the code
    /// `unknown_transform` and the message `Unknown function named '...'`.
    fn resolve(&self, name: &str) -> Result<Arc<TransformInfo>, Failure>;

    /// Checks a step's parameters against the schema of its transform; every problem becomes one
    /// failure with the code `invalid_params`.
    fn check_params(&self, transform: &TransformInfo, params: &Params) -> Vec<Failure>;

    /// Asks what a call would do on a picture of this size.
    fn plan(&self, call: &Call, input: Size) -> Result<Planned, CallError>;

    /// Asks a `timeline` transform which frames it shows, in which order and for how long.
    fn arrange(&self, call: &Call, timeline: &Timeline) -> Result<Arrangement, CallError>;

    /// Runs calls of one plugin, one after the other, in one fresh instance. `input` is none for a
    /// run that begins with a generator; its pixel format is one that the first transform accepts. Of a
    /// `timeline` transform one call is run alone, for a picture that has to fit the size in `view`.
    fn run(&self, calls: &[Call], input: Option<&Raster>, view: View) -> Result<Outcome, CallError>;
}
