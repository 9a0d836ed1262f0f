//! What refers to blobs, what may be forgotten, and what the metrics page shows.

use std::time::Duration;

use sqlx::{Row, SqliteConnection};

use super::writer::Tx;
use crate::{
    job::State,
    store::{
        DeliveryState, Gauges, Level, NextDue,
        sql::{
            Fail, Fields,
            rows::{span, time},
            rules::FORGET,
        },
    },
};

/// Writes without changing anything: a full disk or a read-only file shows.
pub(super) async fn touch(tx: &mut Tx) -> Result<(), Fail> {
    sqlx::query("UPDATE accounts SET served_at = served_at WHERE key = (SELECT MIN(key) FROM accounts)")
        .execute(tx.open().await?)
        .await?;
    Ok(())
}

/// Which of the blobs no asset, no job, no plugin and nothing in the library refers to. Runs in the writer, so that it sees what the
/// commands before it wrote.
pub(super) async fn unreferenced(tx: &mut Tx, sha256: Vec<String>) -> Result<Vec<String>, Fail> {
    let mut found = Vec::new();
    for part in sha256.chunks(1000) {
        let free: Vec<String> = sqlx::query_scalar(
            "SELECT wanted.value FROM json_each(?) wanted \
             WHERE NOT EXISTS (SELECT 1 FROM job_blobs WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM assets WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM resources WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM derived WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM versions WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM plugin_blobs WHERE sha256 = wanted.value) \
             AND NOT EXISTS (SELECT 1 FROM chunks WHERE sha256 = wanted.value)",
        )
        .bind(serde_json::to_string(part)?)
        .fetch_all(tx.open().await?)
        .await?;
        found.extend(free);
    }
    Ok(found)
}

/// Forgets a bounded number of old rows; answers how many jobs, deliveries and idempotency keys they
/// were. A job goes with its outputs and references, a delivery with its log, a batch with its last job; parts
/// of uploads that were never finished go by their age.
pub(super) async fn forget(tx: &mut Tx, older_than: Duration) -> Result<u64, Fail> {
    let before = tx.now.saturating_sub(span(older_than));
    let jobs = chosen(tx, "SELECT lower(hex(id)) FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?", before)
        .await?;
    for sql in [
        "DELETE FROM outputs WHERE job IN (SELECT unhex(value) FROM json_each(?))",
        "DELETE FROM job_blobs WHERE job IN (SELECT unhex(value) FROM json_each(?))",
        "DELETE FROM job_documents WHERE job IN (SELECT unhex(value) FROM json_each(?))",
        "DELETE FROM jobs WHERE id IN (SELECT unhex(value) FROM json_each(?))",
    ] {
        delete(tx, sql, &jobs).await?;
    }
    let deliveries = chosen(
        tx,
        "SELECT lower(hex(id)) FROM deliveries WHERE state = 'delivered' AND finished_at < ? ORDER BY finished_at LIMIT ?",
        before,
    )
    .await?;
    for sql in [
        "DELETE FROM delivery_attempts WHERE delivery IN (SELECT unhex(value) FROM json_each(?))",
        "DELETE FROM delivery_bodies WHERE delivery IN (SELECT unhex(value) FROM json_each(?))",
        "DELETE FROM deliveries WHERE id IN (SELECT unhex(value) FROM json_each(?))",
    ] {
        delete(tx, sql, &deliveries).await?;
    }
    let batches = chosen(
        tx,
        "SELECT lower(hex(id)) FROM batches WHERE announced = 1 AND finished_at < ? \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id) ORDER BY finished_at LIMIT ?",
        before,
    )
    .await?;
    delete(tx, "DELETE FROM batches WHERE id IN (SELECT unhex(value) FROM json_each(?))", &batches).await?;
    let keys = sqlx::query(
        "DELETE FROM idempotency WHERE (account, key) IN (SELECT account, key FROM idempotency \
         WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(tx.now)
    .bind(FORGET)
    .execute(tx.open().await?)
    .await?;
    sqlx::query(
        "DELETE FROM chunks WHERE (account, upload, begins) IN (SELECT account, upload, begins FROM chunks \
         WHERE created_at < ? LIMIT ?)",
    )
    .bind(before)
    .bind(FORGET)
    .execute(tx.open().await?)
    .await?;
    sqlx::query(
        "DELETE FROM lanes WHERE (receiver, account, lane) IN (SELECT receiver, account, lane FROM lanes \
         WHERE due_at IS NULL LIMIT ?)",
    )
    .bind(FORGET)
    .execute(tx.open().await?)
    .await?;
    Ok(jobs.len() as u64 + deliveries.len() as u64 + keys.rows_affected())
}

async fn chosen(tx: &mut Tx, sql: &'static str, before: i64) -> Result<Vec<String>, Fail> {
    Ok(sqlx::query_scalar(sql).bind(before).bind(FORGET).fetch_all(tx.open().await?).await?)
}

async fn delete(tx: &mut Tx, sql: &'static str, ids: &[String]) -> Result<(), Fail> {
    if !ids.is_empty() {
        sqlx::query(sql).bind(serde_json::to_string(ids)?).execute(tx.open().await?).await?;
    }
    Ok(())
}

pub(super) async fn gauges(connection: &mut SqliteConnection, now: i64) -> Result<Gauges, Fail> {
    let jobs = sqlx::query(
        "SELECT COALESCE(SUM(queued), 0) AS queued, COALESCE(SUM(running), 0) AS running, \
         MIN(CASE WHEN queued > 0 THEN (SELECT MIN(created_at) FROM jobs WHERE account = accounts.key \
         AND state = 'queued') END) AS oldest FROM accounts",
    )
    .fetch_one(&mut *connection)
    .await?;
    let deliveries = sqlx::query(
        "SELECT COALESCE(SUM((SELECT COUNT(*) FROM deliveries WHERE account = accounts.key AND state = 'pending')), 0) \
         AS pending, COALESCE(SUM((SELECT COUNT(*) FROM deliveries WHERE account = accounts.key AND state = 'dead')), 0) \
         AS dead FROM accounts",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(Gauges {
        jobs: vec![(State::Queued, jobs.count("queued")?), (State::Running, jobs.count("running")?)],
        oldest_queued: jobs
            .try_get::<Option<i64>, _>("oldest")?
            .map(|since| Duration::from_micros(now.saturating_sub(since).max(0) as u64)),
        deliveries: vec![
            (DeliveryState::Pending, deliveries.count("pending")?),
            (DeliveryState::Dead, deliveries.count("dead")?),
        ],
    })
}

pub(super) async fn next_due(connection: &mut SqliteConnection, level: &Level) -> Result<NextDue, Fail> {
    let offered = level.offered();
    let row = sqlx::query(
        "SELECT COALESCE((SELECT run_at FROM jobs WHERE ready = 1 AND needs_release <= ? AND needs_plugins <= ? LIMIT 1), \
         (SELECT MIN(run_at) FROM jobs WHERE state = 'queued' AND ready = 0)) AS job, \
         (SELECT MIN(due_at) FROM lanes WHERE lane = 0) AS first, (SELECT MIN(due_at) FROM lanes WHERE lane = 1) AS later",
    )
    .bind(offered.release)
    .bind(offered.plugins)
    .fetch_one(connection)
    .await?;
    let (first, later): (Option<i64>, Option<i64>) = (row.try_get("first")?, row.try_get("later")?);
    Ok(NextDue {
        job: row.try_get::<Option<i64>, _>("job")?.map(time),
        delivery: first.into_iter().chain(later).min().map(time),
    })
}
