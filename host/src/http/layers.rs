//! What surrounds all routes: request ids, counting, body limits, panics, unknown routes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State as Extract},
    http::{HeaderName, HeaderValue, header::EXPECT},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::{State, body, openapi, reply};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from the client.
const MAX_REQUEST_ID: usize = 128;

pub(super) fn around(
    routes: Router<Arc<State>>,
    state: &Arc<State>,
    document: utoipa::openapi::OpenApi,
) -> Router<Arc<State>> {
    routes
        .fallback(other)
        .method_not_allowed_fallback(reply::no_method::<reply::Problem>)
        .layer(axum::Extension(openapi::Document::new(&document)))
        // Bodies are limited by `guard` instead, which knows the routes' limits.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(reply::panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(state), observe))
}

/// A path that no route has: an address of an image, or nothing.
async fn other(Extract(state): Extract<Arc<State>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    match state.delivery.answer(&head).await {
        Some(mut answer) => {
            answer.extensions_mut().insert(Route("delivery"));
            answer
        }
        None => reply::no_route::<reply::Problem>(head.uri).await.into_response(),
    }
}

/// What answered, where that is no route.
#[derive(Clone, Copy, Debug)]
struct Route(&'static str);

/// Gives the request an id, guards its body, counts and logs it.
async fn observe(Extract(state): Extract<Arc<State>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request = %id, %method, route);

    let limit = state.config.max_body_bytes;
    let time = Duration::from_secs(state.config.request_timeout_s);
    let (head, body) = request.into_parts();
    let waits = head.headers.contains_key(EXPECT);
    let (body, rest) = body::guard(body, limit, time);
    let mut response = match body::check_length(&head.headers, limit) {
        Err(problem) => {
            drop(body);
            problem.into_response()
        }
        Ok(()) => next.run(Request::from_parts(head, body)).instrument(span.clone()).await,
    };
    rest.discard(waits);

    let (status, elapsed) = (response.status().as_u16(), began.elapsed());
    let route = response.extensions().get::<Route>().map_or(route.as_str(), |Route(name)| name);
    state.metrics.request(method.as_str(), route, status, elapsed);
    let _entered = span.enter();
    tracing::debug!(status, ms = elapsed.as_secs_f64() * 1000.0, "answered a request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The client's id, if it sent a sensible one, else a new one.
fn request_id(request: &Request) -> String {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    sent.filter(fits).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}
