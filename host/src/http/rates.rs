//! How often an account may ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::reply::Problem;
use crate::{error::Code, store::Store};

/// A node takes at most this part of a second's tokens together: the store is asked as often.
const PORTION: u32 = 20;

/// How long tokens that were taken are good for.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// A bucket of tokens for each account: it holds one second's worth and fills evenly. Only known accounts get one, so
/// there are never more than accounts. Nodes of one store have the buckets in common.
pub struct Rates {
    name: &'static str,
    per_second: u32,
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
    hours: Mutex<HashMap<String, (u64, u64)>>,
    shared: Option<Shared>,
}

/// Buckets that nodes have in common, and what this node has taken out of them.
struct Shared {
    store: Arc<dyn Store>,
    taken: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Taken>>>>,
}

/// Tokens that were taken out of a bucket.
#[derive(Debug, Default)]
struct Taken {
    /// How many were asked for.
    portion: u32,
    /// What is left of them.
    tokens: u32,
    /// Until when they are good, or, of an empty bucket, until when it is not asked again.
    until: Option<Instant>,
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
    /// So many requests in a second; 0 for any number. `name` tells these buckets from others.
    pub fn new(name: &'static str, per_second: u32) -> Rates {
        Rates { name, per_second, buckets: Mutex::default(), hours: Mutex::default(), shared: None }
    }

    /// With buckets that all nodes of the store share, if it is one for several.
    #[must_use]
    pub fn shared(self, store: &Arc<dyn Store>) -> Rates {
        let shared = store.is_shared().then(|| Shared { store: store.clone(), taken: Mutex::default() });
        Rates { shared, ..self }
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
        let limit = if self.per_second == 0 { NO_LIMIT } else { u64::from(self.per_second) * 3600 };
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs((hour + 1) * 3600);
        Hour { limit, used, remaining: limit.saturating_sub(used).max(1), ends }
    }

    /// Takes one request's token; `own` is what is set for the account alone.
    ///
    /// Errors: `too_many_requests` with the time after which there is one again.
    pub(crate) async fn take(&self, key: &str, own: Option<u32>) -> Result<(), Problem> {
        let per_second = own.unwrap_or(self.per_second);
        if per_second > 0
            && let Some(shared) = &self.shared
        {
            match shared.take(self.name, key, per_second).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(too_many(per_second, 1)),
                // The request fails by itself if it needs the store.
                Err(error) => tracing::debug!(key, "a limit is this node's alone for now: {error}"),
            }
        }
        self.take_at(key, per_second, Instant::now())
    }

    fn take_at(&self, key: &str, limit: u32, now: Instant) -> Result<(), Problem> {
        if limit == 0 {
            return Ok(());
        }
        let per_second = f64::from(limit);
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
        Err(too_many(limit, ((1.0 - *tokens) / per_second).ceil() as u64))
    }
}

impl Shared {
    /// Takes one token; answers whether there was one.
    async fn take(&self, name: &str, key: &str, per_second: u32) -> Result<bool, crate::store::Error> {
        let taken = {
            let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.to_owned()).or_default().clone()
        };
        // Of those who come at the same time one asks the store.
        let mut taken = taken.lock().await;
        let is_good = taken.until.is_some_and(|until| until > Instant::now());
        if is_good && taken.tokens == 0 {
            return Ok(false);
        }
        if !is_good || taken.tokens == 0 {
            let most = (per_second / PORTION).max(1);
            taken.portion = taken.next_portion().min(most);
            taken.tokens = self.store.draw(&format!("{name}/{key}"), per_second, taken.portion).await?;
            // An empty bucket is not asked again before there may be something in it.
            let good_for = if taken.tokens == 0 { GOOD_FOR / per_second.min(PORTION) } else { GOOD_FOR };
            taken.until = Some(Instant::now() + good_for);
            if taken.tokens == 0 {
                return Ok(false);
            }
        }
        taken.tokens -= 1;
        if taken.tokens == 0 {
            taken.until = None;
        }
        Ok(true)
    }
}

impl Taken {
    /// As many as were needed of the last portion, twice as many when it did not last: what a node does not need others
    /// may have.
    fn next_portion(&self) -> u32 {
        match self.tokens {
            0 => self.portion.saturating_mul(2).max(1),
            left => self.portion.saturating_sub(left).max(1),
        }
    }
}

fn too_many(per_second: u32, wait: u64) -> Problem {
    let detail = format!("the account may send {per_second} requests a second");
    Problem::new(Code::TooManyRequests, detail).with_retry_after(wait)
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
        let rates = Rates::new("requests", 10);
        rates.count("a", at(100));
        rates.count("a", at(3599));
        let expected = Hour { limit: 36_000, used: 2, remaining: 35_998, ends: at(3600) };
        assert_eq!(rates.hour("a", at(3000)), expected);
        assert_eq!(rates.hour("b", at(3000)).used, 0);
        rates.count("a", at(3600));
        assert_eq!(rates.hour("a", at(3601)).used, 1);
        assert_eq!(Rates::new("requests", 0).hour("a", at(0)).remaining, NO_LIMIT);
    }

    #[test]
    fn a_node_takes_as_many_as_it_needs() {
        let portions = |portion, tokens| Taken { portion, tokens, until: None }.next_portion();
        assert_eq!([portions(0, 0), portions(1, 0), portions(8, 0)], [1, 2, 16]);
        assert_eq!([portions(8, 5), portions(8, 8)], [3, 1]);
    }

    #[test]
    fn an_account_has_one_seconds_worth_and_gets_it_back_evenly() {
        let rates = Rates::new("requests", 10);
        let start = Instant::now();
        let taken = (0..20).filter(|_| rates.take_at("a", 10, start).is_ok()).count();
        assert_eq!(taken, 10);
        assert!(rates.take_at("b", 10, start).is_ok(), "accounts do not share");
        let later = start + Duration::from_millis(250);
        let taken = (0..20).filter(|_| rates.take_at("a", 10, later).is_ok()).count();
        assert_eq!(taken, 2);
        assert_eq!(rates.take_at("a", 10, later).unwrap_err().retry_after, Some(1));
        let open = Rates::new("requests", 0);
        assert!((0..1000).all(|_| open.take_at("a", 0, start).is_ok()));
        let own = (0..20).filter(|_| rates.take_at("c", 3, start).is_ok()).count();
        assert_eq!(own, 3, "what is set for one account alone");
    }
}
