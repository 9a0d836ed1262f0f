//! Jobs enter: rows, batch and idempotency key in one commit.

use sqlx::Row;
use uuid::Uuid;

use super::{session::clean, tx::Tx};
use crate::{
    job::State,
    store::{
        Error, Hint, Idempotency, NewBatch, Submission, Submitted,
        sql::{
            Fail, Fields, Session, Values,
            rows::span,
            rules::{is_room, must_have_jobs, no_account},
        },
    },
};

/// Rows of `queues` of one account.
const SHARDS: i16 = 16;

pub(super) async fn submit(tx: &mut Tx, submission: &Submission) -> Result<Submitted, Fail> {
    must_have_jobs(submission)?;
    let jobs: Vec<Uuid> = submission.jobs.iter().map(|job| job.id).collect();
    let batch = submission.batch.as_ref().map(|batch| batch.id);
    if let Some(idempotency) = &submission.idempotency
        && let Some(first) = repeated(tx, &submission.account, idempotency, &jobs, batch).await?
    {
        return Ok(first);
    }
    has_room(tx, submission).await?;
    insert_jobs(tx, submission, &jobs, batch).await?;
    if let Some(batch) = &submission.batch {
        insert_batch(tx, &submission.account, batch, jobs.len()).await?;
    }
    count(tx, &[(submission.account.as_str(), jobs.len() as i64)]).await?;
    tx.hints.insert(Hint::JobsDue);
    Ok(Submitted { jobs, batch, repeated: false })
}

/// Takes the key; when it is taken, answers what the first request with it made. Of two requests at the same time the
/// second waits here for the first one's end.
async fn repeated(
    tx: &mut Tx,
    account: &str,
    idempotency: &Idempotency,
    jobs: &[Uuid],
    batch: Option<Uuid>,
) -> Result<Option<Submitted>, Fail> {
    const TAKE: &str = "INSERT INTO idempotency (account, key, fingerprint, jobs, batch, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
         jobs = excluded.jobs, batch = excluded.batch, expires_at = excluded.expires_at \
         WHERE idempotency.expires_at <= $7 RETURNING key";
    const FIRST: &str = "SELECT fingerprint, jobs, batch FROM idempotency WHERE account = $1 AND key = $2";
    let values = Values::new()
        .with(account)
        .with(&idempotency.key)
        .with(&idempotency.fingerprint)
        .with(serde_json::to_string(jobs)?)
        .with(batch)
        .with(tx.now.saturating_add(span(idempotency.lifetime)))
        .with(tx.now);
    if !tx.ask(TAKE, values).await?.is_empty() {
        return Ok(None);
    }
    let rows = tx.ask(FIRST, Values::new().with(account).with(&idempotency.key)).await?;
    let row = rows.first().ok_or_else(|| Fail::Value("the idempotency key is gone".into()))?;
    if row.text("fingerprint")? != idempotency.fingerprint {
        return Err(Error::IdempotencyMismatch.into());
    }
    let jobs = serde_json::from_str(row.text("jobs")?)?;
    Ok(Some(Submitted { jobs, batch: row.optional_id("batch")?, repeated: true }))
}

/// Requests at the same time do not see each other: together they may go over the limit by what they bring.
async fn has_room(tx: &mut Tx, submission: &Submission) -> Result<(), Fail> {
    const WAITING: &str = "SELECT a.queue_limit, CAST(COALESCE((SELECT SUM(q.jobs) FROM queues q WHERE q.account = a.key), 0) \
         AS BIGINT) AS waiting FROM accounts a WHERE a.key = $1";
    let rows = tx.ask(WAITING, Values::new().with(&submission.account)).await?;
    let row = rows.first().ok_or_else(|| no_account(&submission.account))?;
    is_room(submission, row.count("waiting")?, row.optional_number("queue_limit")?)
}

