//! Jobs submitted together.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, RawQuery, Request, State as Extract},
    response::Response,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    State,
    auth::Caller,
    body,
    openapi::Document,
    query::Query,
    reply::{Problem, form_first},
    submit::{accept, accepted, find, idempotency, idempotency_key, keep, new_job, rules},
};
use crate::{
    dialect::native::{
        NAME, lower,
        request::BatchRequest,
        response::{self, BatchDocument, JobDocument},
    },
    error::Code,
    job,
    store::{NewBatch, Submission},
};

/// An accepted batch with its jobs, in the order in which they were sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AcceptedBatch {
    /// The batch.
    #[serde(flatten)]
    batch: BatchDocument,
    /// Its jobs.
    items: Vec<JobDocument>,
}

/// Submits jobs together.
///
/// All are accepted or none: every problem of every job is listed. `notification_url` is called when the
/// last job has ended (`batch.finished`); the jobs' own callbacks go out as well.
#[utoipa::path(
    post, path = "/v1/batches", tag = "batches",
    params(("Idempotency-Key" = Option<String>, Header, description = "As for a single job.")),
    request_body = BatchRequest,
    responses(
        (status = 202, description = "Accepted.", body = AcceptedBatch,
            headers(("Location" = String, description = "Where the batch is found."),
                ("Idempotency-Replayed" = Option<bool>, description = "True when the key was seen before."))),
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
    Query::new(query.as_deref()).finish()?;
    let key = idempotency_key(request.headers())?;
    let incoming = body::json(&state.documents, request, state.config.max_document_bytes).await?;
    let (value, bytes, _room) = incoming.into_parts();
    let mut issues = Vec::new();
    let transforms = state.plugins.view(&account.key);
    let (batch, lowered, form) = body::at_length(bytes.len(), || {
        let (mut batch, form): (BatchRequest, _) = document.read("BatchRequest", value)?;
        let rules = rules(&state, &*transforms, false);
        lower::batch(batch.notification_url.as_deref(), batch.reference.as_deref(), &rules, &mut issues);
        let jobs = std::mem::take(&mut batch.jobs).into_iter().enumerate();
        let lowered: Vec<_> =
            jobs.map(|(index, job)| lower::job(job, &rules, &format!("/jobs/{index}"), &mut issues)).collect();
        Ok::<_, Problem>((batch, lowered, form))
    })?;
    let mut found = Vec::with_capacity(lowered.len());
    for (index, job) in lowered.iter().enumerate() {
        found.push(find(&state, &account.key, &job.source, &format!("/jobs/{index}"), &mut issues).await?);
    }
    let issues = form_first(form, issues);
    if !issues.is_empty() {
        return Err(Problem::issues(issues));
    }

    let mut jobs = Vec::with_capacity(lowered.len());
    for (job, asset) in lowered.into_iter().zip(found) {
        let source = keep(&state, &job.source, asset, None).await?;
        jobs.push(new_job(job, source));
    }
    let id = job::new_id();
    let new = NewBatch {
        id,
        dialect: NAME.to_owned(),
        notification_url: batch.notification_url,
        reference: batch.reference,
        extra: Value::Null,
    };
    let parts = [b"/v1/batches", account.key.as_bytes(), &bytes];
    let submission = Submission {
        account: account.key.clone(),
        jobs,
        batch: Some(new),
        idempotency: key.map(|key| idempotency(&state, key, &parts)),
        queue_limit: state.limits.queue_limit,
    };
    let submitted = accept(&state, submission).await?;
    let id = submitted.batch.unwrap_or(id);
    let gone = || Problem::new(Code::Internal, format!("batch {id} was accepted and is gone"));
    let row = state.store.batch(&account.key, id).await?.ok_or_else(gone)?;
    let mut items = Vec::with_capacity(submitted.jobs.len());
    for job in submitted.jobs {
        let row = state.store.job(&account.key, job).await?.ok_or_else(gone)?;
        items.push(response::job(&row, &state.public_url));
    }
    let document = AcceptedBatch { batch: response::batch(&row, &state.public_url), items };
    Ok(accepted(format!("/v1/batches/{id}"), submitted.repeated, document))
}

/// Shows a batch.
#[utoipa::path(
    get, path = "/v1/batches/{id}", tag = "batches",
    params(("id" = Uuid, Path, description = "The batch.")),
    responses(
        (status = 200, description = "The batch as it stands.", body = BatchDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<BatchDocument>, Problem> {
    let missing = || Problem::not_found("batch", &id);
    let row = state.store.batch(&account.key, id.parse().map_err(|_| missing())?).await?;
    Ok(Json(response::batch(&row.ok_or_else(missing)?, &state.public_url)))
}
