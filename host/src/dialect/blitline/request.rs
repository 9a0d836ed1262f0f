//! What clients send: six shapes of body, each read to jobs as JSON objects. Members that are not known are
//! ignored, as in the original.

use serde_json::{Map, Value};

/// Jobs of one submission at most.
pub const MAX_JOBS: usize = 1000;

/// A submission as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// The jobs, in order.
    pub jobs: Vec<Map<String, Value>>,
    /// Whether they came as a list: the answer is one then, too.
    pub is_list: bool,
}

/// Reads a body: a form with a field `json`, an object or a list, or `{"json": ...}` around one of them, which may
/// be JSON in a text. `is_form` says what the content type says; a body that begins like JSON is JSON.
///
/// Errors: a sentence.
pub fn read(body: &[u8], is_form: bool) -> Result<Submission, String> {
    let begins = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let value = if is_form && !matches!(begins, Some(b'{' | b'[')) {
        let field = url::form_urlencoded::parse(body).find(|(name, _)| name == "json");
        let (_, text) = field.ok_or("The form has no field 'json', which holds the job.")?;
        parse(text.as_bytes())?
    } else {
        parse(body)?
    };
    let value = match value {
        Value::Object(mut members) if members.contains_key("json") => match members.remove("json") {
            Some(Value::String(text)) => parse(text.as_bytes())?,
            Some(value) => value,
            None => Value::Null,
        },
        value => value,
    };
    let (items, is_list) = match value {
        Value::Array(items) => (items, true),
        value => (vec![value], false),
    };
    if items.is_empty() || items.len() > MAX_JOBS {
        return Err(format!("The submission has {} jobs, expected 1 to {MAX_JOBS}.", items.len()));
    }
    let object = |value: Value| match value {
        Value::Object(members) => Ok(members),
        other => Err(format!("A job is {}, expected an object.", crate::schema::show(&other))),
    };
    Ok(Submission { jobs: items.into_iter().map(object).collect::<Result<_, _>>()?, is_list })
}

fn parse(bytes: &[u8]) -> Result<Value, String> {
    crate::http::parse_json(bytes).map_err(|problem| format!("The job cannot be read: {problem}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_six_shapes_are_read() {
        let object = r#"{"src":"http://a/"}"#;
        let escaped = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        for (body, is_form, is_list) in [
            (format!("json={}", escaped(object)), true, false),
            (format!("json={}", escaped(&format!("[{object}]"))), true, true),
            (object.to_owned(), false, false),
            (format!(r#"{{"json":{object}}}"#), false, false),
            (format!(r#"{{"json":[{object}]}}"#), false, true),
            (json!({"json": format!("[{object}]")}).to_string(), false, true),
            // curl -d says it is a form.
            (object.to_owned(), true, false),
        ] {
            let read = read(body.as_bytes(), is_form).unwrap();
            assert_eq!((read.is_list, json!(read.jobs)), (is_list, json!([{"src": "http://a/"}])), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_in_a_sentence() {
        let many = format!("[{}]", vec!["{}"; MAX_JOBS + 1].join(","));
        for (body, is_form, part) in [
            ("", false, "cannot be read"),
            ("{\"src\": ", false, "cannot be read"),
            ("a=b", true, "no field 'json'"),
            ("json=%5B", true, "cannot be read"),
            ("[]", false, "0 jobs"),
            (&many, false, "1001 jobs"),
            ("[1]", false, "A job is 1"),
            ("{\"json\": null}", false, "A job is null"),
            ("{\"json\": \"{\"}", false, "cannot be read"),
        ] {
            let problem = read(body.as_bytes(), is_form).unwrap_err();
            assert!(problem.contains(part), "{body}: {problem}");
        }
    }
}
