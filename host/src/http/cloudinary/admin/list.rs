//! Lists of resources and of their tags.

use serde_json::{Value, json};

use super::{Admin, with_cursor};
use crate::{
    clock::micros,
    dialect::cloudinary::answer::{Object, context, moderation},
    http::cloudinary::reply::Refusal,
    store::{Column, Direction, Filter, Page, ResourceQuery, ResourceRow, Test, ValueClass},
};

pub(super) async fn tags(admin: &Admin, kind: &str) -> Result<Value, Refusal> {
    let prefix = admin.form.text("prefix").unwrap_or_default();
    let limit = admin.page()?;
    let cursor = admin.cursor();
    // The cursor of a list of names is the last name.
    let after = cursor.as_deref();
    let store = &admin.state().store;
    let mut names = store.value_names(admin.account(), kind, ValueClass::Tag, prefix, after, limit + 1).await?;
    let more = names.len() > limit as usize;
    names.truncate(limit as usize);
    let next = names.last().filter(|_| more).cloned();
    Ok(with_cursor(json!({"tags": names}), next))
}

/// `image`, `video` or `raw`.
pub(super) fn of_kind(kind: &str) -> Filter {
    Filter::Column(Column::Kind, Test::Is(kind.to_owned()))
}

/// With this tag.
pub(super) fn tagged(tag: &str) -> Filter {
    Filter::Value { class: ValueClass::Tag, name: Some(Test::Is(tag.to_owned())), value: None }
}

/// With this key in their context, perhaps with this value.
pub(super) fn with_context(key: &str, value: Option<&str>) -> Filter {
    let is = |text: &str| Test::Is(text.to_owned());
    Filter::Value { class: ValueClass::Context, name: Some(is(key)), value: value.map(is) }
}

impl Admin {
    /// A list of the resources that pass.
    pub(super) async fn resources(&self, mut filters: Vec<Filter>) -> Result<Value, Refusal> {
        if let Some(start) = self.form.text("start_at") {
            let at = humantime::parse_rfc3339_weak(start).or_else(|_| {
                httpdate::parse_http_date(start).map_err(drop).map_err(|()| humantime::TimestampError::InvalidFormat)
            });
            let at = at.or_else(|_| humantime::parse_rfc3339(&format!("{start}T00:00:00Z"))).map_err(|_| {
                Refusal::bad(format!("Invalid value for parameter start_at: {start} (expected an ISO 8601 time)"))
            })?;
            let test = Test::Between(Some(micros(at) as i64), None);
            filters.push(Filter::Column(Column::CreatedAt, test));
        }
        let page = self.resource_page(Filter::All(filters)).await?;
        let items: Vec<Value> = page.items.iter().map(|row| self.item(row)).collect::<Result<_, _>>()?;
        Ok(with_cursor(json!({"resources": items}), page.next))
    }

    pub(super) async fn resource_page(&self, filter: Filter) -> Result<Page<ResourceRow>, Refusal> {
        let direction = match self.form.text("direction").map(str::to_ascii_lowercase).as_deref() {
            None | Some("desc" | "-1") => Direction::Descending,
            Some("asc" | "1") => Direction::Ascending,
            Some(other) => {
                let expected = "asc, desc, 1 or -1";
                return Err(Refusal::bad(format!(
                    "Invalid value for parameter direction: {other} (expected {expected})"
                )));
            }
        };
        let query = ResourceQuery {
            filter,
            order: vec![(Column::CreatedAt, direction)],
            cursor: self.cursor(),
            limit: self.page()?,
        };
        Ok(self.state().store.resources(self.account(), query).await?)
    }

    /// One item of a list: what is always shown, and what was asked for.
    pub(super) fn item(&self, row: &ResourceRow) -> Result<Value, Refusal> {
        let fields = self.form.comma_list("fields");
        if !fields.is_empty() {
            return Ok(self.picked(row, &fields).into());
        }
        let mut item = self.site().item(row);
        let mut set = |name: &str, value: Value| item.insert(name.to_owned(), value);
        if self.flag("tags")? {
            set("tags", sorted_tags(row));
        }
        if self.flag("context")?
            && let Some(context) = context(row)
        {
            set("context", context);
        }
        if self.flag("metadata")? && !row.facts.metadata.is_empty() {
            set("metadata", row.facts.metadata.clone().into());
        }
        if self.flag("moderations")? && !row.moderation_kind.is_empty() {
            set("moderation_kind", row.moderation_kind.clone().into());
            set("moderation_status", row.moderation_status.clone().into());
        }
        Ok(item.into())
    }

    /// The name, the id, the folder, and the fields that are named.
    pub(super) fn picked(&self, row: &ResourceRow, fields: &[&str]) -> Object {
        let mut whole = full(&self.site().asset(row), row);
        let mut picked = Object::new();
        for field in ["public_id", "asset_id", "folder"].iter().chain(fields) {
            if let Some(value) = whole.remove(*field) {
                picked.insert((*field).to_owned(), value);
            }
        }
        picked
    }
}

/// Tags in the order of the alphabet.
pub(super) fn sorted_tags(row: &ResourceRow) -> Value {
    let mut tags = row.facts.tags.clone();
    tags.sort();
    tags.into()
}

/// An asset as the admin API shows it alone.
pub(super) fn full(asset: &Object, row: &ResourceRow) -> Object {
    let mut shown = asset.clone();
    shown.insert("tags".to_owned(), sorted_tags(row));
    if !row.moderation_kind.is_empty() {
        shown.insert("moderation".to_owned(), json!([moderation(row)]));
        shown.insert("moderation_kind".to_owned(), row.moderation_kind.clone().into());
        shown.insert("moderation_status".to_owned(), row.moderation_status.clone().into());
    }
    shown
}
