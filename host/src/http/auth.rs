//! Who asks, and how often they may.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
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
            state.rates.take(&account.key, account.settings.requests_per_s)?;
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

/// A bucket of tokens for each account: it holds one second's worth and fills evenly. Only known
/// accounts get one, so there are never more than accounts.
#[derive(Debug)]
pub struct Rates {
    per_second: f64,
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
    hours: Mutex<HashMap<String, (u64, u64)>>,
}

/// Requests of an account in the present hour, as some APIs tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// As many as the limit for a second allows.
    pub limit: u64,
    /// Sent so far.
    pub used: u64,
    /// What is left, at least 1: the limit is for a second.
    pub remaining: u64,
    /// When the hour ends.
    pub ends: SystemTime,
}

/// What is told as the limit of an hour where there is none.
const NO_LIMIT: u64 = 1 << 31;

impl Rates {
    /// So many requests in a second; 0 for any number.
    pub fn new(per_second: u32) -> Rates {
        Rates { per_second: f64::from(per_second), buckets: Mutex::default(), hours: Mutex::default() }
    }

    /// Counts a request of an account into the hour of `now`.
    pub(crate) fn count(&self, key: &str, now: SystemTime) {
        let hour = hour(now);
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hours.entry(key.to_owned()).or_insert((hour, 0));
        *entry = if entry.0 == hour { (hour, entry.1 + 1) } else { (hour, 1) };
    }

    /// What was counted of an account in the hour of `now`.
    pub(crate) fn hour(&self, key: &str, now: SystemTime) -> Hour {
        let hour = hour(now);
        let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let used = hours.get(key).filter(|(counted, _)| *counted == hour).map_or(0, |(_, used)| *used);
        let limit = if self.per_second == 0.0 { NO_LIMIT } else { (self.per_second * 3600.0) as u64 };
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs((hour + 1) * 3600);
        Hour { limit, used, remaining: limit.saturating_sub(used).max(1), ends }
    }

    /// Takes one request's token; `own` is what is set for the account alone.
    ///
    /// Errors: `too_many_requests` with the time after which there is one again.
    pub(crate) fn take(&self, key: &str, own: Option<u32>) -> Result<(), Problem> {
        self.take_at(key, own.map_or(self.per_second, f64::from), Instant::now())
    }

    fn take_at(&self, key: &str, per_second: f64, now: Instant) -> Result<(), Problem> {
        if per_second == 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(key) {
            buckets.insert(key.to_owned(), (per_second, now));
        }
        let Some((tokens, at)) = buckets.get_mut(key) else {
            return Ok(());
        };
        let filled = *tokens + now.saturating_duration_since(*at).as_secs_f64() * per_second;
        (*tokens, *at) = (filled.min(per_second), now);
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(());
        }
        let detail = format!("the account may send {} requests a second", per_second);
        let wait = ((1.0 - *tokens) / per_second).ceil() as u64;
        Err(Problem::new(Code::TooManyRequests, detail).with_retry_after(wait))
    }
}

fn hour(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / 3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_counted_apart() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let rates = Rates::new(10);
        rates.count("a", at(100));
        rates.count("a", at(3599));
        let expected = Hour { limit: 36_000, used: 2, remaining: 35_998, ends: at(3600) };
        assert_eq!(rates.hour("a", at(3000)), expected);
        assert_eq!(rates.hour("b", at(3000)).used, 0);
        rates.count("a", at(3600));
        assert_eq!(rates.hour("a", at(3601)).used, 1);
        assert_eq!(Rates::new(0).hour("a", at(0)).remaining, NO_LIMIT);
    }

    #[test]
    fn an_account_has_one_seconds_worth_and_gets_it_back_evenly() {
        let rates = Rates::new(10);
        let start = Instant::now();
        let taken = (0..20).filter(|_| rates.take_at("a", 10.0, start).is_ok()).count();
        assert_eq!(taken, 10);
        assert!(rates.take_at("b", 10.0, start).is_ok(), "accounts do not share");
        let later = start + Duration::from_millis(250);
        let taken = (0..20).filter(|_| rates.take_at("a", 10.0, later).is_ok()).count();
        assert_eq!(taken, 2);
        assert_eq!(rates.take_at("a", 10.0, later).unwrap_err().retry_after, Some(1));
        assert!((0..1000).all(|_| Rates::new(0).take("a", None).is_ok()));
        let own = (0..20).filter(|_| rates.take_at("c", 3.0, start).is_ok()).count();
        assert_eq!(own, 3, "what is set for one account alone");
    }
}
