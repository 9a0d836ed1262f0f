//! Which job runs next, and how long its worker may have it.
//!
//! A claim works out whose turn it is from what it sees, then takes the jobs of each account that nobody else is
//! taking (`SKIP LOCKED`): nodes that claim at the same time get different jobs and do not wait for each other.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{submit::count, tx::Tx};
use crate::store::{
    ClaimedJob, Error, Heartbeat, Hint,
    sql::{
        Fail, Fields, Session, Values,
        rows::{self, JOB, span},
        rules::{REAP, back_off},
    },
};

/// An account with due work, as the claim sees it.
struct Candidate {
    account: String,
    running: i64,
    served_at: i64,
    /// Priorities of its due jobs, the best last.
    heads: Vec<i64>,
}

/// Claims due jobs: the highest priority first; among accounts that have one of it, the account with
/// the fewest running, then the one served least recently; in an account the oldest.
///
/// Cost: one index probe for each account with waiting work, and one short range for each account
/// that may get a job; the length of the queue does not matter.
pub(super) async fn claim(tx: &mut Tx, limit: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let (mut candidates, latest) = candidates(tx, limit).await?;
    let turns = turns(&mut candidates, limit, latest.max(tx.now - 1));
    if turns.is_empty() {
        return Ok(Vec::new());
    }
    let mut shares = BTreeMap::<&str, i64>::new();
    for &place in &turns {
        *shares.entry(&candidates[place].account).or_default() += 1;
    }
    let mut taken = take(tx, &shares).await?;
    let ids: Vec<Uuid> =
        turns.iter().filter_map(|&place| taken.get_mut(&candidates[place].account)?.pop_front()).collect();
    let token = Uuid::new_v4();
    let claimed = start(tx, &ids, token, lease).await?;
    let mut moved = BTreeMap::<&str, i64>::new();
    for one in &claimed {
        *moved.entry(&one.job.account).or_default() -= 1;
        tx.hints.insert(Hint::Changed(one.job.id));
    }
    serve(tx, candidates.iter().filter(|one| moved.contains_key(one.account.as_str()))).await?;
    count(tx, &Vec::from_iter(moved)).await?;
    Ok(claimed)
}

/// Makes due what became due. Whoever makes another row of it due at the same time is not waited for.
const READY: &str = "UPDATE jobs SET ready = TRUE WHERE id IN (SELECT id FROM jobs WHERE state = 'queued' AND NOT ready \
     AND run_at <= $1 ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED)";

/// The accounts with due work, found by leaps over the index, those first whose turn it is. No more can get a job
/// than jobs are claimed.
const CANDIDATES: &str = "WITH RECURSIVE waiting (account) AS ( \
     (SELECT account FROM jobs WHERE ready ORDER BY account LIMIT 1) \
     UNION ALL SELECT (SELECT j.account FROM jobs j WHERE j.ready AND j.account > w.account ORDER BY j.account LIMIT 1) \
     FROM waiting w WHERE w.account IS NOT NULL), \
     candidates AS (SELECT w.account, (SELECT j.priority FROM jobs j WHERE j.account = w.account AND j.ready \
     AND j.needs_release <= $2 AND j.needs_plugins <= $3 ORDER BY j.priority DESC, j.created_at, j.id LIMIT 1) AS priority, \
     (SELECT COUNT(*) FROM jobs r WHERE r.account = w.account AND r.lease_until IS NOT NULL) AS running, \
     COALESCE(t.served_at, 0) AS served_at \
     FROM waiting w LEFT JOIN turns t ON t.account = w.account WHERE w.account IS NOT NULL) \
     SELECT account, priority, running, served_at, MAX(served_at) OVER () AS latest FROM candidates \
     WHERE priority IS NOT NULL ORDER BY priority DESC, running, served_at, account LIMIT $1";

/// Accounts that may get a job, and when the last one was served.
async fn candidates(tx: &mut Tx, limit: u32) -> Result<(Vec<Candidate>, i64), Fail> {
    tx.ask(READY, Values::new().with(tx.now)).await?;
    let offered = tx.options.level.offered();
    let values = Values::new().with(limit).with(offered.release).with(offered.plugins);
    let rows = tx.ask(CANDIDATES, values).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(Candidate {
            account: row.text("account")?.to_owned(),
            running: row.number("running")?,
            served_at: row.number("served_at")?,
            heads: vec![row.number("priority")?; limit as usize],
        });
    }
    let latest = rows.first().map_or(Ok(0), |row| row.number("latest"))?;
    if found.len() > 1 {
        heads(tx, &mut found, limit).await?;
    }
    Ok((found, latest))
}

