//! Fields of resources: what they are kept in, and how their values are read.

use std::time::{Duration, SystemTime};

use super::token::Operator;
use crate::{
    clock::micros,
    store::{Column, Filter, Test, ValueClass},
};

/// A field that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A column of text; whether `:` finds parts of it.
    Text(Column, bool),
    /// A whole number.
    Number(Column),
    /// Bytes: `10`, `2kb`, `1mb`.
    Size(Column),
    /// A ratio: `1.5`, `16:9`.
    Ratio(Column),
    /// A time: a date, RFC 3339, or so long ago.
    Time(Column),
    Tags,
    Context(String),
    Metadata(String),
}

/// The column that a field is sorted by.
pub fn sort_column(name: &str) -> Option<Column> {
    match Field::from_name(name).ok()? {
        Field::Text(column, _)
        | Field::Number(column)
        | Field::Size(column)
        | Field::Ratio(column)
        | Field::Time(column) => Some(column),
        Field::Tags | Field::Context(_) | Field::Metadata(_) => None,
    }
}

impl Field {
    pub(super) fn from_name(name: &str) -> Result<Field, String> {
        if let Some(key) = name.strip_prefix("context.").or_else(|| name.strip_prefix("context.custom.")) {
            return Ok(Field::Context(key.to_owned()));
        }
        if let Some(key) = name.strip_prefix("metadata.") {
            return Ok(Field::Metadata(key.to_owned()));
        }
        Ok(match name {
            "asset_id" => Field::Text(Column::Id, false),
            "public_id" => Field::Text(Column::PublicId, false),
            "resource_type" => Field::Text(Column::Kind, false),
            "type" => Field::Text(Column::Delivery, false),
            "format" => Field::Text(Column::Format, false),
            "folder" => Field::Text(Column::Folder, false),
            "asset_folder" => Field::Text(Column::AssetFolder, false),
            "display_name" => Field::Text(Column::DisplayName, true),
            "filename" => Field::Text(Column::Filename, true),
            "etag" => Field::Text(Column::Etag, false),
            "access_mode" => Field::Text(Column::AccessMode, false),
            "moderation_kind" => Field::Text(Column::ModerationKind, false),
            "moderation_status" => Field::Text(Column::ModerationStatus, false),
            "version" => Field::Number(Column::Version),
            "bytes" => Field::Size(Column::Bytes),
            "width" => Field::Number(Column::Width),
            "height" => Field::Number(Column::Height),
            "pages" => Field::Number(Column::Pages),
            "pixels" => Field::Size(Column::Pixels),
            "aspect_ratio" => Field::Ratio(Column::AspectMille),
            "created_at" => Field::Time(Column::CreatedAt),
            "uploaded_at" => Field::Time(Column::UploadedAt),
            "updated_at" | "last_updated" => Field::Time(Column::UpdatedAt),
            "tags" => Field::Tags,
            other => return Err(format!("there is no field {other}")),
        })
    }

    /// A comparison with one value.
    pub(super) fn test(
        &self,
        operator: Operator,
        value: &str,
        quoted: bool,
        now: SystemTime,
    ) -> Result<Filter, String> {
        let named =
            |class, name: &str, test| Filter::Value { class, name: Some(Test::Is(name.to_owned())), value: Some(test) };
        match self {
            Field::Text(column, parts) => Ok(Filter::Column(*column, self.text_test(operator, value, quoted, *parts)?)),
            Field::Tags => {
                let test = self.text_test(operator, value, quoted, false)?;
                Ok(Filter::Value { class: ValueClass::Tag, name: Some(test), value: None })
            }
            Field::Context(key) => Ok(named(ValueClass::Context, key, self.text_test(operator, value, quoted, true)?)),
            Field::Metadata(key) => {
                Ok(named(ValueClass::Metadata, key, self.text_test(operator, value, quoted, false)?))
            }
            Field::Number(column) | Field::Size(column) | Field::Ratio(column) | Field::Time(column) => {
                let (first, last) = self.span(value, now)?;
                let (least, most) = match operator {
                    Operator::Has | Operator::Is => (Some(first), Some(last)),
                    Operator::Over => (Some(last.saturating_add(1)), None),
                    Operator::From => (Some(first), None),
                    Operator::Under => (None, Some(first.saturating_sub(1))),
                    Operator::To => (None, Some(last)),
                };
                Ok(Filter::Column(*column, Test::Between(least, most)))
            }
        }
    }

