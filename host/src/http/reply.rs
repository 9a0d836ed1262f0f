//! Errors as they leave the door: RFC 9457 problem documents.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    blob,
    error::{Code, Failure},
    store,
};

/// How many things that are wrong with one request are listed; the rest is counted.
const MAX_ISSUES: usize = 100;

/// The longest message of one issue in bytes: messages may quote what was sent.
const MAX_MESSAGE: usize = 400;

/// The media type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Issue {
    /// Where in the body, as a JSON pointer (RFC 6901): `/eager/0/steps/1/params/width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The query parameter, header or part of a multipart body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The stable code.
    pub code: Code,
    /// The value and what was expected.
    pub message: String,
}

/// What is wrong with a request's form, then what is wrong with its meaning elsewhere: at one place, and
/// for what holds it, the form says it all.
pub(super) fn form_first(mut form: Vec<Issue>, mut meaning: Vec<Issue>) -> Vec<Issue> {
    let within = |inner: &Issue, outer: &Issue| match (&inner.pointer, &outer.pointer) {
        // The whole document holds everything: what is said of it stays.
        (Some(inner), Some(outer)) if !outer.is_empty() => {
            inner.strip_prefix(outer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        _ => false,
    };
    meaning.retain(|issue| !form.iter().any(|told| within(told, issue)));
    form.append(&mut meaning);
    form
}

impl Issue {
    /// Something at a place in the JSON body.
    pub fn at(pointer: impl Into<String>, code: Code, message: impl Into<String>) -> Issue {
        Issue { pointer: Some(pointer.into()), field: None, code, message: shorten(message.into()) }
    }

    /// Something about a query parameter, a header or a part.
    pub fn field(field: impl Into<String>, code: Code, message: impl Into<String>) -> Issue {
        Issue { pointer: None, field: Some(field.into()), code, message: shorten(message.into()) }
    }
}

fn shorten(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push_str("...");
    }
    message
}

/// A problem document (RFC 9457) with a stable `code` and everything that is wrong at once.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:safelight:problem:invalid_request",
    "title": "The request is not well-formed: not JSON, a wrong type, an unknown field, a value out of range",
    "status": 422,
    "detail": "the request has 1 problem",
    "code": "invalid_request",
    "errors": [{"pointer": "/outputs/0/quality", "code": "invalid_request", "message": "101 is greater than the maximum of 100"}]
}))]
pub struct Problem {
    /// A name for the kind of problem: `urn:safelight:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// The stable code.
    pub code: Code,
    /// Every single thing that is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Issue>,
    /// Seconds after which a second try makes sense.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// Further headers of the answer.
    #[serde(skip)]
    #[schema(ignore)]
    pub headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with the code's own status.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("urn:safelight:problem:{code}"),
            title: code.meaning().trim().trim_end_matches('.').to_owned(),
            status: code.status(),
            detail: shorten(detail.into()),
            code,
            errors: Vec::new(),
            retry_after: (code.status() == 429 || code.status() == 503).then_some(1),
            headers: Vec::new(),
        }
    }

    /// The problem of a request with these issues; the first one gives the code, unless they
    /// differ.
    pub fn issues(mut issues: Vec<Issue>) -> Problem {
        let count = issues.len();
        let first = issues.first().map_or(Code::InvalidRequest, |issue| issue.code);
        let code = if issues.iter().all(|issue| issue.code == first) { first } else { Code::InvalidRequest };
        issues.truncate(MAX_ISSUES);
        let listed = if count > MAX_ISSUES { format!(", the first {MAX_ISSUES} are listed") } else { String::new() };
        let detail = format!("the request has {count} {}{listed}", if count == 1 { "problem" } else { "problems" });
        Problem { errors: issues, ..Problem::new(code, detail) }
    }

    /// The problem of one wrong query parameter, header or part.
    pub fn field(field: &str, message: impl Into<String>) -> Problem {
        Problem::issues(vec![Issue::field(field, Code::InvalidRequest, message)])
    }

    /// There is no such thing, or it belongs to another account.
    pub fn not_found(what: &str, name: &str) -> Problem {
        Problem::new(Code::NotFound, format!("there is no {what} {name:?}"))
    }

    /// The same with another status than the code's own.
    pub fn with_status(mut self, status: StatusCode) -> Problem {
        self.status = status.as_u16();
        self
    }

    /// The same with a time to come back.
    pub fn with_retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// The answer with another document in the place of this one: status and headers stay.
    pub(crate) fn told_as(self, document: impl Serialize) -> Response {
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = self.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body);
        response
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == 401 {
            let challenge = "Bearer realm=\"safelight\", Basic realm=\"safelight\", charset=\"UTF-8\"";
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        Problem::new(failure.code, failure.message)
    }
}