/// Reads the priorities of the first due jobs of each account.
async fn heads(tx: &mut Tx, candidates: &mut [Candidate], limit: u32) -> Result<(), Fail> {
    let offered = tx.options.level.offered();
    let found = sqlx::query(
        "SELECT a.account, h.priority FROM unnest($1::text[]) a (account) CROSS JOIN LATERAL (SELECT j.priority \
         FROM jobs j WHERE j.account = a.account AND j.ready AND j.needs_release <= $3 AND j.needs_plugins <= $4 \
         ORDER BY j.priority DESC, j.created_at, j.id LIMIT $2) h",
    )
    .bind(candidates.iter().map(|one| one.account.clone()).collect::<Vec<_>>())
    .bind(i64::from(limit))
    .bind(offered.release)
    .bind(offered.plugins)
    .fetch_all(&mut **tx)
    .await?;
    let mut heads = HashMap::<&str, Vec<i64>>::new();
    for row in &found {
        heads.entry(row.text("account")?).or_default().push(row.number("priority")?);
    }
    for one in candidates {
        one.heads = heads.remove(one.account.as_str()).unwrap_or_default();
        one.heads.sort_unstable();
    }
    Ok(())
}

/// Whose turn it is, one after the other, as places in `candidates`.
fn turns(candidates: &mut [Candidate], limit: u32, mut served_at: i64) -> Vec<usize> {
    let mut turns = Vec::new();
    while turns.len() < limit as usize {
        let best = candidates
            .iter()
            .enumerate()
            .filter_map(|(place, one)| one.heads.last().map(|head| (-head, one.running, one.served_at, place)))
            .min();
        let Some((_, _, _, place)) = best else { break };
        let one = &mut candidates[place];
        one.heads.pop();
        served_at += 1;
        one.running += 1;
        one.served_at = served_at;
        turns.push(place);
    }
    turns
}

/// Locks the best due jobs of each account, as many as its share, passing over those that others have locked.
async fn take(tx: &mut Tx, shares: &BTreeMap<&str, i64>) -> Result<HashMap<String, VecDeque<Uuid>>, Fail> {
    let offered = tx.options.level.offered();
    let (accounts, counts): (Vec<_>, Vec<_>) =
        shares.iter().map(|(&account, &count)| (account.to_owned(), count)).unzip();
    let rows = sqlx::query(
        "SELECT j.account, j.id, j.priority, j.created_at FROM unnest($1::text[], $2::bigint[]) s (account, jobs) \
         CROSS JOIN LATERAL (SELECT j.account, j.id, j.priority, j.created_at FROM jobs j WHERE j.account = s.account \
         AND j.ready AND j.needs_release <= $3 AND j.needs_plugins <= $4 ORDER BY j.priority DESC, j.created_at, j.id \
         LIMIT s.jobs FOR UPDATE SKIP LOCKED) j",
    )
    .bind(accounts)
    .bind(counts)
    .bind(offered.release)
    .bind(offered.plugins)
    .fetch_all(&mut **tx)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let place = (-row.number("priority")?, row.number("created_at")?, row.id("id")?);
        found.push((row.text("account")?, place));
    }
    found.sort_unstable();
    let mut taken = HashMap::<String, VecDeque<Uuid>>::new();
    for (account, (_, _, id)) in found {
        taken.entry(account.to_owned()).or_default().push_back(id);
    }
    Ok(taken)
}

/// Makes locked jobs running, and answers them in the order given.
async fn start(tx: &mut Tx, ids: &[Uuid], token: Uuid, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "UPDATE jobs j SET state = 'running', ready = FALSE, attempt = attempt + 1, version = version + 1, \
         lease_until = $2, lease_token = $3, started_at = COALESCE(started_at, $4) FROM job_documents d \
         WHERE j.id = ANY($1) AND d.job = j.id RETURNING {JOB}"
    )))
    .bind(ids)
    .bind(tx.now.saturating_add(span(lease)))
    .bind(token)
    .bind(tx.now)
    .fetch_all(&mut **tx)
    .await?;
    claimed(&rows, ids, token)
}

/// Rows as claimed jobs, in the order of the ids.
fn claimed(rows: &[sqlx::postgres::PgRow], ids: &[Uuid], token: Uuid) -> Result<Vec<ClaimedJob>, Fail> {
    let mut jobs = HashMap::with_capacity(rows.len());
    for row in rows {
        let job = rows::job(row)?;
        jobs.insert(job.id, job);
    }
    Ok(ids.iter().filter_map(|id| jobs.remove(id)).map(|job| ClaimedJob { job, token }).collect())
}

