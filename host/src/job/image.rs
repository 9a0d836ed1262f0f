//! A picture that a parameter of a step names, and that may be made by steps of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Pages, Params, Rendering, Step};
use crate::error::{Code, Failure};

/// How deep pictures that are made may stand in each other.
pub const MAX_IMAGE_DEPTH: usize = 10;

/// Pictures that the steps of one job name, those of pictures included, at most.
pub const MAX_IMAGES: usize = 100;

/// Steps of one picture at most.
pub const MAX_IMAGE_STEPS: usize = 100;

/// Characters of a wrong reference that a message shows, at most.
const SHOWN: usize = 100;

/// A picture that a parameter names, as JSON an object with one key:
///
/// - `{"url": "https://..."}`, `{"asset": "public id"}`, `{"data": "data:image/png;base64,..."}`: as it is;
/// - `{"made": {"source": {"asset": "logo", "page": 1}, "steps": [{"transform": "resize", "params": {...}}]}}`:
///   with steps of its own. The source is one of the above, perhaps with `page`, `dpi`, `width`, `height` and `as_stored` as
///   a job's source; it is left out when the first step makes a picture out of nothing. The steps may name
///   pictures again, [`MAX_IMAGE_DEPTH`] deep at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageRef {
    /// Where it comes from; none when its first step makes it.
    pub source: Option<ImageSource>,
    /// Which page of it, and how large.
    pub rendering: Rendering,
    /// What is done to it first.
    pub steps: Vec<Step>,
}

/// Where a picture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// Downloaded through [`crate::egress`].
    Url(String),
    /// A stored asset of the account, by its public id.
    Asset(String),
    /// A data URI.
    Data(String),
    /// Bytes in the blob store, by their SHA-256 in lower-case hex. For dialects: no caller may name it, as
    /// blobs belong to no account.
    Blob(String),
    /// A local file, for work without a server.
    File(String),
}

impl ImageSource {
    /// The key and the value that stand for it.
    fn entry(&self) -> (&'static str, &str) {
        match self {
            ImageSource::Url(url) => ("url", url),
            ImageSource::Asset(id) => ("asset", id),
            ImageSource::Data(uri) => ("data", uri),
            ImageSource::Blob(sha256) => ("blob", sha256),
            ImageSource::File(path) => ("file", path),
        }
    }

    fn from_entry(key: &str, value: String) -> Option<ImageSource> {
        Some(match key {
            "url" => ImageSource::Url(value),
            "asset" => ImageSource::Asset(value),
            "data" => ImageSource::Data(value),
            "blob" => ImageSource::Blob(value),
            "file" => ImageSource::File(value),
            _ => return None,
        })
    }
}

