//! Hands out stored outputs at URLs that nobody guesses.

use std::{ops::Range, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State as Extract},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{State, reply::Problem};
use crate::{
    error::Code,
    job::{OutputReport, OutputState},
    pipeline::written_format,
};

/// How much of a blob is read at once.
const CHUNK: u64 = 1 << 20;

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
        (status = 304, description = "It is known already."),
        (status = 416, description = "The range lies outside.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none, it is not ready (with `Retry-After`), or it failed.",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The name behind the token is for people alone.
    let (token, _) = path;
    let report =
        state.store.output(&token).await?.ok_or_else(|| Problem::new(Code::NotFound, "there is no such output"))?;
    let (Some(sha256), Some(bytes)) = (report.sha256.clone(), report.bytes) else {
        return Err(not_there(&report));
    };
    let etag = format!("\"{sha256}\"");
    let mut common = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            common.insert(name, value);
        }
    };
    set(header::ETAG, &etag);
    set(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    set(header::ACCEPT_RANGES, "bytes");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let snapshot = state.plugins.snapshot();
    let format = report.format.as_deref().and_then(|name| written_format(snapshot.codecs(), name));
    set(header::CONTENT_TYPE, format.as_ref().map_or("application/octet-stream", |format| &format.media_type));
    // Ids are letters, digits, "_", "-" and ".": nothing in them needs quoting.
    let extension = format.as_ref().map_or("bin", |format| &format.extension);
    set(header::CONTENT_DISPOSITION, &format!("inline; filename=\"{}.{extension}\"", report.id));

    if headers.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let if_range = headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes());
    let asked = headers.get(header::RANGE).filter(|_| if_range).and_then(|value| value.to_str().ok());
    let (status, part) = match asked.map_or(Asked::Whole, |text| range(text, bytes)) {
        Asked::Whole => (StatusCode::OK, 0..bytes),
        Asked::Part(part) => {
            let value = format!("bytes {}-{}/{bytes}", part.start, part.end - 1);
            common.insert(header::CONTENT_RANGE, HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("")));
            (StatusCode::PARTIAL_CONTENT, part)
        }
        Asked::Outside => {
            let problem = Problem::field("range", format!("lies outside of the {bytes} bytes"))
                .with_status(StatusCode::RANGE_NOT_SATISFIABLE);
            return Err(match HeaderValue::try_from(format!("bytes */{bytes}")) {
                Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
                Err(_) => problem,
            });
        }
    };
    common.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    Ok((status, common, content(&state, sha256, part).await?).into_response())
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

/// The body, read chunk by chunk as the client takes it. The first chunk is read before the head is
/// sent, so that a missing blob is an error and not a broken transfer.
async fn content(state: &State, sha256: String, part: Range<u64>) -> Result<Body, Problem> {
    let next = |from: u64| from..part.end.min(from + CHUNK);
    if part.is_empty() {
        return Ok(Body::empty());
    }
    let first = state.blobs.get_range(&sha256, next(part.start)).await?;
    let from = part.start + first.len() as u64;
    if from >= part.end {
        return Ok(Body::from(first));
    }
    let blobs = state.blobs.clone();
    let rest = stream::try_unfold((blobs, sha256, from, part.end), |(blobs, sha256, from, end)| async move {
        if from >= end {
            return Ok(None);
        }
        let chunk = blobs.get_range(&sha256, from..end.min(from + CHUNK)).await?;
        let from = from + chunk.len() as u64;
        Ok::<_, crate::blob::Error>(Some((chunk, (blobs, sha256, from, end))))
    });
    Ok(Body::from_stream(futures_util::StreamExt::chain(stream::iter([Ok(first)]), rest)))
}

/// Whether an `If-None-Match` names the tag; the comparison is weak (RFC 9110 section 13.1.2).
fn names(value: &HeaderValue, etag: &str) -> bool {
    let listed = value.to_str().unwrap_or_default().split(',').map(str::trim);
    listed.into_iter().any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Outside,
}

/// Reads a `Range` header. What is not understood, and several ranges, ask for the whole.
fn range(text: &str, bytes: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").map(str::trim).and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first, last) {
        ("", length) => match number(length) {
            None => Asked::Whole,
            Some(0) => Asked::Outside,
            Some(_) if bytes == 0 => Asked::Outside,
            Some(length) => Asked::Part(bytes.saturating_sub(length)..bytes),
        },
        (first, last) => {
            let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
            match (number(first), last) {
                (Some(first), Some(last)) if first > last => Asked::Whole,
                (Some(first), Some(_)) if first >= bytes => Asked::Outside,
                (Some(first), Some(last)) => Asked::Part(first..last.saturating_add(1).min(bytes)),
                _ => Asked::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let part = |range: Range<u64>| Asked::Part(range);
        for (text, expected) in [
            ("bytes=0-9", part(0..10)),
            ("bytes=90-", part(90..100)),
            ("bytes=90-500", part(90..100)),
            ("bytes=-5", part(95..100)),
            ("bytes=-500", part(0..100)),
            ("bytes=99-99", part(99..100)),
            ("bytes=100-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=18446744073709551615-18446744073709551615", Asked::Outside),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=+1-4", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            assert_eq!(range(text, 100), expected, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), Asked::Outside);
    }
}
