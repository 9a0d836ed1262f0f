//! Manifests of OCI artifacts: OCI Image Specification 1.1, and the layout that Wasm components have in them
//! (CNCF TAG Runtime, "Wasm OCI Artifact").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::pipeline::PluginInfo;

pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// What is asked for: also the kinds that are then refused by name, where a registry would only say "unknown".
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

const COMPONENT_TYPE: &str = "application/wasm";
const COMPONENT_CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// Magic number, version and layer: a core module has layer 0.
const COMPONENT_HEAD: &[u8] = b"\0asm\x0d\0\x01\0";
/// The same component gives the same manifest: no time of its own.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The largest manifest in bytes: what the distribution specification asks registries to take at least.
pub(super) const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// What a manifest says of one blob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            annotations: BTreeMap::new(),
        }
    }
}

/// A manifest of one artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// What decides how a manifest is to be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: u32,
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<Vec<serde_json::Value>>,
}

impl Manifest {
    pub(super) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        let media_type = Some(MANIFEST_TYPE.to_owned());
        Manifest { schema_version: 2, media_type, config, layers, annotations: BTreeMap::new() }
    }

    /// Reads a manifest. The error continues "the manifest ...".
    pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, String> {
        let unread = |error: serde_json::Error| format!("cannot be read: {error}");
        let kind: Kind = serde_json::from_slice(bytes).map_err(unread)?;
        if kind.schema_version != 2 {
            return Err(format!("has the schema version {}, expected 2", kind.schema_version));
        }
        match kind.media_type.as_deref() {
            Some(INDEX_TYPE | DOCKER_LIST_TYPE) => return Err(index()),
            None if kind.manifests.is_some() => return Err(index()),
            None | Some(MANIFEST_TYPE | DOCKER_MANIFEST_TYPE) => {}
            Some(other) => return Err(format!("is of the type {other:?}, expected {MANIFEST_TYPE:?}")),
        }
        serde_json::from_slice(bytes).map_err(unread)
    }

    /// The layer that is the component. The error continues "the manifest ...".
    pub(super) fn component(&self) -> Result<&Descriptor, String> {
        let mut components = self.layers.iter().filter(|layer| layer.media_type == COMPONENT_TYPE);
        match (components.next(), components.next()) {
            (Some(component), None) => Ok(component),
            (Some(_), Some(_)) => Err(format!("has several layers {COMPONENT_TYPE}, expected one component")),
            (None, _) => {
                let types: Vec<&str> = self.layers.iter().map(|layer| layer.media_type.as_str()).collect();
                let found = if types.is_empty() { "no layer at all".to_owned() } else { types.join(", ") };
                Err(format!("has no layer {COMPONENT_TYPE}, so this is no component; found {found}"))
            }
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest is JSON")
    }
}

fn index() -> String {
    "is an index of several manifests, expected the manifest of one component: name it by its digest \
     (oci://HOST/REPOSITORY@sha256:...)"
        .to_owned()
}

/// The configuration blob of a component.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [String; 1],
    component: Interfaces<'a>,
}

#[derive(Serialize)]
struct Interfaces<'a> {
    exports: &'a [String],
    imports: &'a [String],
}

/// A component with its configuration blob and manifest.
pub(super) struct Artifact {
    pub(super) config: Vec<u8>,
    pub(super) manifest: Vec<u8>,
}

/// Lays a component out.
///
/// Errors: the bytes are no component.
pub(super) fn artifact(component: &[u8], info: &PluginInfo) -> Result<Artifact, String> {
    let (imports, exports) = interfaces(component)?;
    let mut layer = Descriptor::of(COMPONENT_TYPE, component);
    // What tools that pull files call it.
    layer.annotations.insert("org.opencontainers.image.title".to_owned(), format!("{}.wasm", info.name));
    let config = Config {
        created: CREATED,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [layer.digest.to_string()],
        component: Interfaces { exports: &exports, imports: &imports },
    };
    let config = serde_json::to_vec(&config).expect("a configuration is JSON");
    let mut manifest = Manifest::new(Descriptor::of(COMPONENT_CONFIG_TYPE, &config), vec![layer]);
    for (key, value) in
        [("title", &info.name), ("version", &info.version), ("licenses", &info.license), ("description", &info.summary)]
    {
        if !value.is_empty() {
            manifest.annotations.insert(format!("org.opencontainers.image.{key}"), value.clone());
        }
    }
    Ok(Artifact { config, manifest: manifest.to_bytes() })
}

