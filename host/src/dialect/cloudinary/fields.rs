//! Fields of structured metadata: what values they take.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{intake::metadata_value, params::MetadataValue};
use crate::{
    error::{Code, Failure},
    store::{DocumentQuery, Error, Library},
};

/// The class of documents that fields are.
pub const CLASS: &str = "metadata_field";

/// Fields of one account, at most.
pub const MAX_FIELDS: u32 = 500;

/// Types of fields.
pub const TYPES: [&str; 5] = ["string", "integer", "date", "enum", "set"];

/// Why values are not taken.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// One does not fit, or is missing.
    #[error("{0}")]
    Value(String),
    /// They cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Failure {
        let code = match error {
            FieldError::Value(_) => Code::InvalidRequest,
            FieldError::Store(_) => Code::StorageFailed,
        };
        Failure::new(code, error.to_string())
    }
}

/// The fields of an account, by id.
///
/// # Errors
/// Of the store.
pub async fn all(library: &(impl Library + ?Sized), account: &str) -> Result<BTreeMap<String, Value>, Error> {
    let query = DocumentQuery { class: CLASS.to_owned(), limit: MAX_FIELDS, ..DocumentQuery::default() };
    let rows = library.documents(account, query).await?.items;
    Ok(rows.into_iter().map(|row| (row.name, row.body)).collect())
}

/// The values that are kept of those that a call gives. An empty one takes the field away. With `lenient`, those that
/// do not fit are left out.
///
/// # Errors
/// An unknown field, a value that does not fit.
pub async fn checked(
    library: &(impl Library + ?Sized),
    account: &str,
    given: &BTreeMap<String, MetadataValue>,
    lenient: bool,
) -> Result<Map<String, Value>, FieldError> {
    if given.is_empty() {
        return Ok(Map::new());
    }
    let fields = all(library, account).await?;
    let mut kept = Map::new();
    for (id, value) in given {
        let value = metadata_value(value);
        let checked = match fields.get(id) {
            Some(field) => check(field, &value),
            None => Err(format!("Metadata field {id} does not exist")),
        };
        match checked {
            Ok(value) => {
                kept.insert(id.clone(), value);
            }
            Err(_) if lenient => {}
            Err(message) => return Err(FieldError::Value(message)),
        }
    }
    Ok(kept)
}

/// Adds the values that new assets have when none are given.
///
/// # Errors
/// A field without a value that has to have one.
pub async fn complete(
    library: &(impl Library + ?Sized),
    account: &str,
    metadata: &mut Map<String, Value>,
) -> Result<(), FieldError> {
    for (id, field) in all(library, account).await? {
        if metadata.contains_key(&id) {
            continue;
        }
        match &field["default_value"] {
            Value::Null if field["mandatory"] == true => {
                return Err(FieldError::Value(format!("Missing value for the mandatory metadata field {id}")));
            }
            Value::Null => {}
            value => {
                metadata.insert(id, value.clone());
            }
        }
    }
    Ok(())
}

/// Writes values over those that are there; empty ones take fields away.
pub fn write(metadata: &mut Map<String, Value>, given: Map<String, Value>) {
    for (id, value) in given {
        match value {
            Value::Null => metadata.remove(&id),
            value => metadata.insert(id, value),
        };
    }
}

/// The value as a field of this type holds it; null for an empty one.
///
/// # Errors
/// What is wrong with it.
pub fn check(field: &Value, value: &Value) -> Result<Value, String> {
    let id = field["external_id"].as_str().unwrap_or_default();
    let invalid = |expected: &str| {
        let shown: String = value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(100).collect();
        Err(format!("Invalid value for the metadata field {id}: {shown} (expected {expected})"))
    };
    if *value == "" || value.is_null() {
        return match field["mandatory"] == true {
            true => invalid("a value: the field is mandatory"),
            false => Ok(Value::Null),
        };
    }
    let checked = match field["type"].as_str().unwrap_or_default() {
        "integer" => match value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()) {
            Some(number) => Value::from(number),
            None => return invalid("a whole number"),
        },
        "date" => match value.as_str().filter(|text| is_date(text)) {
            Some(text) => Value::from(text),
            None => return invalid("a date as in 2024-06-25"),
        },
        "enum" => match value.as_str().filter(|text| is_listed(field, text)) {
            Some(text) => Value::from(text),
            None => return invalid("the external_id of one of the field's values"),
        },
        "set" => {
            let list: Vec<&str> = match value {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                other => other.as_str().into_iter().collect(),
            };
            if list.iter().any(|text| !is_listed(field, text)) {
                return invalid("external_ids of the field's values");
            }
            Value::from(list)
        }
        _ => match value.as_str() {
            Some(text) => Value::from(text),
            None => return invalid("a text"),
        },
    };
    match fits(&field["validation"], &checked) {
        Ok(()) => Ok(checked),
        Err(expected) => invalid(&expected),
    }
}

