//! Which job runs next, and how long its worker may have it.

use std::{collections::HashMap, time::Duration};

use sqlx::Row;
use uuid::Uuid;

use super::{session::key, writer::Tx};
use crate::{
    job::State,
    store::{
        ClaimedJob, Heartbeat, JobRow,
        sql::{
            Fail, Session, Values, read,
            rows::{self, job_columns, span},
            rules::{REAP, back_off, delta},
        },
    },
};

/// An account with due work, as the claim sees it.
struct Candidate {
    account: String,
    running: i64,
    served_at: i64,
    /// Due jobs, best last: taken from the end.
    heads: Vec<(i64, Vec<u8>)>,
    /// Whether `heads` has all that this claim can want.
    complete: bool,
}

/// Claims due jobs: the highest priority first; among accounts that have one of it, the account with
/// the fewest running, then the one served least recently; in an account the oldest.
///
/// Cost: one index probe for each account with waiting work, and one short range for each account
/// that gets a job; the length of the queue does not matter.
pub(super) async fn claim(tx: &mut Tx, limit: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut candidates = candidates(tx).await?;
    let mut chosen = Vec::new();
    while chosen.len() < limit as usize {
        let best = candidates
            .iter()
            .enumerate()
            .filter_map(|(place, one)| one.heads.last().map(|head| (-head.0, one.running, one.served_at, place)))
            .min();
        let Some((_, _, _, place)) = best else { break };
        let one = &mut candidates[place];
        if !one.complete {
            one.heads = heads(tx, &one.account, i64::from(limit) - chosen.len() as i64).await?;
            one.complete = true;
        }
        let Some((_, id)) = one.heads.pop() else { continue };
        tx.served_at = tx.now.max(tx.served_at + 1);
        one.running += 1;
        one.served_at = tx.served_at;
        chosen.push((place, id));
    }
    let token = Uuid::new_v4();
    let mut counts = HashMap::<usize, i64>::new();
    for (place, _) in &chosen {
        *counts.entry(*place).or_default() += 1;
    }
    let accounts: Vec<_> = counts
        .iter()
        .map(|(&place, &count)| (&candidates[place].account, count, candidates[place].served_at))
        .collect();
    let ids: Vec<String> = chosen.iter().map(|(_, id)| hex::encode(id)).collect();
    let values = Values::new()
        .with(serde_json::to_string(&ids)?)
        .with(tx.now.saturating_add(span(lease)))
        .with(token)
        .with(tx.now)
        .with(serde_json::to_string(&accounts)?);
    let rows = if chosen.is_empty() { Vec::new() } else { tx.ask(TAKE, values).await? };
    rows.iter().map(|row| Ok(ClaimedJob { job: rows::job(row)?, token })).collect()
}

/// Makes due what became due, then looks for accounts with due work.
const CANDIDATES: &str = "UPDATE jobs SET ready = 1 WHERE state = 'queued' AND ready = 0 AND run_at <= $1; \
     SELECT key, running, served_at, (SELECT priority FROM jobs WHERE account = accounts.key AND ready = 1 \
     AND needs_release <= $2 AND needs_plugins <= $3 ORDER BY priority DESC, created_at, id LIMIT 1) AS priority \
     FROM accounts WHERE queued > 0";

/// Takes jobs, and reads them in the order in which they were chosen.
const TAKE: &str = concat!(
    "UPDATE jobs SET state = 'running', ready = 0, attempt = attempt + 1, version = version + 1, lease_until = $2, \
     lease_token = $3, started_at = COALESCE(started_at, $4) WHERE id IN (SELECT unhex(value) FROM json_each($1)); \
     UPDATE accounts SET queued = queued - (taken.value ->> 1), running = running + (taken.value ->> 1), \
     served_at = taken.value ->> 2 FROM json_each($5) taken WHERE accounts.key = taken.value ->> 0; SELECT ",
    job_columns!(),
    " FROM json_each($1) chosen JOIN jobs j ON j.id = unhex(chosen.value) JOIN job_documents d ON d.job = j.id \
     ORDER BY chosen.key"
);

/// Every account with due work and the priority of its best job.
async fn candidates(tx: &mut Tx) -> Result<Vec<Candidate>, Fail> {
    let offered = tx.options.level.offered();
    let values = Values::new().with(tx.now).with(offered.release).with(offered.plugins);
    let found = tx.ask(CANDIDATES, values).await?;
    let mut candidates = Vec::with_capacity(found.len());
    for row in &found {
        let Some(priority) = row.try_get::<Option<i64>, _>("priority")? else { continue };
        candidates.push(Candidate {
            account: row.try_get("key")?,
            running: row.try_get("running")?,
            served_at: row.try_get("served_at")?,
            heads: vec![(priority, Vec::new())],
            complete: false,
        });
    }
    Ok(candidates)
}

