//! `transformations`: named ones, and those that results were made with.

use serde_json::{Value, json};

use super::{Admin, with_cursor};
use crate::{
    dialect::cloudinary::{
        answer::derived_name,
        named::{self, Named, Used},
        transformation::Eager,
    },
    http::cloudinary::reply::Refusal,
    store::{
        Change, Column, DerivedQuery, DerivedRow, DocumentQuery, DocumentRow, Filter, ResourceQuery, ResourceRow, Test,
    },
};

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &str) -> Result<Value, Refusal> {
    // Older SDKs have the transformation in the path, newer ones among the parameters.
    let text = if path.is_empty() { admin.form.text("transformation").unwrap_or_default() } else { path };
    match method {
        "GET" if text.is_empty() => list(admin).await,
        "GET" => one(admin, text).await,
        "POST" => create(admin, path).await,
        "PUT" => update(admin, text).await,
        "DELETE" => delete(admin, text).await,
        _ => Err(admin.no_route(&["transformations", path])),
    }
}

fn not_found(text: &str) -> Refusal {
    Refusal::new(404, format!("Transformation not found - {text}"))
}

async fn list(admin: &Admin) -> Result<Value, Refusal> {
    const NAMED: &str = "n:";
    const USED: &str = "u:";
    let wanted = admin.form.boolean("named")?;
    let limit = admin.page()?;
    let cursor = admin.cursor();
    // Named ones come first; the cursor says in which of the two lists it is.
    let (mut in_named, mut place) = match cursor.as_deref() {
        None => (wanted != Some(false), None),
        Some(cursor) => match (cursor.strip_prefix(NAMED), cursor.strip_prefix(USED)) {
            (Some(rest), _) => (true, Some(rest.to_owned())),
            (None, Some(rest)) => (false, Some(rest.to_owned()).filter(|rest| !rest.is_empty())),
            (None, None) => return Err(crate::store::Error::BadCursor.into()),
        },
    };
    let mut shown: Vec<Value> = Vec::new();
    loop {
        let class = if in_named { named::NAMED } else { named::USED };
        let left = limit - shown.len() as u32;
        let query = DocumentQuery { class: class.to_owned(), cursor: place.take(), limit: left, ..Default::default() };
        let page = admin.state().store.documents(admin.account(), query).await?;
        shown.extend(page.items.iter().map(summary));
        let prefix = if in_named { NAMED } else { USED };
        let both = in_named && wanted.is_none();
        let next = match page.next {
            Some(next) => Some(format!("{prefix}{next}")),
            None if both && shown.len() < limit as usize => {
                in_named = false;
                continue;
            }
            None => both.then(|| USED.to_owned()),
        };
        return Ok(with_cursor(json!({"transformations": shown}), next));
    }
}

fn summary(row: &DocumentRow) -> Value {
    if row.class == named::NAMED {
        let known: Named = serde_json::from_value(row.body.clone()).unwrap_or_default();
        json!({
            "name": format!("t_{}", row.name), "allowed_for_strict": known.allowed_for_strict, "used": known.used,
            "named": true,
        })
    } else {
        let known: Used = serde_json::from_value(row.body.clone()).unwrap_or_default();
        json!({"name": row.name, "allowed_for_strict": known.allowed_for_strict, "used": true, "named": false})
    }
}

/// A named transformation, found with or without `t_`.
async fn find_named(admin: &Admin, text: &str) -> Result<Option<DocumentRow>, Refusal> {
    let store = &admin.state().store;
    if let Some(found) = store.document(admin.account(), named::NAMED, text).await? {
        return Ok(Some(found));
    }
    match text.strip_prefix("t_") {
        Some(name) => Ok(store.document(admin.account(), named::NAMED, name).await?),
        None => Ok(None),
    }
}

fn parse(text: &str) -> Result<Eager, Refusal> {
    Eager::parse(text).map_err(|error| Refusal::bad(error.to_string()))
}

/// A transformation that results were made with.
async fn find_used(admin: &Admin, text: &str) -> Result<Option<DocumentRow>, Refusal> {
    let Ok(eager) = Eager::parse(text) else { return Ok(None) };
    Ok(admin.state().store.document(admin.account(), named::USED, &eager.to_string()).await?)
}

async fn one(admin: &Admin, text: &str) -> Result<Value, Refusal> {
    let named = find_named(admin, text).await?;
    let found = match named {
        Some(found) => Some(found),
        None => find_used(admin, text).await?,
    };
    let found = found.ok_or_else(|| not_found(text))?;
    let mut shown = summary(&found);
    let definition = match found.class.as_str() {
        named::NAMED => serde_json::from_value::<Named>(found.body.clone()).unwrap_or_default().definition,
        _ => found.name.clone(),
    };
    if let Value::Object(shown) = &mut shown {
        shown.insert("name".to_owned(), found.name.clone().into());
        shown.insert("info".to_owned(), parse(&definition)?.info().into());
    }
    let made_with = if found.class == named::NAMED { format!("t_{}", found.name) } else { definition };
    let (derived, next) = derived(admin, &made_with).await?;
    shown["derived"] = derived.into();
    Ok(with_cursor(shown, next))
}

