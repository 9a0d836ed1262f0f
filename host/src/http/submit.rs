//! Body in, job checked and queued, answer out.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{RawQuery, Request, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    State,
    auth::Caller,
    body, dry_run,
    openapi::Document,
    query::Query,
    reply::{Issue, Problem, form_first},
    upload::{self, File},
};
use crate::{
    dialect::native::{
        lower::{self, Lowered, Rules, Wanted},
        request::JobRequest,
        response::{self, JobDocument},
    },
    error::Code,
    job::{self, Report},
    source::Source,
    store::{self, AssetRow, Idempotency, NewJob, Submission, Submitted},
    worker::report,
};

pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Submits a job.
///
/// The body is a job document, or `multipart/form-data` with the parts `job` (the document) and `file`
/// (the picture, for `"source": {"upload": "file"}`). The answer comes when the job is safely written
/// down; the URLs of its outputs are in it. An unknown transform does not refuse the job: the outputs
/// that need it fail with `unknown_transform`. Parameters that do not fit the schema of a known
/// transform refuse it.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(
        ("dry_run" = Option<bool>, Query, description = "Check everything and plan the sizes; run and store nothing."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible characters. The same key with the \
            same request is answered with the first job (and `Idempotency-Replayed: true`), with another one it is refused."),
    ),
    request_body(content(
        (JobRequest = "application/json"),
        (Multipart = "multipart/form-data"),
    )),
    responses(
        (status = 202, description = "Accepted.", body = JobDocument,
            headers(("Location" = String, description = "Where the job is found."),
                ("Idempotency-Replayed" = Option<bool>, description = "True when the key was seen before."))),
        (status = 200, description = "Of a dry run: the job is valid.", body = response::DryRun),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn submit(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Extension(document): Extension<Document>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let is_dry = query.switch("dry_run");
    query.finish()?;
    let key = idempotency_key(request.headers())?;
    let incoming = upload::read(&state, request, !is_dry).await?;
    let (value, bytes, _room) = incoming.document.into_parts();
    let mut issues = Vec::new();
    let transforms = state.plugins.view(&account.key);
    let (lowered, form) = body::at_length(bytes.len(), || {
        let (job, form): (JobRequest, _) = document.read("JobRequest", value)?;
        let rules = rules(&state, &*transforms, incoming.file.is_some());
        Ok::<_, Problem>((lower::job(job, &rules, "", &mut issues), form))
    })?;
    let found = find(&state, &account.key, &lowered.source, "", &mut issues).await?;
    let issues = form_first(form, issues);
    if !issues.is_empty() {
        return Err(Problem::issues(issues));
    }
    if is_dry {
        let plan = dry_run::plan(&state, transforms, lowered, found, incoming.file).await?;
        return Ok(Json(plan).into_response());
    }

    let digest = incoming.file.as_ref().and_then(|file| file.blob.as_ref()).map(|blob| blob.sha256.as_bytes());
    let parts = [b"/v1/jobs", account.key.as_bytes(), &bytes, digest.unwrap_or_default()];
    let idempotency = key.map(|key| idempotency(&state, key, &parts));
    let source = keep(&state, &lowered.source, found, incoming.file.as_ref()).await?;
    let job = new_job(lowered, source);
    let id = job.id;
    let submission = Submission {
        account: account.key.clone(),
        jobs: vec![job],
        batch: None,
        idempotency,
        queue_limit: state.limits.queue_limit,
    };
    let submitted = accept(&state, submission).await?;
    let id = submitted.jobs.first().copied().unwrap_or(id);
    let row = state.store.job(&account.key, id).await?;
    let row = row.ok_or_else(|| Problem::new(Code::Internal, format!("job {id} was accepted and is gone")))?;
    Ok(accepted(format!("/v1/jobs/{id}"), submitted.repeated, response::job(&row, &state.public_url)))
}

/// The parts of a multipart submission.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Multipart {
    /// The job document.
    job: JobRequest,
    /// The picture.
    #[schema(value_type = String, format = Binary)]
    file: Option<Vec<u8>>,
}

/// What the requests of this server are checked against.
pub(super) fn rules<'a>(
    state: &'a State,
    transforms: &'a dyn crate::pipeline::Transforms,
    has_file: bool,
) -> Rules<'a> {
    Rules {
        transforms,
        check_address: &*state.check_address,
        max_steps: state.limits.max_steps,
        max_outputs: state.limits.max_outputs,
        max_pixels: state.limits.max_pixels,
        max_picture_bytes: state.limits.max_picture_bytes,
        has_file,
    }
}

