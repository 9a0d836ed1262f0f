//! Answers of `plan` that are known already.

use std::{collections::HashMap, fmt::Write};

use crate::{
    error::Failure,
    job::Params,
    pipeline::{Call, Planned, Size},
};

/// The longest key that is kept, in bytes: parameters may hold whole data URIs.
const MAX_KEY_BYTES: usize = 4096;

/// What a plugin answered: a plan, or a refusal of its own.
pub(super) type Answer = Result<Planned, Failure>;

/// A bounded map in two generations: what is asked for moves to the young one; when that is full the
/// old one is forgotten. Same plugin, with the same assets, and same inputs give the same answer, so nothing
/// in it ever gets wrong.
pub(super) struct Plans {
    young: HashMap<String, Answer>,
    old: HashMap<String, Answer>,
    generation: usize,
}

impl Plans {
    /// At most `capacity` answers; 0 keeps none.
    pub(super) fn new(capacity: usize) -> Plans {
        Plans { young: HashMap::new(), old: HashMap::new(), generation: capacity / 2 }
    }

    pub(super) fn get(&mut self, key: &str) -> Option<Answer> {
        if let Some(answer) = self.young.get(key) {
            return Some(answer.clone());
        }
        let (key, answer) = self.old.remove_entry(key)?;
        self.put(key, answer.clone());
        Some(answer)
    }

    pub(super) fn put(&mut self, key: String, answer: Answer) {
        if self.generation == 0 || key.len() > MAX_KEY_BYTES {
            return;
        }
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, answer);
    }
}

/// All that a plan depends on, as a text.
pub(super) fn key(call: &Call, params: &str, input: Size) -> String {
    let transform = &call.transform;
    let mut key = String::with_capacity(128 + params.len());
    write!(key, "{} {} {}x{}", transform.plugin.identity(), transform.name, input.width, input.height)
        .expect("writing to a string does not fail");
    for image in &call.images {
        write!(key, " {}x{} {:?}", image.width(), image.height(), image.format())
            .expect("writing to a string does not fail");
    }
    key.push(' ');
    key.push_str(params);
    key
}

/// Parameters as JSON with sorted names, so that equal ones are equal texts.
pub(super) fn canonical(params: &Params) -> String {
    let mut text = String::new();
    write_object(params, &mut text);
    text
}

fn write_object(object: &Params, text: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(name, _)| name.as_str());
    text.push('{');
    for (index, (name, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name.as_str()).to_string());
        text.push(':');
        write_value(value, text);
    }
    text.push('}');
}

fn write_value(value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Object(object) => write_object(object, text),
        serde_json::Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Planned = Planned { output: None, region: None, enough: None };

    #[test]
    fn the_map_is_bounded_and_keeps_what_is_asked_for() {
        let mut plans = Plans::new(10);
        plans.put("kept".to_owned(), Ok(PLAN));
        for number in 0..1000 {
            plans.put(number.to_string(), Ok(PLAN));
            assert!(plans.get("kept").is_some(), "forgotten after {number}");
            assert!(plans.young.len() + plans.old.len() <= 10);
        }
        assert!(plans.get("0").is_none());
        plans.put("x".repeat(MAX_KEY_BYTES + 1), Ok(PLAN));
        assert!(plans.get(&"x".repeat(MAX_KEY_BYTES + 1)).is_none());
        let mut none = Plans::new(0);
        none.put("a".to_owned(), Ok(PLAN));
        assert!(none.get("a").is_none());
    }

    #[test]
    fn canonical_json_is_sorted_at_every_depth() {
        let params: Params = serde_json::from_str(r#"{"b": [{"z": 1, "a": "\n"}], "a": 1.5}"#).unwrap();
        assert_eq!(canonical(&params), r#"{"a":1.5,"b":[{"a":"\n","z":1}]}"#);
    }
}
