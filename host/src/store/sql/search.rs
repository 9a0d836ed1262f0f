//! Lists of resources: filters, orders and cursors as SQL.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Fail, Fields, Query, Session, Value,
    read::{PAGE, page_with},
    rows::{self, at},
};
use crate::store::{Column, Direction, Error, Filter, Page, ResourceQuery, ResourceRow, Test, cursor};

/// A value of a column, as a cursor holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(i64),
    Text(String),
}

pub(super) async fn page<S: Session>(
    session: &mut S,
    secret: &[u8; 32],
    account: &str,
    wanted: ResourceQuery,
) -> Result<Page<ResourceRow>, Fail> {
    let list = wanted.list();
    let mut query = Query::new("SELECT r.* FROM resources r WHERE r.account = ");
    query.bind(account).push(" AND ");
    push_filter::<S>(&mut query, account, &wanted.filter);
    if let Some(cursor) = &wanted.cursor {
        let place: (Vec<Cell>, Uuid) = cursor::read_json(secret, &list, account, cursor)?;
        if place.0.len() != wanted.order.len() {
            return Err(Error::BadCursor.into());
        }
        query.push(" AND ");
        push_after::<S>(&mut query, &wanted.order, &place.0, place.1);
    }
    query.push(" ORDER BY ");
    for (column, direction) in &wanted.order {
        query.push(sql::<S>(*column)).push(if *direction == Direction::Ascending { ", " } else { " DESC, " });
    }
    let limit = wanted.limit.clamp(1, PAGE);
    query.push("r.id LIMIT ").bind(limit + 1);
    let found = query.all(session).await?;
    page_with(&found, limit, rows::resource, |row| {
        let cells: Vec<Cell> = wanted.order.iter().map(|(column, _)| cell(row, *column)).collect();
        cursor::write_json(secret, &list, account, &(cells, row.id))
    })
}

pub(super) async fn count<S: Session>(
    session: &mut S,
    account: &str,
    filter: &Filter,
    by: Option<Column>,
) -> Result<Vec<(String, u64)>, Fail> {
    let group = by.map_or("''", sql::<S>);
    let mut query = Query::new(format!(
        "SELECT CAST({group} AS TEXT) AS value, COUNT(*) AS found FROM resources r WHERE r.account = "
    ));
    query.bind(account).push(" AND ");
    push_filter::<S>(&mut query, account, filter);
    query.push(" GROUP BY 1");
    let found = query.all(session).await?;
    let mut counts = Vec::with_capacity(found.len());
    for row in &found {
        counts.push((row.text("value")?.to_owned(), row.count("found")?));
    }
    counts.sort_unstable();
    Ok(counts)
}

/// The column as an expression.
fn sql<S: Session>(column: Column) -> &'static str {
    match column {
        Column::Id => S::HEX_ID,
        Column::PublicId => "r.public_id",
        Column::Kind => "r.kind",
        Column::Delivery => "r.delivery",
        Column::Format => "r.format",
        Column::Folder => "r.folder",
        Column::AssetFolder => "r.asset_folder",
        Column::DisplayName => "r.display_name",
        Column::Filename => "r.filename",
        Column::Etag => "r.etag",
        Column::AccessMode => "r.access_mode",
        Column::ModerationKind => "r.moderation_kind",
        Column::ModerationStatus => "r.moderation_status",
        Column::Version => "r.version",
        Column::Bytes => "r.bytes",
        Column::Width => "r.width",
        Column::Height => "r.height",
        Column::Pages => "r.pages",
        Column::Pixels => "(r.width * r.height)",
        Column::AspectMille => "(CASE WHEN r.height = 0 THEN 0 ELSE r.width * 1000 / r.height END)",
        Column::CreatedAt => "r.created_at",
        Column::UploadedAt => "r.uploaded_at",
        Column::UpdatedAt => "r.updated_at",
    }
}

/// The same of a row that was read.
fn cell(row: &ResourceRow, column: Column) -> Cell {
    let text = |text: &str| Cell::Text(text.to_owned());
    let number = |number: u64| Cell::Number(number as i64);
    match column {
        Column::Id => Cell::Text(row.id.simple().to_string()),
        Column::PublicId => text(&row.key.public_id),
        Column::Kind => text(&row.key.kind),
        Column::Delivery => text(&row.key.delivery),
        Column::Format => text(&row.format),
        Column::Folder => text(&row.folder),
        Column::AssetFolder => text(&row.asset_folder),
        Column::DisplayName => text(&row.display_name),
        Column::Filename => text(&row.filename),
        Column::Etag => text(&row.etag),
        Column::AccessMode => text(&row.access_mode),
        Column::ModerationKind => text(&row.moderation_kind),
        Column::ModerationStatus => text(&row.moderation_status),
        Column::Version => number(row.version),
        Column::Bytes => number(row.bytes),
        Column::Width => number(row.width.into()),
        Column::Height => number(row.height.into()),
        Column::Pages => number(row.pages.into()),
        Column::Pixels => number(u64::from(row.width) * u64::from(row.height)),
        Column::AspectMille => number((u64::from(row.width) * 1000).checked_div(row.height.into()).unwrap_or(0)),
        Column::CreatedAt => Cell::Number(at(row.created_at)),
        Column::UploadedAt => Cell::Number(at(row.uploaded_at)),
        Column::UpdatedAt => Cell::Number(at(row.updated_at)),
    }
}

