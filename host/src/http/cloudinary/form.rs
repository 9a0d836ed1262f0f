//! Takes in what a call sends: query, multipart, form or JSON, whichever comes.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::Field},
    http::{HeaderMap, header},
};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::reply::Refusal;
use crate::{
    blob,
    dialect::cloudinary::params::Form,
    http::{State, body},
};

/// Bytes of all fields that are no file together, at most.
const MAX_FORM: usize = 4 << 20;

/// Fields of one call, at most: a list of a thousand ids and some more.
const MAX_FIELDS: usize = 5000;

/// What came with a call.
#[derive(Default)]
pub(crate) struct Sent {
    /// All fields but the file.
    pub(crate) form: Form,
    /// The file.
    pub(crate) file: Option<SentFile>,
    /// Of all fields together.
    bytes: usize,
}

/// The file of a call.
pub(crate) enum SentFile {
    /// Its bytes, which are kept only when [`blob::Writer::finish`] is called.
    Bytes {
        /// Where they wait.
        writer: Box<blob::Writer>,
        /// The name that the client gave it.
        filename: String,
    },
    /// An address or a data URI, with the room that it takes.
    Text(String, Option<OwnedSemaphorePermit>),
}

impl Sent {
    /// Reads query and body. `max_file_bytes` limits the file.
    pub(crate) async fn read(state: &Arc<State>, request: Request, max_file_bytes: u64) -> Result<Sent, Refusal> {
        let mut sent = Sent::default();
        if let Some(query) = request.uri().query() {
            sent.add_urlencoded(query.as_bytes())?;
        }
        match body::media_type(request.headers()).as_deref() {
            Some("multipart/form-data") => sent.add_multipart(state, request, max_file_bytes).await?,
            Some("application/json") => {
                let bytes = body::collect(request.into_body(), state.config.max_document_bytes).await?;
                sent.add_json(&bytes)?;
            }
            // Some GETs carry a type without a body; an empty one adds nothing.
            _ => {
                let bytes = body::collect(request.into_body(), state.config.max_document_bytes).await?;
                sent.add_urlencoded(&bytes)?;
            }
        }
        Ok(sent)
    }

    fn push(&mut self, name: String, value: String) -> Result<(), Refusal> {
        if self.form.0.len() >= MAX_FIELDS {
            return Err(Refusal::bad(format!("Too many parameters (expected at most {MAX_FIELDS})")));
        }
        self.bytes += name.len() + value.len();
        if self.bytes > MAX_FORM {
            return Err(Refusal::bad(format!("The parameters are too long (expected at most {MAX_FORM} bytes)")));
        }
        if name == "file" && self.file.is_none() {
            self.file = Some(SentFile::Text(value, None));
        } else {
            self.form.0.push((name, value));
        }
        Ok(())
    }

    fn add_urlencoded(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        for (name, value) in url::form_urlencoded::parse(bytes) {
            self.push(name.into_owned(), value.into_owned())?;
        }
        Ok(())
    }

    fn add_json(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.is_empty() {
            return Ok(());
        }
        let invalid = || Refusal::bad("The body is no JSON object");
        let Value::Object(fields) = body::parse(bytes).map_err(|_| invalid())? else { return Err(invalid()) };
        for (name, value) in fields {
            match value {
                Value::Array(list) if list.iter().all(|item| !item.is_object() && !item.is_array()) => {
                    for item in list {
                        self.push(format!("{name}[]"), plain(item))?;
                    }
                }
                value => self.push(name, plain(value))?,
            }
        }
        Ok(())
    }

