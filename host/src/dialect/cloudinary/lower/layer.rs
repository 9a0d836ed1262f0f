//! Layers: what they are made of, and where they go.

use serde_json::{Map, Value, json};

use super::{
    super::{
        evaluate::{Action, EvaluateError, LayerStep},
        geometry::{Anchor, Length},
        transformation::{Component, Effect, Error, Flag, Key, Layer, LayerId, Level, Param, Plain, Switch},
    },
    Picture, call,
    length::{offset, shift},
    pages, refused, text,
};
use crate::job::{ImageRef, ImageSource, Step};

impl Picture<'_> {
    /// Lays another picture over or under this one.
    pub(super) fn layer(&mut self, layer: &LayerStep) -> Result<(), EvaluateError> {
        let within = |error: Error| error.within(&printed(layer));
        if let Layer::Lut(LayerId::Public(id)) = &layer.layer {
            let table = self.assets.table(id).ok_or_else(|| EvaluateError::MissingLayer(id.clone()))?;
            if !layer.steps.is_empty() {
                return Err(within(wrong(layer, "a table of colours without steps of its own")).into());
            }
            self.steps.push(call("lut", json!({ "cube": table })));
            return Ok(());
        }
        let image = self.image(layer)?.to_value();
        let step = applied(layer, image).map_err(within)?;
        self.steps.push(step);
        Ok(())
    }

    /// The picture of a layer after its own steps.
    fn image(&self, layer: &LayerStep) -> Result<ImageRef, EvaluateError> {
        let mut picture = Picture { is_layer: true, ..Picture::new(self.assets) };
        let mut actions = layer.steps.as_slice();
        let source = match &layer.layer {
            Layer::Fetch { video: false, url } => Some(ImageSource::Url(url.clone())),
            Layer::Asset { video: false, .. } | Layer::TextAsset(_) => {
                let missing = || EvaluateError::MissingLayer(name(&layer.layer));
                Some(self.assets.image(&layer.layer).ok_or_else(missing)?)
            }
            Layer::Text { style, text } => {
                let own = match actions {
                    [Action::Step(own), rest @ ..] if layer.own => {
                        actions = rest;
                        Some(own.as_ref())
                    }
                    _ => None,
                };
                text::text(&mut picture, style, text, own, &layer.apply)?;
                None
            }
            _ => return Err(wrong(layer, "an image or a text").within(&printed(layer)).into()),
        };
        picture.actions(actions)?;
        let rendering = pages::of_layer(&layer.steps)?;
        if source.is_none() && !rendering.is_default() {
            return Err(wrong(layer, "a text without pages, density and orientation").within(&printed(layer)).into());
        }
        let steps: Vec<Step> = picture.first.into_iter().chain(picture.steps).collect();
        Ok(ImageRef { source, rendering, steps })
    }
}

fn wrong(layer: &LayerStep, expected: &'static str) -> Error {
    Error::new(if layer.under { "underlay" } else { "overlay" }, layer.layer.to_string(), expected)
}

/// The layer's component, as far as it is about its place.
fn printed(layer: &LayerStep) -> String {
    let key = if layer.under { Key::Underlay } else { Key::Overlay };
    let apply = layer.apply.to_string();
    format!("{}_{}{}{apply}", key.text(), layer.layer, if apply.is_empty() { "" } else { "," })
}

fn name(layer: &Layer) -> String {
    match layer {
        Layer::Asset { id: LayerId::Public(id), .. } | Layer::TextAsset(id) => id.clone(),
        other => other.to_string(),
    }
}

/// What is done with a layer's picture.
enum Mode {
    /// Laid over, with a blend mode or an uneven opacity.
    Composite(Value),
    Underlay,
    Tile(Value),
    Mask,
    Cutter(&'static str),
    Displace,
}

fn applied(layer: &LayerStep, image: Value) -> Result<Step, Error> {
    let apply = &layer.apply;
    let has = |switch| apply.flags().is_some_and(|flags| flags.has(switch));
    let mut mode = mode(layer)?;
    if has(Switch::Cutter) {
        mode = Mode::Cutter("keep");
    }
    if has(Switch::Tiled) {
        mode = match mode {
            Mode::Composite(blend) => Mode::Tile(blend),
            _ => return Err(wrong(layer, "a tiled layer laid over the image, with no mask or cut")),
        };
    }
    let mut place = placement(layer);
    let canvas = if has(Switch::NoOverflow) { "keep" } else { "grow" };
    let (transform, params) = match mode {
        Mode::Composite(blend) => ("composite", joined(json!({ "canvas": canvas }), blend)),
        Mode::Underlay => ("underlay", json!({ "canvas": canvas })),
        Mode::Tile(blend) => {
            place.remove("gravity");
            ("tile", blend)
        }
        Mode::Mask => ("mask", json!({})),
        Mode::Cutter(mode) => ("cutter", json!({ "mode": mode })),
        Mode::Displace => {
            let along = |key, side| offset(apply, key).map(|length: Length| length.of(side).clamp(-4096.0, 4096.0));
            let (x, y) = (along(Key::X, layer.before.width), along(Key::Y, layer.before.height));
            place.clear();
            ("displace", json!({ "x_px": x, "y_px": y }))
        }
    };
    let mut step = call(transform, params);
    step.params.insert("image".to_owned(), image);
    step.params.extend(place);
    Ok(step)
}

fn joined(mut params: Value, more: Value) -> Value {
    if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
        params.extend(more);
    }
    params
}

