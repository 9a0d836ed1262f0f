//! `generate_archive`: many files in one, ZIP or gzipped tape archive, stored as a raw asset or sent at once.

use std::collections::HashSet;

use axum::response::Response;

use super::{
    Call,
    caller::{self, Caller, Signing},
    files,
    form::Sent,
    jobs,
    reply::Refusal,
    tgz, upload,
};
use crate::{
    blob,
    dialect::cloudinary::{
        call::{self, Action},
        intake::extension_of,
        naming,
        params::{Form, UploadParams},
        transformation::Eager,
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
    let format = match form.text("target_format") {
        None | Some("zip") => "zip",
        Some("tgz") => "tgz",
        Some(other) => {
            let expected = "zip or tgz";
            return Err(Refusal::bad(format!(
                "Invalid value for parameter target_format: {other} (expected {expected})"
            )));
        }
    };
    let made = Transformed::read(form)?;
    let rows = wanted(state, account, kind, form).await?;
    if rows.is_empty() {
        return Err(Refusal::new(404, "No resources found for archive"));
    }
    let files = files_of(state, &caller, &rows, &made).await?;
    let names = names(&files, form)?;
    let mut archive = Archive::new(format, state.blobs.writer(state.limits.max_picture_bytes));
    for (file, name) in files.iter().zip(&names) {
        archive.add(name, &state.blobs.get(&file.sha256).await?).await?;
    }
    let blob = archive.finish().await?;
    let target = form.text("target_public_id").map_or_else(naming::made_up, str::to_owned);
    if form.text("mode") == Some("download") {
        return files::attachment(state, &blob.sha256, &target, format).await;
    }
    let tags = form.comma_list("target_tags").join(",");
    let fields = [
        ("public_id", with_extension(&target, format)),
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
        made_by: format!("{} {}", rows.len(), files.len()),
        form: fields.0,
    };
    let pending = (params.asynchronous == Some(true)).then(|| jobs::pending(&wanted));
    let job = wanted.job(Source::Blob { sha256: blob.sha256, asset: None }, Accepts::Unread, Vec::new())?;
    if let Some(pending) = pending {
        return jobs::accept(state, account, job).await.map(|_| pending);
    }
    jobs::answer(&caller, &jobs::run(state, account, job).await?)
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

/// The transformations whose results go into the archive in the place of originals.
struct Transformed {
    texts: Vec<String>,
    flatten: bool,
    unnamed: bool,
}

impl Transformed {
    fn read(form: &Form) -> Result<Transformed, Refusal> {
        let texts: Vec<String> =
            form.list("transformations").into_iter().flat_map(|list| list.split('|')).map(str::to_owned).collect();
        for text in &texts {
            Eager::parse(text).map_err(|error| Refusal::bad(error.to_string()))?;
        }
        Ok(Transformed {
            texts,
            flatten: form.boolean("flatten_transformations")? == Some(true),
            unnamed: form.boolean("skip_transformation_name")? == Some(true),
        })
    }
}

/// A file that goes into the archive.
struct File<'a> {
    row: &'a ResourceRow,
    sha256: String,
    extension: String,
    /// The transformation as folder and as the name's end.
    folder: String,
    end: String,
}

/// The originals, or the results of all transformations of those that are images; they are kept as those of deliveries.
async fn files_of<'a>(
    state: &State,
    caller: &Caller,
    rows: &'a [ResourceRow],
    made: &Transformed,
) -> Result<Vec<File<'a>>, Refusal> {
    let original = |row: &'a ResourceRow| File {
        row,
        sha256: row.sha256.clone(),
        extension: if row.key.kind == "raw" { String::new() } else { row.format.clone() },
        folder: String::new(),
        end: String::new(),
    };
    if made.texts.is_empty() {
        return Ok(rows.iter().map(original).collect());
    }
    if rows.len() * made.texts.len() > MAX_FILES {
        return Err(Refusal::bad(format!("The archive would hold more than {MAX_FILES} files")));
    }
    let site = upload::site(state, caller);
    let mut files = Vec::new();
    for row in rows {
        if row.key.kind != "image" {
            files.push(original(row));
            continue;
        }
        for text in &made.texts {
            let eager = Eager::parse(text).map_err(|error| Refusal::bad(error.to_string()))?;
            let transformation = eager.transformation.to_string();
            let extension = Some(eager.extension_name()).filter(|name| !name.is_empty());
            let (url, _) = site.urls(row, &transformation, extension);
            let path = url.split_once(site.host).map_or("", |(_, path)| path);
            let found = state.delivery.made(path).await.map_err(|(status, message)| match status {
                400 | 401 | 404 => Refusal::new(status, message),
                _ => Refusal::new(500, format!("General Error: {message}")),
            })?;
            let name = transformation.replace('/', "_");
            let (folder, end) = match (made.unnamed, made.flatten) {
                (true, _) => (String::new(), String::new()),
                (false, true) => (String::new(), format!("_{name}")),
                (false, false) => (format!("{name}/"), String::new()),
            };
            files.push(File {
                row,
                sha256: found.sha256,
                extension: extension_of(&found.format).to_owned(),
                folder,
                end,
            });
        }
    }
    Ok(files)
}

/// The names of files in the archive; no two are the same.
fn names(files: &[File<'_>], form: &Form) -> Result<Vec<String>, Refusal> {
    let flatten = form.boolean("flatten_folders")? == Some(true);
    let original = form.boolean("use_original_filename")? == Some(true);
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(files.len());
    for File { row, extension, folder, end, .. } in files {
        let (place, last) = naming::split(&row.key.public_id);
        let last = if original && !row.filename.is_empty() { row.filename.as_str() } else { last };
        let place = if flatten || place.is_empty() { String::new() } else { format!("{place}/") };
        let stem = format!("{folder}{place}{last}{end}");
        let extension = if extension.is_empty() { String::new() } else { format!(".{extension}") };
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

fn with_extension(name: &str, extension: &str) -> String {
    if name.ends_with(&format!(".{extension}")) { name.to_owned() } else { format!("{name}.{extension}") }
}

/// An archive of either format.
enum Archive {
    Zip(Box<zip::Archive>),
    Tgz(Box<tgz::Archive>),
}

impl Archive {
    fn new(format: &str, writer: blob::Writer) -> Archive {
        match format {
            "tgz" => Archive::Tgz(Box::new(tgz::Archive::new(writer))),
            _ => Archive::Zip(Box::new(zip::Archive::new(writer))),
        }
    }

    async fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), blob::Error> {
        match self {
            Archive::Zip(archive) => archive.add(name, bytes).await,
            Archive::Tgz(archive) => archive.add(name, bytes).await,
        }
    }

    async fn finish(self) -> Result<blob::BlobRef, blob::Error> {
        match self {
            Archive::Zip(archive) => archive.finish().await,
            Archive::Tgz(archive) => archive.finish().await,
        }
    }
}
