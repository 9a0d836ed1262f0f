//! A file becomes a resource: the end of an upload.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Cloudinary,
    analysis::Analyses,
    answer::{Object, Site, fact, shown_place},
    call::Call,
    eager::Results,
    engine::{Outcome, storage, unix},
    fields,
    geometry::Rect,
    naming,
    params::{AccessRule, MetadataValue, UploadParams},
    settings::Cloud,
    versions,
};
use crate::{
    error::{Code, Failure},
    job::{FILE, JobError, OutputReport},
    store::{Change, JobRow, ResourceRow, Store},
};

/// The output that is stored in the place of the source.
pub(super) const STORED: &str = "stored";

/// The bytes that become a resource.
struct Stored {
    sha256: String,
    etag: String,
    bytes: u64,
    format: String,
    width: u32,
    height: u32,
    pages: u32,
}

/// What the end of an upload changes and answers.
pub(super) async fn ending(
    dialect: &Cloudinary,
    call: &Call,
    job: &JobRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<Outcome, Failure> {
    let params = call.params()?;
    let stored = stored(job, &params)?;
    let extension = naming::extension(&call.filename);
    let kind = kind(call, &stored, extension.as_deref());
    let format = match kind {
        "image" => stored.format.clone(),
        _ => extension.clone().unwrap_or_default(),
    };
    is_allowed(&params, job, &format)?;
    let name = match (kind, call.named, &extension) {
        ("raw", false, Some(extension)) => format!("{}.{extension}", call.name),
        _ => call.name.clone(),
    };
    let key = call.key(&job.account, kind, &name);
    let previous = store.resource(&key).await.map_err(storage)?;
    let overwrite = params.overwrite.unwrap_or(!call.origin.unsigned) && !call.origin.unsigned;
    if let Some(previous) = previous.as_ref().filter(|_| !overwrite) {
        let mut answer = site.asset(previous);
        answer.insert("existing".to_owned(), true.into());
        return Ok(Outcome { answer, changes: Vec::new() });
    }
    let cloud = Cloud::of(store, &job.account, dialect.config).await.map_err(storage)?;
    if cloud.set.max_file_bytes.is_some() || cloud.set.max_storage_bytes.is_some() {
        let in_use = store.totals(&job.account).await.map_err(storage)?.bytes;
        let freed = match &previous {
            Some(previous) => {
                let kept = store.versions(&previous.key).await.map_err(storage)?;
                if versions::is_kept(previous, &kept) { 0 } else { previous.bytes }
            }
            None => 0,
        };
        let in_use = in_use.saturating_sub(freed);
        cloud.check_room(stored.bytes, in_use).map_err(|message| Failure::new(Code::InvalidRequest, message))?;
    }
    let (folder, shown_name) = shown_place(&name);
    let stem = naming::stem(params.filename_override.as_deref().unwrap_or(&call.filename)).to_owned();
    let new = ResourceRow::new(key, at);
    let mut row = ResourceRow {
        id: previous.as_ref().map_or(new.id, |previous| previous.id),
        version: unix(at),
        sha256: stored.sha256,
        etag: stored.etag,
        bytes: stored.bytes,
        format,
        width: stored.width,
        height: stored.height,
        pages: stored.pages,
        asset_folder: folder.clone(),
        folder,
        display_name: match params.use_filename_as_display_name {
            Some(true) if !stem.is_empty() => stem.clone(),
            _ => shown_name,
        },
        filename: if params.discard_original_filename == Some(true) { String::new() } else { stem },
        created_at: previous.as_ref().map_or(at, |previous| previous.created_at),
        ..new
    };
    row.facts.extra.insert(fact::VERSION_ID.to_owned(), Uuid::new_v4().simple().to_string().into());
    let metadata = fields::checked(store, &job.account, &params.metadata, false).await?;
    describe(&mut row, &params, metadata);
    fields::complete(store, &job.account, &mut row.facts.metadata).await?;
    limit_faces(&mut row);
    if kind == "image" {
        Analyses::of(&params).note(&mut row, job);
    }
    let mut answer = site.asset(&row);
    if previous.is_some() {
        answer.insert("overwritten".to_owned(), true.into());
    }
    asked(&mut answer, &row, &params);
    let over = previous.as_ref().map(|previous| previous.revision);
    let gone = previous.map(|row| Change::DropDerivedOf { account: row.key.account, resource: row.id });
    let mut changes = vec![Change::PutResource { row: Box::new(row.clone()), over }];
    changes.extend(gone);
    if params.backup == Some(true) {
        changes.push(versions::keep(&mut row));
    }
    changes.extend(Results { params: &params, job, row: &row, store, site, at }.tell(&mut answer, call).await?);
    if let Some(batch_id) = &call.origin.batch_id {
        answer.entry("batch_id").or_insert_with(|| batch_id.clone().into());
    }
    Ok(Outcome { answer, changes })
}

/// The output that is to be stored, or the source as it came: also when only a format is asked for and it is that
/// of the source.
fn stored(job: &JobRow, params: &UploadParams) -> Result<Stored, Failure> {
    let missing = |what: &str| Failure::new(Code::Internal, format!("the job's report has no {what}"));
    let came = job.report.source.as_ref().map(|source| extension_of(&source.format));
    let converts = params.transformation.is_some() || params.format.map(|format| format.reported()) != came;
    let output = job.report.outputs.iter().find(|output| output.id == STORED && converts);
    if let Some(OutputReport { sha256, md5, bytes, format, width, height, frames, .. }) = output {
        return Ok(Stored {
            sha256: sha256.clone().ok_or_else(|| missing("result"))?,
            etag: md5.clone().ok_or_else(|| missing("MD5"))?,
            bytes: bytes.unwrap_or_default(),
            format: extension_of(format.as_deref().unwrap_or_default()).to_owned(),
            width: width.unwrap_or_default(),
            height: height.unwrap_or_default(),
            pages: frames.unwrap_or(1),
        });
    }
    let source = job.report.source.as_ref().ok_or_else(|| missing("source"))?;
    let is_picture = source.format != FILE;
    Ok(Stored {
        sha256: source.sha256.clone(),
        etag: source.md5.clone().ok_or_else(|| missing("MD5"))?,
        bytes: source.bytes,
        format: if is_picture { extension_of(&source.format).to_owned() } else { String::new() },
        width: source.width,
        height: source.height,
        pages: if is_picture { source.frames.unwrap_or(1) } else { 0 },
    })
}

/// The engine's name of a format as clients know it.
pub fn extension_of(format: &str) -> &str {
    match format {
        "jpeg" => "jpg",
        other => other,
    }
}

fn kind(call: &Call, stored: &Stored, extension: Option<&str>) -> &'static str {
    match call.kind.as_str() {
        "image" => "image",
        "video" => "video",
        "raw" => "raw",
        _ if !stored.format.is_empty() => "image",
        _ if extension.is_some_and(naming::is_video) => "video",
        _ => "raw",
    }
}