    async fn add_multipart(&mut self, state: &State, request: Request, max_file_bytes: u64) -> Result<(), Refusal> {
        let parts = Multipart::from_request(request, &()).await;
        let mut parts = parts.map_err(|rejection| Refusal::bad(rejection.body_text()))?;
        while let Some(mut part) = parts.next_field().await.map_err(|error| broken(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            let filename = filename(part.headers());
            match filename {
                Some(filename) if name == "file" && self.file.is_none() => {
                    let mut writer = state.blobs.writer(max_file_bytes);
                    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
                        writer.write(&chunk).await?;
                    }
                    self.file = Some(SentFile::Bytes { writer: Box::new(writer), filename });
                }
                None if name == "file" && self.file.is_none() => {
                    // A data URI takes four characters for three bytes, and some more for line breaks.
                    let limit = max_file_bytes.saturating_mul(2).min(state.config.documents_bytes);
                    let (text, room) = text(state, &mut part, &name, limit).await?;
                    self.file = Some(SentFile::Text(text, room));
                }
                _ => {
                    let (value, _) = text(state, &mut part, &name, MAX_FORM as u64).await?;
                    self.push(name, value)?;
                }
            }
        }
        Ok(())
    }
}

/// A value as a form field would have it.
fn plain(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A field with the room that it takes, if it is large.
async fn text(
    state: &State,
    part: &mut Field<'_>,
    name: &str,
    limit: u64,
) -> Result<(String, Option<OwnedSemaphorePermit>), Refusal> {
    let mut arriving = body::Arriving::new(&state.documents, limit);
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        arriving.add(&chunk).await?;
    }
    let (bytes, room) = arriving.into_bytes();
    let text = String::from_utf8(bytes).map_err(|_| Refusal::bad(format!("Parameter {name:?} is not UTF-8")))?;
    Ok((text, room))
}

fn broken(error: &axum::extract::multipart::MultipartError) -> Refusal {
    match body::known_cause(error) {
        Some(known) => crate::http::reply::Problem::from(known).into(),
        None => Refusal::bad(format!("The body is not multipart: {}", error.body_text())),
    }
}

/// The file name of a part: UTF-8, or Latin-1 as the Node SDK writes it. None when the part is no file.
fn filename(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?.as_bytes();
    let lower = value.to_ascii_lowercase();
    let at = lower.windows(9).enumerate().find_map(|(at, window)| {
        let begins = at == 0 || matches!(lower[at - 1], b';' | b' ' | b'\t');
        (begins && window == b"filename=").then_some(at + 9)
    })?;
    let raw = match value[at..].strip_prefix(b"\"") {
        Some(quoted) => quoted_text(quoted),
        None => value[at..].split(|byte| *byte == b';').next().unwrap_or_default().to_vec(),
    };
    Some(match String::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    })
}

/// Up to the closing quote, backslashes taken away.
fn quoted_text(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => break,
            b'\\' => bytes.extend(rest.next()),
            other => bytes.push(*other),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn file_names_are_read_in_every_way_they_are_written() {
        let check = |value: &[u8], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_bytes(value).unwrap());
            assert_eq!(filename(&headers).as_deref(), expected);
        };
        check(b"form-data; name=\"file\"; filename=\"a b.png\"", Some("a b.png"));
        check("form-data; name=\"file\"; filename=\"\u{fc}.png\"".as_bytes(), Some("\u{fc}.png"));
        check(b"form-data; name=\"file\"; filename=\"\xfc.png\"", Some("\u{fc}.png"));
        check(br#"form-data; name="file"; filename="a\"b\\.png""#, Some("a\"b\\.png"));
        check(b"form-data; name=\"file\"; FileName=plain.png; x=y", Some("plain.png"));
        check(b"form-data; name=\"file\"; filename=\"open", Some("open"));
        check(b"form-data; name=\"filename=x\"", None);
        check(b"form-data; name=\"file\"", None);
    }

    #[test]
    fn json_fields_are_those_of_a_form() {
        let mut sent = Sent::default();
        sent.add_json(br#"{"a": "x", "b": true, "c": [1, "y"], "d": {"e": [2]}, "f": null, "g": [{"h": 1}]}"#).unwrap();
        let expected = [
            ("a", "x"),
            ("b", "true"),
            ("c[]", "1"),
            ("c[]", "y"),
            ("d", "{\"e\":[2]}"),
            ("f", ""),
            ("g", "[{\"h\":1}]"),
        ];
        let mut found: Vec<(&str, &str)> =
            sent.form.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        for wrong in [&b"[1]"[..], b"{", b"3"] {
            assert_eq!(sent.add_json(wrong).unwrap_err().status, 400);
        }
    }
}