async fn insert_jobs(tx: &mut Tx, submission: &Submission, ids: &[Uuid], batch: Option<Uuid>) -> Result<(), Fail> {
    let (jobs, needed) = (&submission.jobs, tx.options.level.needed());
    sqlx::query(
        "INSERT INTO jobs (id, account, batch, state, priority, ready, run_at, reference, total, created_at, \
         needs_release, needs_plugins) SELECT n.id, $5, $6, $7, n.priority, TRUE, $8, n.reference, n.total, $8, $9, $10 \
         FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[]) n (id, priority, reference, total)",
    )
    .bind(ids)
    .bind(jobs.iter().map(|job| i64::from(job.priority)).collect::<Vec<_>>())
    .bind(jobs.iter().map(|job| job.spec.reference.clone().map(clean)).collect::<Vec<_>>())
    .bind(jobs.iter().map(|job| job.report.outputs.len() as i64).collect::<Vec<_>>())
    .bind(&submission.account)
    .bind(batch)
    .bind(State::Queued.as_str())
    .bind(tx.now)
    .bind(needed.release)
    .bind(needed.plugins)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO job_documents (job, spec, report) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])",
    )
    .bind(ids)
    .bind(jobs.iter().map(|job| serde_json::to_string(&job.spec)).collect::<Result<Vec<_>, _>>()?)
    .bind(jobs.iter().map(|job| serde_json::to_string(&job.report)).collect::<Result<Vec<_>, _>>()?)
    .execute(&mut **tx)
    .await?;
    let outputs = jobs.iter().flat_map(|job| job.report.outputs.iter().map(|output| (job.id, output.token.clone())));
    let (owners, tokens): (Vec<_>, Vec<_>) = outputs.unzip();
    if !owners.is_empty() {
        sqlx::query("INSERT INTO outputs (job, token) SELECT * FROM unnest($1::uuid[], $2::text[])")
            .bind(owners)
            .bind(tokens)
            .execute(&mut **tx)
            .await?;
    }
    let blobs = jobs.iter().flat_map(|job| job.blobs.iter().map(|sha256| (job.id, sha256.clone())));
    let (owners, blobs): (Vec<_>, Vec<_>) = blobs.unzip();
    if !owners.is_empty() {
        sqlx::query(
            "INSERT INTO job_blobs (job, sha256) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING",
        )
        .bind(owners)
        .bind(blobs)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn insert_batch(tx: &mut Tx, account: &str, batch: &NewBatch, jobs: usize) -> Result<(), Fail> {
    const INSERT: &str = "INSERT INTO batches (id, account, dialect, notification_url, reference, extra, unfinished, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = Values::new()
        .with(batch.id)
        .with(account)
        .with(&batch.dialect)
        .with(&batch.notification_url)
        .with(&batch.reference)
        .with(members(&batch.extra)?)
        .with(jobs as i64)
        .with(tx.now);
    tx.ask(INSERT, values).await?;
    Ok(())
}

/// As JSON that PostgreSQL reads: members of it are searched for, and it refuses the character zero there.
fn members(extra: &serde_json::Value) -> Result<String, Fail> {
    fn cleaned(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::String(text) => clean(text.as_str()).into(),
            serde_json::Value::Array(list) => list.iter().map(cleaned).collect(),
            serde_json::Value::Object(members) => {
                members.iter().map(|(name, value)| (clean(name.as_str()), cleaned(value))).collect()
            }
            other => other.clone(),
        }
    }
    Ok(serde_json::to_string(&cleaned(extra))?)
}

/// Counts jobs of accounts in or out of those that wait. In the order of the accounts, so that nobody waits for
/// somebody who waits for him.
pub(super) async fn count(tx: &mut Tx, moved: &[(&str, i64)]) -> Result<(), Fail> {
    let (accounts, jobs): (Vec<_>, Vec<_>) = moved.iter().map(|&(account, jobs)| (account.to_owned(), jobs)).unzip();
    if accounts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO queues (account, shard, jobs) SELECT n.account, $3, n.jobs \
         FROM unnest($1::text[], $2::bigint[]) n (account, jobs) ORDER BY n.account \
         ON CONFLICT (account, shard) DO UPDATE SET jobs = queues.jobs + excluded.jobs",
    )
    .bind(accounts)
    .bind(jobs)
    .bind(rand::random_range(0..SHARDS))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many jobs wait in all, for the metrics page.
pub(super) async fn waiting(session: &mut sqlx::PgConnection) -> Result<u64, Fail> {
    let row = sqlx::query("SELECT CAST(COALESCE(SUM(jobs), 0) AS BIGINT) AS waiting FROM queues").fetch_one(session);
    Ok(row.await?.try_get::<i64, _>("waiting")?.max(0) as u64)
}
