//! The JSON Schema of a transform's parameters, and the check of values against it.
//!
//! Understands the part of JSON Schema that `schemars` writes for parameter structs: types, ranges,
//! choices, lists, optional values. What it does not know it leaves to serde.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Color, Refusal};

/// The schema (2020-12) of a parameters type, without references to definitions elsewhere in it.
pub(crate) fn schema_of<P: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<P>()
}

/// Parses and checks the parameters of a call; also how many pictures they name.
pub(crate) fn parse<P: DeserializeOwned + JsonSchema>(text: &str) -> Result<(P, usize), Refusal> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Refusal::params("", format!("the parameters are not JSON: {error}")))?;
    let Value::Object(given) = &value else {
        return Err(Refusal::params("", format!("is {}, expected an object of parameters", show(&value))));
    };
    let mut pictures = 0;
    // Defaults need no check, and making the schema is most of the work of a small call.
    if !given.is_empty() {
        let schema = schema_of::<P>();
        let (none, schema) = (Map::new(), schema.as_object());
        check_object("", schema.unwrap_or(&none), given)?;
        pictures = schema.map_or(0, |schema| named_pictures(schema, given));
    }
    let params = serde_json::from_value(value).map_err(|error| Refusal::params("", error.to_string()))?;
    Ok((params, pictures))
}

/// How many pictures the parameters name.
fn named_pictures(schema: &Map<String, Value>, given: &Map<String, Value>) -> usize {
    let properties = schema.get("properties").and_then(Value::as_object);
    let named = properties.into_iter().flatten().filter(|(_, schema)| names_picture(schema));
    let count = |value: &Value| match value {
        Value::Null => 0,
        Value::Array(items) => items.len(),
        _ => 1,
    };
    named.filter_map(|(name, _)| given.get(name)).map(count).sum()
}

/// Whether a schema has `"format": "image"` in itself, its items or its alternatives.
fn names_picture(schema: &Value) -> bool {
    let choices = schema.as_object().and_then(choices).map_or(&[][..], Vec::as_slice);
    schema["format"] == "image" || schema.get("items").is_some_and(names_picture) || choices.iter().any(names_picture)
}

fn check_object(path: &str, schema: &Map<String, Value>, given: &Map<String, Value>) -> Result<(), Refusal> {
    let none = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, value) in given {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match known.get(name) {
            Some(schema) => check(&path, schema, value)?,
            None if closed => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let message = match names.as_slice() {
                    [] => "is not known, expected no parameters".to_owned(),
                    names => format!("is not known, expected one of {}", names.join(", ")),
                };
                return Err(Refusal::params(path, message));
            }
            None => {}
        }
    }
    let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for name in required.iter().filter_map(Value::as_str) {
        if !given.contains_key(name) {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let expected = known.get(name).map_or_else(|| "a value".to_owned(), describe);
            return Err(Refusal::params(path, format!("is missing, expected {expected}")));
        }
    }
    Ok(())
}

fn check(path: &str, schema: &Value, value: &Value) -> Result<(), Refusal> {
    if !fits(schema, value) {
        let message = format!("is {}, expected {}", show(value), describe(schema));
        return Err(Refusal::params(path, message));
    }
    let Some(schema) = schema.as_object() else {
        return Ok(());
    };
    match value {
        Value::Object(given) if schema.contains_key("properties") => check_object(path, schema, given),
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else {
                return Ok(());
            };
            for (index, item) in items.iter().enumerate() {
                check(&format!("{path}[{index}]"), schema, item)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether the value itself (not what it contains) is one that the schema allows.
fn fits(schema: &Value, value: &Value) -> bool {
    let Some(schema) = schema.as_object() else {
        return schema != &Value::Bool(false);
    };
    if let Some(choices) = choices(schema) {
        return choices.iter().any(|choice| fits(choice, value));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return false;
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        return false;
    }
    let type_fits = match schema.get("type") {
        Some(Value::String(name)) => has_type(value, name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(|name| has_type(value, name)),
        _ => true,
    };
    type_fits && in_range(schema, value)
}

fn choices(schema: &Map<String, Value>) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        _ => true,
    }
}

fn in_range(schema: &Map<String, Value>, value: &Value) -> bool {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::INFINITY);
            let (low, high) = bounds(schema);
            low.is_none_or(|low| number >= low)
                && high.is_none_or(|high| number <= high)
                && limit("exclusiveMinimum").is_none_or(|low| number > low)
                && limit("exclusiveMaximum").is_none_or(|high| number < high)
        }
        Value::String(text) if is_color(schema) => Color::parse(text).is_some(),
        Value::String(text) => length_fits(schema, "minLength", "maxLength", text.chars().count()),
        Value::Array(items) => length_fits(schema, "minItems", "maxItems", items.len()),
        _ => true,
    }
}

/// The least and the greatest number allowed. Where the schema leaves one open, the type that the
/// value has to fit into gives it.
fn bounds(schema: &Map<String, Value>) -> (Option<f64>, Option<f64>) {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("float") => (Some(f64::from(f32::MIN)), Some(f64::from(f32::MAX))),
        _ => (None, None),
    };
    (limit("minimum").or(low), limit("maximum").or(high))
}

