//! Transformations that are made with an upload or ahead of their delivery, and the one before storing.

use std::{collections::BTreeMap, time::SystemTime};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answer::{Object, Site, fact},
    call::{Action, Call, Origin},
    engine::{Outcome, storage},
    evaluate::{Bounds, EvaluateError, Evaluated, Facts, Hints, evaluate},
    geometry::{Rect, Size},
    intake::{STORED, extension_of},
    lower::{self, Found, Lookup, Lowered, Missing, Wanted, lower},
    named,
    params::{EagerItem, UploadParams},
    transformation::{Eager, Extension, FormatName, Transformation},
};
use crate::{
    dialect::Work,
    error::{Code, Failure},
    job::{Accepts, Encoding, ImageSource, JobError, OutputState, Rendering, SourceReport, Step},
    source::Source,
    store::{Change, DerivedRow, JobRow, ResourceKey, ResourceRow, Store},
};

/// How often things are looked up, each time those that the last look led to.
const ROUNDS: usize = 32;

/// Things that one transformation may refer to.
const MOST: usize = 200;

/// The ids of the outputs that a call's parameters ask for.
pub fn output_ids(params: &UploadParams, stores: bool) -> Vec<String> {
    let stored = stores && (params.transformation.is_some() || params.format.is_some());
    let eager = if params.eager_async == Some(true) { 0 } else { params.eager.len() };
    stored.then(|| STORED.to_owned()).into_iter().chain(eager_ids(eager)).collect()
}

fn eager_ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("eager-{index}"))
}

/// Refuses what jobs cannot do: a page of its own for each eager transformation.
///
/// # Errors
/// The transformation.
pub fn check(params: &UploadParams) -> Result<(), super::params::ParamError> {
    let incoming = params.transformation.iter().map(|incoming| (&incoming.text, &incoming.transformation));
    let eager = params.eager.iter().map(|item| (&item.text, &item.eager.transformation));
    for (text, transformation) in incoming.chain(eager) {
        if !lower::rendering(transformation).is_default() {
            return Err(super::params::ParamError::Invalid {
                field: "eager",
                value: text.clone(),
                expected: "transformations without pages and density; these are made on delivery".to_owned(),
            });
        }
    }
    Ok(())
}

/// What the outputs of a job are, now that its source is known.
pub(super) async fn works(
    call: &Call,
    job: &JobRow,
    source: &SourceReport,
    store: &dyn Store,
) -> Result<Vec<Result<Work, Failure>>, Failure> {
    let params = call.params()?;
    let mut facts = facts(&params, source);
    if call.action != Action::Upload
        && let Some(row) = store.resource(&call.key(&job.account, &call.kind, &call.name)).await.map_err(storage)?
    {
        known(&mut facts, &row);
    }
    let mut base = Base {
        steps: Vec::new(),
        facts,
        format: source.format.clone(),
        frames: source.frames.unwrap_or(1),
        rendering: job.spec.rendering.clone(),
    };
    let mut works = Vec::new();
    for output in &job.spec.outputs {
        if output.id == STORED {
            let transformation = params.transformation.as_ref().map(|incoming| incoming.transformation.clone());
            let work = base.work(store, &job.account, &transformation.unwrap_or_default(), params.format).await;
            if let Ok((work, size)) = &work {
                base.steps.clone_from(&work.steps);
                base.facts.size = *size;
                if let Some(format) = &work.encoding.format {
                    base.format.clone_from(format);
                }
            }
            works.push(work.map(|(work, _)| work));
            continue;
        }
        let index = output.id.strip_prefix("eager-").and_then(|index| index.parse::<usize>().ok());
        let Some(item) = index.and_then(|index| params.eager.get(index)) else {
            return Err(Failure::new(Code::Internal, format!("the call says nothing of the output {}", output.id)));
        };
        let extension = match item.eager.extension {
            Some(Extension::Name(name)) => Some(name),
            Some(Extension::None) | None => None,
        };
        let work = base.work(store, &job.account, &item.eager.transformation, extension).await;
        works.push(work.map(|(work, _)| work));
    }
    Ok(works)
}

/// What transformations begin with: the source, or the result of the one before storing.
struct Base {
    steps: Vec<Step>,
    facts: Facts,
    format: String,
    frames: u32,
    /// How the job reads its source.
    rendering: Rendering,
}

impl Base {
    async fn work(
        &self,
        store: &dyn Store,
        account: &str,
        transformation: &Transformation,
        extension: Option<FormatName>,
    ) -> Result<(Work, Size), Failure> {
        let source = lower::Source { format: &self.format, frames: self.frames };
        let wanted = Wanted { extension, accept: None };
        let (lowered, evaluated) = lowered(store, account, transformation, &self.facts, source, wanted).await?;
        if lowered.rendering != self.rendering {
            let message = format!("{transformation}: pages and density are made on delivery");
            return Err(Failure::new(Code::InvalidParams, message));
        }
        let steps = self.steps.iter().cloned().chain(lowered.steps).collect();
        let format = lowered.encoding.format.or_else(|| Some(self.format.clone()));
        Ok((Work { steps, encoding: Encoding { format, ..lowered.encoding } }, evaluated.size))
    }
}