impl From<store::Error> for Problem {
    /// What the database said stays in the log; the caller learns that it failed.
    fn from(error: store::Error) -> Problem {
        match error {
            store::Error::Failed { .. } | store::Error::Unknown { .. } | store::Error::LeaseLost { .. } => {
                tracing::error!(%error, "the store failed during a request");
                Problem::new(Code::StorageFailed, "the store failed; try again")
            }
            store::Error::IdempotencyMismatch => Problem {
                errors: vec![Issue::field("idempotency-key", Code::IdempotencyMismatch, error.to_string())],
                ..Problem::new(Code::IdempotencyMismatch, error.to_string())
            },
            store::Error::QueueFull { .. } => {
                Problem::new(Code::TooManyRequests, error.to_string()).with_retry_after(10)
            }
            store::Error::Exists { .. } | store::Error::Conflict { .. } => {
                Problem::new(Code::Conflict, error.to_string())
            }
            store::Error::BadCursor => Problem::field("cursor", error.to_string()),
        }
    }
}

impl From<blob::Error> for Problem {
    fn from(error: blob::Error) -> Problem {
        if let blob::Error::TooLarge { limit } = error {
            return Problem::new(Code::BodyTooLarge, format!("the picture is over the limit of {limit} bytes"));
        }
        tracing::error!(%error, "the blob store failed during a request");
        Problem::new(Code::StorageFailed, "the blob store failed; try again")
    }
}

/// The answer to a path that no route has, in the form `E` of the API.
pub(crate) async fn no_route<E: From<Problem>>(uri: axum::http::Uri) -> E {
    Problem::not_found("route", uri.path()).into()
}

/// The answer to a method that the route does not have; the router adds `Allow`.
pub(crate) async fn no_method<E: From<Problem>>(method: axum::http::Method, uri: axum::http::Uri) -> E {
    Problem::new(Code::MethodNotAllowed, format!("{:?} does not take {method}", uri.path())).into()
}

/// The answer after a panic: its text stays in the log.
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(panic = text, "a request handler panicked");
    Problem::new(Code::Internal, "something went wrong here that should not").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_codes_give_the_code_and_mixed_ones_invalid_request() {
        let issue = |code| Issue::at("/x", code, "is wrong");
        assert_eq!(Problem::issues(vec![issue(Code::InvalidParams); 2]).code, Code::InvalidParams);
        let mixed = Problem::issues(vec![issue(Code::InvalidParams), issue(Code::AddressRefused)]);
        assert_eq!((mixed.code, mixed.status), (Code::InvalidRequest, 422));
    }

    #[test]
    fn many_issues_and_long_messages_are_bounded() {
        let issues = vec![Issue::at("/x", Code::InvalidRequest, "\u{fc}".repeat(10_000)); 5000];
        let problem = Problem::issues(issues);
        assert_eq!(problem.errors.len(), MAX_ISSUES);
        assert!(problem.detail.contains("5000 problems"), "{}", problem.detail);
        assert!(problem.errors[0].message.len() <= MAX_MESSAGE + 3);
    }
}
