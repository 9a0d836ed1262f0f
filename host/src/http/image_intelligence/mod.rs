//! Image Intelligence's routes. They are not in the OpenAPI document, which is the native API's.

mod jobs;
mod reply;
mod token;

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

/// The routes below the dialect's prefix. Clients end some of them with a slash.
pub(super) fn routes() -> Router<Arc<State>> {
    let mut routes = Router::new()
        .route("/oauth/token", post(token::issue))
        .route("/v2/detect/{id}", get(jobs::get))
        .route("/v2/match/{id}", get(jobs::get))
        .route("/images/{id}", get(picture));
    for end in ["", "/"] {
        routes = routes
            .route(&format!("/v2/detect{end}"), post(jobs::detect).get(jobs::detected))
            .route(&format!("/v2/match{end}"), post(jobs::matching).get(jobs::matched))
            .route(&format!("/v2/ask{end}"), post(jobs::ask))
            .route(&format!("/v2/feedback{end}"), post(jobs::feedback));
    }
    routes.method_not_allowed_fallback(reply::no_method)
}

/// Hands out our copy of a picture: no credentials are needed, the id cannot be guessed.
async fn picture(
    state: Extract<Arc<State>>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    Ok(outputs::get(state, Path((id, String::new())), method, headers).await?)
}
