//! Image Intelligence's API: classes of objects looked for in many pictures, and pictures that show a target.

pub mod auth;
pub mod callback;
pub mod lower;
pub mod registered;
pub mod request;
pub mod response;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use callback::ImageIntelligence;

use super::Mount;

/// The name that specs and batches of this dialect hold.
pub const NAME: &str = "image_intelligence";

/// `[image_intelligence]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it is reached.
    pub mount: Mount,
    /// Whether webhooks carry the headers of Standard Webhooks.
    pub sign_webhooks: bool,
    /// How long a token is good.
    pub token_s: u64,
    /// Classes that models of the operator know, beside those of codes.
    pub classes: BTreeMap<String, Class>,
}

/// A class of objects that a model knows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The model's name, as in `plugins.models_dir`.
    pub model: String,
    /// What the model calls it; the class's own name when absent.
    pub label: Option<String>,
    /// The least score of an object, 0 to 1.
    #[serde(default = "threshold")]
    pub threshold: f64,
}

fn threshold() -> f64 {
    0.5
}

impl Config {
    /// What the types leave open.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, class) in &self.classes {
            if !(0.0..=1.0).contains(&class.threshold) {
                let threshold = class.threshold;
                return Err(format!("image_intelligence.classes.{name}.threshold: is {threshold}, expected 0 to 1"));
            }
        }
        self.mount.check("image_intelligence", false)
    }
}
