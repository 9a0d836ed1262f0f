//! Jobs enter: rows, batch and idempotency key in one commit.

use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{session::key, writer::Tx};
use crate::{
    job::State,
    store::{
        Error, Idempotency, NewBatch, NewJob, Submission, Submitted,
        sql::{
            Fail, Fields, Session, Values,
            rows::span,
            rules::{is_room, must_have_jobs, no_account},
        },
    },
};

/// Counts the jobs of a submission in.
macro_rules! count_in {
    () => {
        "UPDATE accounts SET queued = queued + $13 WHERE key = $2 RETURNING queued, queue_limit; "
    };
}

/// A job's rows.
macro_rules! job_rows {
    () => {
        "INSERT INTO jobs (id, account, batch, state, priority, ready, run_at, reference, total, created_at, \
         needs_release, needs_plugins) SELECT $1, $2, $3, $4, $5, 1, $6, $7, $8, $6, $14, $15 WHERE EXISTS (SELECT 1 FROM accounts WHERE key = $2); \
         INSERT INTO job_documents (job, spec, report) VALUES ($1, $9, $10); \
         INSERT INTO outputs (token, job) SELECT value, $1 FROM json_each($11); \
         INSERT INTO job_blobs (job, sha256) SELECT $1, value FROM json_each($12) WHERE TRUE ON CONFLICT DO NOTHING"
    };
}

pub(super) async fn submit(tx: &mut Tx, submission: &Submission) -> Result<Submitted, Fail> {
    must_have_jobs(submission)?;
    if let Some(idempotency) = &submission.idempotency
        && let Some(first) = repeated(tx, &submission.account, idempotency).await?
    {
        return Ok(first);
    }
    let batch = submission.batch.as_ref().map(|batch| batch.id);
    // With the first job come the count and the limit: a refusal undoes what went in with it.
    let mut first = true;
    for job in &submission.jobs {
        let rows = insert_job(tx, submission, batch, job, first).await?;
        if first {
            let account = rows.first().ok_or_else(|| no_account(&submission.account))?;
            // The account's count is the one with them.
            let waiting = account.count("queued")?.saturating_sub(submission.jobs.len() as u64);
            is_room(submission, waiting, account.optional_number("queue_limit")?)?;
            if let Some(batch) = &submission.batch {
                insert_batch(tx, &submission.account, batch, submission.jobs.len()).await?;
            }
        }
        first = false;
    }
    let jobs: Vec<Uuid> = submission.jobs.iter().map(|job| job.id).collect();
    if let Some(idempotency) = &submission.idempotency {
        sqlx::query(
            "INSERT INTO idempotency (account, key, fingerprint, jobs, batch, expires_at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (account, key) DO UPDATE SET fingerprint = excluded.fingerprint, jobs = excluded.jobs, \
             batch = excluded.batch, expires_at = excluded.expires_at",
        )
        .bind(&submission.account)
        .bind(&idempotency.key)
        .bind(&idempotency.fingerprint)
        .bind(serde_json::to_string(&jobs)?)
        .bind(batch.map(key))
        .bind(tx.now.saturating_add(span(idempotency.lifetime)))
        .execute(tx.open().await?)
        .await?;
    }
    Ok(Submitted { jobs, batch, repeated: false })
}

/// What the first request with this key made, while the key is honoured.
async fn repeated(tx: &mut Tx, account: &str, idempotency: &Idempotency) -> Result<Option<Submitted>, Fail> {
    let row = sqlx::query(
        "SELECT fingerprint, jobs, batch FROM idempotency WHERE account = ? AND key = ? AND expires_at > ?",
    )
    .bind(account)
    .bind(&idempotency.key)
    .bind(tx.now)
    .fetch_optional(tx.open().await?)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<&str, _>("fingerprint")? != idempotency.fingerprint {
        return Err(Error::IdempotencyMismatch.into());
    }
    let jobs = serde_json::from_str(row.try_get("jobs")?)?;
    Ok(Some(Submitted { jobs, batch: row.optional_id("batch")?, repeated: true }))
}

async fn insert_batch(tx: &mut Tx, account: &str, batch: &NewBatch, jobs: usize) -> Result<(), Fail> {
    sqlx::query(
        "INSERT INTO batches (id, account, dialect, notification_url, reference, extra, unfinished, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(key(batch.id))
    .bind(account)
    .bind(&batch.dialect)
    .bind(&batch.notification_url)
    .bind(&batch.reference)
    .bind(serde_json::to_string(&batch.extra)?)
    .bind(jobs as i64)
    .bind(tx.now)
    .execute(tx.open().await?)
    .await?;
    Ok(())
}

/// Writes a job's rows. For the first one of a submission also counts all of them in, and answers the
/// account's row; nothing is written when there is no such account.
async fn insert_job(
    tx: &mut Tx,
    submission: &Submission,
    batch: Option<Uuid>,
    job: &NewJob,
    first: bool,
) -> Result<Vec<SqliteRow>, Fail> {
    let needed = tx.options.level.needed();
    let tokens: Vec<&str> = job.report.outputs.iter().map(|output| output.token.as_str()).collect();
    let values = Values::new()
        .with(job.id)
        .with(&submission.account)
        .with(batch)
        .with(State::Queued.as_str())
        .with(job.priority)
        .with(tx.now)
        .with(&job.spec.reference)
        .with(job.report.outputs.len() as i64)
        .with(serde_json::to_string(&job.spec)?)
        .with(serde_json::to_string(&job.report)?)
        .with(serde_json::to_string(&tokens)?)
        .with(serde_json::to_string(&job.blobs)?)
        .with(submission.jobs.len() as i64)
        .with(needed.release)
        .with(needed.plugins);
    let sql = if first { concat!(count_in!(), job_rows!()) } else { job_rows!() };
    tx.ask(sql, values).await
}
