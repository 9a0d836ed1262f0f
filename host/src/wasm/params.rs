//! Checks parameters against a transform's schema, with errors that name field, value and expectation.

use jsonschema::{PatternOptions, ValidationError, error::ValidationErrorKind, paths::LocationSegment};
use serde_json::Value;

use crate::{
    error::{Code, Failure},
    job::Params,
};

/// How much of a value an error shows, in characters.
const SHOWN: usize = 80;

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
        let mut failures = Vec::new();
        for error in self.compiled.iter_errors(&value) {
            for message in self.messages(&error, &value) {
                let failure = Failure::new(Code::InvalidParams, message);
                if failures.len() < MAX_ERRORS && !failures.contains(&failure) {
                    failures.push(failure);
                }
            }
        }
        failures
    }

    fn messages(&self, error: &ValidationError<'_>, params: &Value) -> Vec<String> {
        let mut path = String::new();
        for segment in error.instance_path().segments() {
            match segment {
                LocationSegment::Property(name) if path.is_empty() => path.push_str(&name),
                LocationSegment::Property(name) => path = format!("{path}.{name}"),
                LocationSegment::Index(index) => path = format!("{path}[{index}]"),
            }
        }
        let inside = |name: &str| if path.is_empty() { clip(name) } else { format!("{path}.{}", clip(name)) };
        let unknown = |names: &mut dyn Iterator<Item = &String>| {
            let known = self.siblings(error);
            names.map(|name| format!("{}: is unknown, {known}", inside(name))).collect()
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => unknown(&mut unexpected.iter()),
            // So says the validator when there are no properties at all.
            ValidationErrorKind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
                let object = params.pointer(error.instance_path().as_str()).and_then(Value::as_object);
                unknown(&mut object.into_iter().flat_map(Params::keys))
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                vec![format!("{}: is missing, expected {}", inside(name), self.wanted(error, name))]
            }
            _ => {
                let field = if path.is_empty() { self.transform.clone() } else { path };
                vec![format!("{field}: is {}, expected {}", show(error.instance()), self.expectation(error))]
            }
        }
    }

    /// The parameters that there are beside the unknown ones.
    fn siblings(&self, error: &ValidationError<'_>) -> String {
        let names = self.parent(error)["properties"].as_object().map(|properties| {
            let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
            names.sort_unstable();
            names.join(", ")
        });
        match names.filter(|names| !names.is_empty()) {
            Some(names) => format!("expected one of {names}"),
            None => format!("{} takes no parameters here", self.transform),
        }
    }

    /// The type of a missing parameter.
    fn wanted(&self, error: &ValidationError<'_>, name: &str) -> String {
        match &self.parent(error)["properties"][name]["type"] {
            Value::String(kind) => kind.clone(),
            _ => "a value".to_owned(),
        }
    }

    fn expectation(&self, error: &ValidationError<'_>) -> String {
        let parent = self.parent(error);
        let bounds = || bounds(parent);
        match error.kind() {
            ValidationErrorKind::Type { .. } => match &parent["type"] {
                Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
                kind => kind.as_str().map(str::to_owned).unwrap_or_else(|| show(kind)),
            },
            ValidationErrorKind::Minimum { limit } => bounds().unwrap_or_else(|| format!("at least {limit}")),
            ValidationErrorKind::Maximum { limit } => bounds().unwrap_or_else(|| format!("at most {limit}")),
            ValidationErrorKind::ExclusiveMinimum { limit } => bounds().unwrap_or_else(|| format!("more than {limit}")),
            ValidationErrorKind::ExclusiveMaximum { limit } => bounds().unwrap_or_else(|| format!("less than {limit}")),
            ValidationErrorKind::Enum { options: Value::Array(options) } => list(options.iter()),
            ValidationErrorKind::Constant { expected_value } => show(expected_value),
            ValidationErrorKind::MaxLength { limit } => format!("at most {limit} characters"),
            ValidationErrorKind::MinLength { limit } => format!("at least {limit} characters"),
            ValidationErrorKind::MaxItems { limit } => format!("at most {limit} items"),
            ValidationErrorKind::MinItems { limit } => format!("at least {limit} items"),
            ValidationErrorKind::Pattern { pattern } => format!("a text that matches {}", clip(pattern)),
            ValidationErrorKind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } => {
                self.alternatives(parent).unwrap_or_else(|| "another form, see the schema".to_owned())
            }
            // The rest is rare in parameters; the library's words do.
            _ => format!("something else: {}", clip(&error.masked().to_string())),
        }
    }

    /// The constants of a choice, when it is made of nothing else: that is how an enum with documented
    /// values is written.
    fn alternatives(&self, parent: &Value) -> Option<String> {
        let forms = parent["oneOf"].as_array().or(parent["anyOf"].as_array())?;
        let mut constants = Vec::new();
        for form in forms {
            let form = form["$ref"].as_str().and_then(|target| resolve(&self.schema, target)).unwrap_or(form);
            match (form.get("const"), form["enum"].as_array(), form["type"].as_str()) {
                (Some(constant), ..) => constants.push(show(constant)),
                (_, Some(options), _) => constants.extend(options.iter().map(show)),
                (_, _, Some(kind)) => constants.push(kind.to_owned()),
                _ => return None,
            }
        }
        Some(format!("one of {}", constants.join(", ")))
    }

    /// The schema that the failed keyword stands in.
    fn parent(&self, error: &ValidationError<'_>) -> &Value {
        let path = error.schema_path().as_str();
        let parent = path.rfind('/').map_or("", |end| &path[..end]);
        self.schema.pointer(parent).unwrap_or(&Value::Null)
    }
}

/// "a number from 0 to 250", when both ends are known.
fn bounds(schema: &Value) -> Option<String> {
    let kind = match schema["type"].as_str() {
        Some("integer") => "an integer",
        _ => "a number",
    };
    let (least, most) = (schema.get("minimum"), schema.get("maximum"));
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{kind} from {least} to {most}")),
        _ => match (schema.get("exclusiveMinimum"), most) {
            (Some(above), Some(most)) => Some(format!("{kind} above {above}, at most {most}")),
            _ => None,
        },
    }
}

fn list<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    format!("one of {}", values.map(show).collect::<Vec<_>>().join(", "))
}

/// A value as JSON, cut.
fn show(value: &Value) -> String {
    clip(&value.to_string())
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What `#` or `#/a/b` points to.
pub(super) fn resolve<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    root.pointer(target.strip_prefix('#')?)
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