/// Rows after a place: beyond it in the first column, or equal there and beyond it in the next, and so on.
fn push_after<S: Session>(query: &mut Query, order: &[(Column, Direction)], cells: &[Cell], id: Uuid) {
    query.push("(");
    for (column, direction) in order.iter().zip(cells).map(|((column, direction), cell)| ((column, cell), direction)) {
        let (column, cell) = column;
        let beyond = if *direction == Direction::Ascending { " > " } else { " < " };
        query.push(sql::<S>(*column)).push(beyond);
        push_cell(query, cell);
        query.push(" OR (").push(sql::<S>(*column)).push(" = ");
        push_cell(query, cell);
        query.push(" AND (");
    }
    query.push("r.id > ").bind(id);
    for _ in order {
        query.push("))");
    }
    query.push(")");
}

fn push_cell(query: &mut Query, cell: &Cell) {
    match cell {
        Cell::Number(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.clone()),
    };
}

fn push_filter<S: Session>(query: &mut Query, account: &str, filter: &Filter) {
    match filter {
        Filter::All(parts) => push_joined::<S>(query, account, parts, " AND ", "TRUE"),
        Filter::Any(parts) => push_joined::<S>(query, account, parts, " OR ", "FALSE"),
        Filter::Not(inner) => {
            query.push("NOT ");
            push_filter::<S>(query, account, inner);
        }
        Filter::Column(Column::Id, Test::OneOf(ids)) => {
            // What is no id is the id of nothing.
            push_one_of(query, "r.id", ids.iter().filter_map(|id| Uuid::try_parse(id).ok()));
        }
        Filter::Column(column, test) => push_test(query, sql::<S>(*column), test),
        Filter::Value { class, name, value } => {
            query.push("EXISTS (SELECT 1 FROM resource_values v WHERE v.resource = r.id AND v.account = ");
            query.bind(account).push(" AND v.class = ").bind(class.as_str());
            for (column, test) in [("v.name", name), ("v.value", value)] {
                match test {
                    Some(Test::Is(text)) => S::push_is(query.push(" AND "), column, text),
                    Some(test) => push_test(query.push(" AND "), column, test),
                    None => {}
                }
            }
            query.push(")");
        }
    }
}

fn push_joined<S: Session>(query: &mut Query, account: &str, parts: &[Filter], word: &str, empty: &str) {
    if parts.is_empty() {
        query.push(empty);
        return;
    }
    query.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            query.push(word);
        }
        push_filter::<S>(query, account, part);
    }
    query.push(")");
}

fn push_test(query: &mut Query, expression: &str, test: &Test) {
    query.push("(");
    match test {
        Test::Is(text) => {
            query.push(expression).push(" = ").bind(text.clone());
        }
        Test::OneOf(texts) => push_one_of(query, expression, texts.iter().cloned()),
        Test::Prefix(prefix) => push_prefix(query, expression, prefix),
        Test::Has(part) => {
            let escaped: String = part
                .to_ascii_lowercase()
                .chars()
                .flat_map(|character| "\\%_".contains(character).then_some('\\').into_iter().chain([character]))
                .collect();
            query.push("lower(").push(expression).push(") LIKE ").bind(format!("%{escaped}%"));
            query.push(" ESCAPE '\\'");
        }
        Test::Under(folder) => {
            query.push(expression).push(" = ").bind(folder.clone()).push(" OR ");
            push_prefix(query, expression, &format!("{folder}/"));
        }
        Test::Between(least, most) => {
            query.push("TRUE");
            for (word, bound) in [(" >= ", least), (" <= ", most)] {
                if let Some(bound) = bound {
                    query.push(" AND ").push(expression).push(word).bind(*bound);
                }
            }
        }
    }
    query.push(")");
}

/// From the prefix on, and before all that no longer begins with it: a range that an index can use.
fn push_prefix(query: &mut Query, expression: &str, prefix: &str) {
    query.push("(").push(expression).push(" >= ").bind(prefix.to_owned()).push(" AND ");
    query.push(expression).push(" < ").bind(format!("{prefix}{}", char::MAX)).push(")");
}

/// An empty list has no SQL: nothing is in it.
fn push_one_of(query: &mut Query, expression: &str, values: impl Iterator<Item = impl Into<Value>>) {
    let mut values = values.peekable();
    if values.peek().is_none() {
        query.push("FALSE");
        return;
    }
    let mut before = " IN (";
    query.push(expression);
    for value in values {
        query.push(before).bind(value);
        before = ", ";
    }
    query.push(")");
}