/// How a layer is put together with the image, told by the effects where it is applied.
fn mode(layer: &LayerStep) -> Result<Mode, Error> {
    let mut mode = if layer.under { Mode::Underlay } else { Mode::Composite(json!({})) };
    for param in &layer.apply.params {
        let made = match param {
            Param::Flags(flags) => {
                known_flags(param, &flags.0)?;
                if !flags.has(Switch::ReplaceImage) {
                    continue;
                }
                Mode::Composite(json!({ "blend": "src", "outside": "keep" }))
            }
            Param::Effect(Effect::Plain(plain)) => match plain {
                Plain::Screen | Plain::Multiply | Plain::Overlay => Mode::Composite(json!({ "blend": plain.word() })),
                Plain::Mask => Mode::Mask,
                Plain::CutOut => Mode::Cutter("remove"),
                Plain::ReplaceLayer => Mode::Composite(json!({ "blend": "src", "outside": "keep" })),
                Plain::Displace => Mode::Displace,
                _ => continue,
            },
            Param::Effect(Effect::Level(level @ Level::AntiRemoval, written)) => {
                let share = level.effective(*written).unwrap_or_default() / 100.0;
                Mode::Composite(json!({ "anti_removal": share }))
            }
            _ => continue,
        };
        match (&mut mode, made) {
            (Mode::Underlay, _) => return Err(refused(param, "an overlay; underlays are only laid under the image")),
            (Mode::Composite(all), Mode::Composite(Value::Object(more))) => {
                if let Some(all) = all.as_object_mut() {
                    all.extend(more);
                }
            }
            (mode, made) => *mode = made,
        }
    }
    Ok(mode)
}

fn known_flags(param: &Param, flags: &[Flag]) -> Result<(), Error> {
    let of_videos = [
        Switch::Splice,
        Switch::Waveform,
        Switch::Mono,
        Switch::TruncateTs,
        Switch::NoStream,
        Switch::StreamingAttachment,
        Switch::Hlsv3,
        Switch::KeepDar,
        Switch::Alternate,
    ];
    let wrong = |flag: &Flag| matches!(flag, Flag::Switch(switch) if of_videos.contains(switch));
    match flags.iter().find(|flag| wrong(flag)) {
        Some(_) => Err(refused(param, "flags of images")),
        None => Ok(()),
    }
}

/// Where a layer lies on the image.
fn placement(layer: &LayerStep) -> Map<String, Value> {
    let shifts = |gravity: &str, x: Value, y: Value| {
        let mut place = Map::new();
        place.insert("gravity".to_owned(), gravity.into());
        for (name, shift) in [("x", x), ("y", y)] {
            if shift != json!(0) {
                place.insert(name.to_owned(), shift);
            }
        }
        place
    };
    let asked = |key| offset(&layer.apply, key).map_or(json!(0), shift);
    match (layer.anchor, layer.canvas) {
        (Anchor::Compass(compass), _) => shifts(compass.word(), asked(Key::X), asked(Key::Y)),
        (_, Some(canvas)) => {
            let from_base = |layer: i64, base: u32| json!(layer - i64::from(base));
            let (x, y) = canvas.layer;
            shifts("north_west", from_base(x, canvas.base.0), from_base(y, canvas.base.1))
        }
        // Its size is known only when it is drawn: its middle is told from the image's.
        (anchor, None) => {
            let (x, y) = anchor.middle(layer.before, offsets(&layer.apply, layer));
            let from_middle = |at: f64, side: u32| json!((at - f64::from(side) / 2.0).round() as i32);
            shifts("center", from_middle(x, layer.before.width), from_middle(y, layer.before.height))
        }
    }
}

fn offsets(apply: &Component, layer: &LayerStep) -> super::super::geometry::Offset {
    let along = |key, side| offset(apply, key).map_or(0.0, |length| length.of(side));
    super::super::geometry::Offset { x: along(Key::X, layer.before.width), y: along(Key::Y, layer.before.height) }
}

/// Calls `visit` with every source of a picture that a step names, and of those in their steps.
pub(super) fn each_source(step: &Step, visit: &mut dyn FnMut(&ImageSource)) {
    let Some(Ok(image)) = step.params.get("image").map(ImageRef::parse) else { return };
    image.source.iter().for_each(&mut *visit);
    image.steps.iter().for_each(|step| each_source(step, visit));
}

/// Calls `visit` with every step, and those of pictures that they name.
pub(super) fn each_step(step: &Step, visit: &mut dyn FnMut(&Step)) {
    visit(step);
    if let Some(Ok(image)) = step.params.get("image").map(ImageRef::parse) {
        image.steps.iter().for_each(|step| each_step(step, visit));
    }
}
