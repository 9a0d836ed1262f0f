//! `coverage/*.toml`: every name of the dialects' tables, and the steps that it comes to.

use std::collections::BTreeMap;

use safelight_sdk::Image;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cases::{Picture, images_for};
use crate::{described, pictures, try_run};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Every name of the dialect's tables, by group.
    pub names: BTreeMap<String, Vec<String>>,
    /// Every parameter of a name, where `wire` is JSON.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Examples by group.
    pub rows: BTreeMap<String, Vec<Row>>,
}

/// An example of a name in use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The name as the dialect spells it.
    pub name: String,
    /// The request.
    pub wire: String,
    /// What is done.
    #[serde(flatten)]
    pub answer: Answer,
    /// Whether the dialect's tables count it among what is needed.
    #[serde(default = "yes")]
    pub promised: bool,
    /// The picture that the steps are tried on, of 64 x 48 pixels.
    #[serde(default)]
    pub picture: Picture,
    /// Steps that make the pictures that `steps` name.
    #[serde(default)]
    pub layer: Vec<Step>,
    /// Size of the result, where it is another than the picture's.
    pub size: Option<(u32, u32)>,
    /// How other values follow from the example.
    pub note: Option<String>,
}

fn yes() -> bool {
    true
}

/// A transform and its parameters.
pub type Step = (String, Map<String, Value>);

/// What a request comes to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Transforms, in order.
    Steps(Vec<Step>),
    /// The engine or the dialect does it, not a transform.
    Pipeline(String),
    /// Never: why.
    Out(String),
}

/// The files with the headings that they get, in order.
///
/// # Panics
/// When a file cannot be understood.
pub fn tables() -> Vec<(&'static str, Table)> {
    let read = |name: &str, text| toml::from_str(text).unwrap_or_else(|error| panic!("coverage/{name}: {error}"));
    vec![
        ("Blitline", read("blitline.toml", include_str!("../coverage/blitline.toml"))),
        ("Cloudinary: effects", read("cloudinary-effects.toml", include_str!("../coverage/cloudinary-effects.toml"))),
        (
            "Cloudinary: parameters, crop modes, gravity, colours",
            read("cloudinary-geometry.toml", include_str!("../coverage/cloudinary-geometry.toml")),
        ),
        (
            "Cloudinary: flags, formats, layers, text, functions",
            read("cloudinary-layers.toml", include_str!("../coverage/cloudinary-layers.toml")),
        ),
    ]
}

impl Row {
    /// Runs the steps; what is wrong, in words.
    ///
    /// # Errors
    /// A step that no plugin offers, that is refused, or that makes another size.
    pub fn check(&self) -> Result<(), String> {
        let Answer::Steps(steps) = &self.answer else { return Ok(()) };
        let picture = self.picture.draw(64, 48);
        let layer = if self.layer.is_empty() { None } else { Some(run(&self.layer, pictures::cutout(32, 24), None)?) };
        let alone = steps.is_empty() && layer.is_some();
        let expected = self.size.or(if alone { None } else { Some((picture.width, picture.height)) });
        let made = match layer {
            Some(layer) if alone => layer,
            layer => run(steps, picture, layer.as_ref())?,
        };
        match expected {
            Some(size) if size != (made.width, made.height) => {
                Err(format!("makes {}, expected {} x {}", made.size(), size.0, size.1))
            }
            _ => Ok(()),
        }
    }
}

/// Runs steps one after another; `layer` is every picture that they name.
fn run(steps: &[Step], picture: Image, layer: Option<&Image>) -> Result<Image, String> {
    let all = described();
    let mut image = picture;
    for (name, params) in steps {
        let offered = all.iter().find(|described| described.info.name == *name);
        let described = offered.ok_or_else(|| format!("no plugin offers {name}"))?;
        let mut images = images_for(described, params);
        if let Some(layer) = layer {
            images.fill(layer.clone());
        }
        let given = Some(&image).filter(|_| !described.generates());
        let made = try_run(name, &Value::Object(params.clone()), given, &images);
        image = made.map_err(|refusal| format!("{name}: {refusal}"))?.image;
    }
    Ok(image)
}
