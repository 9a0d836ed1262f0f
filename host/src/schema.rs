//! What is wrong with a value under a JSON Schema, in words that name field, value and expectation.
//!
//! Requests are checked against the schemas of the OpenAPI document, parameters against those of
//! their transforms: both are told in the same way.

use jsonschema::{
    JsonType, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
    paths::LocationSegment,
};
use serde_json::Value;

/// How much of a value an error shows, in characters.
const SHOWN: usize = 80;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Where, as a JSON pointer (RFC 6901). Of a member that is missing or unknown, the object.
    pub(crate) pointer: String,
    /// "point.x: is 0, expected an integer from 1 to 100".
    pub(crate) message: String,
}

/// What values are checked against.
pub(crate) struct Subject<'a> {
    /// What the whole value goes by in messages.
    pub(crate) name: &'a str,
    /// The schema.
    pub(crate) schema: &'a Value,
    /// The same, compiled.
    pub(crate) validator: &'a Validator,
}

impl Subject<'_> {
    /// Everything that is wrong with `value`.
    pub(crate) fn violations(&self, value: &Value) -> Vec<Violation> {
        let mut found = Vec::new();
        for error in self.validator.iter_errors(value) {
            explain(&error, self, value, &mut found);
        }
        found
    }
}

fn explain(error: &ValidationError<'_>, subject: &Subject<'_>, value: &Value, found: &mut Vec<Violation>) {
    let pointer = error.instance_path().as_str().to_owned();
    let field = field(error);
    let schema = subject.schema;
    let mut add = |field: &str, message: String| {
        let message = format!("{}: {message}", if field.is_empty() { subject.name } else { field });
        found.push(Violation { pointer: pointer.clone(), message });
    };
    let inside = |name: &str| if field.is_empty() { clip(name) } else { format!("{field}.{}", clip(name)) };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let known = siblings(error, subject);
            unexpected.iter().for_each(|name| add(&inside(name), format!("is unknown, {known}")));
        }
        // So says the validator when there are no properties at all.
        ValidationErrorKind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
            let known = siblings(error, subject);
            let object = value.pointer(&pointer).and_then(Value::as_object);
            let names = object.into_iter().flat_map(|object| object.keys());
            names.for_each(|name| add(&inside(name), format!("is unknown, {known}")));
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let wanted = match &parent(error, schema)["properties"][name]["type"] {
                Value::String(kind) => kind,
                _ => "a value",
            };
            add(&inside(name), format!("is missing, expected {wanted}"));
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context }
            if or_null(context).is_some() =>
        {
            or_null(context).into_iter().flatten().for_each(|error| explain(error, subject, value, found));
        }
        _ => add(&field, format!("is {}, expected {}", show(error.instance()), expectation(error, schema))),
    }
}

/// An optional object is "null or that" in a schema: of the two, what is wrong with the object.
fn or_null<'a, 'b>(context: &'a [Vec<ValidationError<'b>>]) -> Option<&'a Vec<ValidationError<'b>>> {
    let is_null = |errors: &&Vec<ValidationError<'_>>| match errors.first().map(|error| error.kind()) {
        Some(ValidationErrorKind::Type { kind: TypeKind::Single(kind) }) => *kind == JsonType::Null,
        _ => false,
    };
    let others: Vec<_> = context.iter().filter(|errors| !is_null(errors)).collect();
    match others[..] {
        [only] if context.len() > 1 => Some(only),
        _ => None,
    }
}

fn field(error: &ValidationError<'_>) -> String {
    let mut path = String::new();
    for segment in error.instance_path().segments() {
        match segment {
            LocationSegment::Property(name) if path.is_empty() => path.push_str(&name),
            LocationSegment::Property(name) => path = format!("{path}.{name}"),
            LocationSegment::Index(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

/// The members that there are beside the unknown ones.
fn siblings(error: &ValidationError<'_>, subject: &Subject<'_>) -> String {
    let names = parent(error, subject.schema)["properties"].as_object().map(|properties| {
        let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.join(", ")
    });
    match names.filter(|names| !names.is_empty()) {
        Some(names) => format!("expected one of {names}"),
        None => format!("{} takes no parameters here", subject.name),
    }
}

fn expectation(error: &ValidationError<'_>, schema: &Value) -> String {
    let parent = parent(error, schema);
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
        ValidationErrorKind::MaxProperties { limit } => format!("at most {limit} members"),
        ValidationErrorKind::MinProperties { limit } => format!("at least {limit} members"),
        ValidationErrorKind::Pattern { pattern } => format!("a text that matches {}", clip(pattern)),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        ValidationErrorKind::OneOfNotValid { .. }
        | ValidationErrorKind::OneOfMultipleValid { .. }
        | ValidationErrorKind::AnyOf { .. } => {
            alternatives(parent, schema).unwrap_or_else(|| "another form, see the schema".to_owned())
        }
        // The rest is rare; the library's words do.
        _ => format!("something else: {}", clip(&error.masked().to_string())),
    }
}

/// The forms of a choice, told by their constants, their types, or the one member that each needs: that
/// is how enums with documented values and choices between objects are written.
fn alternatives(parent: &Value, schema: &Value) -> Option<String> {
    let forms = parent["oneOf"].as_array().or(parent["anyOf"].as_array())?;
    let mut told = Vec::new();
    for form in forms {
        let form = followed(schema, form);
        match (form.get("const"), form["enum"].as_array(), form["required"].as_array(), form["type"].as_str()) {
            (Some(constant), ..) => told.push(show(constant)),
            (_, Some(options), ..) => told.extend(options.iter().map(show)),
            (_, _, Some(members), _) if members.len() == 1 => {
                told.push(format!("an object with {}", show(&members[0])))
            }
            (_, _, _, Some("null")) => {}
            (_, _, _, Some(kind)) => told.push(bounds(form).unwrap_or_else(|| kind.to_owned())),
            _ => return None,
        }
    }
    Some(format!("one of {}", told.join(", ")))
}

/// The schema that the failed keyword stands in.
fn parent<'a>(error: &ValidationError<'_>, schema: &'a Value) -> &'a Value {
    let path = error.schema_path().as_str();
    let parent = path.rfind('/').map_or("", |end| &path[..end]);
    schema.pointer(parent).unwrap_or(&Value::Null)
}

/// "a number from 0 to 250", when both ends are known.
fn bounds(schema: &Value) -> Option<String> {
    let is_integer = |kind: &Value| kind == "integer";
    let kind = match &schema["type"] {
        Value::Array(kinds) if kinds.iter().any(is_integer) => "an integer",
        kind if is_integer(kind) => "an integer",
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
pub(crate) fn show(value: &Value) -> String {
    clip(&value.to_string())
}

/// A text, cut.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The schema that a part of `root` stands for: what its reference points to, or itself.
pub(crate) fn followed<'a>(root: &'a Value, part: &'a Value) -> &'a Value {
    part["$ref"].as_str().and_then(|target| resolve(root, target)).unwrap_or(part)
}

/// What `#` or `#/a/b` points to.
pub(crate) fn resolve<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    root.pointer(target.strip_prefix('#')?)
}
