//! Results are asked for: one long call, or the old short one.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, State as Extract},
    http::StatusCode,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Refused;
use crate::{
    dialect::blitline::{self, NAME, lower::JobExtra, response},
    http::{State, reply::Problem, wait},
    store::JobRow,
};

/// Waits for a job's end; then answers what a postback would say.
pub(super) async fn listen(
    Extract(state): Extract<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let id = blitline::parse_job(&id).ok_or_else(unknown)?;
    let row = find(&state, id).await?;
    // Before the wait, so that waiting calls count as well.
    state.blitline.polls.take(&row.account)?;
    let time = Duration::from_secs(state.blitline.config.listen_s);
    let row = wait::until(&state, id, time, || find(&state, id)).await?;
    if !row.state.is_final() {
        let problem = "The job has not ended yet. Ask again.";
        return Err(Refused { retry_after: Some(1), ..Refused::new(StatusCode::REQUEST_TIMEOUT, problem) });
    }
    Ok(Json(response::results(&row, &state.blitline.base_url).polled()))
}

/// Answers at once whether a job has ended, and with what.
pub(super) async fn poll(
    Extract(state): Extract<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let query = query.unwrap_or_default();
    let id = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "job_id");
    let (_, id) = id.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "job_id is missing."))?;
    let row = find(&state, blitline::parse_job(&id).ok_or_else(unknown)?).await?;
    state.blitline.polls.take(&row.account)?;
    let is_complete = row.state.is_final();
    let mut answer = if is_complete {
        response::results(&row, &state.blitline.base_url).polled()
    } else {
        json!({"results": {"job_id": blitline::job_id(row.id)}})
    };
    answer["is_complete"] = json!(is_complete);
    Ok(Json(answer))
}

fn unknown() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "There is no such job, or its results are no longer kept.")
}

/// The job of this id, while it may be polled.
async fn find(state: &State, id: Uuid) -> Result<JobRow, Refused> {
    let row = state.store.any_job(id).await.map_err(Problem::from)?;
    let row = row.filter(|row| row.spec.dialect == NAME).ok_or_else(unknown)?;
    let config = &state.blitline.config;
    if let Some(finished) = row.finished_at
        && state.clock.now().duration_since(finished).unwrap_or_default() > Duration::from_secs(config.results_s)
    {
        return Err(unknown());
    }
    if config.strict_polling && row.spec.callbacks.notification_url.is_some() && !JobExtra::of(&row.spec).pollable {
        return Err(unknown());
    }
    Ok(row)
}
