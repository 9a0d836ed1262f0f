//! Blurb's routes. They are not in the OpenAPI document, which is the native API's.

mod batches;
mod reply;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    State, outputs,
    reply::{no_method, no_route},
};
use reply::Refused;

/// The routes below the dialect's prefix.
pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/batches", post(batches::submit))
        .route("/v1/batches/{id}", get(batches::get))
        .route("/v1/renders", post(batches::submit_one))
        .route("/v1/renders/{id}", get(batches::render))
        .route("/render/{id}", get(outputs::named::<Refused>))
        .fallback(no_route::<Refused>)
        .method_not_allowed_fallback(no_method::<Refused>)
}
