//! `cases.toml`: what the tests that run every transform must know about each.

use std::collections::BTreeMap;

use safelight_sdk::{Image, PixelFormat};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Described, params, pictures};

/// One transform's entry.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// Parameters that are part of every call.
    pub base: Map<String, Value>,
    /// What golden pictures are made from.
    pub picture: Picture,
    /// What a gray picture becomes.
    gray: Gray,
    /// Parameters of further golden pictures, by name.
    pub golden: BTreeMap<String, Map<String, Value>>,
    /// What the gallery shows instead: parameters for its larger pictures.
    gallery: BTreeMap<String, Map<String, Value>>,
}

/// The pictures that golden ones are made from.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named like the functions of `pictures`")]
pub enum Picture {
    #[default]
    Photo,
    Cutout,
    Gray,
    Text,
    Gradient,
    Checker,
    Framed,
    Noisy,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Gray {
    #[default]
    Gray8,
    Rgb8,
    Rgba8,
}

impl Picture {
    /// The picture in this size.
    pub fn draw(self, width: u32, height: u32) -> Image {
        match self {
            Picture::Photo => pictures::photo(width, height),
            Picture::Cutout => pictures::cutout(width, height),
            Picture::Gray => pictures::gray(width, height),
            Picture::Text => pictures::text(width, height),
            Picture::Gradient => pictures::gradient(width, height),
            Picture::Checker => pictures::checker(width, height, 8),
            Picture::Framed => pictures::framed(width, height),
            Picture::Noisy => pictures::noisy(width, height, PixelFormat::Rgb8, 1),
        }
    }
}

impl Case {
    /// The format that a gray picture has after the transform under `base` alone.
    pub fn format_of_gray(&self) -> PixelFormat {
        match self.gray {
            Gray::Gray8 => PixelFormat::Gray8,
            Gray::Rgb8 => PixelFormat::Rgb8,
            Gray::Rgba8 => PixelFormat::Rgba8,
        }
    }

    /// `base` with more parameters on top.
    pub fn with(&self, more: &Map<String, Value>) -> Map<String, Value> {
        let mut all = self.base.clone();
        all.extend(more.clone());
        all
    }

    /// Every golden picture's name and parameters, `default` first.
    pub fn goldens(&self) -> Vec<(String, Map<String, Value>)> {
        let more = self.golden.iter().map(|(name, more)| (name.clone(), self.with(more)));
        std::iter::once(("default".to_owned(), self.base.clone())).chain(more).collect()
    }

    /// What the gallery shows, by name: its own cases, or else the golden ones.
    pub fn gallery(&self) -> Vec<(String, Map<String, Value>)> {
        if self.gallery.is_empty() {
            return self.goldens();
        }
        self.gallery.iter().map(|(name, params)| (name.clone(), params.clone())).collect()
    }
}

/// All entries by transform.
///
/// # Panics
/// When the file cannot be understood.
pub fn all() -> BTreeMap<String, Case> {
    toml::from_str(include_str!("../cases.toml")).unwrap_or_else(|error| panic!("cases.toml: {error}"))
}

/// The pictures that go with a call: for each that the parameters name, a small cut-out photo and
/// others in turn.
pub fn images_for(described: &Described, given: &Map<String, Value>) -> Vec<Image> {
    images(described, given, [pictures::cutout(32, 24), pictures::gradient(24, 32), pictures::text(40, 16)])
}

/// The same for pictures of 320 x 240.
pub fn large_images_for(described: &Described, given: &Map<String, Value>) -> Vec<Image> {
    images(described, given, [pictures::cutout(160, 120), pictures::gradient(120, 160), pictures::text(200, 80)])
}

fn images(described: &Described, given: &Map<String, Value>, pictures: [Image; 3]) -> Vec<Image> {
    let properties = described.properties();
    let named = properties.iter().filter(|(_, schema)| params::names_picture(schema));
    let count = named.filter_map(|(name, _)| given.get(name)).map(|value| value.as_array().map_or(1, Vec::len)).sum();
    pictures.into_iter().cycle().take(count).collect()
}