/// The results that were made with it.
async fn derived(admin: &Admin, text: &str) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let eager = parse(text)?;
    let query = DerivedQuery {
        transformation: Some(eager.transformation.to_string()),
        cursor: admin.cursor(),
        limit: admin.page()?,
        ..DerivedQuery::default()
    };
    let page = admin.state().store.derived_list(admin.account(), query).await?;
    let ids: Vec<String> = page.items.iter().map(|one| one.resource.simple().to_string()).collect();
    let query =
        ResourceQuery { filter: Filter::Column(Column::Id, Test::OneOf(ids)), limit: 500, ..ResourceQuery::default() };
    let resources = admin.state().store.resources(admin.account(), query).await?.items;
    let of = |one: &DerivedRow| -> Option<Value> {
        let row: &ResourceRow = resources.iter().find(|row| row.id == one.resource)?;
        let mut shown = admin.site().derived(row, one);
        shown.remove("transformation");
        for (name, value) in
            [("public_id", &row.key.public_id), ("resource_type", &row.key.kind), ("type", &row.key.delivery)]
        {
            shown.insert(name.to_owned(), value.clone().into());
        }
        Some(shown.into())
    };
    let wanted = page.items.iter().filter(|one| one.extension == eager.extension_name());
    Ok((wanted.filter_map(of).collect(), page.next))
}

async fn create(admin: &Admin, path: &str) -> Result<Value, Refusal> {
    let (name, definition) = match (admin.form.text("name"), path) {
        (Some(name), _) => (name, admin.required("transformation")?),
        (None, "") => return Err(Refusal::bad("Missing required parameter - name")),
        (None, path) => (path, admin.required("transformation")?),
    };
    let name = name.strip_prefix("t_").unwrap_or(name);
    if !named::is_name(name) {
        let expected = "1 to 255 letters, digits, _, - and spaces";
        return Err(Refusal::bad(format!("Invalid value for parameter name: {name} (expected {expected})")));
    }
    parse(definition)?;
    let body = Named {
        definition: definition.to_owned(),
        allowed_for_strict: admin.form.boolean("allowed_for_strict")?.unwrap_or(true),
        used: false,
    };
    let row = document(admin, named::NAMED, name, &body);
    let made = admin.state().store.change(vec![Change::PutDocument { row, new: true }], Vec::new()).await;
    match made {
        Err(crate::store::Error::Exists { .. }) => {
            Err(Refusal::new(409, format!("Transformation {name} already exists")))
        }
        made => {
            made?;
            Ok(json!({"message": "created"}))
        }
    }
}

fn document(admin: &Admin, class: &str, name: &str, body: &impl serde::Serialize) -> DocumentRow {
    let now = admin.state().clock.now();
    DocumentRow {
        account: admin.account().to_owned(),
        class: class.to_owned(),
        name: name.to_owned(),
        body: serde_json::to_value(body).unwrap_or_default(),
        created_at: now,
        updated_at: now,
    }
}

async fn update(admin: &Admin, text: &str) -> Result<Value, Refusal> {
    let strict = admin.form.boolean("allowed_for_strict")?;
    let unsafe_update = admin.form.text("unsafe_update");
    let mut changes = Vec::new();
    if let Some(found) = find_named(admin, text).await? {
        let mut known: Named = serde_json::from_value(found.body).unwrap_or_default();
        if let Some(definition) = unsafe_update {
            parse(definition)?;
            known.definition = definition.to_owned();
            // What was made by the old definition is made anew.
            changes.extend(results_of(admin, &format!("t_{}", found.name)).await?);
        }
        known.allowed_for_strict = strict.unwrap_or(known.allowed_for_strict);
        changes.push(Change::PutDocument { row: document(admin, named::NAMED, &found.name, &known), new: false });
    } else {
        let name = match find_used(admin, text).await? {
            Some(found) => found.name,
            None => return Err(not_found(text)),
        };
        let known = Used { allowed_for_strict: strict.unwrap_or(false) };
        changes.push(Change::PutDocument { row: document(admin, named::USED, &name, &known), new: false });
    }
    admin.state().store.change(changes, Vec::new()).await?;
    Ok(json!({"message": "updated"}))
}

async fn delete(admin: &Admin, text: &str) -> Result<Value, Refusal> {
    let (found, made_with) = match find_named(admin, text).await? {
        Some(found) => {
            let made_with = format!("t_{}", found.name);
            (found, made_with)
        }
        None => {
            let found = find_used(admin, text).await?.ok_or_else(|| not_found(text))?;
            let made_with = found.name.clone();
            (found, made_with)
        }
    };
    let mut changes = results_of(admin, &made_with).await?;
    changes.push(Change::DropDocument { account: found.account, class: found.class, name: found.name });
    admin.state().store.change(changes, Vec::new()).await?;
    Ok(json!({"message": "deleted"}))
}

/// Forgets the results that were made with exactly this.
async fn results_of(admin: &Admin, text: &str) -> Result<Vec<Change>, Refusal> {
    let eager = parse(text)?;
    let wanted = eager.to_string();
    let mut query =
        DerivedQuery { transformation: Some(eager.transformation.to_string()), limit: 500, ..DerivedQuery::default() };
    let mut changes = Vec::new();
    loop {
        let page = admin.state().store.derived_list(admin.account(), query.clone()).await?;
        let gone = page.items.into_iter().filter(|one| derived_name(one) == wanted.trim_end_matches('/'));
        changes.extend(gone.map(|one| Change::DropDerived { account: one.account, id: one.id }));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(changes),
        }
    }
}
