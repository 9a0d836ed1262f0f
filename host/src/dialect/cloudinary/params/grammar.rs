//! The small languages of single fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    super::{
        geometry::{Rect, Size},
        transformation::{FormatName, Transformation},
    },
    Form, ParamError,
};

/// Items of one list, at most.
const MAX_ITEMS: usize = 1000;
/// Rectangles of one field, at most.
const MAX_RECTS: usize = 100;

/// `key=value` joined by `|`, with `=` and `|` escaped by a backslash. Later values win.
///
/// # Errors
/// For a pair without `=` or key, and for too many pairs.
pub fn pairs(field: &'static str, text: &str) -> Result<BTreeMap<String, String>, ParamError> {
    let expected =
        || ParamError::invalid(field, text, "key=value pairs joined by |, with = and | escaped as \\= and \\|");
    let mut pairs = BTreeMap::new();
    for pair in split_unescaped(text, '|').into_iter().filter(|pair| !pair.is_empty()) {
        let at = find_unescaped(pair, '=').ok_or_else(expected)?;
        let key = unescape(&pair[..at]).trim().to_owned();
        if key.is_empty() || pairs.len() >= MAX_ITEMS {
            return Err(expected());
        }
        pairs.insert(key, unescape(&pair[at + 1..]));
    }
    Ok(pairs)
}

/// Prints pairs as they are read.
pub fn print_pairs(pairs: &BTreeMap<String, String>) -> String {
    let escape = |text: &str| text.replace('=', "\\=").replace('|', "\\|");
    let printed: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    printed.join("|")
}

/// Where a character stands without a backslash before it.
fn find_unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let found = character == wanted && !escaped;
        escaped = character == '\\' && !escaped;
        found.then_some(at)
    })
}

fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = find_unescaped(rest, separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len_utf8()..];
    }
    parts.push(rest);
    parts
}

fn unescape(text: &str) -> String {
    text.replace("\\=", "=").replace("\\|", "|")
}

/// A value of structured metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataValue {
    /// Text, number, date, or one id.
    Text(String),
    /// Ids.
    List(Vec<String>),
}

/// Structured metadata: pairs whose values may be JSON lists of ids.
///
/// # Errors
/// As [`pairs`].
pub fn metadata(text: &str) -> Result<BTreeMap<String, MetadataValue>, ParamError> {
    let value = |text: String| {
        let list = text.starts_with('[').then(|| serde_json::from_str::<Vec<String>>(&text).ok()).flatten();
        list.map_or(MetadataValue::Text(text), MetadataValue::List)
    };
    Ok(pairs("metadata", text)?.into_iter().map(|(field, text)| (field, value(text))).collect())
}

/// Tags in the order given, each once.
///
/// # Errors
/// For too many.
pub fn tags(form: &Form, field: &'static str) -> Result<Vec<String>, ParamError> {
    let mut tags: Vec<String> = Vec::new();
    for tag in form.comma_list(field) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MAX_ITEMS {
        return Err(ParamError::invalid(field, &format!("{} tags", tags.len()), format!("at most {MAX_ITEMS}")));
    }
    Ok(tags)
}

/// `x,y,w,h` joined by `|`.
///
/// # Errors
/// For anything else, empty rectangles included.
pub fn coordinates(field: &'static str, text: &str) -> Result<Vec<Rect>, ParamError> {
    let expected = || ParamError::invalid(field, text, format!("x,y,width,height joined by |, at most {MAX_RECTS}"));
    let rects: Vec<Rect> = text
        .split('|')
        .map(|rect| {
            let numbers: Vec<u32> = rect
                .split(',')
                .map(|number| number.trim().parse())
                .collect::<Result<_, _>>()
                .map_err(|_| expected())?;
            match numbers[..] {
                [x, y, width, height] if width > 0 && height > 0 && x.max(y).max(width).max(height) < 1 << 30 => {
                    Ok(Rect { x, y, size: Size::new(width, height) })
                }
                _ => Err(expected()),
            }
        })
        .collect::<Result<_, _>>()?;
    if rects.len() <= MAX_RECTS { Ok(rects) } else { Err(expected()) }
}

/// `Name: value` lines.
///
/// # Errors
/// For a line without a name, or a name or value that cannot be a header.
pub fn headers(text: &str) -> Result<Vec<(String, String)>, ParamError> {
    let expected = || ParamError::invalid("headers", text, "lines of \"Name: value\"");
    let token =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let visible = |value: &str| value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(expected)?;
        let (name, value) = (name.trim(), value.trim());
        if token(name) && visible(value) { Ok((name.to_owned(), value.to_owned())) } else { Err(expected()) }
    });
    lines.collect()
}

