//! Jobs: batches of pictures.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, Request, State as Extract},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::reply::{Caller, Refused};
use crate::{
    clock::from_micros,
    dialect::{
        batch_jobs,
        image_intelligence::{
            NAME,
            lower::{self, Lowered},
            request::{AskRequest, DetectRequest, FeedbackRequest, MatchRequest},
            response,
        },
    },
    http::{
        State, body,
        reply::Problem,
        submit::{self, accept, job_of, keep, secret_ids},
    },
    job,
    store::{BatchFilter, BatchRow, NewBatch, Submission},
};

/// Jobs of one list.
const LISTED: u32 = 100;

/// Looks for classes.
pub(super) async fn detect(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let transforms = state.plugins.view(&account.key);
    let request: DetectRequest = read(&state, request).await?;
    let rules = submit::rules(&state, &*transforms, false);
    let lowered = lower::detect(request, &state.image_intelligence.config, &rules).map_err(Refused::wrong)?;
    take(&state, &account.key, lowered).await
}

/// Looks for a target.
pub(super) async fn matching(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let transforms = state.plugins.view(&account.key);
    let request: MatchRequest = read(&state, request).await?;
    let lowered = lower::matching(request, &submit::rules(&state, &*transforms, false)).map_err(Refused::wrong)?;
    take(&state, &account.key, lowered).await
}

/// Asks which picture is like some examples and unlike others.
pub(super) async fn ask(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let transforms = state.plugins.view(&account.key);
    let request: AskRequest = read(&state, request).await?;
    let lowered = lower::asking(request, &submit::rules(&state, &*transforms, false)).map_err(Refused::wrong)?;
    take(&state, &account.key, lowered).await
}

/// Lists jobs that were asked.
pub(super) async fn asked(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    list(&state, &account.key, "ask", query).await
}

/// Takes a complaint: it goes into the log, where those read it who choose the models.
pub(super) async fn feedback(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let feedback: FeedbackRequest = read(&state, request).await?;
    let job = find(&state, &account.key, feedback.job_id).await?;
    let id = Uuid::new_v4();
    let told = json!(feedback);
    tracing::info!(account = account.key, job = %job.id, %id, feedback = %told, "a client disagrees with a result");
    let mut answer = told;
    answer["id"] = json!(id);
    Ok(Json(answer))
}

/// Shows a job.
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let id = id.parse().map_err(|_| Problem::not_found("job", &id))?;
    let batch = find(&state, &account.key, id).await?;
    show(&state, &batch).await.map(Json)
}

/// Lists jobs that looked for classes.
pub(super) async fn detected(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    list(&state, &account.key, "detect", query).await
}

/// Lists jobs that looked for a target.
pub(super) async fn matched(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    list(&state, &account.key, "match", query).await
}

/// Reads a request, whatever its content type says.
pub(super) async fn read<T: DeserializeOwned>(state: &State, request: Request) -> Result<T, Refused> {
    let bytes = body::collect(request.into_body(), state.config.max_document_bytes).await?;
    let parsed = body::at_length(bytes.len(), || {
        let value = body::parse(&bytes)?;
        Ok::<_, Problem>(serde_path_to_error::deserialize(value))
    });
    parsed?.map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        Refused::wrong(if path == "." { message } else { format!("{path}: {message}") })
    })
}

async fn take(state: &Arc<State>, account: &str, lowered: Lowered) -> Result<Json<Value>, Refused> {
    let mut jobs = Vec::with_capacity(lowered.images.len());
    for (id, (image, extra)) in secret_ids(lowered.images.len()).into_iter().zip(lowered.images) {
        let source = keep(state, &image.source, None, None).await?;
        jobs.push(job_of(id, 0, lower::into_spec(image, &extra, source), || response::token(id)));
    }
    let id = job::new_id();
    let batch = NewBatch {
        id,
        dialect: NAME.to_owned(),
        notification_url: lowered.extra.about.webhook_url.clone(),
        reference: None,
        extra: json!(lowered.extra),
    };
    let submission = Submission {
        account: account.to_owned(),
        jobs,
        batch: Some(batch),
        idempotency: None,
        queue_limit: state.limits.queue_limit,
    };
    accept(state, submission).await?;
    let batch = find(state, account, id).await?;
    show(state, &batch).await.map(Json)
}

async fn find(state: &State, account: &str, id: Uuid) -> Result<BatchRow, Refused> {
    let batch = state.store.batch(account, id).await?.filter(|batch| batch.dialect == NAME);
    batch.ok_or_else(|| Problem::not_found("job", &id.to_string()).into())
}

async fn show(state: &State, batch: &BatchRow) -> Result<Value, Refused> {
    let jobs = batch_jobs(&*state.store, &batch.account, batch.id).await?;
    Ok(response::job(batch, &jobs, &state.image_intelligence.base_url))
}

async fn list(state: &State, account: &str, kind: &str, query: Option<String>) -> Result<Json<Value>, Refused> {
    let mut filter = BatchFilter {
        dialect: NAME.to_owned(),
        extra: vec![("kind", kind.to_owned())],
        limit: LISTED,
        ..BatchFilter::default()
    };
    let query = query.unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let time = || {
            let millis = value.parse::<u64>().ok().filter(|millis| *millis < 1 << 50);
            let at = millis.map(|millis| from_micros(millis * 1000));
            at.ok_or_else(|| Refused::wrong(format!("{name} is {value:?}, expected milliseconds since 1970")))
        };
        match &*name {
            "customId" => filter.extra.push(("customId", value.into_owned())),
            "feedId" => filter.extra.push(("feedId", value.into_owned())),
            // After means later than this very millisecond.
            "after" => filter.from = Some(time()? + Duration::from_millis(1)),
            "before" => filter.before = Some(time()?),
            _ => {}
        }
    }
    let mut shown = Vec::new();
    for batch in state.store.batches(account, filter).await? {
        shown.push(show(state, &batch).await?);
    }
    Ok(Json(shown.into()))
}