fn is_color(schema: &Map<String, Value>) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("color")
}

fn length_fits(schema: &Map<String, Value>, least: &str, most: &str, length: usize) -> bool {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    limit(least).is_none_or(|least| length as u64 >= least) && limit(most).is_none_or(|most| length as u64 <= most)
}

/// What the schema allows, in words: "a number from 0.1 to 250".
fn describe(schema: &Value) -> String {
    let Some(schema) = schema.as_object() else {
        return "a value".to_owned();
    };
    if let Some(choices) = choices(schema) {
        return describe_choices(choices);
    }
    if let Some(only) = schema.get("const") {
        return show(only);
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        let allowed: Vec<String> = allowed.iter().filter(|value| !value.is_null()).map(show).collect();
        return format!("one of {}", allowed.join(", "));
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name,
        // An optional value is described as the value: leaving it out is the way to give none.
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ => "",
    };
    match name {
        "number" => format!("a number{}", describe_range(schema)),
        "integer" => format!("a whole number{}", describe_range(schema)),
        "string" if is_color(schema) => r##"a colour such as "#ff8000", "#ff800080" or "orange""##.to_owned(),
        "string" => format!("a string{}", describe_length(schema, "minLength", "maxLength", "characters")),
        "boolean" => "true or false".to_owned(),
        "object" if schema.get("format").and_then(Value::as_str) == Some("image") => {
            r#"a picture such as {"url": "https://..."}"#.to_owned()
        }
        "array" => format!("a list{}", describe_length(schema, "minItems", "maxItems", "entries")),
        "object" => "an object".to_owned(),
        "null" => "null".to_owned(),
        _ => "a value".to_owned(),
    }
}

fn describe_choices(choices: &[Value]) -> String {
    let constants: Vec<String> = choices.iter().filter_map(|choice| choice.get("const")).map(show).collect();
    if constants.len() == choices.len() {
        return format!("one of {}", constants.join(", "));
    }
    let is_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
    let described: Vec<String> = choices.iter().filter(|choice| !is_null(choice)).map(describe).collect();
    described.join(", or ")
}

fn describe_range(schema: &Map<String, Value>) -> String {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let low = limit("minimum").map(|low| format!("{low}"));
    let low = low.or_else(|| limit("exclusiveMinimum").map(|low| format!("above {low}")));
    let high = limit("maximum").map(|high| format!("{high}"));
    let high = high.or_else(|| limit("exclusiveMaximum").map(|high| format!("below {high}")));
    let (fallback_low, fallback_high) = bounds(schema);
    match (low, high) {
        (Some(low), Some(high)) => format!(" from {low} to {high}"),
        (Some(low), None) => match fallback_high {
            Some(high) => format!(" from {low} to {high}"),
            None => format!(" of at least {low}"),
        },
        (None, Some(high)) => format!(" of at most {high}"),
        (None, None) => match (fallback_low, fallback_high) {
            (Some(low), Some(high)) => format!(" from {low:e} to {high:e}"),
            _ => String::new(),
        },
    }
}

fn describe_length(schema: &Map<String, Value>, least: &str, most: &str, what: &str) -> String {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    match (limit(least), limit(most)) {
        (Some(least), Some(most)) => format!(" of {least} to {most} {what}"),
        (Some(least), None) => format!(" of at least {least} {what}"),
        (None, Some(most)) => format!(" of at most {most} {what}"),
        (None, None) => String::new(),
    }
}