impl From<ImageSource> for ImageRef {
    fn from(source: ImageSource) -> ImageRef {
        ImageRef { source: Some(source), ..ImageRef::default() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeText {
    #[serde(default)]
    source: Option<Map<String, Value>>,
    #[serde(default)]
    steps: Vec<StepText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    transform: String,
    #[serde(default)]
    params: Params,
}

/// What may stand beside a source.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RenderingText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<Pages>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpi: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    as_stored: bool,
}

impl ImageRef {
    /// Reads a reference; pictures that its own steps name are left for later.
    ///
    /// Errors: `invalid_params` with the place and what was expected.
    pub fn parse(reference: &Value) -> Result<ImageRef, Failure> {
        let entry = reference.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
        let wrong = || {
            let expected = r#"{"url": ...}, {"asset": ...}, {"data": ...} or {"made": {"source": ..., "steps": ...}}"#;
            problem(format!("a picture is {}, expected {expected}", shown(reference)))
        };
        match entry.ok_or_else(wrong)? {
            (key, Value::Object(_)) if key == "made" => made(&reference["made"]),
            (key, Value::String(value)) => {
                ImageSource::from_entry(key, value.clone()).map(ImageRef::from).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    /// The reference as JSON; [`ImageRef::parse`] reads it back.
    pub fn to_value(&self) -> Value {
        let mut source = Map::new();
        if let Some(place) = &self.source {
            let (key, value) = place.entry();
            source.insert(key.to_owned(), value.into());
        }
        if self.steps.is_empty() && self.rendering.is_default() {
            return Value::Object(source);
        }
        let Rendering { page, dpi, width, height, as_stored } = self.rendering.clone();
        if let Ok(Value::Object(beside)) = serde_json::to_value(RenderingText { page, dpi, width, height, as_stored }) {
            source.extend(beside);
        }
        let steps: Vec<Value> =
            self.steps.iter().map(|step| json!({ "transform": step.transform, "params": step.params })).collect();
        match source.is_empty() {
            true => json!({ "made": { "steps": steps } }),
            false => json!({ "made": { "source": source, "steps": steps } }),
        }
    }
}

fn made(value: &Value) -> Result<ImageRef, Failure> {
    let text: MadeText =
        serde_json::from_value(value.clone()).map_err(|error| problem(format!("a picture's \"made\": {error}")))?;
    let steps: Vec<Step> =
        text.steps.into_iter().map(|step| Step { transform: step.transform, params: step.params }).collect();
    if steps.len() > MAX_IMAGE_STEPS {
        return Err(problem(format!("a picture has {} steps, the limit is {MAX_IMAGE_STEPS}", steps.len())));
    }
    let Some(mut beside) = text.source else {
        if steps.is_empty() {
            return Err(problem("a picture's \"made\" has neither a source nor steps".to_owned()));
        }
        return Ok(ImageRef { steps, ..ImageRef::default() });
    };
    let keys = ["url", "asset", "data", "blob", "file"];
    let mut places = keys.into_iter().filter_map(|key| beside.remove(key).map(|value| (key, value)));
    let found = (places.next(), places.next());
    drop(places);
    let source = match found {
        (Some((key, Value::String(value))), None) => ImageSource::from_entry(key, value),
        _ => None,
    };
    let source = source.ok_or_else(|| {
        problem(format!("a picture's source is {}, expected one of url, asset and data", shown(&value["source"])))
    })?;
    let text: RenderingText = serde_json::from_value(Value::Object(beside))
        .map_err(|error| problem(format!("a picture's source: {error}")))?;
    let RenderingText { page, dpi, width, height, as_stored } = text;
    let rendering = Rendering { page, dpi, width, height, as_stored };
    match rendering.problems().into_iter().next() {
        Some((name, message)) => Err(problem(format!("a picture's source: {name} {message}"))),
        None => Ok(ImageRef { source: Some(source), rendering, steps }),
    }
}

fn problem(message: String) -> Failure {
    Failure::new(Code::InvalidParams, message)
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().nth(SHOWN).is_none() { text } else { text.chars().take(SHOWN).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ImageRef, Failure> {
        ImageRef::parse(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_reference_is_an_object_with_one_known_key() {
        let plain = |source: ImageSource| Ok(ImageRef::from(source));
        assert_eq!(parse(r#"{"url": "http://a/"}"#), plain(ImageSource::Url("http://a/".into())));
        assert_eq!(parse(r#"{"asset": "logo"}"#), plain(ImageSource::Asset("logo".into())));
        assert_eq!(parse(r#"{"data": "data:,"}"#), plain(ImageSource::Data("data:,".into())));
        for wrong in [
            r#""http://a/""#,
            r#"{"folder": "/etc"}"#,
            r#"{"url": 3}"#,
            r#"{"url": "a", "asset": "b"}"#,
            r#"{"made": 3}"#,
            r#"{"made": {}}"#,
            r#"{"made": {"steps": [{}]}}"#,
            r#"{"made": {"steps": [{"transform": "a", "parameters": {}}]}}"#,
            r#"{"made": {"source": {"page": 2}, "steps": []}}"#,
            r#"{"made": {"source": {"url": "a", "asset": "b"}, "steps": []}}"#,
            r#"{"made": {"source": {"url": "a", "dpi": 0}, "steps": []}}"#,
            r#"{"made": {"source": {"url": "a", "sides": 0}, "steps": []}}"#,
        ] {
            let failure = parse(wrong).unwrap_err();
            assert_eq!(failure.code, Code::InvalidParams, "{wrong}");
            assert!(failure.message.contains("a picture"), "{failure}");
        }
    }

    #[test]
    fn made_pictures_are_written_as_they_are_read() {
        for text in [
            r#"{"asset":"logo"}"#,
            r#"{"made":{"source":{"asset":"logo","page":2,"dpi":72.0},"steps":[]}}"#,
            r#"{"made":{"source":{"url":"http://a/"},"steps":[{"transform":"blur","params":{"sigma_px":2}}]}}"#,
            r#"{"made":{"steps":[{"transform":"text_image","params":{"text":"Hi"}}]}}"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(ImageRef::parse(&value).unwrap().to_value(), value);
        }
    }

    #[test]
    fn too_many_steps_are_refused() {
        let step = json!({ "transform": "flip" });
        let reference = json!({ "made": { "source": { "asset": "a" }, "steps": vec![step; MAX_IMAGE_STEPS + 1] } });
        let failure = ImageRef::parse(&reference).unwrap_err();
        assert_eq!(failure.message, "a picture has 101 steps, the limit is 100");
    }
}
