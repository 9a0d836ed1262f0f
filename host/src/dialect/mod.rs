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

use async_trait::async_trait;

pub use mount::Mount;

use crate::{
    error::{Code, Failure},
    job::{Encoding, SourceReport, Step},
    store::{self, BatchRow, Change, JobFilter, JobRow, Store},
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
    /// The job is final. Told last, also of a job without outputs.
    Finished,
}

/// What an output is made by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// All steps from the source on, in order.
    pub steps: Vec<Step>,
    /// How to write the picture.
    pub encoding: Encoding,
    /// What the result is found again by, together with its source; written to the output's report. Opaque
    /// to the engine.
    pub recipe: Option<String>,
}

/// A foreign API, or our own.
#[async_trait]
pub trait Dialect: Send + Sync {
    /// The name that [`crate::job::Spec::dialect`] holds.
    fn name(&self) -> &'static str;

    /// The callbacks owed for an event; none when nobody asked. `job` is the row with the report
    /// as it is committed together with the deliveries. Sequences grow with the order in which
    /// events happen, and are the same when a job runs again.
    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery>;

    /// What the end of a job changes in the library, when its outputs are all made or failed. `job` is the
    /// row as it is about to be committed; what is to be told of the end is written to its report's
    /// `extra`. Called again when the store finds that a resource was changed meanwhile.
    ///
    /// Errors: why the job fails after all; nothing of it is kept.
    async fn ending(&self, job: &mut JobRow, store: &dyn Store) -> Result<Vec<Change>, Failure> {
        let _ = (job, store);
        Ok(Vec::new())
    }

    /// The callbacks owed when the last job of a batch has ended.
    ///
    /// Errors: of the store; the batch is announced later.
    async fn batch_deliveries(&self, batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure>;

    /// What the outputs of an open job are ([`crate::job::Spec::open`]), now that its source was read: one
    /// entry for each output of the spec, in its order. An entry that is a failure fails its output
    /// alone; an error fails the job, or has it tried again when its code says so.
    ///
    /// Nothing is kept of the answer: a job that runs again asks again, so it has to be the same for the
    /// same row and source. What could change meanwhile belongs into [`crate::job::Spec::extra`].
    async fn outputs(
        &self,
        job: &JobRow,
        source: &SourceReport,
        store: &dyn Store,
    ) -> Result<Vec<Result<Work, Failure>>, Failure> {
        let _ = (job, source, store);
        Err(Failure::new(Code::Internal, format!("the dialect {:?} has no open jobs", self.name())))
    }
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

/// Every job of a batch whose end is to be told.
///
/// Errors: as a dialect tells them.
async fn ended_jobs(store: &dyn Store, batch: &BatchRow) -> Result<Vec<JobRow>, Failure> {
    let jobs = batch_jobs(store, &batch.account, batch.id).await;
    jobs.map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))
}
