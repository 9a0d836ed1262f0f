//! Shows, lists and calls off jobs.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{State, auth::Caller, query::Query, reply::Problem, wait};
use crate::{
    dialect::{
        end_of_batch,
        native::response::{self, JobDocument, JobList},
    },
    error::Code,
    job,
    store::{Cancelled, JobFilter, JobRow},
    worker::report,
};

/// Rows of a page when no limit was asked for, and at most.
pub(super) const PAGE: (u32, u32) = (50, 500);

/// Shows a job.
///
/// With `?wait=30` or `Prefer: wait=30` (RFC 7240) the answer comes when the job is final or the time
/// is up, whichever is first; longer times than the server allows are cut.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs",
    params(
        ("id" = Uuid, Path, description = "The job."),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for the final state."),
        ("Prefer" = Option<String>, Header, description = "`wait=30`: the same as the query parameter."),
    ),
    responses(
        (status = 200, description = "The job as it stands.", body = JobDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let wait = query.read("wait", "a whole number of seconds", |text| text.parse::<u64>().ok());
    query.finish()?;
    let preferred = if wait.is_none() { preferred_wait(&headers) } else { None };
    let seconds = wait.or(preferred).unwrap_or(0).min(state.config.max_wait_s);
    let id = job_id(&id)?;
    let row = wait::until_final(&state, &account.key, id, Duration::from_secs(seconds)).await?;
    let mut response = Json(response::job(&row, &state.public_url)).into_response();
    if preferred.is_some() {
        let applied = HeaderName::from_static("preference-applied");
        if let Ok(value) = HeaderValue::try_from(format!("wait={seconds}")) {
            response.headers_mut().insert(applied, value);
        }
    }
    Ok(response)
}

/// The `wait` of a `Prefer` header; preferences that are not understood are ignored (RFC 7240 section 2).
fn preferred_wait(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        if is_wait { value.trim().trim_matches('"').parse().ok() } else { None }
    })
}

/// Lists jobs, newest first.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs",
    params(
        ("state" = Option<job::State>, Query, description = "Only in this state."),
        ("batch" = Option<Uuid>, Query, description = "Only of this batch."),
        ("reference" = Option<String>, Query, description = "Only with exactly this reference."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 500; 50 when absent.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of jobs.", body = JobList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<JobList>, Problem> {
    let mut query = Query::new(query.as_deref());
    let states = job::State::ALL.map(job::State::as_str).join(", ");
    let filter = JobFilter {
        state: query.read("state", &format!("one of {states}"), job::State::from_name),
        batch: query.read("batch", "a UUID", |text| text.parse().ok()),
        reference: query.text("reference"),
        cursor: query.text("cursor"),
        limit: query.number("limit", 1, PAGE.1).unwrap_or(PAGE.0),
    };
    query.finish()?;
    let page = state.store.jobs(&account.key, filter).await?;
    let items = page.items.iter().map(|row| response::job(row, &state.public_url)).collect();
    Ok(Json(JobList { items, next_cursor: page.next }))
}

/// Calls a job off.
///
/// A waiting job is cancelled at once (200), a running one soon (202): its worker ends it. The callbacks
/// still go out. A final job is a conflict (409).
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 200, description = "It is cancelled.", body = JobDocument),
        (status = 202, description = "It runs and will be cancelled.", body = JobDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    let row = find(&state, &account.key, id).await?;
    let dialect = state.dialect(&row.spec.dialect).map(|dialect| &**dialect);
    let completion = report::cancelled(dialect, &row, state.clock.now());
    let (outcome, completed) = state.store.cancel(&account.key, id, completion).await?;
    let status = match outcome {
        Cancelled::Now => {
            state.metrics.job_finished(job::State::Cancelled, Duration::ZERO);
            state.delivery_ready.notify_one();
            if let Some(batch) = completed.batch {
                announce(&state, &account.key, batch).await;
            }
            StatusCode::OK
        }
        Cancelled::Requested => {
            (state.cancel_requested)(id);
            StatusCode::ACCEPTED
        }
        Cancelled::TooLate => {
            let row = find(&state, &account.key, id).await?;
            let detail = format!("job {id} is {} already", row.state.as_str());
            return Err(Problem::new(Code::Conflict, detail));
        }
        Cancelled::NotFound => return Err(no_job(&id.to_string())),
    };
    state.changes.changed(id);
    let row = find(&state, &account.key, id).await?;
    Ok((status, Json(response::job(&row, &state.public_url))).into_response())
}

/// Tells the end of a batch. A failure is only logged: batches that were not announced are looked
/// for again and again.
async fn announce(state: &State, account: &str, batch: Uuid) {
    let announced = async {
        let Some(row) = state.store.batch(account, batch).await? else {
            return Ok(());
        };
        let dialect = state.dialect(&row.dialect).map(|dialect| &**dialect);
        let deliveries = end_of_batch(&*state.store, dialect, &row).await?;
        state.store.announce_batch(batch, deliveries).await
    };
    match announced.await {
        Ok(()) => state.delivery_ready.notify_one(),
        Err(error) => tracing::warn!(%batch, %error, "cannot announce a finished batch yet"),
    }
}

/// The account's job.
pub(super) async fn find(state: &State, account: &str, id: Uuid) -> Result<JobRow, Problem> {
    state.store.job(account, id).await?.ok_or_else(|| no_job(&id.to_string()))
}

/// Reads the id of a job in a path; what is no UUID names no job.
pub(super) fn job_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| no_job(text))
}

fn no_job(id: &str) -> Problem {
    Problem::not_found("job", id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_of_a_preference_is_found() {
        let check = |value: &'static str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_static(value));
            assert_eq!(preferred_wait(&headers), expected, "{value}");
        };
        check("wait=30", Some(30));
        check("respond-async, Wait=\"5\"", Some(5));
        check("respond-async; wait = 7", Some(7));
        check("wait=soon", None);
        check("respond-async", None);
    }
}
