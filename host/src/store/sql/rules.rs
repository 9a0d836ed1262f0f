//! Decisions that no database makes.

use std::{collections::HashMap, time::Duration};

use super::{Fail, Fields};
use crate::{
    job::State,
    store::{Completion, DeliveryClaim, Error, Submission, Verdict},
};

/// The longest back-off after a lost lease.
const BACK_OFF_MAX: Duration = Duration::from_secs(300);

/// When a parked lane is looked at again although nothing woke it, in microseconds.
pub(in crate::store) const PARKED: i64 = 1_000_000;

/// Attempts kept in a delivery's log.
pub(in crate::store) const LOG: i64 = 50;

/// Times that a claim goes over the due lanes at most: the first gives each its share, the next ones
/// deal out what is left.
pub(in crate::store) const ROUNDS: usize = 8;

/// Lanes looked at in one round at least, so that a few that can take nothing do not end a claim.
pub(in crate::store) const LANES: u32 = 64;

/// Rows of a kind that one commit forgets at most.
pub(in crate::store) const FORGET: i64 = 500;

/// Jobs taken from the lease index at a time.
pub(in crate::store) const REAP: i64 = 500;

/// 2 to the power of the attempts so far, in seconds, at most five minutes.
pub(in crate::store) fn back_off(attempt: i64) -> Duration {
    Duration::from_secs(1 << attempt.clamp(0, 20)).min(BACK_OFF_MAX)
}

/// Refuses an end in a state that is not final.
pub(in crate::store) fn must_be_final(completion: &Completion) -> Result<(), Fail> {
    if completion.state.is_final() {
        return Ok(());
    }
    Err(Fail::Value(format!("{} is not a final state", completion.state.as_str())))
}

/// Refuses a submission without jobs.
pub(in crate::store) fn must_have_jobs(submission: &Submission) -> Result<(), Fail> {
    if submission.jobs.is_empty() {
        return Err(Fail::Value("a submission has at least one job".into()));
    }
    Ok(())
}

/// What is said of an account that is not there.
pub(in crate::store) fn no_account(key: &str) -> Fail {
    Fail::Value(format!("there is no account {key:?}"))
}

/// Refuses the new jobs when they are too many beside those that wait. `own` is the limit that is set for
/// the account alone.
pub(in crate::store) fn is_room(submission: &Submission, waiting: u64, own: Option<i64>) -> Result<(), Fail> {
    // The account's own limit, unless nothing is to be refused.
    let own = own.filter(|_| submission.queue_limit != u64::MAX);
    let limit = own.map_or(submission.queue_limit, |own| own as u64);
    if waiting + submission.jobs.len() as u64 > limit {
        return Err(Error::QueueFull { queued: waiting, limit }.into());
    }
    Ok(())
}

/// How a job's move changes how many of its account are in a state.
pub(in crate::store) fn delta(state: State, from: State, to: State) -> i64 {
    i64::from(to == state) - i64::from(from == state)
}

/// Scheme, host and port: what one receiver is.
pub(in crate::store) fn receiver(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(parsed) if parsed.has_host() => format!(
            "{}://{}:{}",
            parsed.scheme(),
            parsed.host_str().unwrap_or_default(),
            parsed.port_or_known_default().unwrap_or_default()
        ),
        _ => url.to_owned(),
    }
}

/// What a verdict makes of a delivery: its state, when it is tried again, and since when it is final.
pub(in crate::store) fn outcome(verdict: &Verdict, now: i64) -> (&'static str, Option<i64>, Option<i64>) {
    match verdict {
        Verdict::Delivered => ("delivered", None, Some(now)),
        Verdict::Retry(next) => ("pending", Some(super::rows::at(*next)), None),
        Verdict::Dead => ("dead", None, Some(now)),
    }
}

/// Who has how much in flight.
pub(in crate::store) struct InFlight {
    receivers: HashMap<String, u32>,
    accounts: HashMap<String, u32>,
}

impl InFlight {
    /// From rows with the columns `receiver`, `account` and `leased`.
    pub(in crate::store) fn read(rows: &[impl Fields]) -> Result<InFlight, Fail> {
        let mut found = InFlight { receivers: HashMap::new(), accounts: HashMap::new() };
        for row in rows {
            found.add(row.text("receiver")?, row.text("account")?, row.count("leased")? as u32);
        }
        Ok(found)
    }

    pub(in crate::store) fn add(&mut self, receiver: &str, account: &str, more: u32) {
        *self.receivers.entry(receiver.to_owned()).or_default() += more;
        *self.accounts.entry(account.to_owned()).or_default() += more;
    }

    /// Gives places back that were counted and not needed.
    pub(in crate::store) fn take_back(&mut self, receiver: &str, account: &str, fewer: u32) {
        for count in [self.receivers.get_mut(receiver), self.accounts.get_mut(account)].into_iter().flatten() {
            *count = count.saturating_sub(fewer);
        }
    }

    /// How much more a receiver may get of an account.
    pub(in crate::store) fn room(&self, due: &DueLane, claim: &DeliveryClaim) -> u32 {
        let taken = |counts: &HashMap<String, u32>, name: &str| counts.get(name).copied().unwrap_or(0);
        // After the pause a single probe tells whether the receiver is well again.
        let per_receiver = if due.open_until.is_some() { 1 } else { claim.per_receiver };
        let of_receiver = per_receiver.saturating_sub(taken(&self.receivers, &due.receiver));
        of_receiver.min(claim.per_account.saturating_sub(taken(&self.accounts, &due.account)))
    }
}

/// A lane that has to be looked at.
pub(in crate::store) struct DueLane {
    pub(in crate::store) receiver: String,
    pub(in crate::store) account: String,
    pub(in crate::store) open_until: Option<i64>,
}

impl DueLane {
    /// From a row with these columns.
    pub(in crate::store) fn read(row: &impl Fields) -> Result<DueLane, Fail> {
        Ok(DueLane {
            receiver: row.text("receiver")?.to_owned(),
            account: row.text("account")?.to_owned(),
            open_until: row.optional_number("open_until")?,
        })
    }
}
