//! What a worker writes while a job runs, and how a job ends.
//!
//! The order in which rows are locked is the same everywhere: the job, the count of those that wait, the library, order
//! keys and deliveries, and the batch last, because all jobs of a batch count down the same row.

use uuid::Uuid;

use super::{deliveries, submit::count, tx::Tx};
use crate::{
    job::State,
    store::{
        Advance, Cancelled, Change, Completed, Completion, Error, Hint, PluginChange,
        sql::{Fail, Fields, Session, Values, library, plugins, rows, rules::must_be_final},
    },
    webhook::NewDelivery,
};

pub(super) async fn advance(tx: &mut Tx, id: Uuid, token: Uuid, advance: &Advance) -> Result<(), Fail> {
    const HELD: &str = "UPDATE jobs SET done = $3, total = $4, version = version + 1 \
         WHERE id = $1 AND lease_token = $2 RETURNING id";
    let progress = advance.progress;
    let values = Values::new().with(id).with(token).with(progress.done).with(progress.total);
    if tx.ask(HELD, values).await?.is_empty() {
        return Err(Error::LeaseLost { id }.into());
    }
    tx.hints.insert(Hint::Changed(id));
    documents(tx, id, advance).await?;
    deliveries::insert(tx, &advance.deliveries).await
}

pub(super) async fn complete(tx: &mut Tx, id: Uuid, token: Uuid, completion: &Completion) -> Result<Completed, Fail> {
    const END: &str = "UPDATE jobs SET state = $3, ready = FALSE, done = $4, total = $5, version = version + 1, \
         lease_until = NULL, lease_token = NULL, finished_at = $6 WHERE id = $1 AND lease_token = $2 RETURNING batch";
    must_be_final(completion)?;
    let progress = completion.advance.progress;
    let values = Values::new()
        .with(id)
        .with(token)
        .with(completion.state.as_str())
        .with(progress.done)
        .with(progress.total)
        .with(tx.now);
    let rows = tx.ask(END, values).await?;
    let row = rows.first().ok_or(Error::LeaseLost { id })?;
    settle(tx, id, row.optional_id("batch")?, completion).await
}

pub(super) async fn cancel(
    tx: &mut Tx,
    account: &str,
    id: Uuid,
    completion: &Completion,
) -> Result<(Cancelled, Completed), Fail> {
    const READ: &str = "SELECT state, batch FROM jobs WHERE id = $1 AND account = $2 FOR UPDATE";
    const END: &str = "UPDATE jobs SET state = $2, ready = FALSE, done = $3, total = $4, version = version + 1, \
         finished_at = $5 WHERE id = $1";
    // A second wish changes nothing, so it does not wake those who wait for a change.
    const WISH: &str =
        "UPDATE jobs SET cancel_requested = TRUE, version = version + 1 WHERE id = $1 AND NOT cancel_requested";
    must_be_final(completion)?;
    let rows = tx.ask(READ, Values::new().with(id).with(account)).await?;
    let Some(row) = rows.first() else { return Ok((Cancelled::NotFound, Completed::default())) };
    match rows::state(row, "state")? {
        State::Queued => {
            let progress = completion.advance.progress;
            let values = Values::new()
                .with(id)
                .with(completion.state.as_str())
                .with(progress.done)
                .with(progress.total)
                .with(tx.now);
            tx.ask(END, values).await?;
            count(tx, &[(account, -1)]).await?;
            let completed = settle(tx, id, row.optional_id("batch")?, completion).await?;
            Ok((Cancelled::Now, completed))
        }
        State::Running => {
            tx.ask(WISH, Values::new().with(id)).await?;
            tx.hints.extend([Hint::Changed(id), Hint::CancelRequested(id)]);
            Ok((Cancelled::Requested, Completed::default()))
        }
        _ => Ok((Cancelled::TooLate, Completed::default())),
    }
}

/// What follows a job's end: its report, changes of the library, deliveries, and the batch.
async fn settle(tx: &mut Tx, id: Uuid, batch: Option<Uuid>, completion: &Completion) -> Result<Completed, Fail> {
    const COUNT: &str = "UPDATE batches SET unfinished = unfinished - 1, \
         finished_at = CASE WHEN unfinished = 1 THEN $2 ELSE finished_at END WHERE id = $1 RETURNING unfinished";
    tx.hints.insert(Hint::Changed(id));
    documents(tx, id, &completion.advance).await?;
    change(tx, &completion.changes, &completion.advance.deliveries).await?;
    let Some(batch) = batch else { return Ok(Completed::default()) };
    let rows = tx.ask(COUNT, Values::new().with(batch).with(tx.now)).await?;
    let row = rows.first().ok_or_else(|| Fail::Value(format!("the batch {batch} is gone")))?;
    Ok(Completed { batch: (row.number("unfinished")? <= 0).then_some(batch) })
}

/// The report and the blobs it refers to.
async fn documents(tx: &mut Tx, id: Uuid, advance: &Advance) -> Result<(), Fail> {
    const REPORT: &str = "UPDATE job_documents SET report = $2 WHERE job = $1";
    tx.ask(REPORT, Values::new().with(id).with(serde_json::to_string(&advance.report)?)).await?;
    let (blobs, bytes): (Vec<_>, Vec<_>) =
        advance.blobs.iter().map(|blob| (blob.sha256.clone(), blob.bytes as i64)).unzip();
    if !blobs.is_empty() {
        sqlx::query(
            "INSERT INTO job_blobs (job, sha256, bytes) SELECT $1, n.sha256, n.bytes \
             FROM unnest($2::text[], $3::bigint[]) n (sha256, bytes) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(blobs)
        .bind(bytes)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Makes changes of the library and owes the deliveries that tell of them.
pub(super) async fn change(tx: &mut Tx, changes: &[Change], owed: &[NewDelivery]) -> Result<(), Fail> {
    for change in changes {
        library::change(tx, change).await?;
    }
    deliveries::insert(tx, owed).await
}

/// Changes the set of plugins and owes the deliveries that tell of it.
pub(super) async fn change_plugin(tx: &mut Tx, change: &PluginChange) -> Result<u64, Fail> {
    let revision = plugins::change(tx, change).await?;
    deliveries::insert(tx, &change.owed).await?;
    Ok(revision)
}

/// Records a finished batch's deliveries, once.
pub(super) async fn announce(tx: &mut Tx, id: Uuid, owed: &[NewDelivery]) -> Result<(), Fail> {
    const ANNOUNCE: &str = "UPDATE batches SET announced = TRUE WHERE id = $1 AND NOT announced \
         AND finished_at IS NOT NULL RETURNING id";
    if tx.ask(ANNOUNCE, Values::new().with(id)).await?.is_empty() {
        return Ok(());
    }
    deliveries::insert(tx, owed).await
}
