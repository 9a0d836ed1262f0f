//! A schema in words.

use serde_json::Value;
use transform_tests::params;

use crate::page::{escaped, prose};

/// The table of a transform's parameters; a sentence when there are none.
pub(crate) fn table(schema: &Value) -> String {
    let mut rows = String::new();
    rows_of(schema, "", &mut rows);
    if rows.is_empty() {
        return "<p class=\"none\">No parameters.</p>".to_owned();
    }
    format!(
        "<table><thead><tr><th>Parameter</th><th>Values</th><th>Default</th><th>Meaning</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    )
}

fn rows_of(schema: &Value, prefix: &str, rows: &mut String) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, property) in properties {
        let required = schema["required"].as_array().is_some_and(|list| list.iter().any(|entry| entry == name));
        let default = match property.get("default") {
            _ if required => "<em>required</em>".to_owned(),
            None | Some(Value::Null) => "<span class=\"quiet\">none</span>".to_owned(),
            Some(default) => format!("<code>{}</code>{}", escaped(&default.to_string()), swatch(default)),
        };
        rows.push_str(&format!(
            "<tr><td><code>{prefix}{name}</code></td><td>{}</td><td>{default}</td><td>{}{}</td></tr>",
            values(property),
            prose(property["description"].as_str().unwrap_or_default()),
            meanings(property),
        ));
        // The members of an object, and of the objects in a list, get rows of their own.
        let items = property.get("items").unwrap_or(&Value::Null);
        for (inner, mark) in [(property, "."), (items, "[].")] {
            if inner["format"] != "image" {
                rows_of(inner, &format!("{prefix}{name}{mark}"), rows);
            }
        }
    }
}

/// A little square of a colour.
fn swatch(default: &Value) -> String {
    let color = default.as_str().filter(|text| text.starts_with('#'));
    color.map_or_else(String::new, |color| format!("<i class=\"swatch\" style=\"background:{}\"></i>", escaped(color)))
}

/// What a value may be.
fn values(schema: &Value) -> String {
    if schema["format"] == "image" {
        return "a picture".to_owned();
    }
    if let Some(choices) = choices(schema) {
        let shown: Vec<String> = choices.iter().map(|choice| values(choice)).collect();
        return shown.join("<br>");
    }
    if let Some(only) = schema.get("const") {
        return format!("<code>{}</code>", escaped(&only.to_string()));
    }
    if let Some(allowed) = schema["enum"].as_array() {
        let allowed = allowed.iter().filter(|value| !value.is_null());
        let shown: Vec<String> = allowed.map(|value| format!("<code>{}</code>", escaped(&value.to_string()))).collect();
        return shown.join("<br>");
    }
    match params::type_of(schema) {
        "number" => format!("number{}", range(schema)),
        "integer" => format!("whole number{}", range(schema)),
        "boolean" => "<code>true</code>, <code>false</code>".to_owned(),
        "string" if schema["format"] == "color" => "a colour".to_owned(),
        "string" => format!("text{}", length(schema, "minLength", "maxLength", "characters")),
        "array" => {
            format!("list{} of<br>{}", length(schema, "minItems", "maxItems", "entries"), values(&schema["items"]))
        }
        "object" => "object".to_owned(),
        _ => "any".to_owned(),
    }
}

/// The alternatives but null: leaving a parameter out is the way to give none.
fn choices(schema: &Value) -> Option<Vec<&Value>> {
    let list = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())?;
    Some(list.iter().filter(|choice| choice["type"] != "null").collect())
}

/// What each choice means, where the schema tells.
fn meanings(schema: &Value) -> String {
    let mut list = String::new();
    for choice in choices(schema).unwrap_or_default() {
        // An optional choice stands one level deeper.
        list.push_str(&meanings(choice).replace("<dl>", "").replace("</dl>", ""));
        if let (Some(only), Some(text)) = (choice.get("const"), choice["description"].as_str()) {
            let only = only.as_str().map_or_else(|| only.to_string(), str::to_owned);
            list.push_str(&format!("<dt><code>{}</code></dt><dd>{}</dd>", escaped(&only), prose(text)));
        }
    }
    if list.is_empty() { list } else { format!("<dl>{list}</dl>") }
}

fn range(schema: &Value) -> String {
    match params::bounds(schema) {
        (Some(low), Some(high)) => format!("<br>{low} to {high}"),
        (Some(low), None) => format!("<br>from {low}"),
        (None, Some(high)) => format!("<br>up to {high}"),
        (None, None) => String::new(),
    }
}

fn length(schema: &Value, least: &str, most: &str, what: &str) -> String {
    match (schema[least].as_u64(), schema[most].as_u64()) {
        (Some(least), Some(most)) if least == most => format!(", {most} {what}"),
        (Some(least), Some(most)) => format!(", {least} to {most} {what}"),
        (None, Some(most)) => format!(", up to {most} {what}"),
        (Some(least), None) => format!(", at least {least} {what}"),
        (None, None) => String::new(),
    }
}
