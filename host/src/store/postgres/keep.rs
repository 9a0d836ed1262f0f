//! What refers to blobs, what may be forgotten, and what the metrics page shows.

use std::time::Duration;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{submit, tx::Tx};
use crate::{
    job::State,
    store::{
        DeliveryState, Gauges, Level, NextDue,
        sql::{
            Fail, Fields, Session, Values,
            rows::{span, time},
            rules::FORGET,
        },
    },
};

/// Writes without changing anything: a full disk or a read-only server shows.
pub(super) async fn touch(tx: &mut Tx) -> Result<(), Fail> {
    tx.ask("UPDATE settings SET value = value WHERE name = 'cursor_key'", Values::new()).await?;
    Ok(())
}

/// Whether the job is there and the standbys have it: the lock is written, so the commit waits for them.
pub(super) async fn is_kept(tx: &mut Tx, account: &str, id: Uuid) -> Result<bool, Fail> {
    const LOCK: &str = "SELECT id FROM jobs WHERE id = $1 AND account = $2 FOR NO KEY UPDATE";
    Ok(!tx.ask(LOCK, Values::new().with(id).with(account)).await?.is_empty())
}

/// Which of the blobs no asset, no job, no plugin and nothing in the library refers to.
pub(super) async fn unreferenced(connection: &mut PgConnection, sha256: &[String]) -> Result<Vec<String>, Fail> {
    let free = sqlx::query_scalar(
        "SELECT wanted.sha256 FROM unnest($1::text[]) wanted (sha256) \
         WHERE NOT EXISTS (SELECT 1 FROM job_blobs t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM assets t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM resources t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM derived t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM plugin_blobs t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM versions t WHERE t.sha256 = wanted.sha256) \
         AND NOT EXISTS (SELECT 1 FROM chunks t WHERE t.sha256 = wanted.sha256)",
    );
    Ok(free.bind(sha256).fetch_all(connection).await?)
}

/// Forgets a bounded number of old rows; answers how many jobs, deliveries and idempotency keys they
/// were. A job goes with its outputs and references, a delivery with its log, a batch with its last job; parts
/// of uploads that were never finished go by their age. What another node is forgetting is left to it.
pub(super) async fn forget(tx: &mut Tx, older_than: Duration) -> Result<u64, Fail> {
    let before = tx.now.saturating_sub(span(older_than));
    let jobs = chosen(
        tx,
        "SELECT id FROM jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        before,
    )
    .await?;
    for sql in [
        "DELETE FROM outputs WHERE job = ANY($1)",
        "DELETE FROM job_blobs WHERE job = ANY($1)",
        "DELETE FROM job_documents WHERE job = ANY($1)",
        "DELETE FROM jobs WHERE id = ANY($1)",
    ] {
        delete(tx, sql, &jobs).await?;
    }
    let deliveries = chosen(
        tx,
        "SELECT id FROM deliveries WHERE state = 'delivered' AND finished_at < $1 ORDER BY finished_at LIMIT $2 \
         FOR UPDATE SKIP LOCKED",
        before,
    )
    .await?;
    for sql in [
        "DELETE FROM delivery_attempts WHERE delivery = ANY($1)",
        "DELETE FROM delivery_bodies WHERE delivery = ANY($1)",
        "DELETE FROM deliveries WHERE id = ANY($1)",
    ] {
        delete(tx, sql, &deliveries).await?;
    }
    let batches = chosen(
        tx,
        "SELECT id FROM batches WHERE announced AND finished_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id) ORDER BY finished_at LIMIT $2 \
         FOR UPDATE SKIP LOCKED",
        before,
    )
    .await?;
    delete(tx, "DELETE FROM batches WHERE id = ANY($1)", &batches).await?;
    const KEYS: &str = "DELETE FROM idempotency WHERE (account, key) IN (SELECT account, key FROM idempotency \
         WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING key";
    const CHUNKS: &str = "DELETE FROM chunks WHERE (account, upload, begins) IN (SELECT account, upload, begins \
         FROM chunks WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    const LANES: &str = "DELETE FROM lanes WHERE (receiver, account, lane) IN (SELECT receiver, account, lane FROM lanes \
         WHERE due_at IS NULL LIMIT $1 FOR UPDATE SKIP LOCKED)";
    let keys = tx.ask(KEYS, Values::new().with(tx.now).with(FORGET)).await?.len();
    tx.ask(CHUNKS, Values::new().with(before).with(FORGET)).await?;
    tx.ask(LANES, Values::new().with(FORGET)).await?;
    Ok((jobs.len() + deliveries.len() + keys) as u64)
}

async fn chosen(tx: &mut Tx, sql: &'static str, before: i64) -> Result<Vec<Uuid>, Fail> {
    Ok(sqlx::query_scalar(sql).bind(before).bind(FORGET).fetch_all(&mut **tx).await?)
}

async fn delete(tx: &mut Tx, sql: &'static str, ids: &[Uuid]) -> Result<(), Fail> {
    if !ids.is_empty() {
        sqlx::query(sql).bind(ids).execute(&mut **tx).await?;
    }
    Ok(())
}

pub(super) async fn gauges(connection: &mut PgConnection, now: i64) -> Result<Gauges, Fail> {
    let jobs = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM jobs WHERE lease_until IS NOT NULL) AS running, \
         (SELECT MIN(created_at) FROM jobs WHERE state = 'queued') AS oldest",
    )
    .fetch_one(&mut *connection)
    .await?;
    let queued = submit::waiting(connection).await?;
    let deliveries = sqlx::query(
        "SELECT COUNT(*) FILTER (WHERE state = 'pending') AS pending, COUNT(*) FILTER (WHERE state = 'dead') AS dead \
         FROM deliveries WHERE state IN ('pending', 'dead')",
    )
    .fetch_one(connection)
    .await?;
    Ok(Gauges {
        jobs: vec![(State::Queued, queued), (State::Running, jobs.count("running")?)],
        oldest_queued: jobs
            .try_get::<Option<i64>, _>("oldest")?
            .map(|since| Duration::from_micros(now.saturating_sub(since).max(0) as u64)),
        deliveries: vec![
            (DeliveryState::Pending, deliveries.count("pending")?),
            (DeliveryState::Dead, deliveries.count("dead")?),
        ],
    })
}

pub(super) async fn next_due(connection: &mut PgConnection, level: &Level) -> Result<NextDue, Fail> {
    let offered = level.offered();
    // In the order of an index: without one, the server might look for a ready job among all that have ended.
    let row = sqlx::query(
        "SELECT COALESCE((SELECT run_at FROM jobs WHERE ready AND needs_release <= $1 AND needs_plugins <= $2 \
         ORDER BY account, priority DESC, created_at, id LIMIT 1), \
         (SELECT MIN(run_at) FROM jobs WHERE state = 'queued' AND NOT ready)) AS job, \
         LEAST((SELECT MIN(due_at) FROM lanes WHERE lane = 0), (SELECT MIN(due_at) FROM lanes WHERE lane = 1)) AS delivery",
    )
    .bind(offered.release)
    .bind(offered.plugins)
    .fetch_one(connection)
    .await?;
    Ok(NextDue { job: row.optional_number("job")?.map(time), delivery: row.optional_number("delivery")?.map(time) })
}
