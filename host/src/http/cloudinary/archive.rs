//! `generate_archive`: many files in one ZIP, stored as a raw asset or sent at once.

use std::collections::HashSet;

use axum::response::Response;

use super::{
    Call,
    caller::{self, Signing},
    files,
    form::Sent,
    jobs,
    reply::Refusal,
    upload,
};
use crate::{
    dialect::cloudinary::{
        call::{self, Action},
        naming,
        params::{Form, UploadParams},
    },
    http::State,
    job::Accepts,
    source::Source,
    store::{Column, Direction, Filter, ResourceQuery, ResourceRow, Test, ValueClass},
    zip,
};

/// Files of one archive, at most.
const MAX_FILES: usize = 1000;

pub(super) async fn generate(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let signing = Signing { lists: false, may_be_unsigned: false };
    let caller = caller::signed(&call.state, &call.cloud, &call.headers, &sent.form, signing).await?;
    let (state, form) = (&call.state, &sent.form);
    let account = caller.account.key.as_str();
    let now = crate::clock::micros(state.clock.now()) / 1_000_000;
    if form.whole("expires_at")?.is_some_and(|end| end < now) {
        return Err(Refusal::new(401, "The address has expired"));
    }
    match form.text("target_format") {
        None | Some("zip") => {}
        Some(other) => {
            return Err(Refusal::bad(format!("Invalid value for parameter target_format: {other} (expected zip)")));
        }
    }
    if form.has("transformations") {
        return Err(Refusal::bad("Archives hold originals: transformations cannot be put into one"));
    }
    let rows = wanted(state, account, kind, form).await?;
    if rows.is_empty() {
        return Err(Refusal::new(404, "No resources found for archive"));
    }
    let names = names(&rows, form)?;
    let mut archive = zip::Archive::new(state.blobs.writer(state.limits.max_picture_bytes));
    for (row, name) in rows.iter().zip(&names) {
        archive.add(name, &state.blobs.get(&row.sha256).await?).await?;
    }
    let blob = archive.finish().await?;
    let target = form.text("target_public_id").map_or_else(naming::made_up, str::to_owned);
    if form.text("mode") == Some("download") {
        return files::attachment(state, &blob.sha256, &target, "zip").await;
    }
    let tags = form.comma_list("target_tags").join(",");
    let fields = [
        ("public_id", if target.ends_with(".zip") { target.clone() } else { format!("{target}.zip") }),
        ("tags", tags),
        ("asset_folder", form.text("target_asset_folder").unwrap_or_default().to_owned()),
        ("notification_url", form.text("notification_url").unwrap_or_default().to_owned()),
        ("async", form.text("async").unwrap_or_default().to_owned()),
        ("batch_id", form.text("batch_id").unwrap_or_default().to_owned()),
    ];
    let fields = Form::new(fields.into_iter().filter(|(_, value)| !value.is_empty()));
    let params = UploadParams::parse(&fields)?;
    upload::check_notified(state, &params)?;
    let wanted = call::Call {
        action: Action::Archive,
        origin: upload::origin(&call, &caller, &params),
        kind: "raw".to_owned(),
        delivery: "upload".to_owned(),
        name: params.full_public_id().unwrap_or(target),
        named: true,
        filename: String::new(),
        made_by: rows.len().to_string(),
        form: fields.0,
    };
    let pending = (params.asynchronous == Some(true)).then(|| jobs::pending(&wanted));
    let job = wanted.job(Source::Blob { sha256: blob.sha256, asset: None }, Accepts::Unread, Vec::new())?;
    let id = jobs::accept(state, account, job).await?;
    if let Some(pending) = pending {
        return Ok(pending);
    }
    jobs::answer(state, &caller, &jobs::end(state, account, id).await?)
}

/// The assets that a call names, by name, each once.
async fn wanted(state: &State, account: &str, kind: &str, form: &Form) -> Result<Vec<ResourceRow>, Refusal> {
    let is = |column, text: &str| Filter::Column(column, Test::Is(text.to_owned()));
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<String>>();
    let mut any = Vec::new();
    let ids = owned(form.list("public_ids"));
    if !ids.is_empty() {
        any.push(Filter::Column(Column::PublicId, Test::OneOf(ids)));
    }
    for tag in form.comma_list("tags") {
        any.push(Filter::Value { class: ValueClass::Tag, name: Some(Test::Is(tag.to_owned())), value: None });
    }
    for prefix in form.list("prefixes") {
        any.push(Filter::Column(Column::PublicId, Test::Prefix(prefix.to_owned())));
    }
    let mut filter = vec![Filter::Any(any)];
    if kind != "all" {
        filter.push(is(Column::Kind, kind));
    }
    if let Some(delivery) = form.text("type") {
        filter.push(is(Column::Delivery, delivery));
    }
    let mut all = vec![Filter::All(filter)];
    for full in form.list("fully_qualified_public_ids") {
        let mut parts = full.splitn(3, '/');
        if let (Some(kind), Some(delivery), Some(id)) = (parts.next(), parts.next(), parts.next()) {
            let parts = [is(Column::Kind, kind), is(Column::Delivery, delivery), is(Column::PublicId, id)];
            all.push(Filter::All(parts.into()));
        }
    }
    let mut query = ResourceQuery {
        filter: Filter::Any(all),
        order: vec![(Column::PublicId, Direction::Ascending)],
        cursor: None,
        limit: 500,
    };
    let mut found = Vec::new();
    loop {
        let page = state.store.resources(account, query.clone()).await?;
        found.extend(page.items);
        if found.len() > MAX_FILES {
            return Err(Refusal::bad(format!("The archive would hold more than {MAX_FILES} files")));
        }
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    let asked: HashSet<&str> = form.list("public_ids").into_iter().collect();
    let missing = asked.iter().find(|id| !found.iter().any(|row| row.key.public_id == **id));
    match missing {
        Some(id) if form.boolean("allow_missing")? != Some(true) => Err(Refusal::no_resource(id)),
        _ => Ok(found),
    }
}

/// The names of files in the archive; no two are the same.
fn names(rows: &[ResourceRow], form: &Form) -> Result<Vec<String>, Refusal> {
    let flatten = form.boolean("flatten_folders")? == Some(true);
    let original = form.boolean("use_original_filename")? == Some(true);
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(rows.len());
    for row in rows {
        let (folder, last) = naming::split(&row.key.public_id);
        let last = if original && !row.filename.is_empty() { row.filename.as_str() } else { last };
        let stem = if flatten || folder.is_empty() { last.to_owned() } else { format!("{folder}/{last}") };
        let extension = match row.key.kind.as_str() {
            "raw" => String::new(),
            _ if row.format.is_empty() => String::new(),
            _ => format!(".{}", row.format),
        };
        let mut name = format!("{stem}{extension}");
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{stem}_{number}{extension}");
        }
        names.push(name);
    }
    Ok(names)
}
