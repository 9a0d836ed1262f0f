//! Parameters made from a schema: its limits, every choice, and mixtures of them.

use serde_json::{Map, Number, Value, json};

use crate::Described;

/// Whether a parameter names a picture, or a list of them.
pub fn names_picture(schema: &Value) -> bool {
    let within = |word: &str| schema[word].as_array().is_some_and(|list| list.iter().any(names_picture));
    schema["format"] == "image" || schema.get("items").is_some_and(names_picture) || within("anyOf") || within("oneOf")
}

/// Values that a schema allows: its limits, its default, each choice. For lists also the shortest and
/// the longest, for objects each member in turn. Never empty, and never null.
pub fn samples(schema: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    found.extend(schema.get("default").filter(|value| !value.is_null()).cloned());
    if schema["format"] == "image" {
        found.push(json!({"asset": "picture"}));
    } else if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
        found.extend(choices.iter().filter(|choice| choice["type"] != "null").flat_map(samples));
    } else if let Some(only) = schema.get("const") {
        found.push(only.clone());
    } else if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        found.extend(allowed.iter().filter(|value| !value.is_null()).cloned());
    } else {
        match type_of(schema) {
            "number" => found.extend(numbers(schema, |value| json!(value))),
            "integer" => found.extend(numbers(schema, |value| Value::Number(Number::from(value as i64)))),
            "boolean" => found.extend([json!(false), json!(true)]),
            "string" => found.extend(strings(schema)),
            "array" => found.extend(arrays(schema)),
            "object" => found.extend(objects(schema)),
            _ => found.push(json!("picture")),
        }
    }
    found.dedup();
    found
}

/// The name of the type; of an optional value, of the value.
pub fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default(),
        _ => "",
    }
}

/// Least and greatest number, as far as the schema or its integer type says.
pub fn bounds(schema: &Value) -> (Option<f64>, Option<f64>) {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (low, high) = match schema["format"].as_str() {
        Some("uint8") => (Some(0.0), Some(255.0)),
        Some("uint16") => (Some(0.0), Some(65_535.0)),
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("uint64") => (Some(0.0), Some(9e15)),
        _ => (None, None),
    };
    (limit("minimum").or(low), limit("maximum").or(high))
}

fn numbers(schema: &Value, value: impl Fn(f64) -> Value) -> Vec<Value> {
    let above = schema.get("exclusiveMinimum").and_then(Value::as_f64).map(|low| low + 1e-6);
    let below = schema.get("exclusiveMaximum").and_then(Value::as_f64).map(|high| high - 1e-6);
    let (low, high) = bounds(schema);
    let (low, high) = (low.or(above).unwrap_or(-1e6), high.or(below).unwrap_or(1e6));
    let between = if low < 0.0 && high > 0.0 { 0.0 } else { low + (high - low) * 0.1 };
    [low, between.max(low.ceil()).min(high), high].map(value).into()
}

fn strings(schema: &Value) -> Vec<Value> {
    if schema["format"] == "color" {
        return ["#ff800080", "transparent", "#369"].map(Value::from).into();
    }
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    let (least, most) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(40).min(400));
    // Letters of several scripts and widths, a break, and what is no letter at all.
    let letters = "Ag é ß Ω я\n漢 ש ا 👍 \u{200d}\u{301}\u{0}.";
    let text = |length: u64| letters.chars().cycle().take(length as usize).collect::<String>();
    let mut found = vec![text(least), text(most)];
    if most > 2 {
        found.push(text(least.max(2)));
    }
    found.into_iter().map(Value::from).collect()
}

fn arrays(schema: &Value) -> Vec<Value> {
    let length = |key: &str| schema.get(key).and_then(Value::as_u64).map(|length| length as usize);
    let (least, most) = (length("minItems").unwrap_or(0), length("maxItems").unwrap_or(3).min(64));
    let items = schema.get("items").map(samples).unwrap_or_default();
    if items.is_empty() {
        return vec![json!([])];
    }
    let list =
        |length: usize, from: usize| Value::Array(items.iter().cycle().skip(from).take(length).cloned().collect());
    let mut found = vec![list(least, 0), list(most, 0), list(least.max(2).min(most), 1)];
    // Fixed lengths, as of a matrix, get each limit all over.
    found.extend(items.iter().map(|item| Value::Array(vec![item.clone(); least.max(1).min(most)])));
    found
}

fn objects(schema: &Value) -> Vec<Value> {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let is_required =
        |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|entry| entry == name));
    let first = |schema: &Value| samples(schema).into_iter().next().unwrap_or_default();
    let required: Map<String, Value> = properties
        .iter()
        .filter(|(name, _)| is_required(name))
        .map(|(name, schema)| (name.clone(), first(schema)))
        .collect();
    let mut found = vec![Value::Object(required.clone())];
    for (name, schema) in properties {
        for value in samples(schema) {
            let mut object = required.clone();
            object.insert(name.clone(), value);
            found.push(Value::Object(object));
        }
    }
    found
}

/// Sets of parameters for one transform, each on top of `base`: every sample of every parameter by
/// itself, all first and all last samples together, and `mixtures` sets in which every parameter has a
/// sample by chance or is left out.
pub fn sets(described: &Described, base: &Map<String, Value>, mixtures: u32) -> Vec<Map<String, Value>> {
    let all: Vec<(String, Vec<Value>)> =
        described.properties().into_iter().map(|(name, schema)| (name, samples(&schema))).collect();
    let mut found = vec![base.clone()];
    for (name, samples) in &all {
        for value in samples {
            let mut set = base.clone();
            set.insert(name.clone(), value.clone());
            found.push(set);
        }
    }
    let choose = |pick: &dyn Fn(&[Value]) -> Option<Value>| {
        let chosen = all.iter().filter_map(|(name, samples)| Some((name.clone(), pick(samples)?)));
        let mut set = base.clone();
        set.extend(chosen);
        set
    };
    found.push(choose(&|samples| samples.first().cloned()));
    found.push(choose(&|samples| samples.last().cloned()));
    for seed in 0..mixtures {
        let state = std::cell::Cell::new(seed.wrapping_mul(0x9e37_79b9) ^ described.info.name.len() as u32);
        found.push(choose(&|samples| {
            let next = state.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.set(next);
            // One place more than there are samples: left out.
            samples.get((next >> 16) as usize % (samples.len() + 1)).cloned()
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_the_limits_and_the_choices() {
        let number = json!({"type": "number", "minimum": 0.5, "maximum": 10, "default": 2.0});
        assert_eq!(samples(&number), [json!(2.0), json!(0.5), json!(0.5 + 9.5 * 0.1), json!(10.0)]);
        let optional = json!({"type": ["integer", "null"], "format": "uint8", "default": null});
        assert_eq!(samples(&optional), [json!(0), json!(25), json!(255)]);
        let choice = json!({"oneOf": [{"const": "a", "type": "string"}, {"const": "b", "type": "string"}]});
        assert_eq!(samples(&choice), [json!("a"), json!("b")]);
        let matrix = json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"}});
        let expected = [json!([false, true]), json!([true, false]), json!([false, false]), json!([true, true])];
        assert!(expected.iter().all(|list| samples(&matrix).contains(list)), "{:?}", samples(&matrix));
        let pictures = json!({"type": "array", "items": {"format": "image"}});
        assert!(names_picture(&pictures) && !names_picture(&matrix));
    }
}
