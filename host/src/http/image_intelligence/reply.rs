//! Refusals: `{"error": {"code", "message"}}`.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    dialect::image_intelligence::auth,
    error::Code,
    http::{State, reply::Problem},
    store::Account,
};

/// A problem in the dialect's form.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Problem);

impl Refused {
    /// A request that is wrong: status 400, as in the original.
    pub(super) fn wrong(message: impl Into<String>) -> Refused {
        Refused(Problem::new(Code::InvalidRequest, message).with_status(axum::http::StatusCode::BAD_REQUEST))
    }
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Refused {
        Refused(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(problem) = self;
        let code = problem.code.as_str().to_ascii_uppercase();
        let document = json!({"error": {"code": code, "message": problem.detail}});
        problem.told_as(document)
    }
}

/// The account of a request whose token is good.
pub(super) struct Caller(pub(super) Account);

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Caller, Refused> {
        let refused = |detail: &str| Problem::new(Code::Unauthorized, detail);
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = auth::parse(header).map_err(refused)?;
        let account = state.store.account(&token.key).await?;
        let secret = account.as_ref().map(|account| account.secret.as_str());
        match (token.is_good(secret, state.clock.now()), account) {
            (true, Some(account)) => {
                state.rates.take(&account.key, account.settings.requests_per_s).await?;
                Ok(Caller(account))
            }
            _ => Err(refused("the token is not good any more, or never was").into()),
        }
    }
}