/// Looks up what a source names; an asset that is not there is added to the issues.
pub(super) async fn find(
    state: &State,
    account: &str,
    wanted: &Wanted,
    at: &str,
    issues: &mut Vec<Issue>,
) -> Result<Option<AssetRow>, Problem> {
    let Wanted::Asset(id) = wanted else {
        return Ok(None);
    };
    let found = state.store.asset(account, id).await?;
    if found.is_none() {
        let message = format!("there is no asset {id:?}");
        issues.push(Issue::at(format!("{at}/source/asset"), Code::SourceNotFound, message));
    }
    Ok(found)
}

/// The source as it is kept; the bytes of a data URI become a blob.
pub(super) async fn keep(
    state: &State,
    wanted: &Wanted,
    found: Option<AssetRow>,
    file: Option<&File>,
) -> Result<Source, Problem> {
    let missing = || Problem::new(Code::Internal, "the source was checked and is gone");
    Ok(match wanted {
        Wanted::Url(url) => Source::Url { url: url.clone() },
        Wanted::Archive(parts) => Source::Archive { parts: parts.clone() },
        Wanted::Canvas { width, height, color } => Source::Canvas { width: *width, height: *height, color: *color },
        Wanted::Data(bytes) => {
            let blob = state.blobs.put(bytes.clone()).await?;
            Source::Blob { sha256: blob.sha256, asset: None }
        }
        Wanted::Asset(_) => {
            let asset = found.ok_or_else(missing)?;
            Source::Blob { sha256: asset.sha256, asset: Some(asset.id) }
        }
        Wanted::Upload => {
            let blob = file.and_then(|file| file.blob.clone()).ok_or_else(missing)?;
            Source::Blob { sha256: blob.sha256, asset: None }
        }
    })
}

/// A job to accept: its id and the tokens of its outputs are made here.
pub(super) fn new_job(lowered: Lowered, source: Source) -> NewJob {
    let priority = lowered.priority;
    job_of(job::new_id(), priority, lowered.into_spec(source), job::new_token)
}

/// A job to accept, with these tokens of its outputs.
pub(super) fn job_of(id: Uuid, priority: i32, spec: job::Spec, token: impl Fn() -> String) -> NewJob {
    let blobs = spec.source.blob().map(str::to_owned).into_iter().collect();
    let outputs = spec.outputs.iter().map(|output| report::pending(output, token())).collect();
    NewJob { id, priority, spec, report: Report { outputs, ..Report::default() }, blobs }
}

/// Ids that cannot be guessed, in ascending order: jobs that come together run in the order of their ids.
pub(super) fn secret_ids(count: usize) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = std::iter::repeat_with(Uuid::new_v4).take(count).collect();
    ids.sort_unstable();
    ids
}

/// Writes a submission down. When the connection to the store broke during the commit, the first
/// job tells whether it happened.
pub(super) async fn accept(state: &State, submission: Submission) -> Result<Submitted, Problem> {
    let account = submission.account.clone();
    let jobs: Vec<Uuid> = submission.jobs.iter().map(|job| job.id).collect();
    let batch = submission.batch.as_ref().map(|batch| batch.id);
    let submitted = match state.store.submit(submission).await {
        Err(error @ store::Error::Unknown { .. }) => {
            let first = jobs.first().copied().unwrap_or_default();
            if !state.store.is_kept(&account, first).await? {
                return Err(error.into());
            }
            Submitted { jobs, batch, repeated: false }
        }
        submitted => submitted?,
    };
    if !submitted.repeated {
        state.metrics.jobs_accepted(submitted.jobs.len() as u64);
        state.job_ready.notify_one();
    }
    Ok(submitted)
}

/// The answer to an accepted submission.
pub(super) fn accepted(location: String, repeated: bool, document: impl serde::Serialize) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(document)).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The `Idempotency-Key` of a request: 1 to 255 visible characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let visible = |text: &&str| (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match value.to_str().ok().filter(visible) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::field("idempotency-key", "expected 1 to 255 visible ASCII characters")),
    }
}

/// The key with the fingerprint of the request: SHA-256 of path, account and body, each preceded by its length.
pub(super) fn idempotency(state: &State, key: String, parts: &[&[u8]]) -> Idempotency {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Idempotency { key, fingerprint: hex::encode(hash.finalize()), lifetime: state.limits.idempotency }
}
