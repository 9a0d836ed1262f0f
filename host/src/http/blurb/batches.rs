//! Batches and their renders.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State as Extract},
    response::Response,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::reply::{Caller, Refused, gone, told};
use crate::{
    dialect::{
        batch_jobs,
        blurb::{
            self, NAME,
            lower::{self, Context, Lowered},
            request::{BatchRequest, SingleRequest},
            response::{self, BatchDocument},
        },
    },
    error::Code,
    http::{
        State, body,
        reply::{Issue, Problem},
        submit::{self, accept, idempotency, idempotency_key, job_of, keep, secret_ids},
    },
    job::{self, Progress},
    store::{Account, BatchRow, JobRow, NewBatch, NewJob, Submission},
};

/// Renders of one batch at most, as in the native API.
const MAX_RENDERS: usize = 1000;

/// Takes a batch.
pub(super) async fn submit(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Response, Refused> {
    let document = take::<BatchRequest>(&state, account, request, "/batches").await?;
    Ok(told("Batch created", document))
}

/// Takes one render: a batch of one.
pub(super) async fn submit_one(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Response, Refused> {
    let mut document = take::<SingleRequest>(&state, account, request, "/renders").await?;
    Ok(told("Render created", document.renders.pop()))
}

/// Shows a batch.
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let missing = || Problem::not_found("batch", &id);
    let batch = blurb::parse_batch(&id).ok_or_else(missing)?;
    let document = read(&state, &account.key, batch).await?.ok_or_else(missing)?;
    Ok(told("Batch found", document))
}

/// Shows a render.
pub(super) async fn render(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let missing = || Problem::not_found("render", &id);
    let job = state.store.job(&account.key, blurb::parse_render(&id).ok_or_else(missing)?).await?;
    let job = job.filter(|job| job.spec.dialect == NAME).ok_or_else(missing)?;
    let batch = match job.batch {
        Some(batch) => state.store.batch(&account.key, batch).await?,
        None => None,
    };
    let use_v3 = batch.is_some_and(|batch| response::BatchExtra::of(&batch).use_v3);
    Ok(told("Render found", response::render(&job, use_v3, &state.blurb.base_url)))
}

/// The batch of this id with its renders, unless it is another dialect's.
async fn read(state: &State, account: &str, batch: Uuid) -> Result<Option<BatchDocument>, Refused> {
    let row = state.store.batch(account, batch).await?.filter(|row| row.dialect == NAME);
    let Some(row) = row else { return Ok(None) };
    let jobs = batch_jobs(&*state.store, account, batch).await?;
    Ok(Some(response::batch(&row, &jobs, &state.blurb.base_url)))
}

async fn take<T: DeserializeOwned + Into<BatchRequest>>(
    state: &Arc<State>,
    account: Account,
    request: Request,
    route: &str,
) -> Result<BatchDocument, Refused> {
    let key = idempotency_key(request.headers())?;
    let incoming = body::json(&state.documents, request, state.config.max_document_bytes).await?;
    let (value, bytes, _room) = incoming.into_parts();
    let lowered = body::at_length(bytes.len(), || check::<T>(state, &account.key, value))?;

    let dry_run = lowered.dry_run;
    let new = NewBatch {
        id: job::new_id(),
        dialect: NAME.to_owned(),
        notification_url: lowered.webhook_url.clone(),
        reference: lowered.reference.clone(),
        extra: serde_json::to_value(&lowered.extra).unwrap_or_default(),
    };
    let mut jobs = Vec::with_capacity(lowered.renders.len());
    for (id, render) in secret_ids(lowered.renders.len()).into_iter().zip(lowered.renders) {
        // The id of a render is the token of its result as well.
        let source = keep(state, &render.job.source, None, None).await?;
        jobs.push(job_of(id, 0, render.into_spec(source), || blurb::token(id)));
    }
    if dry_run {
        let (row, jobs) = as_accepted(state, &account.key, new, jobs);
        return Ok(response::dry(response::batch(&row, &jobs, &state.blurb.base_url)));
    }
    let id = new.id;
    let parts = [NAME.as_bytes(), route.as_bytes(), account.key.as_bytes(), &bytes];
    let submission = Submission {
        account: account.key.clone(),
        jobs,
        batch: Some(new),
        idempotency: key.map(|key| idempotency(state, key, &parts)),
        queue_limit: state.limits.queue_limit,
    };
    let id = accept(state, submission).await?.batch.unwrap_or(id);
    read(state, &account.key, id).await?.ok_or_else(|| gone(&blurb::batch_id(id)))
}

/// Reads and checks a request.
fn check<T: DeserializeOwned + Into<BatchRequest>>(
    state: &State,
    account: &str,
    value: Value,
) -> Result<Lowered, Problem> {
    let request: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        Problem::issues(vec![Issue::field(path, Code::InvalidRequest, message)])
    })?;
    let transforms = state.plugins.view(account);
    let context = Context {
        config: &state.blurb.config,
        rules: submit::rules(state, &*transforms, false),
        max_renders: MAX_RENDERS,
    };
    let mut issues = Vec::new();
    let lowered = lower::batch(request.into(), context, &mut issues);
    if issues.is_empty() { Ok(lowered) } else { Err(Problem::issues(issues)) }
}

/// The rows that there would be.
fn as_accepted(state: &State, account: &str, batch: NewBatch, jobs: Vec<NewJob>) -> (BatchRow, Vec<JobRow>) {
    let created_at = state.clock.now();
    let row = |job: NewJob| JobRow {
        id: job.id,
        account: account.to_owned(),
        batch: Some(batch.id),
        state: job::State::Queued,
        priority: job.priority,
        spec: job.spec,
        report: job.report,
        progress: Progress::default(),
        attempt: 0,
        version: 0,
        cancel_requested: false,
        created_at,
        started_at: None,
        finished_at: None,
    };
    let jobs = jobs.into_iter().map(row).collect();
    let batch = BatchRow {
        id: batch.id,
        account: account.to_owned(),
        dialect: batch.dialect,
        notification_url: batch.notification_url,
        reference: batch.reference,
        extra: batch.extra,
        counts: Vec::new(),
        created_at,
        finished_at: None,
    };
    (batch, jobs)
}
