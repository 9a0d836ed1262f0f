//! Who asks.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::{State, reply::Problem};
use crate::{dialect::native::auth, error::Code, store::Account};

/// The account of a request whose credentials are right.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Account);

/// The same, for an account that may change the server itself.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Account);

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Caller, Problem> {
        let refused = |detail: &str| Problem::new(Code::Unauthorized, detail);
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.ok_or_else(|| refused("the request has no Authorization header"))?;
        let header = header.to_str().map_err(|_| refused("the Authorization header is not visible ASCII"))?;
        let credentials = auth::parse(header).map_err(refused)?;
        Ok(Caller(check(state, &credentials).await?))
    }
}

/// The account of these credentials, which may send one more request now.
///
/// Errors: `unauthorized`, `too_many_requests`.
pub(super) async fn check(state: &State, credentials: &auth::Credentials) -> Result<Account, Problem> {
    let account = state.store.account(&credentials.key).await?;
    let secret = account.as_ref().map(|account| account.secret.as_str());
    match (auth::matches(credentials, secret), account) {
        (true, Some(account)) => {
            state.rates.take(&account.key, account.settings.requests_per_s).await?;
            Ok(account)
        }
        _ => Err(Problem::new(Code::Unauthorized, "the key or the secret is wrong")),
    }
}

impl FromRequestParts<Arc<State>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Admin, Problem> {
        let Caller(account) = Caller::from_request_parts(parts, state).await?;
        if state.is_admin(&account) {
            Ok(Admin(account))
        } else {
            Err(Problem::new(Code::Forbidden, "only accounts in server.admin_accounts may do that"))
        }
    }
}
