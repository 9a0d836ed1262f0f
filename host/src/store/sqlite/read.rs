//! What is only looked up: single rows and lists.

use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    fail::Fail,
    rows::{self, DELIVERY, JOB, at, key, name},
};
use crate::{
    clock::from_micros,
    job::{OutputReport, Report},
    store::{
        AttemptRow, BatchFilter, BatchRow, DeliveryFilter, DeliveryRow, JobFilter, JobRow, Page,
        cursor::{self, Place},
    },
};

/// The most rows of a page.
pub(super) const PAGE: u32 = 500;

pub(super) async fn job(connection: &mut SqliteConnection, account: &str, id: Uuid) -> Result<Option<JobRow>, Fail> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {JOB} FROM jobs j JOIN job_documents d ON d.job = j.id WHERE j.id = ? AND j.account = ?"
    )))
    .bind(key(id))
    .bind(account)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rows::job).transpose()
}

pub(super) async fn any_job(connection: &mut SqliteConnection, id: Uuid) -> Result<Option<JobRow>, Fail> {
    let sql = format!("SELECT {JOB} FROM jobs j JOIN job_documents d ON d.job = j.id WHERE j.id = ?");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(key(id)).fetch_optional(connection).await?;
    row.as_ref().map(rows::job).transpose()
}

pub(super) async fn jobs(
    connection: &mut SqliteConnection,
    secret: &[u8; 32],
    account: &str,
    filter: JobFilter,
) -> Result<Page<JobRow>, Fail> {
    let mut query = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {JOB} FROM jobs j JOIN job_documents d ON d.job = j.id WHERE j.account = "
    ));
    query.push_bind(account);
    if let Some(state) = filter.state {
        query.push(" AND j.state = ").push_bind(state.as_str());
    }
    if let Some(batch) = filter.batch {
        query.push(" AND j.batch = ").push_bind(key(batch));
    }
    if let Some(reference) = &filter.reference {
        query.push(" AND j.reference = ").push_bind(reference);
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "jobs", account, cursor)?;
        query.push(" AND (j.created_at, j.id) < (").push_bind(place.at).push(", ").push_bind(key(place.id)).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY j.created_at DESC, j.id DESC LIMIT ").push_bind(limit + 1);
    let found = query.build().fetch_all(connection).await?;
    page_with(&found, limit, rows::job, |job| {
        cursor::write(secret, "jobs", account, Place { at: at(job.created_at), id: job.id })
    })
}

pub(super) async fn deliveries(
    connection: &mut SqliteConnection,
    secret: &[u8; 32],
    account: &str,
    filter: DeliveryFilter,
) -> Result<Page<DeliveryRow>, Fail> {
    let mut query = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {DELIVERY} FROM deliveries v JOIN delivery_bodies b ON b.delivery = v.id WHERE v.account = "
    ));
    query.push_bind(account);
    if let Some(state) = filter.state {
        query.push(" AND v.state = ").push_bind(name(state)?);
    }
    if let Some(job) = filter.job {
        query.push(" AND v.job = ").push_bind(key(job));
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "deliveries", account, cursor)?;
        query.push(" AND (v.created_at, v.id) < (").push_bind(place.at).push(", ").push_bind(key(place.id)).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY v.created_at DESC, v.id DESC LIMIT ").push_bind(limit + 1);
    let found = query.build().fetch_all(connection).await?;
    page_with(&found, limit, rows::delivery, |row| {
        cursor::write(secret, "deliveries", account, Place { at: at(row.created_at), id: row.id })
    })
}

/// A page of rows of which one more than `limit` was asked for: that one tells whether there are more.
pub(super) fn page_with<T>(
    found: &[SqliteRow],
    limit: u32,
    read: fn(&SqliteRow) -> Result<T, Fail>,
    cursor: impl Fn(&T) -> String,
) -> Result<Page<T>, Fail> {
    let limit = limit as usize;
    let items: Vec<T> = found.iter().take(limit).map(read).collect::<Result<_, _>>()?;
    let next = if found.len() > limit { items.last().map(cursor) } else { None };
    Ok(Page { items, next })
}

