//! Where pictures come from: the job's source, and those that functions name.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use safelight_codec::{EncodeOptions, Format, Picture, Raster};
use serde_json::{Map, Value, json};

use super::values::{Members, number};
use crate::{
    dialect::native::lower::{CheckAddress, Wanted, color, web_url},
    schema::show,
    source::{Part, parse_data_uri},
};

/// The URL of an object in a bucket, by bucket, region and key.
pub(super) type ObjectUrl<'a> = dyn Fn(&str, Option<&str>, &str) -> Result<String, String> + Send + Sync + 'a;

/// What sources are checked against.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    /// The addresses that may be reached.
    pub(super) check_address: &'a CheckAddress,
    /// Where buckets are.
    pub(super) object_url: &'a ObjectUrl<'a>,
    /// Pixels of a blank picture at most.
    pub(super) max_pixels: u64,
    /// Bytes of a picture at most.
    pub(super) max_bytes: u64,
    /// Identifiers of results that are there before.
    pub(super) made: &'a [String],
}

/// What begins the name of a result that is there before: `&IDENT`.
pub(super) const MADE: &str = "&";

/// Files of one archive at most.
const MAX_FILES: usize = 1000;

/// Reads pictures that functions name.
pub(super) struct Pictures<'a>(pub(super) Sources<'a>);

/// Blank pictures that functions name are sent along; they have at most so many pixels.
const MAX_NAMED_PIXELS: u64 = 16_000_000;

impl Sources<'_> {
    /// Reads a job's source. `is_inline` says that text is base64.
    ///
    /// Errors: a sentence that names value and expectation.
    pub(super) fn read(&self, value: &Value, is_inline: bool) -> Result<Wanted, String> {
        match value {
            Value::String(text) if text.starts_with("data:") => self.data(text),
            Value::String(text) if is_inline => match STANDARD.decode(text.trim()) {
                Ok(bytes) if !bytes.is_empty() && bytes.len() as u64 <= self.max_bytes => {
                    Ok(Wanted::Data(Bytes::from(bytes)))
                }
                Ok(bytes) => Err(format!("src has {} bytes, expected 1 to {}", bytes.len(), self.max_bytes)),
                Err(error) => Err(format!("src is not base64: {error}")),
            },
            Value::String(text) => self.url("src", text).map(Wanted::Url),
            Value::Object(members) => {
                let object = Members::new("src", members);
                match object.text("name")?.as_deref() {
                    Some("s3") => self.object(object).map(Wanted::Url),
                    Some("canvas") => {
                        let (width, height, color) = self.canvas(object, self.max_pixels)?;
                        Ok(Wanted::Canvas { width, height, color })
                    }
                    _ => Err(object.wrong("name", "\"s3\" or \"canvas\"")),
                }
            }
            other => Err(format!("src is {}, expected a URL, base64 data, or an object with a name", show(other))),
        }
    }

    fn data(&self, text: &str) -> Result<Wanted, String> {
        let data = parse_data_uri(text, self.max_bytes).map_err(|failure| format!("src: {}", failure.message))?;
        Ok(Wanted::Data(data.bytes))
    }

    /// Reads the files of an archive: `{"urls": [...]}` or a list.
    ///
    /// Errors: a sentence.
    pub(super) fn files(&self, value: &Value) -> Result<Wanted, String> {
        let urls = match value {
            Value::Object(members) => Members::new("src", members).list("urls")?,
            Value::Array(urls) => urls.clone(),
            _ => Vec::new(),
        };
        if urls.is_empty() || urls.len() > MAX_FILES {
            return Err(format!("src has {} urls, expected {{\"urls\": [...]}} with 1 to {MAX_FILES}", urls.len()));
        }
        let mut taken = BTreeSet::new();
        let part = |(index, url): (usize, &Value)| {
            let text = url.as_str().ok_or_else(|| format!("src.urls[{index}] is {}, expected a URL", show(url)))?;
            let url = self.url(&format!("src.urls[{index}]"), text)?;
            Ok(Part { name: name_of(&url, index, &mut taken), url })
        };
        urls.iter().enumerate().map(part).collect::<Result<_, _>>().map(Wanted::Archive)
    }

    /// A URL that may be reached, or the name of a result; blanks are escaped, as clients leave them.
    fn url(&self, place: &str, text: &str) -> Result<String, String> {
        if let Some(name) = text.strip_prefix(MADE) {
            return match self.made.iter().any(|made| made == name) {
                true => Ok(text.to_owned()),
                false => Err(format!("{place} is {text:?}, which is no result of a job in pre_process")),
            };
        }
        let text = text.trim().replace(' ', "%20");
        let url = web_url(&text).map_err(|problem| format!("{place} {problem}"))?;
        (self.check_address)(&url).map_err(|failure| format!("{place}: {}", failure.message))?;
        Ok(text)
    }

    fn object(&self, object: Members<'_>) -> Result<String, String> {
        let (bucket, region) = bucket(object)?;
        (self.object_url)(&bucket, region.as_deref(), &object.needed_text("key")?)
    }

    fn canvas(&self, object: Members<'_>, max_pixels: u64) -> Result<(u32, u32, [u8; 4]), String> {
        let side = |name: &str| {
            let side = object.number_or(name, 10.0)?.round();
            if (1.0..=65_535.0).contains(&side) { Ok(side as u32) } else { Err(object.wrong(name, "1 to 65535")) }
        };
        let (width, height) = (side("width")?, side("height")?);
        if u64::from(width) * u64::from(height) > max_pixels {
            return Err(format!("the canvas is {width} x {height} px, expected at most {max_pixels} pixels"));
        }
        let color = color(&object.text_or("color", "#ffffff")?)
            .map_err(|problem| format!("{} {problem}", object.place("color")))?;
        Ok((width, height, color))
    }
}