/// Refuses formats that the request does not allow. Where it asks for one, a file of another is converted instead.
fn is_allowed(params: &UploadParams, job: &JobRow, format: &str) -> Result<(), Failure> {
    if params.allowed_formats.is_empty() || params.format.is_some() {
        return Ok(());
    }
    let came = job.report.source.as_ref().map_or(format, |source| extension_of(&source.format));
    let came = if came == FILE { format } else { came };
    if params.allowed_formats.iter().any(|allowed| extension_of(allowed) == came) {
        return Ok(());
    }
    let what =
        if job.report.source.as_ref().is_some_and(|source| source.format == FILE) { "File" } else { "Image file" };
    Err(Failure::new(Code::InvalidRequest, format!("{what} format {came} not allowed")))
}

/// Writes what a request says of a resource into its row; what it does not name stays.
///
/// `metadata` are the values that fit their fields ([`fields::checked`]).
pub fn describe(row: &mut ResourceRow, params: &UploadParams, metadata: Map<String, Value>) {
    for tag in &params.tags {
        if !row.facts.tags.contains(tag) {
            row.facts.tags.push(tag.clone());
        }
    }
    row.facts.context.extend(params.context.clone());
    fields::write(&mut row.facts.metadata, metadata);
    let texts = [(&params.asset_folder, &mut row.asset_folder), (&params.display_name, &mut row.display_name)];
    for (given, kept) in texts {
        if let Some(given) = given {
            kept.clone_from(given);
        }
    }
    if let Some(mode) = &params.access_mode {
        row.access_mode.clone_from(mode);
    }
    if let Some(kind) = params.moderation.first() {
        row.moderation_kind.clone_from(kind);
        row.moderation_status = "pending".to_owned();
    }
    let mut set = |name: &str, value: Value| row.facts.extra.insert(name.to_owned(), value);
    for (name, rects) in [(fact::FACES, &params.face_coordinates), (fact::CUSTOM, &params.custom_coordinates)] {
        if !rects.is_empty() {
            set(name, rects.iter().map(rect).collect());
        }
    }
    if let Some(regions) = &params.regions {
        set(fact::REGIONS, regions.clone());
    }
    if !params.headers.is_empty() {
        set(
            fact::HEADERS,
            params.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect(),
        );
    }
    if !params.access_control.is_empty() {
        set(fact::ACCESS_CONTROL, params.access_control.iter().map(access_rule).collect());
    }
}

/// A value of structured metadata as JSON.
pub fn metadata_value(value: &MetadataValue) -> Value {
    match value {
        MetadataValue::Text(text) => text.clone().into(),
        MetadataValue::List(list) => list.clone().into(),
    }
}

fn rect(rect: &Rect) -> Value {
    json!([rect.x, rect.y, rect.size.width, rect.size.height])
}

fn access_rule(rule: &AccessRule) -> Value {
    let mut shown = Object::new();
    let word = match rule.access_type {
        super::params::AccessType::Token => "token",
        super::params::AccessType::Anonymous => "anonymous",
    };
    shown.insert("access_type".to_owned(), word.into());
    for (name, time) in [("start", &rule.start), ("end", &rule.end)] {
        if let Some(time) = time {
            shown.insert(name.to_owned(), time.clone().into());
        }
    }
    shown.into()
}

/// Faces that come with an upload end with the picture: their sizes are limited to it, their places stay.
fn limit_faces(row: &mut ResourceRow) {
    let limits = [row.width, row.height];
    let Some(Value::Array(faces)) = row.facts.extra.get_mut(fact::FACES) else { return };
    for face in faces {
        let Value::Array(numbers) = face else { continue };
        for (number, limit) in numbers.iter_mut().skip(2).zip(limits) {
            if number.as_u64().is_some_and(|number| number > u64::from(limit)) {
                *number = limit.into();
            }
        }
    }
}

/// What a request asks to be told besides.
pub fn asked(answer: &mut Object, row: &ResourceRow, params: &UploadParams) {
    if params.faces == Some(true) {
        let faces = row.facts.extra.get(fact::FACES).cloned().unwrap_or_else(|| json!([]));
        answer.insert("faces".to_owned(), faces);
    }
    Analyses::of(params).tell(answer, row);
}

/// The first error of an output, if one failed.
pub fn first_error(job: &JobRow) -> Option<&JobError> {
    job.report.outputs.iter().find_map(|output| output.error.as_ref()).or(job.report.errors.first())
}
