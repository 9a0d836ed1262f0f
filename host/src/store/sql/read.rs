//! What is only looked up: single rows and lists.

use uuid::Uuid;

use super::{
    Fail, Fields, Query, Session, Values,
    rows::{self, DELIVERY, JOB, at, name},
};
use crate::{
    job::{OutputReport, Report},
    store::{
        BatchFilter, BatchRow, DeliveryFilter, DeliveryRow, JobFilter, JobRow, Page,
        cursor::{self, Place},
    },
};

/// The most rows of a page.
pub(super) const PAGE: u32 = 500;

pub(in crate::store) async fn job<S: Session>(
    session: &mut S,
    account: &str,
    id: Uuid,
) -> Result<Option<JobRow>, Fail> {
    let mut query = jobs_where("j.id = ");
    query.bind(id).push(" AND j.account = ").bind(account);
    query.all(session).await?.first().map(rows::job).transpose()
}

pub(in crate::store) async fn any_job<S: Session>(session: &mut S, id: Uuid) -> Result<Option<JobRow>, Fail> {
    let mut query = jobs_where("j.id = ");
    query.bind(id);
    query.all(session).await?.first().map(rows::job).transpose()
}

fn jobs_where(condition: &str) -> Query {
    Query::new(format!("SELECT {JOB} FROM jobs j JOIN job_documents d ON d.job = j.id WHERE {condition}"))
}

pub(in crate::store) async fn jobs<S: Session>(
    session: &mut S,
    secret: &[u8; 32],
    account: &str,
    filter: JobFilter,
) -> Result<Page<JobRow>, Fail> {
    let mut query = jobs_where("j.account = ");
    query.bind(account);
    if let Some(state) = filter.state {
        query.push(" AND j.state = ").bind(state.as_str());
    }
    if let Some(batch) = filter.batch {
        query.push(" AND j.batch = ").bind(batch);
    }
    if let Some(reference) = &filter.reference {
        query.push(" AND ");
        S::push_is(&mut query, "j.reference", reference);
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "jobs", account, cursor)?;
        query.push(" AND (j.created_at, j.id) < (").bind(place.at).push(", ").bind(place.id).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY j.created_at DESC, j.id DESC LIMIT ").bind(limit + 1);
    page_with(&query.all(session).await?, limit, rows::job, |job| {
        cursor::write(secret, "jobs", account, Place { at: at(job.created_at), id: job.id })
    })
}

fn deliveries_where(condition: &str) -> Query {
    let from = "deliveries v JOIN delivery_bodies b ON b.delivery = v.id";
    Query::new(format!("SELECT {DELIVERY} FROM {from} WHERE {condition}"))
}

pub(in crate::store) async fn deliveries<S: Session>(
    session: &mut S,
    secret: &[u8; 32],
    account: &str,
    filter: DeliveryFilter,
) -> Result<Page<DeliveryRow>, Fail> {
    let mut query = deliveries_where("v.account = ");
    query.bind(account);
    if let Some(state) = filter.state {
        query.push(" AND v.state = ").bind(name(state)?);
    }
    if let Some(job) = filter.job {
        query.push(" AND v.job = ").bind(job);
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "deliveries", account, cursor)?;
        query.push(" AND (v.created_at, v.id) < (").bind(place.at).push(", ").bind(place.id).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY v.created_at DESC, v.id DESC LIMIT ").bind(limit + 1);
    page_with(&query.all(session).await?, limit, rows::delivery, |row| {
        cursor::write(secret, "deliveries", account, Place { at: at(row.created_at), id: row.id })
    })
}

/// A page of rows of which one more than `limit` was asked for: that one tells whether there are more.
pub(super) fn page_with<R, T>(
    found: &[R],
    limit: u32,
    read: fn(&R) -> Result<T, Fail>,
    cursor: impl Fn(&T) -> String,
) -> Result<Page<T>, Fail> {
    let limit = limit as usize;
    let items: Vec<T> = found.iter().take(limit).map(read).collect::<Result<_, _>>()?;
    let next = if found.len() > limit { items.last().map(cursor) } else { None };
    Ok(Page { items, next })
}

