//! Rows as lines of JSON: an array of the cells. Ids are 32 hex digits, bytes base64.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use uuid::Uuid;

use crate::store::moving::{Cell, Kind, Table};

/// A row's line.
pub(super) fn row<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let value = |cell: &Cell| match cell {
        Cell::Null => Value::Null,
        Cell::Id(id) => id.simple().to_string().into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::Number(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Bytes(bytes) => STANDARD.encode(bytes).into(),
    };
    Value::from(cells.map(value).collect::<Vec<_>>()).to_string()
}

/// The columns that a first line names.
///
/// Errors: it is none; a column that the table does not have.
pub(super) fn columns(table: &Table, line: &str) -> Result<Vec<(&'static str, Kind)>, String> {
    let names: Vec<String> = serde_json::from_str(line).map_err(|error| format!("first line: {error}"))?;
    let column = |name: &String| table.column(name).ok_or_else(|| format!("there is no column {name:?}"));
    names.iter().map(column).collect()
}

/// The cells of a row's line.
///
/// Errors: it does not fit the columns.
pub(super) fn cells(columns: &[(&'static str, Kind)], line: &str) -> Result<Vec<Cell>, String> {
    let values: Vec<Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if values.len() != columns.len() {
        return Err(format!("has {} values, expected {}", values.len(), columns.len()));
    }
    let cell = |((name, kind), value): (&(&'static str, Kind), Value)| {
        let found = match (kind, &value) {
            (Kind::Id | Kind::Text | Kind::Number, Value::Null) => Some(Cell::Null),
            (Kind::Id, Value::String(text)) => Uuid::try_parse(text).ok().map(Cell::Id),
            (Kind::Text, Value::String(text)) => Some(Cell::Text(text.clone())),
            (Kind::Number, Value::Number(number)) => number.as_i64().map(Cell::Number),
            (Kind::Flag, Value::Bool(flag)) => Some(Cell::Flag(*flag)),
            (Kind::Bytes, Value::String(text)) => STANDARD.decode(text).ok().map(Cell::Bytes),
            _ => None,
        };
        found.ok_or_else(|| format!("{name} is {value}, expected {kind:?}"))
    };
    columns.iter().zip(values).map(cell).collect()
}
