//! Jobs and batches: what is submitted, how they stand, and how they end.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{BlobRow, Change};
use crate::{
    job::{Progress, Report, Spec, State},
    webhook::NewDelivery,
};

/// A job to accept.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: Uuid,
    /// Higher runs first; 0 is usual, from -100 to 100.
    pub priority: i32,
    /// What to do.
    pub spec: Spec,
    /// What is known before it runs: pending outputs with their tokens.
    pub report: Report,
    /// Blobs that the spec refers to (the sweeper must not take them).
    pub blobs: Vec<String>,
}

/// What is accepted in one commit.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whose.
    pub account: String,
    /// The jobs, in order; at least one.
    pub jobs: Vec<NewJob>,
    /// The batch they form, if any.
    pub batch: Option<NewBatch>,
    /// The idempotency key, if one was sent.
    pub idempotency: Option<Idempotency>,
    /// How many jobs of the account may wait at most.
    pub queue_limit: u64,
}

/// A batch to accept.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Its id.
    pub id: Uuid,
    /// The dialect that tells its end.
    pub dialect: String,
    /// Who is told.
    pub notification_url: Option<String>,
    /// Echoed.
    pub reference: Option<String>,
    /// Opaque to the engine.
    pub extra: serde_json::Value,
}

/// An idempotency key with what it stands for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// As sent; scoped to the account.
    pub key: String,
    /// A digest of the request: the same key with another one is a mismatch.
    pub fingerprint: String,
    /// How long it is honoured.
    pub lifetime: Duration,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The ids of the jobs, in order: those of the first request when it was repeated.
    pub jobs: Vec<Uuid>,
    /// The batch.
    pub batch: Option<Uuid>,
    /// Whether the key was seen before and nothing new was made.
    pub repeated: bool,
}

/// A job as it stands.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub account: String,
    /// The batch it belongs to.
    pub batch: Option<Uuid>,
    /// Its state.
    pub state: State,
    /// Its priority.
    pub priority: i32,
    /// What to do.
    pub spec: Spec,
    /// What came out so far.
    pub report: Report,
    /// How far it is.
    pub progress: Progress,
    /// How often it was claimed.
    pub attempt: u32,
    /// Grows with every change: a waiting reader compares it.
    pub version: u64,
    /// Whether its cancellation was asked for while it runs.
    pub cancel_requested: bool,
    /// Accepted at.
    pub created_at: SystemTime,
    /// First claimed at.
    pub started_at: Option<SystemTime>,
    /// Final since.
    pub finished_at: Option<SystemTime>,
}

/// A claimed job: the row and the token that fences everything the worker writes.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The row, in state running.
    pub job: JobRow,
    /// The fencing token.
    pub token: Uuid,
}

/// Which jobs to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this batch.
    pub batch: Option<Uuid>,
    /// Only with this reference.
    pub reference: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// What a worker writes while a job runs (the main outputs are done, one more output is made).
#[derive(Clone, Debug)]
pub struct Advance {
    /// The report so far.
    pub report: Report,
    /// How far it is.
    pub progress: Progress,
    /// Deliveries of the events that happened. One whose (order key, kind, sequence) is there
    /// already is left out, so a job that runs again after a crash tells nothing twice.
    pub deliveries: Vec<NewDelivery>,
    /// Blobs that the report refers to.
    pub blobs: Vec<BlobRow>,
}

/// How a job ends.
#[derive(Clone, Debug)]
pub struct Completion {
    /// A final state.
    pub state: State,
    /// As in [`Advance`].
    pub advance: Advance,
    /// What the job's end changes in the library.
    pub changes: Vec<Change>,
}

/// What a completed job set off.
#[derive(Clone, Debug, Default)]
pub struct Completed {
    /// The batch whose last job this was: it is finished now and has to be announced.
    pub batch: Option<Uuid>,
}

/// What became of a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was waiting and is cancelled now; `Completed.batch` matters here too.
    Now,
    /// It runs; its worker will end it soon.
    Requested,
    /// It was final already.
    TooLate,
    /// The account has no such job.
    NotFound,
}

/// A batch as it stands.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub account: String,
    /// The dialect that tells its end.
    pub dialect: String,
    /// Who is told.
    pub notification_url: Option<String>,
    /// Echoed.
    pub reference: Option<String>,
    /// Opaque to the engine.
    pub extra: serde_json::Value,
    /// How many of its jobs are in each state.
    pub counts: Vec<(State, u64)>,
    /// Made at.
    pub created_at: SystemTime,
    /// When the last job ended.
    pub finished_at: Option<SystemTime>,
}

/// Which batches to list.
#[derive(Clone, Debug, Default)]
pub struct BatchFilter {
    /// Only of this dialect.
    pub dialect: String,
    /// Only those whose `extra` has these texts as its members.
    pub extra: Vec<(&'static str, String)>,
    /// Only those made at this time or later.
    pub from: Option<SystemTime>,
    /// Only those made before.
    pub before: Option<SystemTime>,
    /// At most this many.
    pub limit: u32,
}

/// What a heartbeat found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The lease holds.
    Held,
    /// The lease holds, and the job is to be cancelled.
    CancelRequested,
    /// The lease was lost.
    Lost,
}