/// The first `limit` due jobs of an account, best last.
async fn heads(tx: &mut Tx, account: &str, limit: i64) -> Result<Vec<(i64, Vec<u8>)>, Fail> {
    let offered = tx.options.level.offered();
    let found = sqlx::query(
        "SELECT priority, id FROM jobs WHERE account = ? AND ready = 1 AND needs_release <= ? AND needs_plugins <= ? \
         ORDER BY priority DESC, created_at, id LIMIT ?",
    )
    .bind(account)
    .bind(offered.release)
    .bind(offered.plugins)
    .bind(limit)
    .fetch_all(tx.open().await?)
    .await?;
    found.iter().rev().map(|row| Ok((row.try_get("priority")?, row.try_get("id")?))).collect()
}

async fn job(tx: &mut Tx, id: &[u8]) -> Result<JobRow, Fail> {
    let id = Uuid::from_slice(id).map_err(|error| Fail::Value(error.to_string()))?;
    read::any_job(tx, id).await?.ok_or_else(|| Fail::Value(format!("the job {id} is gone")))
}

pub(super) async fn heartbeat(tx: &mut Tx, leases: Vec<(Uuid, Uuid)>, lease: Duration) -> Result<Vec<Heartbeat>, Fail> {
    let mut found = Vec::with_capacity(leases.len());
    for (id, token) in leases {
        let cancel: Option<i64> = sqlx::query_scalar(
            "UPDATE jobs SET lease_until = ? WHERE id = ? AND lease_token = ? RETURNING cancel_requested",
        )
        .bind(tx.now.saturating_add(span(lease)))
        .bind(key(id))
        .bind(key(token))
        .fetch_optional(tx.open().await?)
        .await?;
        found.push(match cancel {
            None => Heartbeat::Lost,
            Some(0) => Heartbeat::Held,
            Some(_) => Heartbeat::CancelRequested,
        });
    }
    Ok(found)
}

/// Gives a running job back.
pub(super) async fn release(tx: &mut Tx, id: Uuid, token: Uuid, delay: Duration, counts: bool) -> Result<(), Fail> {
    let account: Option<String> = sqlx::query_scalar(
        "UPDATE jobs SET state = 'queued', ready = ?, run_at = ?, attempt = attempt - ?, version = version + 1, \
         lease_until = NULL, lease_token = NULL WHERE id = ? AND lease_token = ? RETURNING account",
    )
    .bind(i64::from(delay.is_zero()))
    .bind(tx.now.saturating_add(span(delay)))
    .bind(i64::from(!counts))
    .bind(key(id))
    .bind(key(token))
    .fetch_optional(tx.open().await?)
    .await?;
    let account = account.ok_or(crate::store::Error::LeaseLost { id })?;
    count(tx, &account, State::Running, State::Queued).await
}

/// Returns jobs whose lease ran out; claims those that were lost too often.
pub(super) async fn reap(tx: &mut Tx, max_attempts: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    let mut poison = Vec::new();
    let token = Uuid::new_v4();
    loop {
        let lost =
            sqlx::query("SELECT id, account, attempt FROM jobs WHERE lease_until <= ? ORDER BY lease_until LIMIT ?")
                .bind(tx.now)
                .bind(REAP)
                .fetch_all(tx.open().await?)
                .await?;
        for row in &lost {
            let (id, attempt): (Vec<u8>, i64) = (row.try_get("id")?, row.try_get("attempt")?);
            if attempt >= i64::from(max_attempts) {
                sqlx::query("UPDATE jobs SET lease_until = ?, lease_token = ?, version = version + 1 WHERE id = ?")
                    // At least a microsecond, or this loop would find the row again.
                    .bind(tx.now.saturating_add(span(lease).max(1)))
                    .bind(key(token))
                    .bind(&id)
                    .execute(tx.open().await?)
                    .await?;
                poison.push(ClaimedJob { job: job(tx, &id).await?, token });
                continue;
            }
            sqlx::query(
                "UPDATE jobs SET state = 'queued', ready = 0, run_at = ?, version = version + 1, lease_until = NULL, \
                 lease_token = NULL WHERE id = ?",
            )
            .bind(tx.now.saturating_add(span(back_off(attempt))))
            .bind(&id)
            .execute(tx.open().await?)
            .await?;
            count(tx, row.try_get("account")?, State::Running, State::Queued).await?;
        }
        if (lost.len() as i64) < REAP {
            return Ok(poison);
        }
    }
}

/// Keeps an account's counters in step with a job that moves.
pub(super) async fn count(tx: &mut Tx, account: &str, from: State, to: State) -> Result<(), Fail> {
    sqlx::query("UPDATE accounts SET queued = queued + ?, running = running + ? WHERE key = ?")
        .bind(delta(State::Queued, from, to))
        .bind(delta(State::Running, from, to))
        .bind(account)
        .execute(tx.open().await?)
        .await?;
    Ok(())
}
