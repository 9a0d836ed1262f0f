//! Stored bytes as an answer: parts of them, and nothing when the client has them already.

use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::blob::{self, Blobs, Signed};

/// Bytes in the blob store.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// Their key.
    pub(super) sha256: String,
    /// How many.
    pub(super) bytes: u64,
    /// Their tag, in quotes.
    pub(super) etag: String,
    /// When they were stored, if clients may ask by it.
    pub(super) modified: Option<SystemTime>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// The range lies outside of so many bytes: 416.
    Outside(u64),
    /// The blob store failed, or the blob is gone.
    Blob(blob::Error),
}

/// Answers with stored bytes. `headers` are those of the whole; `ETag`, `Last-Modified`, ranges and the length are
/// added. Single ranges are honoured (RFC 9110 section 14); of several, the whole is sent. The answer to HEAD has
/// no body. Where the settings say so, a GET is sent to the object store instead, unless the answer has a policy for
/// contents of others, which the object store would not repeat.
pub(super) async fn answer(
    blobs: &Blobs,
    stored: Stored,
    method: &Method,
    asked: &HeaderMap,
    mut headers: HeaderMap,
) -> Result<Response, Refused> {
    let Stored { sha256, bytes, etag, modified } = stored;
    set(&mut headers, header::ETAG, &etag);
    set(&mut headers, header::ACCEPT_RANGES, "bytes");
    if let Some(modified) = modified {
        set(&mut headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    }
    if is_known(asked, &etag, modified) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    if method == Method::GET
        && !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Some(signed) = blobs.signed_url(&sha256, &headers).await.map_err(Refused::Blob)?
    {
        return Ok(elsewhere(&signed, headers));
    }
    let if_range = asked.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes());
    let wanted = asked.get(header::RANGE).filter(|_| if_range).and_then(|value| value.to_str().ok());
    let (status, part) = match wanted.map_or(Asked::Whole, |text| range(text, bytes)) {
        Asked::Whole => (StatusCode::OK, 0..bytes),
        Asked::Part(part) => {
            let value = format!("bytes {}-{}/{bytes}", part.start, part.end - 1);
            set(&mut headers, header::CONTENT_RANGE, &value);
            (StatusCode::PARTIAL_CONTENT, part)
        }
        Asked::Outside => return Err(Refused::Outside(bytes)),
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    if method == Method::HEAD {
        return Ok((status, headers).into_response());
    }
    let pieces = blobs.stream_range(&sha256, part).await.map_err(Refused::Blob)?;
    Ok((status, headers, Body::from_stream(pieces)).into_response())
}

/// Sets a header; a value that no header can have is left out.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether the client has the bytes: by their tag, and by their time only when it names no tag
/// (RFC 9110 section 13.2.2).
fn is_known(asked: &HeaderMap, etag: &str, modified: Option<SystemTime>) -> bool {
    let mut tags = asked.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.any(|value| names(value, etag));
    }
    let since = asked.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    match (since, modified) {
        (Some(since), Some(modified)) => whole_seconds(modified) <= since,
        _ => false,
    }
}

fn whole_seconds(time: SystemTime) -> SystemTime {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Sends the client to where the bytes are. What is said of the bytes belongs to the answer it gets there; the redirect
/// is kept for half the time that the URL works, and by nobody but the client.
fn elsewhere(signed: &Signed, mut headers: HeaderMap) -> Response {
    let is_stored = headers.get(header::CACHE_CONTROL).is_none_or(|value| value.as_bytes() != b"no-store");
    for name in [
        header::ACCEPT_RANGES,
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::CONTENT_TYPE,
        header::ETAG,
        header::LAST_MODIFIED,
    ] {
        headers.remove(name);
    }
    let lasts = if is_stored { format!("private, max-age={}", signed.lasts.as_secs() / 2) } else { "no-store".into() };
    set(&mut headers, header::CACHE_CONTROL, &lasts);
    set(&mut headers, header::LOCATION, signed.url.as_str());
    (StatusCode::FOUND, headers).into_response()
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
