//! Waits for a job: long poll and server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State as Extract},
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream::{self, Stream};
use tokio::time::Instant;
use uuid::Uuid;

use super::{State, Subscription, auth::Caller, jobs, reply::Problem};
use crate::{dialect::native::response, store::JobRow};

/// How often the row is read without a hint: hints of other nodes may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often an idle event stream shows that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Reads a job until it is final, the time is up or the server drains.
pub(super) async fn until_final(state: &State, account: &str, id: Uuid, time: Duration) -> Result<JobRow, Problem> {
    until(state, id, time, || jobs::find(state, account, id)).await
}

/// The same with another way to read it.
pub(super) async fn until<E, F>(state: &State, id: Uuid, time: Duration, look: impl Fn() -> F) -> Result<JobRow, E>
where
    F: Future<Output = Result<JobRow, E>>,
{
    until_so(state, id, time, look, |row| row.state.is_final()).await
}

/// The same with anything that ends, whose changes are told under an id.
pub(super) async fn until_so<T, E, F>(
    state: &State,
    id: Uuid,
    time: Duration,
    look: impl Fn() -> F,
    has_ended: impl Fn(&T) -> bool,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let until = Instant::now() + time;
    // From before the first look on, so that no change falls between look and wait.
    let mut subscription = state.changes.subscribe(id);
    loop {
        let row = look().await?;
        if has_ended(&row) || Instant::now() >= until || state.draining.is_cancelled() {
            return Ok(row);
        }
        next_look(state, &mut subscription, until).await;
    }
}

/// Returns when it is worth to read the row again: a hint, a second, `until`, or draining.
async fn next_look(state: &State, subscription: &mut Subscription, until: Instant) {
    tokio::select! {
        () = subscription.changed() => {}
        () = tokio::time::sleep_until(until.min(Instant::now() + LOOK_AGAIN)) => {}
        () = state.draining.cancelled() => {}
    }
}

/// Watches a job as server-sent events.
///
/// Every change sends an event `job` with the job document; its `id` is the version of the job. The
/// stream ends after the final one. A client that comes back with `Last-Event-ID` is not told again what
/// it knows.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(
        ("id" = Uuid, Path, description = "The job."),
        ("Last-Event-ID" = Option<u64>, Header, description = "The version that is known already."),
    ),
    responses(
        (status = 200, description = "Events `job` with a job document each.", body = String, content_type = "text/event-stream"),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn events(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let id = jobs::job_id(&id)?;
    let subscription = state.changes.subscribe(id);
    jobs::find(&state, &account.key, id).await?;
    let known = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let watch = Watch { state, account: account.key, id, subscription, known };
    let events = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        let row = watch.next().await?;
        let document = response::job(&row, &watch.state.public_url);
        let event = Event::default().event("job").id(row.version.to_string()).json_data(document).ok()?;
        Some((Ok(event), (!row.state.is_final()).then_some(watch)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

struct Watch {
    state: Arc<State>,
    account: String,
    id: Uuid,
    subscription: Subscription,
    /// The version that was told last.
    known: Option<u64>,
}

impl Watch {
    /// The next version of the job; none when it cannot be read any more or the server drains. A
    /// final one is told even if it is known, so that the client sees the end.
    async fn next(&mut self) -> Option<JobRow> {
        loop {
            match self.state.store.job(&self.account, self.id).await {
                Ok(Some(row)) if row.state.is_final() || self.known.is_none_or(|known| row.version != known) => {
                    self.known = Some(row.version);
                    return Some(row);
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => tracing::warn!(job = %self.id, %error, "cannot read a watched job, trying again"),
            }
            if self.state.draining.is_cancelled() {
                return None;
            }
            next_look(&self.state, &mut self.subscription, Instant::now() + LOOK_AGAIN).await;
        }
    }
}
