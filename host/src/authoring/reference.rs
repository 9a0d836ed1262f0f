//! A plugin's reference page, from its manifest.

use std::fmt::Write;

use serde_json::Value;

use crate::{schema::followed, wasm::PluginSummary};

/// The page in Markdown: what the plugin is, each transform with its parameters, each format.
pub fn reference(plugin: &PluginSummary) -> String {
    let mut page = String::new();
    let info = &plugin.info;
    // Writing to a string does not fail.
    let _ = write!(page, "# {} {}\n\n{}\n\nLicence {}. ", info.name, info.version, info.summary, info.license);
    let _ = writeln!(page, "SHA-256 `{}`, {} bytes, of the world `{}`.", info.digest, plugin.bytes, plugin.world);
    needs(&mut page, plugin);
    for transform in &plugin.transforms {
        let _ = write!(page, "\n## {}\n\n{}\n\n", transform.name, transform.summary);
        let formats = transform.formats.iter().map(|format| format!("{format:?}").to_lowercase());
        let formats = formats.collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "Kind: {}. Pixel formats: {formats}.", format!("{:?}", transform.kind).to_lowercase());
        parameters(&mut page, &transform.schema);
        let _ = write!(page, "\n```json\n{}\n```\n", example(&transform.name, &transform.schema));
    }
    for format in &plugin.formats {
        let _ = write!(page, "\n## {}\n\n{format}\n", format.name);
    }
    page
}

fn needs(page: &mut String, plugin: &PluginSummary) {
    if plugin.needs.is_empty() {
        page.push_str("\nIt asks for nothing but its input.\n");
        return;
    }
    page.push_str("\n| asks for | | what for |\n|---|---|---|\n");
    for need in &plugin.needs {
        let optional = if need.optional { "optional" } else { "required" };
        let _ = writeln!(page, "| `{}` | {optional} | {} |", need.assets, need.summary.replace('|', "\\|"));
    }
}

fn parameters(page: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        page.push_str("\nIt takes no parameters.\n");
        return;
    };
    page.push_str("\n| parameter | type | default | |\n|---|---|---|---|\n");
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in properties {
        let default = match property.get("default") {
            Some(default) if !default.is_null() => format!("`{default}`"),
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            _ => String::new(),
        };
        let about = property["description"].as_str().unwrap_or_default();
        let cells = [kind(schema, property, 0), default, about.to_owned()];
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(page, "| `{name}` | {} |", cells.join(" | "));
    }
}

/// The type with its range: `number from 0 to 1`, `"a", "b"`, `list of number`.
fn kind(root: &Value, property: &Value, depth: usize) -> String {
    if depth > 4 {
        return "value".to_owned();
    }
    let property = followed(root, property);
    if property["format"] == "image" {
        return "picture".to_owned();
    }
    let listed = |key: &str| property[key].as_array().map(Vec::as_slice).unwrap_or_default();
    if !listed("enum").is_empty() {
        let values: Vec<String> =
            listed("enum").iter().filter(|value| !value.is_null()).map(Value::to_string).collect();
        return values.join(", ");
    }
    if let Some(value) = property.get("const") {
        return value.to_string();
    }
    let choices: Vec<String> = [listed("oneOf"), listed("anyOf")]
        .concat()
        .iter()
        .filter(|choice| choice["type"] != "null")
        .map(|choice| kind(root, choice, depth + 1))
        .collect();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    let name = match &property["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "value".to_owned(),
    };
    if name == "array" {
        return format!("list of {}", kind(root, &property["items"], depth + 1));
    }
    let name = if property["format"] == "color" { "colour".to_owned() } else { name };
    let limit = |keys: [&str; 2]| keys.iter().find_map(|key| property.get(*key)).map(Value::to_string);
    match (limit(["minimum", "exclusiveMinimum"]), limit(["maximum", "exclusiveMaximum"])) {
        (Some(low), Some(high)) => format!("{name} from {low} to {high}"),
        (Some(low), None) => format!("{name} from {low}"),
        (None, Some(high)) => format!("{name} up to {high}"),
        (None, None) => name,
    }
}

/// A step with the required parameters and the first optional one.
fn example(name: &str, schema: &Value) -> Value {
    let sets = super::samples::parameter_sets(schema);
    let params = sets.get(1).or(sets.first()).cloned().unwrap_or_default();
    serde_json::json!({"transform": name, "params": params})
}
