//! Reads members of JSON objects as Blitline's clients write them: numbers and booleans also as text, null and
//! empty text as if they were not there, names in any case.

use serde_json::{Map, Value};

use crate::schema::show;

/// The members of one object, read by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a> {
    /// What the object goes by in messages: `functions[0].params`.
    at: &'a str,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// The members of an object that messages call `at`.
    pub(super) fn new(at: &'a str, members: &'a Map<String, Value>) -> Members<'a> {
        Members { at, members }
    }

    /// The member of this name, in any case, unless it is null or empty text.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let same = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
        let found = self.members.get(name).or_else(|| self.members.iter().find(same).map(|(_, value)| value));
        found.filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// The place of a member in messages.
    pub(super) fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    /// The message for a member that is not what it should be.
    pub(super) fn wrong(&self, name: &str, expected: &str) -> String {
        let found = self.get(name).map_or("missing".to_owned(), show);
        format!("{} is {found}, expected {expected}", self.place(name))
    }

    fn read<T>(&self, name: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong(name, expected)),
        }
    }

    /// A finite number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, String> {
        self.read(name, "a number", number)
    }

    /// The same, or what stands in for it.
    pub(super) fn number_or(&self, name: &str, default: f64) -> Result<f64, String> {
        Ok(self.number(name)?.unwrap_or(default))
    }

    /// A number that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<f64, String> {
        self.number(name)?.ok_or_else(|| self.wrong(name, "a number"))
    }

    /// Text; numbers and booleans are taken as they are written.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.read(name, "a text", |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        })
    }

    /// The same, or what stands in for it.
    pub(super) fn text_or(&self, name: &str, default: &str) -> Result<String, String> {
        Ok(self.text(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// Text that must be there.
    pub(super) fn needed_text(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    /// Yes or no; false when it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        self.flag_or(name, false)
    }

    /// The same, or what stands in for it.
    pub(super) fn flag_or(&self, name: &str, default: bool) -> Result<bool, String> {
        let found = self.read(name, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(true),
                "false" | "no" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => match number.as_f64() {
                Some(1.0) => Some(true),
                Some(0.0) => Some(false),
                _ => None,
            },
            _ => None,
        })?;
        Ok(found.unwrap_or(default))
    }

    /// An object; an empty list is an empty one, as some languages write it.
    pub(super) fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, String> {
        self.read(name, "an object", |value| match value {
            Value::Object(members) => Some(members.clone()),
            Value::Array(items) if items.is_empty() => Some(Map::new()),
            _ => None,
        })
    }

    /// A list; one object is a list of one, an empty object an empty list.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Value>, String> {
        let found = self.read(name, "a list", |value| match value {
            Value::Array(items) => Some(items.clone()),
            Value::Object(members) if members.is_empty() => Some(Vec::new()),
            Value::Object(_) => Some(vec![value.clone()]),
            _ => None,
        })?;
        Ok(found.unwrap_or_default())
    }
}

/// A finite number, also as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A number as JSON: whole ones without a fraction, as schemas of whole numbers want them.
pub(super) fn json_number(number: f64) -> Value {
    // The largest up to which every whole number has a float of its own.
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_flags_may_be_text_and_nulls_are_not_there() {
        let members =
            json!({"width": "400", "Height": 3.5, "a": null, "b": "", "t": "true", "one": 1, "list": [], "x": "y"});
        let members = Members::new("params", members.as_object().unwrap());
        assert_eq!(members.number("width"), Ok(Some(400.0)));
        assert_eq!(members.number("height"), Ok(Some(3.5)));
        assert_eq!((members.number("a"), members.text("b"), members.number("c")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((members.flag("t"), members.flag("one"), members.flag("none")), (Ok(true), Ok(true), Ok(false)));
        assert_eq!(members.object("list"), Ok(Some(Map::new())));
        assert_eq!(members.text("one"), Ok(Some("1".into())));
        assert_eq!(members.number("x").unwrap_err(), "params.x is \"y\", expected a number");
        assert_eq!(members.needed("z").unwrap_err(), "params.z is missing, expected a number");
        assert!(members.flag("x").is_err() && members.list("x").is_err() && members.object("width").is_err());
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        assert_eq!(json_number(40.0).to_string(), "40");
        assert_eq!(json_number(-0.5).to_string(), "-0.5");
        assert_eq!(json_number(1e300).to_string(), "1e+300");
    }
}