/// A file's name in an archive, each once.
fn name_of(url: &str, index: usize, taken: &mut BTreeSet<String>) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().filter(|name| !name.is_empty() && path.matches('/').count() > 2);
    let name = name.map_or_else(|| format!("file{index}"), str::to_owned);
    match taken.insert(name.clone()) {
        true => name,
        false => {
            let other = super::destinations::numbered(&name, "_", index as u32);
            taken.insert(other.clone());
            other
        }
    }
}

/// A bucket's name and region: `"name"` or `{"name", "location"}`.
pub(super) fn bucket(object: Members<'_>) -> Result<(String, Option<String>), String> {
    match object.get("bucket") {
        Some(Value::Object(members)) => {
            let place = object.place("bucket");
            let members = Members::new(&place, members);
            Ok((members.needed_text("name")?, members.text("location")?))
        }
        _ => Ok((object.needed_text("bucket")?, None)),
    }
}

impl Pictures<'_> {
    /// The picture that a parameter names, as a step's parameter.
    pub(super) fn named(&self, params: Members<'_>, name: &str) -> Result<Value, String> {
        match params.get(name) {
            Some(value) => self.read(value, &params.place(name)),
            None => Err(params.wrong(name, "a URL")),
        }
    }

    /// The pictures that a list names.
    pub(super) fn list(&self, params: Members<'_>, name: &str) -> Result<Value, String> {
        let items = params.list(name)?;
        if items.is_empty() {
            return Err(params.wrong(name, "a list of URLs"));
        }
        items.iter().map(|item| self.read(item, &params.place(name))).collect()
    }

    /// A picture, as a step's parameter.
    pub(super) fn read(&self, value: &Value, place: &str) -> Result<Value, String> {
        match value {
            Value::String(text) if text.starts_with("data:") => Ok(json!({"data": text})),
            Value::String(text) => Ok(json!({"url": self.0.url(place, text)?})),
            Value::Object(members) => self.object(members, place),
            other => Err(format!("{place} is {}, expected a URL", show(other))),
        }
    }

    fn object(&self, members: &Map<String, Value>, place: &str) -> Result<Value, String> {
        let object = Members::new(place, members);
        match object.text("name")?.as_deref() {
            Some("s3") => Ok(json!({"url": self.0.object(object)?})),
            Some("canvas") => {
                let (width, height, color) = self.0.canvas(object, MAX_NAMED_PIXELS)?;
                let picture = Picture::still(Raster::filled(width, height, color));
                let png = safelight_codec::encode(&picture, &EncodeOptions::new(Format::Png));
                let png = png.map_err(|error| format!("{place}: {error}"))?;
                Ok(json!({"data": format!("data:image/png;base64,{}", STANDARD.encode(png))}))
            }
            _ => Err(object.wrong("name", "\"s3\" or \"canvas\"")),
        }
    }
}