pub(super) async fn delivery(
    connection: &mut SqliteConnection,
    account: &str,
    id: Uuid,
) -> Result<Option<DeliveryRow>, Fail> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {DELIVERY} FROM deliveries v JOIN delivery_bodies b ON b.delivery = v.id \
         WHERE v.id = ? AND v.account = ?"
    )))
    .bind(key(id))
    .bind(account)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut delivery = rows::delivery(&row)?;
    let log = sqlx::query(
        "SELECT number, at, elapsed, status, detail FROM delivery_attempts WHERE delivery = ? ORDER BY number",
    )
    .bind(key(id))
    .fetch_all(connection)
    .await?;
    delivery.log = log.iter().map(attempt).collect::<Result<_, _>>()?;
    Ok(Some(delivery))
}

fn attempt(row: &SqliteRow) -> Result<AttemptRow, Fail> {
    Ok(AttemptRow {
        number: row.try_get("number")?,
        at: from_micros(row.try_get::<i64, _>("at")?.max(0) as u64),
        elapsed: std::time::Duration::from_micros(row.try_get::<i64, _>("elapsed")?.max(0) as u64),
        status: row.try_get("status")?,
        detail: row.try_get("detail")?,
    })
}

pub(super) async fn batch(
    connection: &mut SqliteConnection,
    account: &str,
    id: Uuid,
) -> Result<Option<BatchRow>, Fail> {
    let row = sqlx::query("SELECT * FROM batches WHERE id = ? AND account = ?")
        .bind(key(id))
        .bind(account)
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => Ok(Some(with_counts(connection, rows::batch(&row)?).await?)),
        None => Ok(None),
    }
}

pub(super) async fn batches(
    connection: &mut SqliteConnection,
    account: &str,
    filter: BatchFilter,
) -> Result<Vec<BatchRow>, Fail> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM batches WHERE account = ");
    query.push_bind(account).push(" AND dialect = ").push_bind(&filter.dialect);
    if let Some(from) = filter.from {
        query.push(" AND created_at >= ").push_bind(at(from));
    }
    if let Some(before) = filter.before {
        query.push(" AND created_at < ").push_bind(at(before));
    }
    for (member, text) in &filter.extra {
        query.push(" AND extra ->> ").push_bind(format!("$.{member}")).push(" = ").push_bind(text);
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(filter.limit);
    let found = query.build().fetch_all(&mut *connection).await?;
    counted(connection, &found).await
}

/// Reads batches with the counts of their jobs.
async fn counted(connection: &mut SqliteConnection, found: &[SqliteRow]) -> Result<Vec<BatchRow>, Fail> {
    let mut batches = Vec::with_capacity(found.len());
    for row in found {
        batches.push(with_counts(connection, rows::batch(row)?).await?);
    }
    Ok(batches)
}

pub(super) async fn unannounced(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<BatchRow>, Fail> {
    let found = sqlx::query(
        "SELECT * FROM batches WHERE announced = 0 AND finished_at IS NOT NULL ORDER BY finished_at LIMIT ?",
    )
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    counted(connection, &found).await
}

async fn with_counts(connection: &mut SqliteConnection, mut batch: BatchRow) -> Result<BatchRow, Fail> {
    let counts = sqlx::query("SELECT state, COUNT(*) AS jobs FROM jobs WHERE batch = ? GROUP BY state")
        .bind(key(batch.id))
        .fetch_all(connection)
        .await?;
    for row in &counts {
        batch.counts.push((rows::state(row, "state")?, row.try_get::<i64, _>("jobs")? as u64));
    }
    Ok(batch)
}

pub(super) async fn output(connection: &mut SqliteConnection, token: &str) -> Result<Option<OutputReport>, Fail> {
    let report: Option<String> =
        sqlx::query_scalar("SELECT d.report FROM outputs o JOIN job_documents d ON d.job = o.job WHERE o.token = ?")
            .bind(token)
            .fetch_optional(connection)
            .await?;
    let Some(report) = report else { return Ok(None) };
    let report: Report = serde_json::from_str(&report)?;
    Ok(report.outputs.into_iter().find(|output| output.token == token))
}
