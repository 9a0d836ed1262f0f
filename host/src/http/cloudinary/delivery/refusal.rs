//! Errors in the words of the dialect: a status and `X-Cld-Error`.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    blob,
    dialect::cloudinary::{evaluate::EvaluateError, url::AddressError},
    error::{Code, Failure, Fault},
    http::stored::{self, set},
};

/// The header that tells what is wrong.
const X_CLD_ERROR: HeaderName = HeaderName::from_static("x-cld-error");

/// Bytes of a message, at most.
const MAX_MESSAGE: usize = 1000;

/// An address that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// For 416: the size of the whole.
    pub(super) whole: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into(), whole: None }
    }

    /// There is no such resource.
    pub(super) fn not_found(id: &str) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, format!("Resource not found - {id}"))
    }

    /// It may not be had without a signature, or with this one.
    pub(super) fn unauthorized(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, message)
    }

    /// The store failed.
    pub(super) fn store(failure: &Failure) -> Refusal {
        tracing::error!(%failure, "the store failed during a delivery");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "The store failed, try again")
    }

    /// An image could not be made.
    pub(super) fn making(failure: &Failure) -> Refusal {
        let status = match failure.code {
            Code::SourceNotFound => StatusCode::NOT_FOUND,
            code => match code.fault() {
                Fault::Host => {
                    tracing::error!(%failure, "an image could not be made");
                    StatusCode::SERVICE_UNAVAILABLE
                }
                _ => StatusCode::BAD_REQUEST,
            },
        };
        Refusal::new(status, failure.message.clone())
    }

    /// A remote file could not be fetched.
    pub(super) fn fetching(url: &str, failure: &Failure) -> Refusal {
        let status = match failure.code {
            Code::SourceNotFound | Code::SourceUnreachable => StatusCode::NOT_FOUND,
            _ => Refusal::making(failure).status,
        };
        Refusal::new(status, format!("Error in loading {url} - {}", failure.message))
    }

    /// The answer; `method_head` leaves the body out.
    pub(super) fn into_answer(self, head: bool) -> Response {
        let message = printable(&self.message);
        let mut headers = HeaderMap::new();
        set(&mut headers, X_CLD_ERROR, &message);
        set(&mut headers, header::CONTENT_TYPE, "text/plain; charset=utf-8");
        set(&mut headers, header::CACHE_CONTROL, "no-store");
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(&mut headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, "X-Cld-Error");
        if let Some(whole) = self.whole {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes */{whole}"));
        }
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::LOCKED) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let body = if head { Body::empty() } else { Body::from(message) };
        (self.status, headers, body).into_response()
    }
}

/// Printable ASCII on one line, cut when long.
fn printable(message: &str) -> String {
    let mut text = String::new();
    for character in message.chars() {
        if text.len() >= MAX_MESSAGE {
            text.push_str("...");
            break;
        }
        if character == ' ' || character.is_ascii_graphic() {
            text.push(character);
        } else {
            text.extend(character.escape_unicode());
        }
    }
    text
}

impl From<AddressError> for Refusal {
    fn from(error: AddressError) -> Refusal {
        let status = match &error {
            AddressError::NotFound(_) => StatusCode::NOT_FOUND,
            AddressError::Transformation(_) | AddressError::Malformed(_) => StatusCode::BAD_REQUEST,
        };
        Refusal::new(status, error.to_string())
    }
}

impl From<EvaluateError> for Refusal {
    fn from(error: EvaluateError) -> Refusal {
        let status = match &error {
            EvaluateError::MissingLayer(_) => StatusCode::NOT_FOUND,
            EvaluateError::Transformation(_)
            | EvaluateError::UnknownTransformation(_)
            | EvaluateError::TooLarge { .. } => StatusCode::BAD_REQUEST,
        };
        Refusal::new(status, error.to_string())
    }
}

impl From<stored::Refused> for Refusal {
    fn from(refused: stored::Refused) -> Refusal {
        match refused {
            stored::Refused::Outside(bytes) => Refusal {
                whole: Some(bytes),
                ..Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, format!("The range lies outside of {bytes} bytes"))
            },
            stored::Refused::Blob(error) => error.into(),
        }
    }
}

impl From<blob::Error> for Refusal {
    fn from(error: blob::Error) -> Refusal {
        tracing::error!(%error, "the blob store failed during a delivery");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "The blob store failed, try again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line_of_ascii() {
        let answer = Refusal::not_found("caf\u{e9}\r\nx: y").into_answer(false);
        assert_eq!(answer.headers()["x-cld-error"], r"Resource not found - caf\u{e9}\u{d}\u{a}x: y");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(printable(&"\u{e9}".repeat(5000)).len() < MAX_MESSAGE + 20);
    }

    #[test]
    fn only_our_own_faults_are_worth_another_try() {
        for code in Code::ALL {
            let status = Refusal::making(&Failure::new(*code, "x")).status;
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(status == StatusCode::SERVICE_UNAVAILABLE, code.fault() == Fault::Host, "{code}");
        }
    }
}
