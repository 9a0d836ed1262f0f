//! Hands out stored outputs at URLs that nobody guesses.

use std::sync::Arc;

use axum::{
    extract::{Path, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};

use super::{
    State,
    reply::Problem,
    stored::{self, Refused, Stored},
};
use crate::{
    error::Code,
    job::{OutputReport, OutputState},
    pipeline::written_format,
    zip,
};

/// Hands out an output.
///
/// No credentials are needed: whoever knows the URL may have the picture. The bytes behind a URL never
/// change. Single ranges are honoured (RFC 9110 section 14); of several, the whole is sent.
#[utoipa::path(
    get, path = "/o/{token}/{file}", tag = "outputs", security(()),
    params(
        ("token" = String, Path, description = "The unguessable part."),
        ("file" = String, Path, description = "The name to save it under."),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`"),
        ("If-None-Match" = Option<String>, Header, description = "ETags that are known already."),
    ),
    responses(
        (status = 200, description = "The picture.", content_type = "image/*", body = Vec<u8>),
        (status = 206, description = "A part of it.", content_type = "image/*", body = Vec<u8>),
        (status = 302, description = "It is at the URL in `Location` for a while, when the server is set so (`blob.redirect`)."),
        (status = 304, description = "It is known already."),
        (status = 416, description = "The range lies outside.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none, it is not ready (with `Retry-After`), or it failed.",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Path(path): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The name behind the token is for people alone.
    let (token, _) = path;
    let report =
        state.store.output(&token).await?.ok_or_else(|| Problem::new(Code::NotFound, "there is no such output"))?;
    let (Some(sha256), Some(bytes)) = (report.sha256.clone(), report.bytes) else {
        return Err(not_there(&report));
    };
    let mut common = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| stored::set(&mut common, name, value);
    set(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let snapshot = state.plugins.snapshot();
    let format = report.format.as_deref().and_then(|name| written_format(snapshot.codecs(), name));
    let (media_type, extension) = match format.as_ref() {
        Some(format) => (format.media_type.as_ref(), format.extension.as_ref()),
        None if report.format.as_deref() == Some(zip::NAME) => (zip::MEDIA_TYPE, zip::NAME),
        None => ("application/octet-stream", "bin"),
    };
    set(header::CONTENT_TYPE, media_type);
    // Ids are letters, digits, "_", "-" and ".": nothing in them needs quoting.
    set(header::CONTENT_DISPOSITION, &format!("inline; filename=\"{}.{extension}\"", report.id));

    let stored = Stored { etag: format!("\"{sha256}\""), sha256, bytes, modified: None };
    stored::answer(&state.blobs, stored, &method, &headers, common).await.map_err(|refused| match refused {
        Refused::Blob(error) => error.into(),
        Refused::Outside(bytes) => {
            let problem = Problem::field("range", format!("lies outside of the {bytes} bytes"))
                .with_status(StatusCode::RANGE_NOT_SATISFIABLE);
            match HeaderValue::try_from(format!("bytes */{bytes}")) {
                Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
                Err(_) => problem,
            }
        }
    })
}

/// The same at an address of a dialect, which refuses in its own form `E`: the id is the token, so it cannot be guessed.
pub(super) async fn named<E: From<Problem>>(
    state: Extract<Arc<State>>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, E> {
    Ok(get(state, Path((id, String::new())), method, headers).await?)
}

/// Why there are no bytes.
fn not_there(report: &OutputReport) -> Problem {
    match (report.state, &report.error) {
        (OutputState::Pending, _) => {
            Problem::new(Code::NotFound, format!("output {:?} is not made yet", report.id)).with_retry_after(1)
        }
        (_, Some(error)) => {
            let detail = format!("output {:?} failed with {}: {}", report.id, error.code, error.message);
            Problem::new(Code::NotFound, detail)
        }
        (_, None) => Problem::new(Code::NotFound, format!("output {:?} has no picture", report.id)),
    }
}
