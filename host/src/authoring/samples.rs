//! Parameters that a schema allows, to try a transform with.

use serde_json::{Map, Value, json};

use crate::{job::Params, schema::followed};

/// The most sets of parameters that a transform is tried with.
const MOST: usize = 80;

/// Parameters without any optional one, and each sample of each parameter beside them. At most 80 sets.
pub(super) fn parameter_sets(schema: &Value) -> Vec<Params> {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let first = |name: &str| properties.get(name).and_then(|property| samples(schema, property, 0).into_iter().next());
    let base: Params = required.iter().filter_map(|name| Some(((*name).to_owned(), first(name)?))).collect();
    let mut sets = vec![base.clone()];
    for (name, property) in properties {
        for value in samples(schema, property, 0) {
            let mut set = base.clone();
            set.insert(name.clone(), value);
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    sets.truncate(MOST);
    sets
}

/// Values of one parameter: its default, its limits, each choice; null is left out.
fn samples(root: &Value, property: &Value, depth: usize) -> Vec<Value> {
    if depth > 4 {
        return Vec::new();
    }
    let property = followed(root, property);
    let mut found: Vec<Value> = property.get("default").filter(|value| !value.is_null()).cloned().into_iter().collect();
    let listed = |key: &str| property[key].as_array().into_iter().flatten();
    if property["format"] == "image" {
        return vec![json!({"asset": "picture"})];
    }
    found.extend(property.get("const").cloned());
    found.extend(listed("enum").filter(|value| !value.is_null()).cloned());
    for choice in listed("oneOf").chain(listed("anyOf")) {
        found.extend(samples(root, choice, depth + 1));
    }
    if found.is_empty() || !(property.get("enum").is_some() || property.get("oneOf").is_some()) {
        found.extend(by_type(root, property, depth));
    }
    found.dedup();
    found
}

fn by_type(root: &Value, property: &Value, depth: usize) -> Vec<Value> {
    let kind = match &property["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default(),
        _ => "",
    };
    let number = |key: &str| property.get(key).and_then(Value::as_f64);
    let length = |key: &str, otherwise: u64| property.get(key).and_then(Value::as_u64).unwrap_or(otherwise) as usize;
    match kind {
        "boolean" => vec![json!(true), json!(false)],
        "integer" => {
            let low = number("minimum").or(number("exclusiveMinimum").map(|low| low + 1.0)).unwrap_or(-1000.0);
            let high = number("maximum").or(number("exclusiveMaximum").map(|high| high - 1.0)).unwrap_or(1000.0);
            [low, ((low + high) / 2.0).floor(), high].map(|value| json!(value as i64)).into()
        }
        "number" => {
            let low = number("minimum").or(number("exclusiveMinimum").map(|low| low + 1e-6)).unwrap_or(-1000.0);
            let high = number("maximum").or(number("exclusiveMaximum").map(|high| high - 1e-6)).unwrap_or(1000.0);
            [low, (low + high) / 2.0, high].map(|value| json!(value)).into()
        }
        "string" if property["format"] == "color" => vec![json!("#ff800080"), json!("white")],
        // A pattern is for the author to satisfy by a default.
        "string" if property.get("pattern").is_some() => Vec::new(),
        "string" => {
            let letters: String = "Ag é 漢 ש 👍 \n".chars().cycle().take(length("maxLength", 40).min(400)).collect();
            let short: String = letters.chars().take(length("minLength", 0)).collect();
            vec![json!(short), json!(letters)]
        }
        "array" => {
            let items = samples(root, &property["items"], depth + 1);
            let least = length("minItems", 0);
            let most = length("maxItems", least as u64 + 3).min(least + 8);
            let list = |length: usize| json!(items.iter().cycle().take(length).collect::<Vec<_>>());
            if items.is_empty() { Vec::new() } else { vec![list(least), list(most)] }
        }
        "object" if property.get("properties").is_some() => {
            parameter_sets(property).into_iter().map(Value::Object).take(4).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_tried_at_its_limits_beside_the_required_ones() {
        let schema = json!({
            "type": "object",
            "required": ["image"],
            "properties": {
                "image": {"format": "image"},
                "mode": {"enum": ["a", "b"]},
                "level": {"type": "integer", "minimum": 0, "maximum": 255, "default": 128},
                "points": {"type": "array", "items": {"$ref": "#/$defs/point"}, "minItems": 2, "maxItems": 2},
            },
            "$defs": {"point": {"type": "number", "minimum": 0, "maximum": 1}},
        });
        let sets = parameter_sets(&schema);
        assert!(sets.iter().all(|set| set["image"] == json!({"asset": "picture"})));
        let values = |name: &str| -> Vec<Value> { sets.iter().filter_map(|set| set.get(name).cloned()).collect() };
        assert_eq!(values("mode"), ["a", "b"]);
        assert_eq!(values("level"), [128, 0, 127, 255]);
        assert_eq!(values("points"), [json!([0.0, 0.5])]);
    }
}