/// Who may see an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessType {
    /// Who has a token.
    Token,
    /// Anybody.
    Anonymous,
}

/// One rule of `access_control`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRule {
    /// Who.
    pub access_type: AccessType,
    /// From when, as sent.
    pub start: Option<String>,
    /// Until when, as sent.
    pub end: Option<String>,
}

impl AccessRule {
    /// Reads `access_control`: a JSON array of rules, or one rule.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse(text: &str) -> Result<Vec<Self>, ParamError> {
        list(
            "access_control",
            text,
            "a JSON array of objects with access_type \"token\" or \"anonymous\", start and end",
        )
    }
}

/// One item of `responsive_breakpoints`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Breakpoints {
    /// Whether the images are kept.
    pub create_derived: bool,
    /// Bytes between two of them.
    pub bytes_step: u64,
    /// Least width.
    pub min_width: u32,
    /// Greatest width; the image's own by default.
    pub max_width: Option<u32>,
    /// How many, at most.
    pub max_images: u32,
    /// What is done before, and its text as sent.
    pub transformation: Option<(String, Transformation)>,
    /// The extension.
    pub format: Option<FormatName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBreakpoints {
    #[serde(default, deserialize_with = "lenient_bool")]
    create_derived: Option<bool>,
    #[serde(default, deserialize_with = "lenient_number")]
    bytes_step: Option<u64>,
    #[serde(default, deserialize_with = "lenient_number")]
    min_width: Option<u64>,
    #[serde(default, deserialize_with = "lenient_number")]
    max_width: Option<u64>,
    #[serde(default, deserialize_with = "lenient_number")]
    max_images: Option<u64>,
    transformation: Option<String>,
    format: Option<String>,
}

impl Breakpoints {
    /// Reads `responsive_breakpoints`: a JSON array of objects, or one object.
    ///
    /// # Errors
    /// For anything else, for widths or counts out of range, and for a bad transformation or format.
    pub fn parse(text: &str) -> Result<Vec<Self>, ParamError> {
        const FIELD: &str = "responsive_breakpoints";
        let wire: Vec<WireBreakpoints> = list(
            FIELD,
            text,
            "a JSON array of objects with create_derived, bytes_step, min_width, max_width, max_images, transformation \
             and format",
        )?;
        let width = |width: Option<u64>, name: &str| match width {
            Some(width @ 1..=32_767) => Ok(Some(width as u32)),
            None => Ok(None),
            Some(other) => Err(ParamError::invalid(FIELD, &format!("{name} {other}"), "a width from 1 to 32767")),
        };
        let item = |wire: WireBreakpoints| {
            let max_images = wire.max_images.unwrap_or(20);
            if !(1..=200).contains(&max_images) {
                return Err(ParamError::invalid(FIELD, &format!("max_images {max_images}"), "1 to 200 images"));
            }
            let transformation = wire
                .transformation
                .filter(|text| !text.is_empty())
                .map(|text| Transformation::parse(&text).map(|transformation| (text, transformation)));
            let format = wire.format.filter(|name| !name.is_empty()).map(|name| {
                FormatName::from_name(&name).ok_or_else(|| ParamError::invalid(FIELD, &name, "the name of a format"))
            });
            Ok(Self {
                create_derived: wire.create_derived.unwrap_or(true),
                bytes_step: wire.bytes_step.unwrap_or(20_000).max(1),
                min_width: width(wire.min_width, "min_width")?.unwrap_or(50),
                max_width: width(wire.max_width, "max_width")?,
                max_images: max_images as u32,
                transformation: transformation.transpose()?,
                format: format.transpose()?,
            })
        };
        wire.into_iter().map(item).collect()
    }
}

/// A JSON array, or one of its items alone.
fn list<T: serde::de::DeserializeOwned>(field: &'static str, text: &str, expected: &str) -> Result<Vec<T>, ParamError> {
    let invalid = || ParamError::invalid(field, text, expected);
    let value: Value = serde_json::from_str(text).map_err(|_| invalid())?;
    let items = match value {
        Value::Array(items) => items,
        item => vec![item],
    };
    if items.len() > MAX_RECTS {
        return Err(invalid());
    }
    items.into_iter().map(|item| serde_json::from_value(item).map_err(|_| invalid())).collect()
}

/// Clients send numbers as text too.
fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    number.map(Some).ok_or_else(|| serde::de::Error::custom("expected a whole number"))
}

/// Clients send booleans as numbers and text too.
fn lenient_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match value.to_string().trim_matches('"') {
        "null" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("expected true or false")),
    }
}
