//! Blurb's envelope, around answers and refusals.

use std::sync::Arc;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    dialect::blurb::{auth, response::Envelope},
    error::Code,
    http::{State, auth as door, reply::Problem},
    store::Account,
};

/// A problem in an envelope.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Problem);

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Refused {
        Refused(error.into())
    }
}

/// What went wrong, in an envelope's `data`.
#[derive(Serialize)]
struct Details {
    code: Code,
    errors: Vec<Detail>,
}

#[derive(Serialize)]
struct Detail {
    field: String,
    message: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(problem) = self;
        let errors = problem.errors.iter().map(|issue| Detail {
            field: issue.field.clone().or(issue.pointer.clone()).unwrap_or_default(),
            message: issue.message.clone(),
        });
        let data = Details { code: problem.code, errors: errors.collect() };
        let document = Envelope { success: false, message: Some(problem.detail.clone()), data };
        problem.told_as(document)
    }
}

/// An answer in an envelope.
pub(super) fn told(message: &str, data: impl Serialize) -> Response {
    Json(Envelope { success: true, message: Some(message.to_owned()), data }).into_response()
}

/// The account of a request whose token is right.
pub(super) struct Caller(pub(super) Account);

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Caller, Refused> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let refused = |detail: &str| Problem::new(Code::Unauthorized, detail);
        let credentials = auth::parse(header).map_err(refused)?;
        Ok(Caller(door::check(state, &credentials).await?))
    }
}

/// What was accepted is not there.
pub(super) fn gone(id: &str) -> Refused {
    Refused(Problem::new(Code::Internal, format!("{id} was accepted and is gone")))
}
