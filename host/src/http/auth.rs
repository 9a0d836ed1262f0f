//! Who asks, and how often they may.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

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
pub(crate) struct Admin;

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
            state.rates.take(&account.key)?;
            Ok(account)
        }
        _ => Err(Problem::new(Code::Unauthorized, "the key or the secret is wrong")),
    }
}

impl FromRequestParts<Arc<State>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Admin, Problem> {
        let Caller(account) = Caller::from_request_parts(parts, state).await?;
        if state.config.admin_accounts.contains(&account.key) {
            Ok(Admin)
        } else {
            Err(Problem::new(Code::Forbidden, "only accounts in server.admin_accounts may change plugins"))
        }
    }
}

/// A bucket of tokens for each account: it holds one second's worth and fills evenly. Only known
/// accounts get one, so there are never more than accounts.
#[derive(Debug)]
pub struct Rates {
    per_second: f64,
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Rates {
    /// So many requests in a second; 0 for any number.
    pub fn new(per_second: u32) -> Rates {
        Rates { per_second: f64::from(per_second), buckets: Mutex::default() }
    }

    /// Takes one request's token.
    ///
    /// Errors: `too_many_requests` with the time after which there is one again.
    pub(super) fn take(&self, key: &str) -> Result<(), Problem> {
        self.take_at(key, Instant::now())
    }

    fn take_at(&self, key: &str, now: Instant) -> Result<(), Problem> {
        if self.per_second == 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(key) {
            buckets.insert(key.to_owned(), (self.per_second, now));
        }
        let Some((tokens, at)) = buckets.get_mut(key) else {
            return Ok(());
        };
        let filled = *tokens + now.saturating_duration_since(*at).as_secs_f64() * self.per_second;
        (*tokens, *at) = (filled.min(self.per_second), now);
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(());
        }
        let detail = format!("the account may send {} requests a second", self.per_second);
        let wait = ((1.0 - *tokens) / self.per_second).ceil() as u64;
        Err(Problem::new(Code::TooManyRequests, detail).with_retry_after(wait))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_account_has_one_seconds_worth_and_gets_it_back_evenly() {
        let rates = Rates::new(10);
        let start = Instant::now();
        let taken = (0..20).filter(|_| rates.take_at("a", start).is_ok()).count();
        assert_eq!(taken, 10);
        assert!(rates.take_at("b", start).is_ok(), "accounts do not share");
        let later = start + Duration::from_millis(250);
        let taken = (0..20).filter(|_| rates.take_at("a", later).is_ok()).count();
        assert_eq!(taken, 2);
        assert_eq!(rates.take_at("a", later).unwrap_err().retry_after, Some(1));
        assert!((0..1000).all(|_| Rates::new(0).take_at("a", start).is_ok()));
    }
}