/// The value as JSON; long ones are cut, so that a message stays a line.
fn show(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::ImageRef;

    #[derive(Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        /// Inside.
        #[default]
        Fit,
        /// Over.
        Fill,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Params {
        /// Standard deviation.
        #[schemars(range(min = 0.1, max = 250.0))]
        sigma_px: f32,
        #[schemars(range(min = 1, max = 65535))]
        width: Option<u32>,
        count: u32,
        free: f32,
        mode: Mode,
        other: Option<Mode>,
        on: bool,
        color: Option<Color>,
        #[schemars(length(max = 4))]
        text: String,
        #[schemars(length(max = 2))]
        list: Vec<u8>,
    }

    impl Default for Params {
        fn default() -> Self {
            Params {
                sigma_px: 2.0,
                width: None,
                count: 1,
                free: 0.0,
                mode: Mode::Fit,
                other: None,
                on: false,
                color: None,
                text: String::new(),
                list: Vec::new(),
            }
        }
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only parsed")]
    struct Needy {
        #[schemars(range(min = 1))]
        size_px: u32,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Named {
        top: ImageRef,
        #[serde(default)]
        mask: Option<ImageRef>,
        #[serde(default)]
        all: Vec<ImageRef>,
    }

    fn refusal<P: DeserializeOwned + JsonSchema>(text: &str) -> String {
        match parse::<P>(text) {
            Ok(_) => format!("{text} was accepted"),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn values_out_of_the_schema_are_refused_by_name_value_and_expectation() {
        let cases = [
            (r#"{"sigma_px": 900}"#, "sigma_px: is 900, expected a number from 0.1 to 250"),
            (r#"{"sigma_px": 1e300}"#, "sigma_px: is 1e+300, expected a number from 0.1 to 250"),
            (r#"{"sigma_px": "3"}"#, r#"sigma_px: is "3", expected a number from 0.1 to 250"#),
            (r#"{"sigma_px": null}"#, "sigma_px: is null, expected a number from 0.1 to 250"),
            (r#"{"width": 0}"#, "width: is 0, expected a whole number from 1 to 65535"),
            (r#"{"width": -1}"#, "width: is -1, expected a whole number from 1 to 65535"),
            (r#"{"width": 1.5}"#, "width: is 1.5, expected a whole number from 1 to 65535"),
            (r#"{"width": 99999999999}"#, "width: is 99999999999, expected a whole number from 1 to 65535"),
            (r#"{"count": 4294967296}"#, "count: is 4294967296, expected a whole number from 0 to 4294967295"),
            (r#"{"mode": "fat"}"#, r#"mode: is "fat", expected one of "fit", "fill""#),
            (r#"{"other": "fat"}"#, r#"other: is "fat", expected one of "fit", "fill""#),
            (
                r#"{"color": "blurple"}"#,
                r##"color: is "blurple", expected a colour such as "#ff8000", "#ff800080" or "orange""##,
            ),
            (r#"{"on": 1}"#, "on: is 1, expected true or false"),
            (r#"{"text": "12345"}"#, r#"text: is "12345", expected a string of at most 4 characters"#),
            (r#"{"list": [1, 2, 3]}"#, "list: is [1,2,3], expected a list of at most 2 entries"),
            (r#"{"list": [1, 256]}"#, "list[1]: is 256, expected a whole number from 0 to 255"),
            (
                r#"{"sigma": 1}"#,
                "sigma: is not known, expected one of sigma_px, width, count, free, mode, other, on, text, list",
            ),
            ("[]", "is [], expected an object of parameters"),
        ];
        for (text, expected) in cases {
            let mut said = refusal::<Params>(text);
            // The order of names in the schema is that of the struct or of the alphabet, as
            // serde_json is built.
            if text.contains("\"sigma\"") {
                said = said.split(" of ").next().unwrap_or_default().to_owned();
                assert_eq!(said, expected.split(" of ").next().unwrap_or_default());
                continue;
            }
            assert_eq!(said, expected, "{text}");
        }
        assert!(refusal::<Params>(r#"{"free": 1e39}"#).starts_with("free: is 1e+39, expected a number from -3.4"));
        assert!(refusal::<Params>("{").starts_with("the parameters are not JSON: EOF"));
        assert_eq!(refusal::<Needy>("{}"), "missing field `size_px`");
        assert_eq!(
            refusal::<Needy>(r#"{"a": 1}"#),
            "size_px: is missing, expected a whole number from 1 to 4294967295"
        );
        let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(1_000_000));
        assert!(refusal::<Params>(&long).len() < 150);
    }

    #[test]
    fn values_in_the_schema_are_parsed_and_the_rest_gets_its_default() {
        let (params, _): (Params, _) = parse(r#"{"width": 800, "other": "fill", "list": [1, 2]}"#).expect("valid");
        assert_eq!((params.width, params.other), (Some(800), Some(Mode::Fill)));
        assert_eq!((params.sigma_px, params.mode, params.list), (2.0, Mode::Fit, vec![1, 2]));
        let (params, _): (Params, _) = parse(r#"{"width": null, "sigma_px": 3}"#).expect("valid");
        assert_eq!((params.width, params.sigma_px, params.count), (None, 3.0, 1));
        assert!(!params.on && params.text.is_empty() && params.free == 0.0);
    }

    #[test]
    fn the_schema_tells_ranges_defaults_and_descriptions() {
        let schema = serde_json::to_value(schema_of::<Params>()).expect("a schema");
        assert_eq!(schema["additionalProperties"], false);
        let sigma = &schema["properties"]["sigma_px"];
        assert_eq!(sigma["minimum"], 0.1);
        assert_eq!(sigma["maximum"], 250.0);
        assert_eq!(sigma["default"], 2.0);
        assert_eq!(sigma["description"], "Standard deviation.");
        assert!(schema.get("$defs").is_none(), "{schema}");
    }

    #[test]
    fn parameters_that_name_pictures_are_counted() {
        let count = |text: &str| parse::<Named>(text).expect("valid").1;
        assert_eq!(count(r#"{"top": {"url": "http://a/"}}"#), 1);
        assert_eq!(count(r#"{"top": {"asset": "a"}, "mask": null}"#), 1);
        let all = r#"{"top": {"asset": "a"}, "mask": {"asset": "b"}, "all": [{"asset": "c"}, {"asset": "d"}]}"#;
        assert_eq!(count(all), 4);
        let expected = r#"top: is "a", expected a picture such as {"url": "https://..."}"#;
        assert_eq!(refusal::<Named>(r#"{"top": "a"}"#), expected);
        let expected = r#"top: is missing, expected a picture such as {"url": "https://..."}"#;
        assert_eq!(refusal::<Named>(r#"{"all": []}"#), expected);
    }
}
