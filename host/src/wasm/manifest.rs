//! Checks what `describe` says and turns it into the registry's own words.

use std::{collections::HashSet, fmt, sync::Arc};

use safelight_codec::PixelFormat;
use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{bindings::safelight::plugin::types as wire, params::Validator};
use crate::{
    pipeline::{Kind, PluginInfo, TransformInfo},
    schema::resolve,
};

/// The longest line for people, in bytes.
const MAX_SUMMARY_BYTES: usize = 1000;

/// A transform with the validator of its parameters.
pub(super) struct Offer {
    pub(super) info: Arc<TransformInfo>,
    pub(super) validator: Validator,
}

/// A manifest that keeps the contract.
pub(super) struct Checked {
    pub(super) info: Arc<PluginInfo>,
    pub(super) offers: Vec<Offer>,
}

/// What is known of a plugin before its manifest is.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) digest: &'a str,
    pub(super) assets: &'a str,
    pub(super) bundled: bool,
}

impl Identity<'_> {
    /// Together with what its manifest says.
    pub(super) fn of(self, name: String, version: String, license: String, summary: String) -> PluginInfo {
        let Identity { digest, assets, bundled } = self;
        PluginInfo { name, version, license, summary, digest: digest.to_owned(), assets: assets.to_owned(), bundled }
    }
}

/// Checks a manifest, but for its needs. The error says which part breaks which rule.
pub(super) fn check(manifest: wire::Manifest, identity: Identity<'_>) -> Result<Checked, String> {
    let wire::Manifest { name, version, license, summary, transforms, needs: _ } = manifest;
    let info = plugin_info(identity.of(name, version, license, summary))?;
    if transforms.is_empty() {
        return Err("transforms: there are none, expected at least one".to_owned());
    }
    let mut names = HashSet::new();
    let mut offers = Vec::new();
    for transform in transforms {
        check_name("a transform's name", &transform.name, false)?;
        if !names.insert(transform.name.clone()) {
            return Err(format!("transforms: two are named {:?}", transform.name));
        }
        let name = transform.name.clone();
        offers.push(offer(transform, &info).map_err(|problem| format!("transform {name}: {problem}"))?);
    }
    Ok(Checked { info, offers })
}

/// Checks what every plugin says of itself. The error says which part breaks which rule.
pub(super) fn plugin_info(info: PluginInfo) -> Result<Arc<PluginInfo>, String> {
    check_name("the plugin's name", &info.name, true)?;
    if !is_semantic_version(&info.version) {
        return Err(format!("version: is {:?}, expected a semantic version such as 1.2.3", clip(&info.version)));
    }
    check_line("license", &info.license)?;
    check_line("summary", &info.summary)?;
    Ok(Arc::new(info))
}

fn offer(transform: wire::TransformInfo, plugin: &Arc<PluginInfo>) -> Result<Offer, String> {
    check_line("summary", &transform.summary)?;
    if transform.formats.is_empty() {
        return Err("formats: there are none, expected at least one".to_owned());
    }
    let schema: Value =
        serde_json::from_str(&transform.schema).map_err(|error| format!("schema: is not JSON: {error}"))?;
    let validator = Validator::new(&transform.name, &schema)?;
    let image_params = image_params(&transform.schema, &schema)?;
    let info = TransformInfo {
        name: transform.name,
        kind: match transform.kind {
            wire::Kind::Filter => Kind::Filter,
            wire::Kind::Compose => Kind::Compose,
            wire::Kind::Generate => Kind::Generate,
            wire::Kind::Analyze => Kind::Analyze,
            wire::Kind::Timeline => Kind::Timeline,
        },
        summary: transform.summary,
        schema,
        formats: transform.formats.into_iter().map(pixel_format).collect(),
        image_params,
        plugin: plugin.clone(),
    };
    Ok(Offer { info: Arc::new(info), validator })
}

/// The wire's pixel format as the codec's.
pub(super) fn pixel_format(format: wire::PixelFormat) -> PixelFormat {
    match format {
        wire::PixelFormat::Gray8 => PixelFormat::Gray8,
        wire::PixelFormat::Rgb8 => PixelFormat::Rgb8,
        wire::PixelFormat::Rgba8 => PixelFormat::Rgba8,
    }
}

/// Checks a name that a manifest may give; the error begins with `what`.
pub(crate) fn check_name(what: &str, name: &str, hyphen: bool) -> Result<(), String> {
    let well_formed = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || (hyphen && c == '-'));
    if well_formed {
        return Ok(());
    }
    let hyphen = if hyphen { ", - " } else { " " };
    Err(format!(
        "{what}: is {:?}, expected lower-case letters, digits{hyphen}and _, starting with a letter, at most 64",
        clip(name)
    ))
}

/// Checks a line for people; the error begins with `what`.
pub(super) fn check_line(what: &str, text: &str) -> Result<(), String> {
    if text.len() > MAX_SUMMARY_BYTES || text.chars().any(char::is_control) {
        return Err(format!("{what}: is {:?}, expected one line of at most {MAX_SUMMARY_BYTES} bytes", clip(text)));
    }
    Ok(())
}

