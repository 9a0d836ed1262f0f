//! Blitline's routes. They are not in the OpenAPI document, which is the native API's.

mod poll;
mod submit;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use super::{State, reply::Problem};
use crate::dialect::blitline::response;

/// The routes below the dialect's prefix.
pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/job", post(submit::submit).options(preflight))
        // As one of the old clients has it.
        .route("/jobs", post(submit::submit).options(preflight))
        .route("/listen/{id}", get(poll::listen).options(preflight))
        .route("/poll", get(poll::poll).options(preflight))
        .layer(middleware::from_fn(for_browsers))
}

/// Browsers may submit and poll from any page: what they need for it is in the request itself.
async fn for_browsers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn preflight() -> impl IntoResponse {
    let allowed: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-requested-with"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, allowed)
}

/// A refusal: `{"results": {"error": ...}}`.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    problem: String,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: StatusCode, problem: impl Into<String>) -> Refused {
        Refused { status, problem: problem.into(), retry_after: None }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Refused { status, problem: problem.detail, retry_after: problem.retry_after }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({"results": response::refused(&self.problem)}));
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
