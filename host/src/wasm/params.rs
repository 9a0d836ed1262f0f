//! Checks parameters against a transform's schema, with errors that name field, value and expectation.

use jsonschema::PatternOptions;
use serde_json::Value;

use crate::{
    error::{Code, Failure},
    job::Params,
    schema::{Subject, clip, resolve, show},
};

/// The most errors that are told of one step.
const MAX_ERRORS: usize = 20;

/// A compiled schema.
pub(super) struct Validator {
    transform: String,
    schema: Value,
    compiled: jsonschema::Validator,
}

impl Validator {
    /// Compiles a schema. The error says what is wrong with it.
    ///
    /// Nothing is fetched for it: a reference may only point into the schema itself. Patterns run on an
    /// engine that takes linear time.
    pub(super) fn new(transform: &str, schema: &Value) -> Result<Validator, String> {
        if schema["type"] != "object" {
            return Err(format!("schema: type: is {}, expected \"object\"", show(&schema["type"])));
        }
        jsonschema::draft202012::meta::validate(schema)
            .map_err(|error| format!("schema: {}: {}", error.instance_path(), clip(&error.to_string())))?;
        check_references(schema, schema, &mut Vec::new())?;
        let compiled = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(false)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(schema)
            .map_err(|error| format!("schema: {}", clip(&error.to_string())))?;
        Ok(Validator { transform: transform.to_owned(), schema: schema.clone(), compiled })
    }

    /// Every problem as a failure with the code `invalid_params`: `field: is value, expected what`.
    pub(super) fn check(&self, params: &Params) -> Vec<Failure> {
        // The validator takes a value; parameters are small next to what is done with them.
        let value = Value::Object(params.clone());
        let subject = Subject { name: &self.transform, schema: &self.schema, validator: &self.compiled };
        let mut failures = Vec::new();
        for violation in subject.violations(&value) {
            let failure = Failure::new(Code::InvalidParams, violation.message);
            if failures.len() < MAX_ERRORS && !failures.contains(&failure) {
                failures.push(failure);
            }
        }
        failures
    }
}

/// Refuses references that leave the schema, and those that come back to themselves without going
/// deeper into the value: checking such a one would never end.
fn check_references<'a>(schema: &'a Value, root: &'a Value, on_the_way: &mut Vec<&'a str>) -> Result<(), String> {
    match schema {
        Value::Array(items) => items.iter().try_for_each(|item| check_references(item, root, &mut Vec::new())),
        Value::Object(members) => {
            for word in ["$dynamicRef", "$recursiveRef", "$id", "$anchor", "$dynamicAnchor"] {
                if members.get(word).is_some_and(Value::is_string) {
                    return Err(format!("schema: {word} is not taken, expected a $ref such as \"#/$defs/Name\""));
                }
            }
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                follow(target, root, on_the_way)?;
            }
            members.values().try_for_each(|member| check_references(member, root, &mut Vec::new()))
        }
        _ => Ok(()),
    }
}

/// Follows a reference through everything that applies to the same value.
fn follow<'a>(target: &'a str, root: &'a Value, on_the_way: &mut Vec<&'a str>) -> Result<(), String> {
    if on_the_way.contains(&target) {
        return Err(format!("schema: $ref {}: refers to itself", clip(target)));
    }
    let Some(schema) = resolve(root, target) else {
        return Err(format!("schema: $ref {}: points nowhere, expected a part of this schema", clip(target)));
    };
    if on_the_way.len() > 32 {
        return Err(format!("schema: $ref {}: is more than 32 references deep", clip(target)));
    }
    on_the_way.push(target);
    same_value(schema, root, on_the_way)?;
    on_the_way.pop();
    Ok(())
}

