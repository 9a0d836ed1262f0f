//! Transformations that are made with an upload or ahead of their delivery, and the one before storing.

use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answer::{Object, Site, fact},
    apart, breakpoints,
    call::{Action, Call, Origin},
    engine::{Outcome, storage},
    evaluate::Facts,
    geometry::{Rect, Size},
    intake::extension_of,
    named,
    params::{EagerItem, UploadParams},
    recipe,
    transformation::Extension,
};
use crate::{
    error::Failure,
    job::{JobError, OutputReport, OutputState},
    store::{Change, DerivedRow, JobRow, ResourceRow, Store},
};

/// The ids of so many outputs.
pub(super) fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("eager-{index}"))
}

/// Adds what is stored of an asset.
pub fn known(facts: &mut Facts, row: &ResourceRow) {
    facts.tags.extend(row.facts.tags.iter().cloned());
    for (key, value) in &row.facts.context {
        facts.context.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    facts.metadata = row.facts.metadata.iter().map(|(field, value)| (field.clone(), text(value))).collect();
    for (rects, key) in [(&mut facts.faces, fact::FACES), (&mut facts.custom, fact::CUSTOM)] {
        if rects.is_empty() {
            rects.extend(row.facts.extra.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(rect));
        }
    }
}

fn rect(value: &Value) -> Option<Rect> {
    let numbers: Vec<u32> =
        value.as_array()?.iter().filter_map(|number| u32::try_from(number.as_u64()?).ok()).collect();
    match numbers[..] {
        [x, y, width, height] => Some(Rect { x, y, size: Size::new(width, height) }),
        _ => None,
    }
}

/// What a job has made for a resource.
pub(super) struct Results<'a> {
    pub(super) params: &'a UploadParams,
    pub(super) job: &'a JobRow,
    pub(super) row: &'a ResourceRow,
    pub(super) store: &'a dyn Store,
    pub(super) site: &'a Site<'a>,
    pub(super) at: SystemTime,
}

impl Results<'_> {
    /// Adds to the answer what was made at once and what is made later; what changes.
    pub(super) async fn tell(&self, answer: &mut Object, call: &Call) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        if !self.params.eager.is_empty() && self.row.key.kind == "image" {
            if self.params.eager_async == Some(true) {
                let (told, job) = later(self.params, call, self.row, self.site)?;
                answer.extend(told);
                changes.push(job);
            } else {
                let (told, results) = self.eager().await?;
                answer.insert("eager".to_owned(), told.into());
                changes.extend(results);
            }
        }
        if !self.params.responsive_breakpoints.is_empty() && self.row.key.kind == "image" {
            let (told, results) = self.breakpoints().await?;
            answer.insert("responsive_breakpoints".to_owned(), told.into());
            changes.extend(results);
        }
        Ok(changes)
    }

    /// The eager outputs: what is told of them, and what changes.
    async fn eager(&self) -> Result<(Vec<Value>, Vec<Change>), Failure> {
        let (mut told, mut changes) = (Vec::new(), Vec::new());
        for (item, id) in self.params.eager.iter().zip(ids(self.params.eager.len())) {
            let Some(output) = self.job.report.outputs.iter().find(|output| output.id == id) else { continue };
            if output.state != OutputState::Succeeded {
                told.push(failed(item, output.error.as_ref()));
                continue;
            }
            let transformation = item.eager.transformation.to_string();
            let derived = self.derived(output, transformation, item.eager.extension_name());
            told.push(made(item, &derived, self.row, self.site));
            changes.extend(self.kept(derived, &item.eager.to_string()).await?);
        }
        Ok((told, changes))
    }

    /// The widths that lie far enough apart.
    async fn breakpoints(&self) -> Result<(Vec<Value>, Vec<Change>), Failure> {
        let (mut told, mut changes) = (Vec::new(), Vec::new());
        let sets = &self.params.responsive_breakpoints;
        for (index, set) in sets.iter().enumerate() {
            let kept = breakpoints::chosen(sets, index, &self.job.report.outputs);
            told.push(breakpoints::told(set, &kept, self.row, self.site));
            for one in kept.iter().filter(|_| set.create_derived) {
                let extension = set.format.map_or("", |format| format.name());
                let derived = self.derived(one.output, breakpoints::canonical(set, one.width), extension);
                let name = super::answer::derived_name(&derived);
                changes.extend(self.kept(derived, &name).await?);
            }
        }
        Ok((told, changes))
    }

    fn derived(&self, output: &OutputReport, transformation: String, extension: &str) -> DerivedRow {
        let recipe = output.recipe.as_deref();
        DerivedRow {
            id: Uuid::new_v4(),
            account: self.row.key.account.clone(),
            resource: self.row.id,
            transformation,
            extension: extension.to_owned(),
            key: recipe.map(|recipe| recipe::key(&self.row.sha256, recipe)).unwrap_or_default(),
            sha256: output.sha256.clone().unwrap_or_default(),
            etag: output.md5.clone().unwrap_or_default(),
            bytes: output.bytes.unwrap_or_default(),
            format: extension_of(output.format.as_deref().unwrap_or_default()).to_owned(),
            width: output.width.unwrap_or_default(),
            height: output.height.unwrap_or_default(),
            created_at: self.at,
        }
    }

    /// Keeps a result and notes that its transformation is used. Nothing is kept for an asset that was there before and
    /// has other bytes by now.
    async fn kept(&self, derived: DerivedRow, name: &str) -> Result<Vec<Change>, Failure> {
        let read = self.job.report.source.as_ref();
        let is_stale = !self.job.spec.intake.keep && read.is_some_and(|source| source.sha256 != self.row.sha256);
        if is_stale {
            return Ok(Vec::new());
        }
        let used = named::used(self.store, &self.row.key.account, name, self.at).await.map_err(storage)?;
        Ok(used.into_iter().chain([Change::PutDerived(derived)]).collect())
    }
}

