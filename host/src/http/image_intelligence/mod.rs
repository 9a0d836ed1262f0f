//! Image Intelligence's routes. They are not in the OpenAPI document, which is the native API's.

mod jobs;
mod reply;
mod token;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use super::{State, outputs, reply::no_method};
use reply::Refused;

/// The routes below the dialect's prefix. Clients end some of them with a slash.
pub(super) fn routes() -> Router<Arc<State>> {
    let mut routes = Router::new()
        .route("/oauth/token", post(token::issue))
        .route("/v2/detect/{id}", get(jobs::get))
        .route("/v2/match/{id}", get(jobs::get))
        .route("/v2/ask/{id}", get(jobs::get))
        .route("/images/{id}", get(outputs::named::<Refused>));
    for end in ["", "/"] {
        routes = routes
            .route(&format!("/v2/detect{end}"), post(jobs::detect).get(jobs::detected))
            .route(&format!("/v2/match{end}"), post(jobs::matching).get(jobs::matched))
            .route(&format!("/v2/ask{end}"), post(jobs::ask).get(jobs::asked))
            .route(&format!("/v2/webhooks{end}"), post(webhooks::register).get(webhooks::list))
            .route(&format!("/v2/feedback{end}"), post(jobs::feedback));
    }
    routes.method_not_allowed_fallback(no_method::<Refused>)
}