fn same_value<'a>(schema: &'a Value, root: &'a Value, on_the_way: &mut Vec<&'a str>) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        follow(target, root, on_the_way)?;
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        for form in schema[word].as_array().into_iter().flatten() {
            same_value(form, root, on_the_way)?;
        }
    }
    for word in ["not", "if", "then", "else"] {
        if let Some(form) = schema.get(word) {
            same_value(form, root, on_the_way)?;
        }
    }
    for form in schema["dependentSchemas"].as_object().into_iter().flat_map(|forms| forms.values()) {
        same_value(form, root, on_the_way)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(params: Value) -> Vec<String> {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["width"],
            "properties": {
                "width": {"type": "integer", "minimum": 1, "maximum": 100},
                "fit": {"$ref": "#/$defs/Fit"},
                "colors": {"type": "array", "items": {"type": "string", "pattern": "^#[0-9a-f]{6}$"}},
                "gravity": {"enum": ["center", "north"]},
                "height": {"type": ["integer", "null"], "minimum": 1},
                "point": {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": false},
                "nothing": {"type": "object", "additionalProperties": false},
            },
            "$defs": {"Fit": {"oneOf": [{"const": "fill"}, {"const": "fit"}]}},
        });
        let Value::Object(params) = params else { panic!("not an object") };
        let failures = Validator::new("resize", &schema).unwrap().check(&params);
        assert!(failures.iter().all(|failure| failure.code == Code::InvalidParams));
        failures.into_iter().map(|failure| failure.message).collect()
    }

    #[test]
    fn an_error_names_field_value_and_expectation() {
        assert_eq!(check(json!({"width": 5})), [""; 0]);
        assert_eq!(check(json!({"width": "wide"})), [r#"width: is "wide", expected integer"#]);
        assert_eq!(check(json!({"width": 0})), ["width: is 0, expected an integer from 1 to 100"]);
        assert_eq!(check(json!({"width": 1e300})), ["width: is 1e+300, expected an integer from 1 to 100"]);
        assert_eq!(check(json!({})), ["width: is missing, expected integer"]);
        assert_eq!(check(json!({"width": 1, "fit": "bad"})), [r#"fit: is "bad", expected one of "fill", "fit""#]);
        assert_eq!(
            check(json!({"width": 1, "colors": ["#ffffff", "red"]})),
            [r##"colors[1]: is "red", expected a text that matches ^#[0-9a-f]{6}$"##]
        );
        assert_eq!(
            check(json!({"width": 1, "gravity": "up"})),
            [r#"gravity: is "up", expected one of "center", "north""#]
        );
        assert_eq!(check(json!({"width": 1, "height": "x"})), [r#"height: is "x", expected integer or null"#]);
        assert_eq!(
            check(json!({"width": 1, "widht": 2, "point": {"y": 1}})),
            [
                "point.y: is unknown, expected one of x",
                "widht: is unknown, expected one of colors, fit, gravity, height, nothing, point, width"
            ]
        );
    }

    #[test]
    fn every_unknown_parameter_is_told_once() {
        assert_eq!(
            check(json!({"width": 1, "nothing": {"a": 1, "b": 2}})),
            [
                "nothing.a: is unknown, resize takes no parameters here",
                "nothing.b: is unknown, resize takes no parameters here"
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let message = &check(json!({"width": "x".repeat(10_000)}))[0];
        assert!(message.len() < 200, "{message}");
    }

    #[test]
    fn a_schema_that_would_not_end_is_refused() {
        let refused = |schema: Value| Validator::new("t", &schema).err().expect("taken");
        assert!(refused(json!({"type": "object", "$ref": "#"})).contains("itself"));
        let turn = json!({"type": "object", "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}});
        assert!(refused(turn).contains("itself"));
        assert!(refused(json!({"type": "object", "$ref": "other.json"})).contains("points nowhere"));
        // A tree goes deeper into the value each time.
        let tree = json!({"type": "object", "properties": {"child": {"$ref": "#"}}});
        assert!(Validator::new("t", &tree).is_ok());
    }
}