/// Whether a value keeps a rule: `and`, `greater_than`, `less_than`, `strlen`.
fn fits(rule: &Value, value: &Value) -> Result<(), String> {
    let limit = &rule["value"];
    match rule["type"].as_str().unwrap_or_default() {
        "and" => rule["rules"].as_array().into_iter().flatten().try_for_each(|rule| fits(rule, value)),
        kind @ ("greater_than" | "less_than") => {
            // Dates of this form are in the order of their texts.
            let order = match (value.as_i64(), limit.as_i64().or_else(|| limit.as_str()?.parse().ok())) {
                (Some(value), Some(limit)) => value.cmp(&limit),
                _ => value.as_str().unwrap_or_default().cmp(limit.as_str().unwrap_or_default()),
            };
            let wanted = if kind == "greater_than" { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
            let equals = rule["equals"] == true;
            if order == wanted || equals && order.is_eq() {
                return Ok(());
            }
            let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
            let or = if equals { " or equal to" } else { "" };
            Err(format!("{}{or} {limit}", kind.replace('_', " ")))
        }
        "strlen" => {
            let length = value.as_str().unwrap_or_default().chars().count() as u64;
            let (least, most) = (rule["min"].as_u64(), rule["max"].as_u64());
            if least.is_none_or(|least| length >= least) && most.is_none_or(|most| length <= most) {
                return Ok(());
            }
            let most = most.map_or_else(|| "any number of".to_owned(), |most| most.to_string());
            Err(format!("{} to {most} characters", least.unwrap_or(0)))
        }
        _ => Ok(()),
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).is_ok()
}

fn is_listed(field: &Value, id: &str) -> bool {
    let values = field["datasource"]["values"].as_array();
    values.into_iter().flatten().any(|value| value["external_id"] == id && value["state"] != "inactive")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_their_fields() {
        let colors = json!({"values": [{"external_id": "r", "value": "Red"}, {"external_id": "g", "value": "Green"},
            {"external_id": "old", "value": "Old", "state": "inactive"}]});
        let field = |kind: &str, validation: Value| json!({"external_id": "f", "type": kind, "validation": validation, "datasource": colors});
        let least = json!({"type": "greater_than", "value": 3, "equals": true});
        let between = json!({"type": "and", "rules": [least, {"type": "less_than", "value": 10}]});
        let short = json!({"type": "strlen", "min": 2, "max": 3});
        let since = json!({"type": "greater_than", "value": "2024-01-01"});
        for (kind, validation, value, expected) in [
            ("string", Value::Null, json!("x"), Ok(json!("x"))),
            ("string", Value::Null, json!(["x"]), Err("a text")),
            ("string", short.clone(), json!("äöü"), Ok(json!("äöü"))),
            ("string", short, json!("long"), Err("2 to 3 characters")),
            ("integer", Value::Null, json!("-7"), Ok(json!(-7))),
            ("integer", Value::Null, json!("7.5"), Err("a whole number")),
            ("integer", between.clone(), json!(3), Ok(json!(3))),
            ("integer", between.clone(), json!(2), Err("greater than or equal to 3")),
            ("integer", between, json!(10), Err("less than 10")),
            ("date", Value::Null, json!("2024-02-29"), Ok(json!("2024-02-29"))),
            ("date", Value::Null, json!("2023-02-29"), Err("a date as in 2024-06-25")),
            ("date", since.clone(), json!("2024-01-02"), Ok(json!("2024-01-02"))),
            ("date", since, json!("2024-01-01"), Err("greater than 2024-01-01")),
            ("enum", Value::Null, json!("r"), Ok(json!("r"))),
            ("enum", Value::Null, json!("Red"), Err("the external_id of one of the field's values")),
            ("enum", Value::Null, json!("old"), Err("the external_id of one of the field's values")),
            ("set", Value::Null, json!(["r", "g"]), Ok(json!(["r", "g"]))),
            ("set", Value::Null, json!("r"), Ok(json!(["r"]))),
            ("set", Value::Null, json!(["r", "x"]), Err("external_ids of the field's values")),
            ("enum", Value::Null, json!(""), Ok(Value::Null)),
        ] {
            let found = check(&field(kind, validation), &value);
            match expected {
                Ok(expected) => assert_eq!(found, Ok(expected)),
                Err(expected) => {
                    let message = found.unwrap_err();
                    assert!(message.ends_with(&format!("(expected {expected})")), "{message}");
                }
            }
        }
        let mandatory = json!({"external_id": "f", "type": "string", "mandatory": true});
        assert!(check(&mandatory, &json!("")).is_err());
    }
}
