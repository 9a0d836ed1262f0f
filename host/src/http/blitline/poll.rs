//! Results are asked for: one long call, or the old short one.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, State as Extract},
    http::StatusCode,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::Refused;
use crate::{
    dialect::{
        batch_jobs,
        blitline::{
            self, NAME, group_of,
            lower::JobExtra,
            response::{self, Results},
        },
    },
    http::{State, reply::Problem, wait},
    job,
    store::{BatchRow, JobRow},
};

/// Waits for a job's end; then answers what a postback would say.
pub(super) async fn listen(
    Extract(state): Extract<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let time = Duration::from_secs(state.blitline.config.listen_s);
    match look(&state, &id, time).await?.1 {
        Some(results) => Ok(Json(results.polled())),
        None => {
            let problem = "The job has not ended yet. Ask again.";
            Err(Refused { retry_after: Some(1), ..Refused::new(StatusCode::REQUEST_TIMEOUT, problem) })
        }
    }
}

/// Answers at once whether a job has ended, and with what.
pub(super) async fn poll(
    Extract(state): Extract<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let query = query.unwrap_or_default();
    let id = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "job_id");
    let (_, id) = id.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "job_id is missing."))?;
    let (known, results) = look(&state, &id, Duration::ZERO).await?;
    let is_complete = results.is_some();
    let mut answer = match results {
        Some(results) => results.polled(),
        None => json!({"results": {"job_id": blitline::job_id(known)}}),
    };
    answer["is_complete"] = json!(is_complete);
    Ok(Json(answer))
}

fn unknown() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "There is no such job, or its results are no longer kept.")
}

/// The id that was asked for, and what came of it if that is known in this time. It is a job's id, or that of the
/// group of its pages.
async fn look(state: &State, id: &str, time: Duration) -> Result<(Uuid, Option<Results>), Refused> {
    let asked = blitline::parse_job(id).ok_or_else(unknown)?;
    let until = Instant::now() + time;
    let (row, of_group) = match find(state, asked).await? {
        Some(row) => (row, false),
        None => (find(state, group_of(asked)).await?.filter(is_burst).ok_or_else(unknown)?, true),
    };
    // Before the wait, so that waiting calls count as well.
    let account = state.store.account(&row.account).await.map_err(Problem::from)?;
    let own = account.and_then(|account| account.settings.polls_per_s);
    state.blitline.polls.take(&row.account, own).await?;
    let row = match end_of(state, row, until).await? {
        Some(row) => row,
        None => return Ok((asked, None)),
    };
    let follow = JobExtra::of(&row.spec).follow.filter(|_| row.state == job::State::Succeeded);
    let results = match follow {
        Some(follow) if of_group || !follow.is_burst() => group(state, &row, until).await?,
        _ => Some(response::results(&row, &state.blitline.base_url)),
    };
    Ok((asked, results))
}

fn is_burst(row: &JobRow) -> bool {
    let mut extra = JobExtra::of(&row.spec);
    let mut last = None;
    while let Some(follow) = extra.follow.take() {
        extra = follow.extra();
        last = Some(follow);
    }
    last.is_some_and(|follow| follow.is_burst())
}

/// A job when it has ended: the last one of several in a row, before pages. None when that takes longer.
async fn end_of(state: &State, mut row: JobRow, until: Instant) -> Result<Option<JobRow>, Refused> {
    loop {
        let id = row.id;
        let time = until.saturating_duration_since(Instant::now());
        row = wait::until(state, id, time, || async move { find(state, id).await?.ok_or_else(unknown) }).await?;
        if !row.state.is_final() {
            return Ok(None);
        }
        let follow = JobExtra::of(&row.spec).follow.filter(|follow| follow.pages.is_none());
        match follow {
            Some(follow) if row.state == job::State::Succeeded => {
                row = find(state, follow.id).await?.ok_or_else(unknown)?;
            }
            _ => return Ok(Some(row)),
        }
    }
}

/// What came of the pages, when all are made.
async fn group(state: &State, row: &JobRow, until: Instant) -> Result<Option<Results>, Refused> {
    let id = group_of(JobExtra::of(&row.spec).shown_as.unwrap_or(row.id));
    let time = until.saturating_duration_since(Instant::now());
    let read = || async { state.store.batch(&row.account, id).await.map_err(Problem::from)?.ok_or_else(unknown) };
    let batch: BatchRow = wait::until_so(state, id, time, read, |batch: &BatchRow| batch.finished_at.is_some()).await?;
    match batch.finished_at {
        None => Ok(None),
        Some(at) if is_over(state, at) => Err(unknown()),
        Some(_) => {
            let jobs = batch_jobs(&*state.store, &row.account, id).await.map_err(Problem::from)?;
            Ok(Some(response::group(&batch, &jobs, &state.blitline.base_url)))
        }
    }
}

/// Whether the results of what ended then are no longer told.
fn is_over(state: &State, at: std::time::SystemTime) -> bool {
    let kept = Duration::from_secs(state.blitline.config.results_s);
    state.clock.now().duration_since(at).unwrap_or_default() > kept
}

/// The job of this id, while it may be polled.
async fn find(state: &State, id: Uuid) -> Result<Option<JobRow>, Refused> {
    let row = state.store.any_job(id).await.map_err(Problem::from)?.filter(|row| row.spec.dialect == NAME);
    let Some(row) = row else { return Ok(None) };
    let extra = JobExtra::of(&row.spec);
    // What follows is kept as long as itself.
    let goes_on = extra.follow.is_some() && row.state == job::State::Succeeded;
    if !goes_on && row.finished_at.is_some_and(|at| is_over(state, at)) {
        return Err(unknown());
    }
    let (mut told, mut url) = (extra, row.spec.callbacks.notification_url.clone());
    while let Some(follow) = told.follow.take() {
        (told, url) = (follow.extra(), follow.notification_url().map(str::to_owned));
    }
    if state.blitline.config.strict_polling && url.is_some() && !told.pollable {
        return Err(unknown());
    }
    Ok(Some(row))
}
