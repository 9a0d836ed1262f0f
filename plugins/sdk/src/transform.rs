//! The trait that an author implements, and the values that go in and out of it.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Arrangement, Image, Kind, PixelFormat, Planned, Refusal, Size, Timeline, View};

/// A named operation on pictures.
///
/// Only the constants without a value, the parameters and [`apply`](Transform::apply) must be given.
pub trait Transform {
    /// Its name: lower-case letters, digits and `_`, starting with a letter, at most 64 bytes.
    const NAME: &'static str;

    /// One line for people: what it does.
    const SUMMARY: &'static str;

    /// What it does with pictures: [`Kind::Filter`] unless said otherwise.
    const KIND: Kind = Kind::Filter;

    /// The pixel formats that `apply` can take, best first. All of them unless said otherwise.
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8, PixelFormat::Rgb8, PixelFormat::Gray8];

    /// The parameters. Their JSON Schema comes from doc comments, types, `#[serde(default)]` and
    /// `#[schemars(range(...))]`; values out of its ranges are refused before `plan` or `apply` is
    /// called. `#[serde(deny_unknown_fields)]` makes misspelt names errors.
    type Params: DeserializeOwned + JsonSchema;

    /// Says what `apply` would do with a picture of the size `input`. Called without pixels, before
    /// anything is decoded. Everything that can be refused without pixels is refused here.
    ///
    /// The default: a result of the input's size, made from all of the input.
    fn plan(params: &Self::Params, input: Size) -> Result<Planned, Refusal> {
        let _ = params;
        Ok(Planned::to(input))
    }

    /// The same as `plan`, for a `compose` transform whose result also depends on the sizes of the
    /// pictures that its parameters name. The default asks `plan`.
    fn plan_with_images(params: &Self::Params, input: Size, images: &[Size]) -> Result<Planned, Refusal> {
        let _ = images;
        Self::plan(params, input)
    }

    /// For a [`Kind::Timeline`] transform: which frames are shown, in which order and for how long. `images` are the
    /// sizes of the pictures that the parameters name; they count as further frames after those of the timeline.
    /// The default leaves all as it is.
    ///
    /// Such a transform plans the input's size, as `plan` does by default; its `apply` gets a named picture of another
    /// size as input, and makes it fit `input.view.full`.
    fn arrange(params: &Self::Params, timeline: &Timeline, images: &[Size]) -> Result<Arrangement, Refusal> {
        let _ = (params, images);
        Ok(timeline.unchanged())
    }

    /// Does it. The result must have the size that `plan` gives for `input.view.full`.
    fn apply(params: &Self::Params, input: Input) -> Result<Outcome, Refusal>;
}

/// What `apply` works on. It owns its pictures, so they may be changed in place and handed back.
#[derive(Debug)]
pub struct Input {
    /// The picture, in one of the transform's formats. 0 x 0 without pixels for a `generate`
    /// transform.
    pub image: Image,
    /// Which part of the full picture `image` shows, at what scale. It is the whole at its full size
    /// unless `plan` gave a region or a size that is enough.
    pub view: View,
    /// The pictures that parameters with `"format": "image"` name, as the caller sent them: in any
    /// format ([`to_format`](crate::to_format) converts).
    pub images: Vec<Image>,
}

/// What `apply` gives back.
#[derive(Debug)]
pub struct Outcome {
    /// The resulting picture. An `analyze` transform hands back the one that it was given.
    pub image: Image,
    /// What was found, as JSON text; none for most transforms.
    pub data: Option<String>,
}

impl Outcome {
    /// A picture together with data about it.
    ///
    /// # Panics
    /// When `data` cannot be written as JSON (a map with keys that are not strings).
    pub fn found(image: Image, data: &impl serde::Serialize) -> Self {
        let data = serde_json::to_string(data).expect("data that can be written as JSON");
        Outcome { image, data: Some(data) }
    }
}

impl From<Image> for Outcome {
    fn from(image: Image) -> Self {
        Outcome { image, data: None }
    }
}