/// Looks up what a transformation refers to until it can be lowered.
///
/// # Errors
/// What is wrong with it, and failures of the store.
pub async fn lowered(
    store: &dyn Store,
    account: &str,
    transformation: &Transformation,
    facts: &Facts,
    source: lower::Source<'_>,
    wanted: Wanted<'_>,
) -> Result<(Lowered, Evaluated), Failure> {
    let mut lookup = Lookup::default();
    let mut looked_up = 0;
    for _ in 0..ROUNDS {
        let done = evaluate(transformation, facts, &lookup, Hints::default(), &Bounds::default())
            .and_then(|evaluated| Ok((lower(&evaluated, source, wanted, &lookup)?, evaluated)));
        let missing = lookup.missing();
        if missing.is_empty() {
            return done.map_err(|error| failure(&error));
        }
        looked_up += missing.len();
        if looked_up > MOST {
            break;
        }
        for what in missing {
            let found = look_up(store, account, &what).await?;
            lookup.insert(what, found.unwrap_or(Found::Nothing));
        }
    }
    let message = format!("the transformation refers to too much: at most {MOST} things, {ROUNDS} deep");
    Err(Failure::new(Code::InvalidParams, message))
}

fn failure(error: &EvaluateError) -> Failure {
    let code = match error {
        EvaluateError::MissingLayer(_) => Code::NotFound,
        EvaluateError::TooLarge { .. } => Code::ImageLimit,
        EvaluateError::Transformation(_) | EvaluateError::UnknownTransformation(_) => Code::InvalidParams,
    };
    Failure::new(code, error.to_string())
}

async fn look_up(store: &dyn Store, account: &str, what: &Missing) -> Result<Option<Found>, Failure> {
    let resource = async |kind: &str, delivery: &str, id: &str| {
        let key = ResourceKey {
            account: account.to_owned(),
            kind: kind.to_owned(),
            delivery: delivery.to_owned(),
            public_id: id.to_owned(),
        };
        store.resource(&key).await.map_err(storage)
    };
    Ok(match what {
        Missing::Named(name) => {
            let definition = named::definition(store, account, name).await.map_err(storage)?;
            definition.and_then(|text| Eager::parse(&text).ok()).map(|eager| Found::Named(eager.transformation))
        }
        Missing::Image(delivery, id) => {
            let mut found = resource("image", delivery, id).await?;
            if found.is_none()
                && let Some((stem, end)) = id.rsplit_once('.')
                && FormatName::from_name(end).is_some()
            {
                found = resource("image", delivery, stem).await?;
            }
            found.map(|row| Found::Image(ImageSource::Blob(row.sha256), Size::new(row.width, row.height)))
        }
        Missing::Component(id) => resource("raw", "authenticated", id).await?.map(|row| Found::Component(row.sha256)),
        // Tables and styles are read on delivery only.
        Missing::Table(_) | Missing::Style(_) => None,
    })
}

fn facts(params: &UploadParams, source: &SourceReport) -> Facts {
    Facts {
        pages: source.frames.unwrap_or(1),
        tags: params.tags.clone(),
        context: params.context.clone(),
        metadata: BTreeMap::new(),
        faces: params.face_coordinates.clone(),
        custom: params.custom_coordinates.clone(),
        ..Facts::of(Size::new(source.width, source.height))
    }
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

/// The results of a job's eager outputs: what is told of them, and what changes.
pub(super) async fn results(
    params: &UploadParams,
    job: &JobRow,
    row: &ResourceRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<(Vec<Value>, Vec<Change>), Failure> {
    let (mut told, mut changes) = (Vec::new(), Vec::new());
    for (item, id) in params.eager.iter().zip(eager_ids(params.eager.len())) {
        let Some(output) = job.report.outputs.iter().find(|output| output.id == id) else { continue };
        if output.state != OutputState::Succeeded {
            told.push(failed(item, output.error.as_ref()));
            continue;
        }
        let derived = DerivedRow {
            id: Uuid::new_v4(),
            account: row.key.account.clone(),
            resource: row.id,
            transformation: item.eager.transformation.to_string(),
            extension: item.eager.extension_name().to_owned(),
            sha256: output.sha256.clone().unwrap_or_default(),
            etag: output.md5.clone().unwrap_or_default(),
            bytes: output.bytes.unwrap_or_default(),
            format: extension_of(output.format.as_deref().unwrap_or_default()).to_owned(),
            width: output.width.unwrap_or_default(),
            height: output.height.unwrap_or_default(),
            created_at: at,
        };
        told.push(made(item, &derived, row, site));
        changes.extend(named::used(store, &row.key.account, &item.eager.to_string(), at).await.map_err(storage)?);
        changes.push(Change::PutDerived(derived));
    }
    Ok((told, changes))
}

/// The same for an asset that was there before: nothing is kept when it has other bytes by now.
pub(super) async fn results_of(
    params: &UploadParams,
    job: &JobRow,
    row: &ResourceRow,
    store: &dyn Store,
    site: &Site<'_>,
    at: SystemTime,
) -> Result<(Vec<Value>, Vec<Change>), Failure> {
    let (told, mut changes) = results(params, job, row, store, site, at).await?;
    if job.report.source.as_ref().is_some_and(|source| source.sha256 != row.sha256) {
        changes.clear();
    }
    Ok((told, changes))
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
    let reason = error.map_or("It was not made", |error| error.message.as_str());
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
    let source = Source::Blob { sha256: row.sha256.clone(), asset: None };
    let job = call.job(source, Accepts::Pictures, eager_ids(params.eager.len()).collect())?;
    Ok((told, Change::Submit { account: row.key.account.clone(), job: Box::new(job) }))
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
    let (told, changes) = results_of(&params, job, &row, store, site, at).await?;
    let mut answer = Object::new();
    answer.insert("eager".to_owned(), told.into());
    answer.insert("asset_id".to_owned(), row.id.simple().to_string().into());
    answer.insert("public_id".to_owned(), row.key.public_id.clone().into());
    answer.insert("api_key".to_owned(), call.origin.api_key.clone().into());
    Ok(Outcome { answer, changes })
}
