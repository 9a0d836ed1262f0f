//! Foreign JSON to our jobs and back. The engine knows this port only.
//!
//! A dialect's folder holds the same five files: `request.rs` (what clients send), `lower.rs` (request to
//! [`crate::job::Spec`]: defaults, units, every refusal), `response.rs`, `callback.rs`, `auth.rs`. Beside
//! them stand the languages that only this dialect speaks, as pure modules.

pub mod blitline;
pub mod blurb;
pub mod cloudinary;
pub mod image_intelligence;
mod mount;
pub mod native;

pub use mount::Mount;

use crate::{
    store::{self, BatchRow, JobFilter, JobRow, Store},
    webhook::NewDelivery,
};

/// A fact about a job, told to whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker has begun. Told once, at the first attempt.
    Running,
    /// The source and the pictures that steps name were read, and the steps are planned. Told before the
    /// first pixel is worked on.
    SourceRead,
    /// One output is made or failed; its id.
    OutputFinished(String),
    /// The main outputs are done: made, failed or cancelled.
    MainFinished,
    /// The eager outputs are done: made, failed or cancelled.
    EagerFinished,
}

/// A foreign API, or our own.
pub trait Dialect: Send + Sync {
    /// The name that [`crate::job::Spec::dialect`] holds.
    fn name(&self) -> &'static str;

    /// The callbacks owed for an event; none when nobody asked. `job` is the row with the report
    /// as it is committed together with the deliveries. Sequences grow with the order in which
    /// events happen, and are the same when a job runs again.
    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery>;

    /// The callbacks owed when the last job of a batch has ended. `jobs` are all of the batch, in the order in
    /// which they were accepted, for a dialect that [`tells_jobs`](Dialect::tells_jobs); else none.
    fn batch_deliveries(&self, batch: &BatchRow, jobs: &[JobRow]) -> Vec<NewDelivery>;

    /// Whether the end of a batch is told with what became of each job.
    fn tells_jobs(&self) -> bool {
        false
    }
}

/// The callbacks owed for a batch whose last job has ended.
///
/// Errors: the jobs cannot be read.
pub async fn end_of_batch(
    store: &dyn Store,
    dialect: Option<&dyn Dialect>,
    batch: &BatchRow,
) -> Result<Vec<NewDelivery>, store::Error> {
    let Some(dialect) = dialect else { return Ok(Vec::new()) };
    let jobs = if dialect.tells_jobs() { batch_jobs(store, &batch.account, batch.id).await? } else { Vec::new() };
    Ok(dialect.batch_deliveries(batch, &jobs))
}

/// Every job of a batch, in the order in which they were accepted.
///
/// Errors: the jobs cannot be read.
pub async fn batch_jobs(store: &dyn Store, account: &str, batch: uuid::Uuid) -> Result<Vec<JobRow>, store::Error> {
    let mut filter = JobFilter { batch: Some(batch), limit: 500, ..JobFilter::default() };
    let mut jobs = Vec::new();
    loop {
        let page = store.jobs(account, filter.clone()).await?;
        jobs.extend(page.items);
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => break,
        }
    }
    jobs.reverse();
    Ok(jobs)
}