/// The extension of the address: the asked one, or that of the format; none when none is asked for.
fn extension<'a>(item: &EagerItem, format: &'a str) -> Option<&'a str> {
    match item.eager.extension {
        Some(Extension::None) => None,
        Some(Extension::Name(name)) => Some(name.name()),
        None => Some(format).filter(|format| !format.is_empty()),
    }
}

/// The transformation of an item without the format at its end, as it stands in addresses.
fn transformation_text(item: &EagerItem) -> &str {
    match item.eager.extension {
        None => &item.text,
        Some(_) => item.text.rsplit_once('/').map_or("", |(transformation, _)| transformation),
    }
}

fn made(item: &EagerItem, derived: &DerivedRow, row: &ResourceRow, site: &Site<'_>) -> Value {
    let (url, secure_url) = site.urls(row, transformation_text(item), extension(item, &derived.format));
    json!({
        "transformation": item.text, "width": derived.width, "height": derived.height, "bytes": derived.bytes,
        "format": derived.format, "url": url, "secure_url": secure_url,
    })
}

fn failed(item: &EagerItem, error: Option<&JobError>) -> Value {
    failed_as(item, error.map_or("It was not made", |error| error.message.as_str()))
}

/// What is told of one that was not made.
pub(super) fn failed_as(item: &EagerItem, reason: &str) -> Value {
    json!({"transformation": item.text, "status": "failed", "reason": reason})
}

/// What is told of transformations that are made later, and the job that makes them.
pub fn later(
    params: &UploadParams,
    call: &Call,
    row: &ResourceRow,
    site: &Site<'_>,
) -> Result<(Object, Change), Failure> {
    let batch_id = call.origin.batch_id.clone().unwrap_or_else(Origin::new_batch_id);
    let eager: Vec<Value> = params
        .eager
        .iter()
        .map(|item| {
            let (url, secure_url) = site.urls(row, transformation_text(item), extension(item, &row.format));
            json!({
                "transformation": item.text, "status": "processing", "batch_id": batch_id, "url": url,
                "secure_url": secure_url,
            })
        })
        .collect();
    let mut told = Object::new();
    told.insert("eager".to_owned(), eager.into());
    told.insert("batch_id".to_owned(), batch_id.clone().into());
    let notify = if params.eager_notification_url.is_empty() {
        &params.notification_url
    } else {
        &params.eager_notification_url
    };
    let call = Call {
        action: Action::Eager,
        origin: Origin { batch_id: Some(batch_id), notify: notify.clone(), ..call.origin.clone() },
        kind: row.key.kind.clone(),
        name: row.key.public_id.clone(),
        named: true,
        ..call.clone()
    };
    Ok((told, apart::submit(params, call, row)?))
}

/// The end of transformations that were made later. They are kept if the asset still has the same bytes.
pub(super) async fn ending(
    call: &Call,
    job: &JobRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<Outcome, Failure> {
    let params = call.params()?;
    let row = call.asset(&job.account, store).await?;
    let (told, changes) = Results { params: &params, job, row: &row, store, site, at }.eager().await?;
    Ok(Outcome { answer: ended(call, &row.id.simple().to_string(), told), changes })
}

/// What is told of transformations that were made later.
pub(super) fn ended(call: &Call, asset_id: &str, told: Vec<Value>) -> Object {
    let mut answer = Object::new();
    answer.insert("eager".to_owned(), told.into());
    answer.insert("asset_id".to_owned(), asset_id.into());
    answer.insert("public_id".to_owned(), call.name.clone().into());
    answer.insert("api_key".to_owned(), call.origin.api_key.clone().into());
    answer
}
