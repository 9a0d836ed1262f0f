//! `search`: an expression, an order, counts.

use serde_json::{Map, Value, json};

use super::{Admin, folders, list, with_cursor};
use crate::{
    dialect::cloudinary::{
        answer::{context, seconds},
        search::{parse, sort_column},
    },
    http::cloudinary::reply::Refusal,
    store::{Column, Direction, Filter, ResourceQuery, ResourceRow},
};

/// Items of a page when none were asked for.
const PAGE: u64 = 50;

pub(super) async fn resources(admin: &Admin) -> Result<Value, Refusal> {
    let began = std::time::Instant::now();
    let expression = admin.form.text("expression").unwrap_or_default();
    let filter = parse(expression, admin.state().clock.now())?;
    let mut order = order(admin)?;
    if order.is_empty() {
        order.push((Column::CreatedAt, Direction::Descending));
    }
    let limit = admin.form.whole("max_results")?.unwrap_or(PAGE).min(super::PAGE.1) as u32;
    let store = &admin.state().store;
    let counted = store.count_resources(admin.account(), &filter, None).await?;
    let total = counted.first().map_or(0, |(_, count)| *count);
    let aggregations = aggregations(admin, &filter).await?;
    let (items, next) = if limit == 0 {
        (Vec::new(), None)
    } else {
        let query = ResourceQuery { filter, order, cursor: admin.cursor(), limit };
        let page = store.resources(admin.account(), query).await?;
        let items = page.items.iter().map(|row| item(admin, row)).collect::<Result<Vec<_>, _>>()?;
        (items, page.next)
    };
    let mut answer = json!({"total_count": total, "time": began.elapsed().as_millis() as u64, "resources": items});
    if !aggregations.is_empty() {
        answer["aggregations"] = aggregations.into();
    }
    Ok(with_cursor(answer, next))
}

/// What a search shows of a resource.
fn item(admin: &Admin, row: &ResourceRow) -> Result<Value, Refusal> {
    let fields = admin.form.comma_list("fields");
    if !fields.is_empty() {
        return Ok(admin.picked(row, &fields).into());
    }
    let mut shown = admin.site().item(row);
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("filename", row.filename.clone().into());
    set("uploaded_at", seconds(row.uploaded_at).into());
    set("etag", row.etag.clone().into());
    set("status", "active".into());
    if row.height > 0 {
        set("aspect_ratio", (f64::from(row.width) / f64::from(row.height)).into());
        set("pixels", (u64::from(row.width) * u64::from(row.height)).into());
        set("pages", row.pages.into());
    }
    for field in admin.form.comma_list("with_field") {
        match field {
            "tags" => set("tags", list::sorted_tags(row)),
            "context" => set("context", context(row).map_or_else(|| json!({}), |value| value["custom"].clone())),
            "metadata" => set("metadata", row.facts.metadata.clone().into()),
            _ => None,
        };
    }
    Ok(shown.into())
}

/// `sort_by`: a list of objects of one field each.
fn order(admin: &Admin) -> Result<Vec<(Column, Direction)>, Refusal> {
    let mut order = Vec::new();
    let invalid = |text: &str| {
        Refusal::bad(format!(
            "Invalid value for parameter sort_by: {text} (expected a field that is not a list, and asc or desc)"
        ))
    };
    for text in admin.form.list("sort_by") {
        let value: Value = serde_json::from_str(text).map_err(|_| invalid(text))?;
        let items = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        for item in items {
            let Value::Object(pairs) = item else { return Err(invalid(text)) };
            for (field, direction) in pairs {
                let column = sort_column(&field).ok_or_else(|| invalid(text))?;
                let direction = match direction.as_str() {
                    Some("asc") => Direction::Ascending,
                    Some("desc") => Direction::Descending,
                    _ => return Err(invalid(text)),
                };
                order.push((column, direction));
            }
        }
    }
    if order.len() > 10 {
        return Err(Refusal::bad("Too many fields in sort_by (expected at most 10)"));
    }
    Ok(order)
}

/// How many resources have each value of a field.
async fn aggregations(admin: &Admin, filter: &Filter) -> Result<Map<String, Value>, Refusal> {
    let mut shown = Map::new();
    for field in admin.form.comma_list("aggregate") {
        let column = match field {
            "format" | "resource_type" | "type" | "folder" | "asset_folder" | "access_mode" | "moderation_status" => {
                sort_column(field)
            }
            _ => None,
        };
        let column = column.ok_or_else(|| {
            Refusal::bad(format!(
                "Invalid value for parameter aggregate: {field} (expected format, resource_type or type)"
            ))
        })?;
        let counted = admin.state().store.count_resources(admin.account(), filter, Some(column)).await?;
        let counts = counted.into_iter().filter(|(value, _)| !value.is_empty());
        shown.insert(
            field.to_owned(),
            counts.map(|(value, count)| (value, Value::from(count))).collect::<Map<_, _>>().into(),
        );
    }
    Ok(shown)
}

/// Folders whose path or name has the words of the expression: `name=a`, `path:a/b*`, `a`.
pub(super) async fn folders(admin: &Admin) -> Result<Value, Refusal> {
    let began = std::time::Instant::now();
    let expression = admin.form.text("expression").unwrap_or_default().trim();
    let wanted = expression.trim_start_matches("name").trim_start_matches("path").trim_start_matches([':', '=']);
    let wanted = wanted.trim_matches('"').trim_end_matches('*').trim_end_matches('/');
    let by_name = expression.starts_with("name");
    let all = folders::all(admin).await?;
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let fits = |path: &&String| {
        let text = if by_name { name(path) } else { path.to_string() };
        text.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase())
    };
    let found: Vec<&String> = all.iter().filter(fits).collect();
    let limit = admin.form.whole("max_results")?.unwrap_or(PAGE).min(super::PAGE.1) as usize;
    let shown: Vec<Value> = found.iter().take(limit).map(|path| json!({"name": name(path), "path": path})).collect();
    Ok(json!({"total_count": found.len(), "time": began.elapsed().as_millis() as u64, "folders": shown}))
}
