//! Jobs come in: alone or in a list, and each is accepted or refused for itself.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, Request, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use regex::Regex;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Refused;
use crate::{
    account::Settings,
    dialect::blitline::{
        auth::{self, Sender},
        follow::Follow,
        lower::{self, Bus, Context, JobExtra, Lowered},
        request, response,
    },
    http::{
        State, auth as door, body,
        reply::Problem,
        submit::{self, accept, job_of, keep},
    },
    job::{self, Callbacks, Spec},
    store::{Account, NewJob, Submission},
};

/// Jobs of a list that are written down at the same time: the store commits them together.
const AT_ONCE: usize = 32;

/// The longest regular expression of a signed job, in bytes, and how large it may become.
const MAX_TRANSFORM: usize = 1000;
const MAX_COMPILED: usize = 1 << 20;

/// Takes a submission.
pub(super) async fn submit(
    Extract(state): Extract<Arc<State>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Refused> {
    let in_query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "application_id")
        .map(|(_, value)| value.into_owned());
    let is_form = body::media_type(request.headers()).as_deref() == Some("application/x-www-form-urlencoded");
    let bytes = body::collect(request.into_body(), state.config.max_document_bytes).await?;
    let read = body::at_length(bytes.len(), || request::read(&bytes, is_form));
    let submission = read.map_err(|problem| Refused::new(StatusCode::BAD_REQUEST, problem))?;
    if let (false, [job]) = (submission.is_list, submission.jobs.as_slice()) {
        let accepted = one(&state, job, in_query.as_deref()).await?;
        return Ok(Json(json!({"results": accepted})).into_response());
    }
    // Each on its own: clients look at every element.
    let results = stream::iter(submission.jobs).map(|job| {
        let (state, in_query) = (state.clone(), in_query.clone());
        async move {
            let accepted = one(&state, &job, in_query.as_deref()).await;
            accepted.unwrap_or_else(|refused| response::refused(&refused.problem))
        }
    });
    let results: Vec<Value> = results.buffered(AT_ONCE).collect().await;
    Ok(Json(json!({"results": results})).into_response())
}

async fn one(state: &Arc<State>, job: &Map<String, Value>, in_query: Option<&str>) -> Result<Value, Refused> {
    let (account, key_transform) = sender(state, job, in_query).await?;
    let lowered = check(state, &account.key, job, key_transform.as_ref())
        .map_err(|problem| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, problem))?;
    let Settings { event_bus, event_region, .. } = account.settings;
    let bus = event_bus.map(|name| Bus { name, region: event_region });
    let job = new_job(state, lowered, bus).await?;
    let id = job.id;
    let submission = Submission {
        account: account.key.clone(),
        jobs: vec![job],
        batch: None,
        idempotency: None,
        queue_limit: state.limits.queue_limit,
    };
    accept(state, submission).await?;
    let row = state.store.job(&account.key, id).await.map_err(Problem::from)?;
    let row =
        row.ok_or_else(|| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "The job was accepted and is gone."))?;
    Ok(response::accepted(&row, &state.blitline.base_url))
}

/// The account that a job belongs to, and what its signature lets it write to.
async fn sender(
    state: &State,
    job: &Map<String, Value>,
    in_query: Option<&str>,
) -> Result<(Account, Option<Regex>), Refused> {
    let refused = |problem: String| Refused::new(StatusCode::UNAUTHORIZED, problem);
    match auth::sender(job, in_query, &state.blitline.config.applications).map_err(refused)? {
        Sender::Credentials(credentials) => Ok((door::check(state, &credentials).await?, None)),
        Sender::Account(key) => {
            let account = state.store.account(&key).await.map_err(Problem::from)?;
            let account = account.ok_or_else(|| refused("Your application ID is not known here.".to_owned()))?;
            state.rates.take(&account.key, account.settings.requests_per_s).await?;
            Ok((account, None))
        }
        Sender::Signed(signed) => {
            let account = state.store.account(&signed.key).await.map_err(Problem::from)?;
            let secret = account.as_ref().map(|account| account.secret.as_str());
            signed.check(secret, state.clock.now()).map_err(refused)?;
            let account = account.ok_or_else(|| refused("The signature does not fit the job.".to_owned()))?;
            state.rates.take(&account.key, account.settings.requests_per_s).await?;
            Ok((account, Some(transform(&signed.key_transform)?)))
        }
    }
}

fn transform(text: &str) -> Result<Regex, Refused> {
    let wrong = |problem: String| {
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, format!("key_transform is no regular expression: {problem}"))
    };
    if text.len() > MAX_TRANSFORM {
        return Err(wrong(format!("it has {} bytes, expected at most {MAX_TRANSFORM}", text.len())));
    }
    let built = regex::RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
    built.map_err(|error| wrong(error.to_string().replace('\n', " ")))
}

fn check(
    state: &State,
    account: &str,
    job: &Map<String, Value>,
    key_transform: Option<&Regex>,
) -> Result<Lowered, String> {
    let transforms = state.plugins.view(account);
    let storage = &state.blitline.storage;
    let now = state.clock.now();
    let matches = |key: &str| key_transform.is_none_or(|transform| transform.is_match(key));
    let object_url =
        |bucket: &str, region: Option<&str>, key: &str| storage.source_url(bucket, region, key, now).map(String::from);
    let place_url = |bucket: &str, key: &str| storage.object_url(bucket, key).map(String::from);
    let context = Context {
        rules: submit::rules(state, &*transforms, false),
        object_url: &object_url,
        place_url: &place_url,
        key_transform: if key_transform.is_some() { Some(&matches) } else { None },
        writes_buckets: storage.has_keys(),
        made: &[],
    };
    lower::job(job, &context)
}

/// A job to accept; its id cannot be guessed. Of two in a row it is the first one, which knows the second.
async fn new_job(state: &State, mut lowered: Lowered, bus: Option<Bus>) -> Result<NewJob, Problem> {
    let before = lowered.before.take();
    let priority = lowered.priority;
    lowered.extra.bus = bus;
    let source = keep(state, &lowered.source, None, None).await?;
    let spec = lowered.into_spec(source);
    let Some(before) = before else { return Ok(job_of(Uuid::new_v4(), priority, spec, job::new_token)) };
    let source = keep(state, &before.source, None, None).await?;
    let first = before.into_spec(source);
    let first = Spec { callbacks: Callbacks::default(), patience: spec.patience, ..first };
    // Its results keep their names, by which the second job finds them.
    let images = JobExtra::of(&first).images;
    let waits_for = spec.source.blob().map(str::to_owned);
    let extra = JobExtra { images, ..JobExtra::before(Follow::new(spec, priority, None)) };
    let first = Spec { extra: json!(extra), ..first };
    let mut job = job_of(Uuid::new_v4(), priority, first, job::new_token);
    job.blobs.extend(waits_for);
    Ok(job)
}