/// Enough of a text to know it by.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whether a text is a version by semver.org, item 2, 9 and 10.
fn is_semantic_version(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty()
            && part.len() <= 18
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let identifiers = |list: &str, is_prerelease: bool| {
        list.split('.').all(|part| {
            let in_alphabet = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let is_numeric = part.bytes().all(|byte| byte.is_ascii_digit());
            !part.is_empty() && in_alphabet && !(is_prerelease && is_numeric && !number(part))
        })
    };
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    core.split('.').count() == 3
        && core.split('.').all(number)
        && prerelease.is_none_or(|list| identifiers(list, true))
        && build.is_none_or(|list| identifiers(list, false))
}

/// The parameters that name pictures, in the order in which they stand in the schema's text.
fn image_params(text: &str, schema: &Value) -> Result<Vec<String>, String> {
    // A `Value` may have sorted its members, and the order is part of the contract.
    let order: Ordered = serde_json::from_str(text).map_err(|error| format!("schema: properties: {error}"))?;
    let properties = &schema["properties"];
    Ok(order.properties.0.into_iter().filter(|name| names_picture(&properties[name.as_str()], schema, 0)).collect())
}

/// Whether a schema has `"format": "image"` in itself, its items, its alternatives or what it refers to.
fn names_picture(schema: &Value, root: &Value, depth: u32) -> bool {
    if depth > 4 {
        return false;
    }
    let within = |schema: &Value| names_picture(schema, root, depth + 1);
    let alternatives = ["anyOf", "oneOf", "allOf"];
    schema["format"] == "image"
        || schema.get("items").is_some_and(within)
        || alternatives.iter().any(|word| schema[word].as_array().is_some_and(|list| list.iter().any(within)))
        || schema["$ref"].as_str().and_then(|target| resolve(root, target)).is_some_and(within)
}

#[derive(Deserialize)]
struct Ordered {
    #[serde(default)]
    properties: Names,
}

/// The names of an object's members as they stand in its text.
#[derive(Default)]
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl FnOnce(&mut wire::Manifest)) -> Result<Checked, String> {
        let transform = wire::TransformInfo {
            name: "blur".to_owned(),
            kind: wire::Kind::Filter,
            summary: "Blurs.".to_owned(),
            schema: r#"{"type": "object", "properties": {"sigma_px": {"type": "number"}}}"#.to_owned(),
            formats: vec![wire::PixelFormat::Rgba8],
        };
        let mut manifest = wire::Manifest {
            name: "my-filter".to_owned(),
            version: "1.0.0".to_owned(),
            license: "Apache-2.0".to_owned(),
            summary: "Filters.".to_owned(),
            transforms: vec![transform],
            needs: Vec::new(),
        };
        change(&mut manifest);
        check(manifest, Identity { digest: "00", assets: "", bundled: false })
    }

    #[test]
    fn a_manifest_that_breaks_a_rule_is_refused_with_the_rule() {
        assert!(manifest(|_| ()).is_ok());
        let refused = |expected: &str, change: fn(&mut wire::Manifest)| {
            let problem = manifest(change).err().unwrap_or_else(|| panic!("taken, expected {expected}"));
            assert!(problem.contains(expected), "{problem}, expected {expected}");
        };
        refused("the plugin's name: is \"A\"", |m| m.name = "A".to_owned());
        refused("the plugin's name: is \"\"", |m| m.name = String::new());
        refused("the plugin's name", |m| m.name = "a".repeat(65));
        refused("a transform's name: is \"a-b\"", |m| m.transforms[0].name = "a-b".to_owned());
        refused("a transform's name: is \"../x\"", |m| m.transforms[0].name = "../x".to_owned());
        refused("version: is \"1.0\"", |m| m.version = "1.0".to_owned());
        refused("summary", |m| m.summary = "two\nlines".to_owned());
        refused("transforms: there are none", |m| m.transforms.clear());
        refused("two are named \"blur\"", |m| m.transforms.push(m.transforms[0].clone()));
        refused("transform blur: formats", |m| m.transforms[0].formats.clear());
        refused("transform blur: schema: is not JSON", |m| m.transforms[0].schema = "{".to_owned());
        refused("transform blur: schema: type", |m| m.transforms[0].schema = r#"{"type": "array"}"#.to_owned());
        refused("transform blur: schema: type", |m| m.transforms[0].schema = "true".to_owned());
        refused("transform blur: schema: ", |m| {
            m.transforms[0].schema = r#"{"type": "object", "properties": {"a": {"type": "numbr"}}}"#.to_owned();
        });
        refused("transform blur: schema: ", |m| {
            m.transforms[0].schema = r#"{"type": "object", "$ref": "https://example.com/schema"}"#.to_owned();
        });
    }

    #[test]
    fn versions_are_told_apart() {
        for good in ["0.0.0", "1.2.3", "1.0.0-alpha.1", "1.0.0-0", "1.0.0-x-y+b.01", "10.20.30+build"] {
            assert!(is_semantic_version(good), "{good}");
        }
        for bad in
            ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3-a..b"]
        {
            assert!(!is_semantic_version(bad), "{bad}");
        }
    }

    #[test]
    fn picture_parameters_keep_the_order_of_the_schema() {
        let text = r##"{"type": "object", "properties": {
            "top": {"type": "string", "format": "image"},
            "size": {"type": "number"},
            "mask": {"anyOf": [{"$ref": "#/$defs/Picture"}, {"type": "null"}]},
            "all": {"type": "array", "items": {"type": "string", "format": "image"}}},
            "$defs": {"Picture": {"type": ["string", "object"], "format": "image"}}}"##;
        let schema = serde_json::from_str(text).unwrap();
        assert_eq!(image_params(text, &schema).unwrap(), ["top", "mask", "all"]);
    }
}
