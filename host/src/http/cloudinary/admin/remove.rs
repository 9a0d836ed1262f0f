//! Deletes resources and results.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Admin, resources::key, with_cursor};
use crate::{
    dialect::cloudinary::transformation::Eager,
    http::cloudinary::reply::{Refusal, anew},
    store::{Change, Column, DerivedQuery, DerivedRow, Filter, ResourceKey, ResourceQuery, ResourceRow, Test},
};

/// Names of one call, at most.
const MAX_IDS: usize = 100;

/// Resources that one call deletes by a condition, at most.
const MAX_MATCHING: usize = 1000;

/// What became of each name, and how much of it went.
#[derive(Default)]
struct Removed {
    deleted: Map<String, Value>,
    counts: Map<String, Value>,
}

impl Removed {
    fn note(&mut self, name: &str, original: bool, derived: usize) {
        self.deleted.insert(name.to_owned(), "deleted".into());
        self.counts.insert(name.to_owned(), json!({"original": u8::from(original), "derived": derived}));
    }

    fn missing(&mut self, name: &str) {
        self.deleted.insert(name.to_owned(), "not_found".into());
        self.counts.insert(name.to_owned(), json!({"original": 0, "derived": 0}));
    }

    fn answer(self, partial: bool) -> Value {
        json!({"deleted": self.deleted, "deleted_counts": self.counts, "partial": partial})
    }
}

/// By `public_ids`, `prefix` or `all`.
pub(super) async fn listed(admin: &Admin, kind: &str, delivery: &str) -> Result<Value, Refusal> {
    let ids = admin.form.list("public_ids");
    if !ids.is_empty() {
        is_few(&ids, "public_ids")?;
        let mut removed = Removed::default();
        for id in ids {
            let key = key(admin, kind, delivery, id);
            match anew!(one(admin, &key).await)? {
                Some((original, derived)) => removed.note(id, original, derived),
                None => removed.missing(id),
            }
        }
        return Ok(removed.answer(false));
    }
    let mut filters = vec![super::list::of_kind(kind), Filter::Column(Column::Delivery, Test::Is(delivery.to_owned()))];
    match (admin.form.text("prefix"), admin.flag("all")?) {
        (Some(prefix), _) => filters.push(Filter::Column(Column::PublicId, Test::Prefix(prefix.to_owned()))),
        (None, true) => {}
        (None, false) => return Err(Refusal::bad("Missing required parameter - public_ids, prefix or all")),
    }
    matching(admin, Filter::All(filters)).await
}

pub(super) async fn by_asset_ids(admin: &Admin) -> Result<Value, Refusal> {
    let ids = admin.form.list("asset_ids");
    if ids.is_empty() {
        return Err(Refusal::bad("Missing required parameter - asset_ids"));
    }
    is_few(&ids, "asset_ids")?;
    let wanted = Test::OneOf(ids.iter().map(|id| (*id).to_owned()).collect());
    let query =
        ResourceQuery { filter: Filter::Column(Column::Id, wanted), limit: MAX_IDS as u32, ..Default::default() };
    let rows = admin.state().store.resources(admin.account(), query).await?.items;
    let mut removed = Removed::default();
    for id in ids {
        let found = rows.iter().find(|row| row.id.simple().to_string() == id);
        let done = match found {
            Some(row) => anew!(one(admin, &row.key).await)?,
            None => None,
        };
        match done {
            Some((original, derived)) => removed.note(id, original, derived),
            None => removed.missing(id),
        }
    }
    Ok(removed.answer(false))
}

/// All that pass, up to the most of one call; the cursor tells that there are more.
pub(super) async fn matching(admin: &Admin, filter: Filter) -> Result<Value, Refusal> {
    let mut query = ResourceQuery { filter, limit: 500, cursor: admin.cursor(), ..Default::default() };
    let mut removed = Removed::default();
    loop {
        let page = admin.state().store.resources(admin.account(), query.clone()).await?;
        for row in &page.items {
            match anew!(one(admin, &row.key).await)? {
                Some((original, derived)) => removed.note(&row.key.public_id, original, derived),
                None => removed.missing(&row.key.public_id),
            }
        }
        match page.next {
            Some(next) if removed.deleted.len() >= MAX_MATCHING => {
                return Ok(with_cursor(removed.answer(true), Some(next)));
            }
            Some(next) => query.cursor = Some(next),
            None => return Ok(removed.answer(false)),
        }
    }
}

