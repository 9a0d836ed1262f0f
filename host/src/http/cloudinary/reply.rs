//! Answers and refusals as the SDKs know them: 200 or one of few statuses, always JSON.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    blob,
    dialect::cloudinary::{
        engine::told_failure,
        fields::FieldError,
        params::ParamError,
        signature::{InvalidSignature, Stale},
    },
    error::{Code, Failure},
    http::reply::Problem,
    store,
};

const CLD_ERROR: HeaderName = HeaderName::from_static("x-cld-error");

/// The longest text of the header; the body has all of it.
const MAX_HEADER: usize = 1024;

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 400, 401, 403, 404, 409, 420 or 500. The uploader of the Node SDK knows neither 403 nor 409.
    pub(crate) status: u16,
    /// For people, and for programs that look for words.
    pub(crate) message: String,
    /// Whether somebody else has changed what the call is about, so that it may be tried anew.
    pub(super) conflict: bool,
}

/// Evaluates an expression again, a few times at most, while others change what it reads.
macro_rules! anew {
    ($attempt:expr) => {{
        let mut tries = 1;
        loop {
            match $attempt {
                Err(refusal) if refusal.conflict && tries < 10 => tries += 1,
                answer => break answer,
            }
        }
    }};
}
pub(super) use anew;

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into(), conflict: false }
    }

    /// 400.
    pub(crate) fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(400, message)
    }

    /// 404 for an asset.
    pub(crate) fn no_resource(public_id: &str) -> Refusal {
        Refusal::new(404, format!("Resource not found - {public_id}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json_response(&json!({"error": {"message": self.message}}));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::try_from(ascii(&self.message)) {
            headers.insert(CLD_ERROR, value);
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Cloudinary API\""));
        }
        response
    }
}

/// The message in printable ASCII on one line.
fn ascii(message: &str) -> String {
    let mut text = String::new();
    for character in message.chars() {
        match character {
            ' '..='~' => text.push(character),
            other => text.extend(other.escape_default()),
        }
        if text.len() >= MAX_HEADER {
            break;
        }
    }
    text
}

/// 200 with JSON.
pub(crate) fn json_response(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate"));
    response
}

impl From<ParamError> for Refusal {
    fn from(error: ParamError) -> Refusal {
        Refusal::bad(error.to_string())
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Refusal {
        match error {
            FieldError::Value(message) => Refusal::bad(message),
            FieldError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidSignature> for Refusal {
    fn from(error: InvalidSignature) -> Refusal {
        Refusal::new(401, error.to_string())
    }
}

impl From<Stale> for Refusal {
    fn from(error: Stale) -> Refusal {
        Refusal::bad(error.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let (status, message) = told_failure(failure.code, &failure.message, None);
        Refusal::new(status, message)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Refusal {
        match error {
            store::Error::BadCursor => {
                Refusal::bad("Invalid value for parameter next_cursor (expected one of an answer)")
            }
            store::Error::QueueFull { limit, .. } => {
                Refusal::new(420, format!("Rate Limit Exceeded. {limit} requests are waiting already"))
            }
            store::Error::Exists { name, .. } => Refusal::new(409, format!("{name} already exists")),
            store::Error::Conflict { what } => {
                Refusal { conflict: true, ..Refusal::new(500, format!("General Error: {what} is being changed")) }
            }
            error => {
                tracing::error!(%error, "the store failed during a request");
                Refusal::new(500, "General Error: the store failed, try again")
            }
        }
    }
}

impl From<blob::Error> for Refusal {
    fn from(error: blob::Error) -> Refusal {
        if let blob::Error::TooLarge { limit } = error {
            return Refusal::bad(format!("File size too large. Maximum is {limit} bytes"));
        }
        tracing::error!(%error, "the blob store failed during a request");
        Refusal::new(500, "General Error: the blob store failed, try again")
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        let detail = problem.errors.first().map_or(&problem.detail, |issue| &issue.message);
        let message = match problem.code {
            Code::BodyTooLarge => format!("File size too large. {detail}"),
            _ => detail.clone(),
        };
        let (status, message) = told_failure(problem.code, &message, None);
        Refusal::new(status, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_fit_into_the_header() {
        assert_eq!(ascii("a \u{fc}\r\nX: y"), "a \\u{fc}\\r\\nX: y");
        let response = Refusal::bad("\u{fc}".repeat(5000)).into_response();
        let header = response.headers()[CLD_ERROR].to_str().unwrap().to_owned();
        assert!(header.len() <= MAX_HEADER + 10 && header.is_ascii());
        assert_eq!(response.status(), 400);
        assert!(Refusal::new(401, "no").into_response().headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn statuses_are_those_that_the_sdks_take() {
        for code in Code::ALL {
            let refusal = Refusal::from(Failure::new(*code, "m"));
            assert!([400, 401, 404, 420, 500].contains(&refusal.status), "{code}: {}", refusal.status);
        }
    }
}
