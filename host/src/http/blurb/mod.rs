//! Blurb's routes. They are not in the OpenAPI document, which is the native API's.

mod batches;
mod reply;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State as Extract},
    http::{HeaderMap, Method},
    response::Response,
    routing::{get, post},
};

use super::{State, outputs};
use reply::Refused;

/// The routes below the dialect's prefix.
pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/batches", post(batches::submit))
        .route("/v1/batches/{id}", get(batches::get))
        .route("/v1/renders", post(batches::submit_one))
        .route("/v1/renders/{id}", get(batches::render))
        .route("/render/{id}", get(result))
        .fallback(reply::no_route)
        .method_not_allowed_fallback(reply::no_method)
}

/// Hands out a render's result: no credentials are needed, the id cannot be guessed.
async fn result(
    state: Extract<Arc<State>>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    Ok(outputs::get(state, Path((id, String::new())), method, headers).await?)
}
