//! The bundled plugins.

use safelight_sdk::models::Model;
use safelight_sdk::{Kind, Manifest, Plugin, TransformInfo};
use serde_json::{Map, Value};

/// Every bundled plugin with the name of its folder below `plugins/`. A test compares the list with
/// the folders.
pub const PLUGINS: &[(&str, &Plugin)] = &[
    ("analyze", &analyze::PLUGIN),
    ("animate", &animate::PLUGIN),
    ("color", &color::PLUGIN),
    ("compose", &compose::PLUGIN),
    ("detect", &detect::PLUGIN),
    ("draw", &draw::PLUGIN),
    ("filter", &filter::PLUGIN),
    ("geometry", &geometry::PLUGIN),
];

/// A transform as its plugin describes it.
#[derive(Debug)]
pub struct Described {
    /// The plugin that offers it.
    pub plugin: &'static Plugin,
    /// Its entry in the manifest.
    pub info: TransformInfo,
    /// Its schema, parsed.
    pub schema: Value,
}

impl Described {
    /// The parameters' schemas by name.
    pub fn properties(&self) -> Map<String, Value> {
        self.schema["properties"].as_object().cloned().unwrap_or_default()
    }

    /// Whether it starts without a picture.
    pub fn generates(&self) -> bool {
        self.info.kind == Kind::Generate
    }
}

/// Every transform of every plugin, in the order of [`PLUGINS`] and of the plugin's own list.
pub fn described() -> Vec<Described> {
    provide_files();
    let mut all = Vec::new();
    for (_, plugin) in PLUGINS {
        let Manifest { transforms, .. } = plugin.describe();
        all.extend(transforms.into_iter().map(|info| {
            let schema = serde_json::from_str(&info.schema)
                .unwrap_or_else(|error| panic!("the schema of {} is not JSON: {error}", info.name));
            Described { plugin, info, schema }
        }));
    }
    all
}

/// The plugin that offers a transform.
///
/// # Panics
/// When none does.
#[track_caller]
pub fn find(transform: &str) -> &'static Plugin {
    provide_files();
    let offers = |plugin: &Plugin| plugin.describe().transforms.iter().any(|info| info.name == transform);
    let found = PLUGINS.iter().map(|(_, plugin)| *plugin).find(|plugin| offers(plugin));
    found.unwrap_or_else(|| panic!("no plugin in PLUGINS offers {transform:?}"))
}

/// Stands for the host, which offers fonts and the operator's networks: those of `models/`.
fn provide_files() {
    safelight_sdk::fonts::provide(safelight_fonts::all());
    safelight_sdk::models::provide([
        Model {
            name: "squares_ssd",
            network: include_bytes!("../models/squares_ssd.onnx"),
            description: Some(include_str!("../models/squares_ssd.json")),
        },
        Model {
            name: "squares_yolo",
            network: include_bytes!("../models/squares_yolo.onnx"),
            description: Some(include_str!("../models/squares_yolo.json")),
        },
    ]);
}
