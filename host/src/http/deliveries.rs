//! Callbacks that are or were owed, and their replay.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State as Extract},
    http::StatusCode,
};
use uuid::Uuid;

use super::{State, auth::Caller, jobs::PAGE, query::Query, reply::Problem};
use crate::{
    dialect::native::response::{self, DeliveryDocument, DeliveryList, Replayed},
    store::{DeliveryFilter, DeliveryState},
};

/// Lists deliveries, newest first.
#[utoipa::path(
    get, path = "/v1/deliveries", tag = "deliveries",
    params(
        ("state" = Option<DeliveryState>, Query, description = "Only in this state; `dead` ones were given up."),
        ("job" = Option<Uuid>, Query, description = "Only of this job."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 500; 50 when absent.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of deliveries.", body = DeliveryList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<DeliveryList>, Problem> {
    let mut query = Query::new(query.as_deref());
    let by_name = |text: &str| match text {
        "pending" => Some(DeliveryState::Pending),
        "delivered" => Some(DeliveryState::Delivered),
        "dead" => Some(DeliveryState::Dead),
        _ => None,
    };
    let filter = DeliveryFilter {
        state: query.read("state", "one of pending, delivered, dead", by_name),
        job: query.read("job", "a UUID", |text| text.parse().ok()),
        cursor: query.text("cursor"),
        limit: query.number("limit", 1, PAGE.1).unwrap_or(PAGE.0),
    };
    query.finish()?;
    let page = state.store.deliveries(&account.key, filter).await?;
    let items = page.items.iter().map(response::delivery).collect();
    Ok(Json(DeliveryList { items, next_cursor: page.next }))
}

/// Shows a delivery with its attempts.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery.")),
    responses(
        (status = 200, description = "The delivery with the log of its attempts.", body = DeliveryDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryDocument>, Problem> {
    let missing = || Problem::not_found("delivery", &id);
    let row = state.store.delivery(&account.key, id.parse().map_err(|_| missing())?).await?;
    Ok(Json(response::delivery(&row.ok_or_else(missing)?)))
}

/// Owes a delivery again: the same body under the same `webhook-id`.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/replay", tag = "deliveries",
    params(("id" = Uuid, Path, description = "The delivery.")),
    responses(
        (status = 202, description = "It goes out again.", body = Replayed),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn replay(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let missing = || Problem::not_found("delivery", &id);
    let replay_of: Uuid = id.parse().map_err(|_| missing())?;
    let new = state.store.replay(&account.key, replay_of).await?.ok_or_else(missing)?;
    state.delivery_ready.notify_one();
    Ok((StatusCode::ACCEPTED, Json(Replayed { id: new, replay_of })))
}
