//! Foreign JSON to our jobs and back. The engine knows this port only.
//!
//! A dialect's folder holds the same five files: `request.rs` (what clients send), `lower.rs` (request to
//! [`crate::job::Spec`]: defaults, units, every refusal), `response.rs`, `callback.rs`, `auth.rs`. Beside
//! them stand the languages that only this dialect speaks, as pure modules.

pub mod cloudinary;
pub mod native;

use crate::{
    store::{BatchRow, JobRow},
    webhook::NewDelivery,
};

/// A fact about a job, told to whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker has begun. Told once, at the first attempt.
    Running,
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

    /// The callbacks owed when the last job of a batch has ended.
    fn batch_deliveries(&self, batch: &BatchRow) -> Vec<NewDelivery>;
}