/// A delivery without its log.
pub(in crate::store) async fn plain_delivery<S: Session>(
    session: &mut S,
    account: &str,
    id: Uuid,
) -> Result<Option<DeliveryRow>, Fail> {
    let mut query = deliveries_where("v.id = ");
    query.bind(id).push(" AND v.account = ").bind(account);
    query.all(session).await?.first().map(rows::delivery).transpose()
}

pub(in crate::store) async fn delivery<S: Session>(
    session: &mut S,
    account: &str,
    id: Uuid,
) -> Result<Option<DeliveryRow>, Fail> {
    const LOG: &str =
        "SELECT number, at, elapsed, status, detail FROM delivery_attempts WHERE delivery = $1 ORDER BY number";
    let Some(mut delivery) = plain_delivery(session, account, id).await? else { return Ok(None) };
    let log = session.ask(LOG, Values::new().with(id)).await?;
    delivery.log = log.iter().map(rows::attempt).collect::<Result<_, _>>()?;
    Ok(Some(delivery))
}

pub(in crate::store) async fn batch<S: Session>(
    session: &mut S,
    account: &str,
    id: Uuid,
) -> Result<Option<BatchRow>, Fail> {
    const BATCH: &str = "SELECT * FROM batches WHERE id = $1 AND account = $2";
    let found = session.ask(BATCH, Values::new().with(id).with(account)).await?;
    Ok(counted(session, &found).await?.pop())
}

pub(in crate::store) async fn batches<S: Session>(
    session: &mut S,
    account: &str,
    filter: BatchFilter,
) -> Result<Vec<BatchRow>, Fail> {
    let mut query = Query::new("SELECT * FROM batches WHERE account = ");
    query.bind(account).push(" AND dialect = ").bind(&filter.dialect);
    if let Some(from) = filter.from {
        query.push(" AND created_at >= ").bind(at(from));
    }
    if let Some(before) = filter.before {
        query.push(" AND created_at < ").bind(at(before));
    }
    for (member, text) in &filter.extra {
        let (before, prefix) = S::MEMBER;
        query.push(" AND ").push(before).bind(format!("{prefix}{member}")).push(" = ").bind(text);
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(filter.limit);
    let found = query.all(session).await?;
    counted(session, &found).await
}

pub(in crate::store) async fn unannounced<S: Session>(session: &mut S, limit: u32) -> Result<Vec<BatchRow>, Fail> {
    let mut query = Query::new("SELECT * FROM batches WHERE ");
    query.push(S::UNANNOUNCED).push(" AND finished_at IS NOT NULL ORDER BY finished_at LIMIT ").bind(limit);
    let found = query.all(session).await?;
    counted(session, &found).await
}

/// Reads batches with the counts of their jobs.
async fn counted<S: Session>(session: &mut S, found: &[S::Row]) -> Result<Vec<BatchRow>, Fail> {
    const COUNTS: &str = "SELECT state, COUNT(*) AS jobs FROM jobs WHERE batch = $1 GROUP BY state";
    let mut batches = Vec::with_capacity(found.len());
    for row in found {
        let mut batch = rows::batch(row)?;
        for count in &session.ask(COUNTS, Values::new().with(batch.id)).await? {
            batch.counts.push((rows::state(count, "state")?, count.count("jobs")?));
        }
        batches.push(batch);
    }
    Ok(batches)
}

pub(in crate::store) async fn output<S: Session>(session: &mut S, token: &str) -> Result<Option<OutputReport>, Fail> {
    const REPORT: &str = "SELECT d.report FROM outputs o JOIN job_documents d ON d.job = o.job WHERE o.token = $1";
    let found = session.ask(REPORT, Values::new().with(token)).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let report: Report = serde_json::from_str(row.text("report")?)?;
    Ok(report.outputs.into_iter().find(|output| output.token == token))
}