pub(super) fn is_few(ids: &[&str], field: &str) -> Result<(), Refusal> {
    if ids.len() <= MAX_IDS {
        return Ok(());
    }
    Err(Refusal::bad(format!("Too many {field}: {} (expected at most {MAX_IDS})", ids.len())))
}

/// Deletes one resource, or what was derived of it; answers whether the original went and how many results.
async fn one(admin: &Admin, key: &ResourceKey) -> Result<Option<(bool, usize)>, Refusal> {
    let Some(row) = admin.state().store.resource(key).await? else { return Ok(None) };
    let account = admin.account().to_owned();
    let derived = derived_of(admin, &row).await?;
    let wanted = admin.form.text("transformations").map(names).transpose()?;
    if let Some(wanted) = wanted {
        let named = |one: &&DerivedRow| {
            wanted.iter().any(|(text, extension)| *text == one.transformation && *extension == one.extension)
        };
        let gone: Vec<Change> = derived
            .iter()
            .filter(named)
            .map(|one| Change::DropDerived { account: account.clone(), id: one.id })
            .collect();
        let count = gone.len();
        admin.state().store.change(gone, Vec::new()).await?;
        return Ok(Some((false, count)));
    }
    let count = derived.len();
    if admin.flag("keep_original")? {
        let gone = Change::DropDerivedOf { account, resource: row.id };
        admin.state().store.change(vec![gone], Vec::new()).await?;
        return Ok(Some((false, count)));
    }
    let body = json!({"resources": [{
        "resource_type": row.key.kind, "type": row.key.delivery, "asset_id": row.id.simple().to_string(),
        "public_id": row.key.public_id, "version": row.version, "asset_folder": row.asset_folder,
        "display_name": row.display_name,
    }]});
    let owed = admin.notices("delete", body).await?;
    let gone = Change::DropResource { account, id: row.id, over: row.revision };
    admin.state().store.change(vec![gone], owed).await?;
    admin.state().delivery_ready.notify_one();
    Ok(Some((true, count)))
}

/// Transformations joined by `|`, each in canonical form with the format that it asks for.
fn names(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let parsed = Eager::parse_list(text).map_err(|error| Refusal::bad(error.to_string()))?;
    Ok(parsed.iter().map(|eager| (eager.transformation.to_string(), eager.extension_name().to_owned())).collect())
}

async fn derived_of(admin: &Admin, row: &ResourceRow) -> Result<Vec<DerivedRow>, Refusal> {
    let mut query = DerivedQuery { resource: Some(row.id), limit: 500, ..DerivedQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = admin.state().store.derived_list(admin.account(), query.clone()).await?;
        found.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// Results by their ids.
pub(super) async fn derived(admin: &Admin) -> Result<Value, Refusal> {
    let ids = admin.form.list("derived_resource_ids");
    if ids.is_empty() {
        return Err(Refusal::bad("Missing required parameter - derived_resource_ids"));
    }
    is_few(&ids, "derived_resource_ids")?;
    let (mut deleted, mut changes) = (Map::new(), Vec::new());
    for id in ids {
        let found = match Uuid::try_parse(id) {
            Ok(uuid) => admin.state().store.derived_by_id(admin.account(), uuid).await?,
            Err(_) => None,
        };
        deleted.insert(id.to_owned(), if found.is_some() { "deleted" } else { "not_found" }.into());
        changes.extend(found.map(|row| Change::DropDerived { account: row.account, id: row.id }));
    }
    admin.state().store.change(changes, Vec::new()).await?;
    Ok(json!({"deleted": deleted}))
}
