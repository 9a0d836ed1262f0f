//! What the operator says about a network: the `.json` file beside it.
//!
//! ```json
//! {
//!   "labels": ["person", "bicycle", "car"],
//!   "input": { "width": 640, "height": 640, "fit": "letterbox", "order": "rgb",
//!              "mean": [0, 0, 0], "deviation": [255, 255, 255] },
//!   "output": "auto"
//! }
//! ```
//! All of it may be left out.

use serde::Deserialize;

/// What is said about a network.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Description {
    /// What classes are called, by number from 0 on. Others are called `class 17`.
    pub(crate) labels: Vec<String>,
    pub(crate) input: Input,
    pub(crate) output: Layout,
}

/// What the network wants to be given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Input {
    /// Pixels, where the network leaves them open. 640 by default.
    pub(crate) width: u32,
    /// Pixels, where the network leaves them open. 640 by default.
    pub(crate) height: u32,
    pub(crate) fit: Fit,
    pub(crate) order: Order,
    /// What is subtracted from the values of 0 to 255 of each channel, in the network's order.
    pub(crate) mean: [f32; 3],
    /// What they are divided by then. 255 by default, so that values are 0 to 1. Networks that take bytes get
    /// bytes.
    pub(crate) deviation: [f32; 3],
}

impl Default for Input {
    fn default() -> Self {
        Input { width: 640, height: 640, fit: Fit::Letterbox, order: Order::Rgb, mean: [0.0; 3], deviation: [255.0; 3] }
    }
}

/// How a picture of other proportions becomes the network's input.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fit {
    /// It is scaled to fit inside, in the middle of gray (114).
    #[default]
    Letterbox,
    /// It is stretched.
    Stretch,
}

/// The order of channels.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    #[default]
    Rgb,
    Bgr,
}

/// How the network writes down what it finds. Corners are left, top, right, bottom; places are in pixels of the
/// network's input, or shares of it if none is above 2.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Layout {
    /// As the number and the shapes of the outputs suggest.
    #[default]
    Auto,
    /// One output of middle x, middle y, width, height and a score a class, either way round (YOLOv8, v9, v11).
    Yolo,
    /// One output of middle x, middle y, width, height, a score of being an object and a score a class (YOLOv5, v7,
    /// YOLOX).
    YoloObjectness,
    /// One output of corners, score and class, overlaps removed already (YOLOv10).
    EndToEnd,
    /// Outputs of boxes (top, left, bottom, right), scores and classes (SSD as TensorFlow has it).
    Ssd,
    /// Outputs of boxes (corners) and of either a score a class, or scores and classes (SSD elsewhere, R-CNN).
    Corners,
}