/// The names of what a component imports and exports.
fn interfaces(component: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    if !component.starts_with(COMPONENT_HEAD) {
        return Err("is no component".to_owned());
    }
    let decoded = wit_parser::decoding::decode(component).map_err(|error| format!("is no component: {error:#}"))?;
    let wit_parser::decoding::DecodedWasm::Component(resolve, world) = decoded else {
        return Err("is a package of interfaces, expected a component".to_owned());
    };
    let names = |items: Vec<&wit_parser::WorldKey>| items.into_iter().map(|key| resolve.name_world_key(key)).collect();
    let world = &resolve.worlds[world];
    Ok((names(world.imports.keys().collect()), names(world.exports.keys().collect())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn layer(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"x"), "size": 1})
    }

    fn parse(value: &Value) -> Result<Manifest, String> {
        Manifest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn the_component_is_found_among_layers() {
        let manifest = parse(&json!({
            "schemaVersion": 2,
            "config": layer("application/vnd.oci.empty.v1+json"),
            "layers": [layer("text/markdown"), layer("application/wasm")],
            "subject": {"unknown": true},
        }))
        .unwrap();
        assert_eq!(manifest.component().unwrap().media_type, "application/wasm");
        assert_eq!(Manifest::parse(&manifest.to_bytes()).unwrap(), manifest);
    }

    #[test]
    fn other_manifests_are_refused_by_what_they_are() {
        let of = |layers: Value| json!({"schemaVersion": 2, "config": layer("x"), "layers": layers});
        let image = "application/vnd.oci.image.layer.v1.tar+gzip";
        for (value, expected) in [
            (json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}), "is an index"),
            (json!({"schemaVersion": 2, "mediaType": DOCKER_LIST_TYPE, "manifests": []}), "is an index"),
            (json!({"schemaVersion": 2, "manifests": [layer(MANIFEST_TYPE)]}), "is an index"),
            (json!({"schemaVersion": 1, "name": "x"}), "schema version 1"),
            (json!({"schemaVersion": 2, "mediaType": "text/html"}), "\"text/html\""),
            (json!({"schemaVersion": 2}), "cannot be read: missing field"),
            (json!([]), "cannot be read"),
            (of(json!([layer(image)])), image),
            (of(json!([])), "no layer at all"),
            (of(json!([layer(COMPONENT_TYPE), layer(COMPONENT_TYPE)])), "several layers"),
            (of(json!([{"mediaType": COMPONENT_TYPE, "digest": "md5:0", "size": 1}])), "expected sha256:"),
            (of(json!([{"mediaType": COMPONENT_TYPE, "digest": Digest::of(b""), "size": -1}])), "invalid value"),
        ] {
            let problem = parse(&value).and_then(|manifest| manifest.component().map(|_| ())).unwrap_err();
            assert!(problem.contains(expected), "{value}: {problem}");
        }
        assert!(Manifest::parse(b"<html>").is_err());
    }

    #[test]
    fn a_core_module_is_no_component() {
        let info = PluginInfo {
            name: "x".into(),
            version: "1.0.0".into(),
            license: "MIT".into(),
            summary: String::new(),
            digest: String::new(),
            assets: String::new(),
            bundled: false,
        };
        for bytes in [&b"\0asm\x01\0\0\0"[..], b"\0asm\x0d\0\x01\0\xff", b"", b"text"] {
            let problem = artifact(bytes, &info).err().unwrap();
            assert!(problem.contains("is no component"), "{problem}");
        }
    }
}
