//! What a worker writes while a job runs, and how a job ends.

use uuid::Uuid;

use super::{deliveries, session::key, writer::Tx};
use crate::{
    job::State,
    store::{
        Advance, Cancelled, Change, Completed, Completion, Error, PluginChange,
        sql::{Fail, Fields, Session, Values, library, plugins, rows, rules::must_be_final},
    },
    webhook::NewDelivery,
};

/// What an advance and an end have in common: the report and the blobs it refers to.
macro_rules! documents {
    () => {
        "UPDATE job_documents SET report = $2 WHERE job = $1; \
         INSERT INTO job_blobs (job, sha256, bytes) SELECT $1, value ->> 0, value ->> 1 FROM json_each($3) WHERE TRUE \
         ON CONFLICT DO NOTHING"
    };
}

pub(super) async fn advance(tx: &mut Tx, id: Uuid, token: Uuid, advance: Advance) -> Result<(), Fail> {
    const HELD: &str = concat!(
        "UPDATE jobs SET done = $4, total = $5, version = version + 1 WHERE id = $1 AND lease_token = $6 \
         RETURNING batch; ",
        documents!()
    );
    // Without the lease nothing of it stays: the failure undoes the command.
    let rows = tx.ask(HELD, documents(id, &advance)?.with(token)).await?;
    if rows.is_empty() {
        return Err(Error::LeaseLost { id }.into());
    }
    deliveries::insert(tx, &advance.deliveries).await
}

pub(super) async fn complete(tx: &mut Tx, id: Uuid, token: Uuid, completion: Completion) -> Result<Completed, Fail> {
    must_be_final(&completion)?;
    const END: &str = concat!(
        "UPDATE jobs SET state = $6, ready = 0, done = $4, total = $5, version = version + 1, lease_until = NULL, \
         lease_token = NULL, finished_at = $7 WHERE id = $1 AND lease_token = $8 RETURNING batch; \
         UPDATE accounts SET running = running - 1 WHERE key = (SELECT account FROM jobs WHERE id = $1); ",
        documents!()
    );
    let values = documents(id, &completion.advance)?.with(completion.state.as_str()).with(tx.now).with(token);
    let rows = tx.ask(END, values).await?;
    // Without the lease nothing of it stays: the failure undoes the command.
    let row = rows.first().ok_or(Error::LeaseLost { id })?;
    settle(tx, row.optional_id("batch")?, completion).await
}

pub(super) async fn cancel(
    tx: &mut Tx,
    account: &str,
    id: Uuid,
    completion: Completion,
) -> Result<(Cancelled, Completed), Fail> {
    must_be_final(&completion)?;
    let row = sqlx::query("SELECT state, batch FROM jobs WHERE id = ? AND account = ?")
        .bind(key(id))
        .bind(account)
        .fetch_optional(tx.open().await?)
        .await?;
    let Some(row) = row else { return Ok((Cancelled::NotFound, Completed::default())) };
    match rows::state(&row, "state")? {
        State::Queued => {
            const END: &str = concat!(
                "UPDATE jobs SET state = $6, ready = 0, done = $4, total = $5, version = version + 1, \
                 finished_at = $7 WHERE id = $1; \
                 UPDATE accounts SET queued = queued - 1 WHERE key = (SELECT account FROM jobs WHERE id = $1); ",
                documents!()
            );
            let values = documents(id, &completion.advance)?.with(completion.state.as_str()).with(tx.now);
            tx.ask(END, values).await?;
            let completed = settle(tx, row.optional_id("batch")?, completion).await?;
            Ok((Cancelled::Now, completed))
        }
        State::Running => {
            // A second wish changes nothing, so it does not wake those who wait for a change.
            sqlx::query(
                "UPDATE jobs SET cancel_requested = 1, version = version + 1 WHERE id = ? AND cancel_requested = 0",
            )
            .bind(key(id))
            .execute(tx.open().await?)
            .await?;
            Ok((Cancelled::Requested, Completed::default()))
        }
        _ => Ok((Cancelled::TooLate, Completed::default())),
    }
}

/// What follows a job's end: deliveries, changes of the library, and the batch.
async fn settle(tx: &mut Tx, batch: Option<Uuid>, completion: Completion) -> Result<Completed, Fail> {
    deliveries::insert(tx, &completion.advance.deliveries).await?;
    for change in &completion.changes {
        library::change(tx, change).await?;
    }
    let Some(batch) = batch else { return Ok(Completed::default()) };
    let unfinished: i64 =
        sqlx::query_scalar("UPDATE batches SET unfinished = unfinished - 1 WHERE id = ? RETURNING unfinished")
            .bind(key(batch))
            .fetch_one(tx.open().await?)
            .await?;
    if unfinished > 0 {
        return Ok(Completed::default());
    }
    sqlx::query("UPDATE batches SET finished_at = ? WHERE id = ?")
        .bind(tx.now)
        .bind(key(batch))
        .execute(tx.open().await?)
        .await?;
    Ok(Completed { batch: Some(batch) })
}

/// The first values of [`documents!`] and of the statements that set a job's progress.
fn documents(id: Uuid, advance: &Advance) -> Result<Values, Fail> {
    let blobs: Vec<_> = advance.blobs.iter().map(|blob| (&blob.sha256, blob.bytes)).collect();
    Ok(Values::new()
        .with(id)
        .with(serde_json::to_string(&advance.report)?)
        .with(serde_json::to_string(&blobs)?)
        .with(advance.progress.done)
        .with(advance.progress.total))
}

/// Makes changes of the library and owes the deliveries that tell of them.
pub(super) async fn change(tx: &mut Tx, changes: Vec<Change>, owed: Vec<NewDelivery>) -> Result<(), Fail> {
    for change in &changes {
        library::change(tx, change).await?;
    }
    deliveries::insert(tx, &owed).await
}

/// Changes the set of plugins and owes the deliveries that tell of it.
pub(super) async fn change_plugin(tx: &mut Tx, change: PluginChange) -> Result<u64, Fail> {
    let revision = plugins::change(tx, &change).await?;
    deliveries::insert(tx, &change.owed).await?;
    Ok(revision)
}

/// Records a finished batch's deliveries, once.
pub(super) async fn announce(tx: &mut Tx, id: Uuid, owed: Vec<NewDelivery>) -> Result<(), Fail> {
    let now =
        sqlx::query("UPDATE batches SET announced = 1 WHERE id = ? AND announced = 0 AND finished_at IS NOT NULL")
            .bind(key(id))
            .execute(tx.open().await?)
            .await?;
    if now.rows_affected() == 0 {
        return Ok(());
    }
    deliveries::insert(tx, &owed).await
}
