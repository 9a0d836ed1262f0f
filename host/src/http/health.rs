//! Alive, ready, and the metrics page.

use std::sync::Arc;

use axum::{
    Json,
    extract::State as Extract,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{State, reply::Problem};
use crate::error::Code;

/// The server is as it should be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

/// Answers as long as the process serves at all.
#[utoipa::path(
    get, path = "/healthz", tag = "server", security(()),
    responses((status = 200, description = "Alive.", body = Health))
)]
pub(super) async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Answers 200 when requests should be sent here: the store can be written, blobs can be reached, and
/// the server is not stopping.
#[utoipa::path(
    get, path = "/readyz", tag = "server", security(()),
    responses(
        (status = 200, description = "Ready.", body = Health),
        (status = 503, description = "Not ready, or stopping.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(Extract(state): Extract<Arc<State>>) -> Result<Json<Health>, Problem> {
    if state.draining.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "the server is stopping"));
    }
    if let Err(error) = state.store.ready().await {
        tracing::warn!(%error, "not ready: the store failed");
        return Err(Problem::new(Code::Unavailable, "the store cannot be written"));
    }
    match state.blobs.ready().await {
        Ok(()) => Ok(Json(Health { status: "ok" })),
        Err(error) => {
            tracing::warn!(%error, "not ready: the blob store failed");
            Err(Problem::new(Code::Unavailable, "the blobs cannot be reached"))
        }
    }
}

/// Counters for Prometheus, in the OpenMetrics text format.
#[utoipa::path(
    get, path = "/metrics", tag = "server", security(()),
    responses((status = 200, description = "The page.", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(Extract(state): Extract<Arc<State>>) -> Result<Response, Problem> {
    let gauges = state.store.gauges().await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let page = state.metrics.page(&gauges, &state.plugins.usage(), state.plugins.unoptimised());
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