    /// A range of numbers, sizes or times.
    pub(super) fn range(&self, from: &str, to: &str, closed: bool, now: SystemTime) -> Result<Filter, String> {
        let (Field::Number(column) | Field::Size(column) | Field::Ratio(column) | Field::Time(column)) = self else {
            return Err("only numbers, sizes and times have ranges".to_owned());
        };
        let (least, most) = (self.span(from, now)?, self.span(to, now)?);
        let test = if closed {
            Test::Between(Some(least.0), Some(most.1))
        } else {
            Test::Between(Some(least.1.saturating_add(1)), Some(most.0.saturating_sub(1)))
        };
        Ok(Filter::Column(*column, test))
    }

    fn text_test(&self, operator: Operator, value: &str, quoted: bool, parts: bool) -> Result<Test, String> {
        if !operator.is_equality() {
            return Err(format!(
                "a text cannot be compared by {operator}: format, width and so on have different operators"
            ));
        }
        let in_folder = matches!(self, Field::Text(Column::Folder | Column::AssetFolder, _));
        Ok(match value.strip_suffix('*').filter(|_| !quoted) {
            Some(folder) if in_folder && folder.ends_with('/') => Test::Under(folder.trim_end_matches('/').to_owned()),
            Some(prefix) => Test::Prefix(prefix.to_owned()),
            None if matches!(self, Field::Text(Column::Id, _)) => Test::OneOf(vec![value.to_owned()]),
            None if parts && operator == Operator::Has => Test::Has(value.to_owned()),
            None => Test::Is(value.to_owned()),
        })
    }

    /// The first and the last number that a value stands for: a date stands for a whole day.
    fn span(&self, value: &str, now: SystemTime) -> Result<(i64, i64), String> {
        let found = match self {
            Field::Number(_) => value.parse().ok().map(|number| (number, number)),
            Field::Size(_) => size(value).map(|bytes| (bytes, bytes)),
            Field::Ratio(_) => ratio(value).map(|mille| (mille, mille)),
            _ => time(value, now),
        };
        let expected = match self {
            Field::Number(_) => "a whole number",
            Field::Size(_) => "a size like 500, 10kb or 1mb",
            Field::Ratio(_) => "a ratio like 1.5 or 16:9",
            _ => "a time like 2024-06-25, 2024-06-25T10:00:00Z or 2d",
        };
        found.ok_or_else(|| format!("{value:?} is not {expected}"))
    }
}

fn size(text: &str) -> Option<i64> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * f64::from(1u32 << shift);
    (bytes < 1e15).then_some(bytes as i64)
}

/// In thousandths, as columns have it.
fn ratio(text: &str) -> Option<i64> {
    let mille = match text.split_once(':') {
        Some((width, height)) => {
            let (width, height) = (width.parse::<f64>().ok()?, height.parse::<f64>().ok()?);
            width / height * 1000.0
        }
        None => text.parse::<f64>().ok()? * 1000.0,
    };
    (mille.is_finite() && mille.abs() < 1e12).then_some(mille as i64)
}

fn time(text: &str, now: SystemTime) -> Option<(i64, i64)> {
    const DAY: u64 = 86_400;
    let point = |time: SystemTime| micros(time) as i64;
    if let Ok(at) = humantime::parse_rfc3339_weak(text) {
        return Some((point(at), point(at)));
    }
    if text.len() == 10 {
        let day = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?;
        return Some((point(day), point(day + Duration::from_secs(DAY)) - 1));
    }
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        'h' => 3600,
        'd' => DAY,
        'w' => 7 * DAY,
        'm' => 30 * DAY,
        'y' => 365 * DAY,
        _ => return None,
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let at = now.checked_sub(Duration::from_secs(count.checked_mul(seconds)?))?;
    Some((point(at), point(at)))
}