#[cfg(test)]
impl Pictures<'static> {
    /// With no limits but those of sense.
    pub(super) fn plain() -> Pictures<'static> {
        Pictures(Sources::plain())
    }
}

#[cfg(test)]
impl Sources<'static> {
    /// With no limits but those of sense.
    pub(super) fn plain() -> Sources<'static> {
        Sources {
            check_address: &|_| Ok(()),
            object_url: &|bucket, _, key| Ok(format!("http://s3/{bucket}/{key}")),
            max_pixels: 1000,
            max_bytes: 1000,
            made: &[],
        }
    }
}

/// A number of a list, or one alone, as whole numbers.
pub(super) fn pages(value: &Value) -> Option<Vec<u32>> {
    let whole = |value: &Value| number(value).filter(|page| page.fract() == 0.0 && (0.0..1e9).contains(page));
    match value {
        Value::Array(items) => items.iter().map(|item| whole(item).map(|page| page as u32)).collect(),
        one => whole(one).map(|page| vec![page as u32]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_comes_in_many_forms() {
        let read = |value: Value, is_inline: bool| Sources::plain().read(&value, is_inline);
        assert_eq!(read(json!("http://a/b c.png"), false), Ok(Wanted::Url("http://a/b%20c.png".into())));
        assert_eq!(read(json!("data:image/png;base64,QUJD"), false), Ok(Wanted::Data(Bytes::from_static(b"ABC"))));
        assert_eq!(read(json!("QUJD"), true), Ok(Wanted::Data(Bytes::from_static(b"ABC"))));
        let s3 = json!({"name": "s3", "bucket": {"name": "b", "location": "eu-west-1"}, "key": "k/1.jpg"});
        assert_eq!(read(s3, false), Ok(Wanted::Url("http://s3/b/k/1.jpg".into())));
        let white = Wanted::Canvas { width: 10, height: 10, color: [255; 4] };
        assert_eq!(read(json!({"name": "canvas"}), false), Ok(white));
        for (value, part) in [
            (json!(5), "expected a URL"),
            (json!("ftp://a/"), "http or https"),
            (json!({"name": "ftp"}), "\"s3\" or \"canvas\""),
            (json!({"name": "s3", "bucket": "b"}), "src.key is missing"),
            (json!({"name": "canvas", "width": 100, "height": 100}), "at most 1000 pixels"),
            (json!({"name": "canvas", "color": "blueish"}), "src.color"),
        ] {
            let problem = read(value.clone(), false).unwrap_err();
            assert!(problem.contains(part), "{value}: {problem}");
        }
        assert!(read(json!("***"), true).unwrap_err().contains("not base64"));
    }

    #[test]
    fn functions_name_pictures_in_the_same_forms() {
        let read = |value: Value| Pictures::plain().read(&value, "params.src").unwrap();
        assert_eq!(read(json!("http://a/")), json!({"url": "http://a/"}));
        assert_eq!(read(json!({"name": "s3", "bucket": "b", "key": "k"})), json!({"url": "http://s3/b/k"}));
        let canvas = read(json!({"name": "canvas", "width": 2, "height": 1, "color": "#ff0000"}));
        assert!(canvas["data"].as_str().unwrap().starts_with("data:image/png;base64,"));
    }
}