/// Notes when accounts were served. A row that another claim is writing at the same time says the same already.
async fn serve(tx: &mut Tx, served: impl Iterator<Item = &Candidate>) -> Result<(), Fail> {
    let (accounts, times): (Vec<_>, Vec<_>) = served.map(|one| (one.account.clone(), one.served_at)).unzip();
    sqlx::query(
        "UPDATE turns SET served_at = n.at FROM unnest($1::text[], $2::bigint[]) n (account, at) \
         WHERE turns.account = n.account AND turns.account IN (SELECT t.account FROM turns t WHERE t.account = ANY($1) \
         FOR UPDATE SKIP LOCKED)",
    )
    .bind(accounts)
    .bind(times)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn heartbeat(tx: &mut Tx, leases: &[(Uuid, Uuid)], lease: Duration) -> Result<Vec<Heartbeat>, Fail> {
    let (ids, tokens): (Vec<_>, Vec<_>) = leases.iter().copied().unzip();
    let rows = sqlx::query(
        "UPDATE jobs SET lease_until = $3 FROM unnest($1::uuid[], $2::uuid[]) h (id, token) \
         WHERE jobs.id = h.id AND jobs.lease_token = h.token RETURNING jobs.id, jobs.lease_token, jobs.cancel_requested",
    )
    .bind(ids)
    .bind(tokens)
    .bind(tx.now.saturating_add(span(lease)))
    .fetch_all(&mut **tx)
    .await?;
    let mut held = HashMap::with_capacity(rows.len());
    for row in &rows {
        held.insert((row.id("id")?, row.id("lease_token")?), row.flag("cancel_requested")?);
    }
    let found = leases.iter().map(|lease| match held.get(lease) {
        None => Heartbeat::Lost,
        Some(false) => Heartbeat::Held,
        Some(true) => Heartbeat::CancelRequested,
    });
    Ok(found.collect())
}

/// Gives a running job back.
pub(super) async fn release(tx: &mut Tx, id: Uuid, token: Uuid, delay: Duration, counts: bool) -> Result<(), Fail> {
    let row = sqlx::query(
        "UPDATE jobs SET state = 'queued', ready = $3, run_at = $4, attempt = attempt - $5, version = version + 1, \
         lease_until = NULL, lease_token = NULL WHERE id = $1 AND lease_token = $2 RETURNING account",
    )
    .bind(id)
    .bind(token)
    .bind(delay.is_zero())
    .bind(tx.now.saturating_add(span(delay)))
    .bind(i64::from(!counts))
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(Error::LeaseLost { id })?;
    tx.hints.insert(Hint::Changed(id));
    if delay.is_zero() {
        tx.hints.insert(Hint::JobsDue);
    }
    count(tx, &[(row.text("account")?, 1)]).await
}

/// Returns jobs whose lease ran out; claims those that were lost too often.
pub(super) async fn reap(tx: &mut Tx, max_attempts: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    let mut poison = Vec::new();
    let token = Uuid::new_v4();
    loop {
        let lost = sqlx::query(
            "SELECT id, account, attempt FROM jobs WHERE lease_until <= $1 ORDER BY lease_until LIMIT $2 \
             FOR UPDATE SKIP LOCKED",
        )
        .bind(tx.now)
        .bind(REAP)
        .fetch_all(&mut **tx)
        .await?;
        let (mut returned, mut due, mut poisoned) = (Vec::new(), Vec::new(), Vec::new());
        let mut moved = BTreeMap::<&str, i64>::new();
        for row in &lost {
            let attempt = row.number("attempt")?;
            if attempt >= i64::from(max_attempts) {
                poisoned.push(row.id("id")?);
                continue;
            }
            returned.push(row.id("id")?);
            tx.hints.insert(Hint::Changed(row.id("id")?));
            due.push(tx.now.saturating_add(span(back_off(attempt))));
            *moved.entry(row.text("account")?).or_default() += 1;
        }
        sqlx::query(
            "UPDATE jobs SET state = 'queued', ready = FALSE, run_at = n.run_at, version = version + 1, \
             lease_until = NULL, lease_token = NULL FROM unnest($1::uuid[], $2::bigint[]) n (id, run_at) \
             WHERE jobs.id = n.id",
        )
        .bind(returned)
        .bind(due)
        .execute(&mut **tx)
        .await?;
        poison.extend(lease_again(tx, &poisoned, token, lease).await?);
        count(tx, &Vec::from_iter(moved)).await?;
        if (lost.len() as i64) < REAP {
            return Ok(poison);
        }
    }
}

/// Takes jobs that were lost too often, to be ended by the caller.
async fn lease_again(tx: &mut Tx, ids: &[Uuid], token: Uuid, lease: Duration) -> Result<Vec<ClaimedJob>, Fail> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "UPDATE jobs j SET lease_until = $2, lease_token = $3, version = version + 1 FROM job_documents d \
         WHERE j.id = ANY($1) AND d.job = j.id RETURNING {JOB}"
    )))
    .bind(ids)
    // At least a microsecond, or the reaper would find the row again.
    .bind(tx.now.saturating_add(span(lease).max(1)))
    .bind(token)
    .fetch_all(&mut **tx)
    .await?;
    claimed(&rows, ids, token)
}
