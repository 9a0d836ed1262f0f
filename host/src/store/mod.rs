//! What survives a restart: accounts, jobs, the queue, batches, assets, deliveries and their attempts.
//!
//! [`Store`] is the port; state, events and deliveries change in one commit. Time is given by the
//! caller's [`crate::clock::Clock`] to the adapter. All operations are atomic; one that answers an
//! error has changed nothing, except [`Error::Unknown`], after which the caller looks the row up.

mod config;
#[cfg(test)]
pub(crate) mod contract;
mod cursor;
mod deliveries;
mod filter;
mod jobs;
mod level;
mod library;
pub mod moving;
mod nodes;
mod plugins;
mod postgres;
mod sql;
mod sqlite;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use uuid::Uuid;

pub(crate) use config::Place;
pub use config::{Config, SQLITE};
pub use deliveries::{
    AttemptRow, ClaimedDelivery, DeliveryClaim, DeliveryFilter, DeliveryRow, DeliveryState, RecordedAttempt, Verdict,
};
pub use filter::{Column, Direction, Filter, ResourceQuery, Test};
pub use jobs::{
    Advance, BatchFilter, BatchRow, Cancelled, ClaimedJob, Completed, Completion, Heartbeat, Idempotency, JobFilter,
    JobRow, NewBatch, NewJob, Submission, Submitted,
};
pub use level::Level;
pub use library::{
    ApiKey, Change, ChunkRow, DerivedQuery, DerivedRow, DocumentQuery, DocumentRow, Facts, Library, ResourceKey,
    ResourceRow, Totals, ValueClass, VersionRow,
};
pub use nodes::{NodeInfo, NodeRow, Nodes};
pub use plugins::{AuditFilter, AuditRow, PluginChange, PluginRow, PluginSet, Plugins};
pub use postgres::{Pool, Postgres};
pub use sqlite::Sqlite;

use crate::{job::State, webhook::NewDelivery};

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or failed; nothing was changed.
    #[error("cannot {attempt}: {message}")]
    Failed {
        /// What was attempted, as a verb phrase.
        attempt: &'static str,
        /// What the database said.
        message: String,
    },
    /// The connection was lost during a commit: it may or may not have happened.
    #[error("cannot tell whether {attempt} was committed")]
    Unknown {
        /// What was attempted.
        attempt: &'static str,
    },
    /// The lease was lost: somebody else has the job now, or it is final.
    #[error("the lease of {id} was lost")]
    LeaseLost {
        /// The job or delivery.
        id: Uuid,
    },
    /// The idempotency key was used before, for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    /// The account has too many jobs waiting.
    #[error("{queued} jobs are waiting, the limit is {limit}")]
    QueueFull {
        /// How many wait.
        queued: u64,
        /// How many may.
        limit: u64,
    },
    /// There is one of this name already.
    #[error("{what} {name} exists already")]
    Exists {
        /// "account", "API key".
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Somebody else changed it since it was read, or its name is taken: nothing was changed.
    #[error("{what} was changed by somebody else")]
    Conflict {
        /// What.
        what: String,
    },
    /// A cursor that this server did not make.
    #[error("the cursor is not one of this server's")]
    BadCursor,
}

/// How a store treats receivers that fail, and what authenticates cursors.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key of cursors. Keep it, or cursors end with the process.
    pub cursor_key: [u8; 32],
    /// Failures in a row that open a receiver's breaker; 0: never.
    pub breaker_failures: u32,
    /// The first pause of an open breaker.
    pub breaker_pause: Duration,
    /// The longest pause.
    pub breaker_max_pause: Duration,
    /// What this node can run.
    pub level: Level,
}

impl Options {
    /// Receivers that fail are always tried again.
    pub fn without_breaker(cursor_key: [u8; 32]) -> Options {
        Options {
            cursor_key,
            breaker_failures: 0,
            breaker_pause: Duration::ZERO,
            breaker_max_pause: Duration::ZERO,
            level: Level::default(),
        }
    }
}

/// How far the schema of a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The newest step that the database has; 0 when it is empty.
    pub found: i64,
    /// The newest step that this program knows.
    pub newest: i64,
}

/// An account: a tenant with its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name and API key: letters, digits, `_`, `-`; at most 64 bytes.
    pub key: String,
    /// The API secret. Kept in clear text, because the Cloudinary scheme signs with it.
    pub secret: String,
    /// The secret that signs callbacks: `whsec_` and base64 of 32 random bytes.
    pub webhook_secret: String,
    /// The secret before the last rotation, which signs as well until `previous_until`.
    pub previous_webhook_secret: Option<String>,
    /// When the previous secret stops signing.
    pub previous_until: Option<SystemTime>,
    /// What is set for it alone.
    #[serde(default)]
    pub settings: crate::account::Settings,
    /// Made at.
    pub created_at: SystemTime,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The next page's cursor; none at the end. Opaque, authenticated.
    pub next: Option<String>,
}

/// A blob that something refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A stored original with a public id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRow {
    /// Whose.
    pub account: String,
    /// The public id: at most 255 bytes, no control characters.
    pub id: String,
    /// Its bytes' key.
    pub sha256: String,
    /// Their size.
    pub bytes: u64,
    /// The format's name.
    pub format: String,
    /// Columns as displayed.
    pub width: u32,
    /// Rows as displayed.
    pub height: u32,
    /// Stored at.
    pub created_at: SystemTime,
}

/// What the metrics page shows of the store.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Jobs by state: queued and running only.
    pub jobs: Vec<(State, u64)>,
    /// Age of the oldest waiting job.
    pub oldest_queued: Option<Duration>,
    /// Deliveries by state: pending and dead only.
    pub deliveries: Vec<(DeliveryState, u64)>,
}

/// The port. All times come from the adapter's clock.
#[async_trait]
pub trait Store: Library + moving::Moving + Nodes + Plugins {
    /// Makes an account.
    async fn create_account(&self, account: Account) -> Result<(), Error>;
    /// The account of this key.
    async fn account(&self, key: &str) -> Result<Option<Account>, Error>;
    /// All accounts, by key.
    async fn accounts(&self) -> Result<Vec<Account>, Error>;
    /// Replaces an account's secrets; answers false if there is none.
    async fn update_account(&self, account: Account) -> Result<bool, Error>;

    /// Accepts jobs: rows, batch and idempotency key in one commit.
    async fn submit(&self, submission: Submission) -> Result<Submitted, Error>;
    /// The account's job.
    async fn job(&self, account: &str, id: Uuid) -> Result<Option<JobRow>, Error>;
    /// Whether the account's job is there to stay, for those who lost the answer to a commit: if copies of the database
    /// have to know of it, they do.
    async fn is_kept(&self, account: &str, id: Uuid) -> Result<bool, Error> {
        Ok(self.job(account, id).await?.is_some())
    }
    /// The job of this id, whoever's: for callers whose ids are secrets themselves.
    async fn any_job(&self, id: Uuid) -> Result<Option<JobRow>, Error>;
    /// The account's jobs.
    async fn jobs(&self, account: &str, filter: JobFilter) -> Result<Page<JobRow>, Error>;
    /// Claims up to `limit` due jobs for `lease`, of those that need no more than this node has ([`Nodes::level`]): by
    /// priority, fair between accounts, then by age.
    async fn claim_jobs(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error>;
    /// Prolongs leases; answers for each whether it still holds and whether cancelling was asked for.
    async fn heartbeat(&self, leases: &[(Uuid, Uuid)], lease: Duration) -> Result<Vec<Heartbeat>, Error>;
    /// Writes what a running job achieved.
    async fn advance(&self, id: Uuid, token: Uuid, advance: Advance) -> Result<(), Error>;
    /// Ends a running job. [`Error::Conflict`] when a change cannot be made: the caller works them out anew.
    async fn complete(&self, id: Uuid, token: Uuid, completion: Completion) -> Result<Completed, Error>;
    /// Gives a running job back, to run again after `delay`. `counts` false gives the attempt back
    /// too (a drain is not the job's fault).
    async fn release(&self, id: Uuid, token: Uuid, delay: Duration, counts: bool) -> Result<(), Error>;
    /// Calls a job off. A waiting one gets `report` and `deliveries` in the same commit.
    async fn cancel(&self, account: &str, id: Uuid, completion: Completion) -> Result<(Cancelled, Completed), Error>;
    /// Returns jobs whose lease ran out to the queue, with back-off; answers those that were lost
    /// `max_attempts` times, which their caller then ends with `worker_lost`: they come claimed.
    async fn reap_jobs(&self, max_attempts: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error>;

    /// The account's batch.
    async fn batch(&self, account: &str, id: Uuid) -> Result<Option<BatchRow>, Error>;
    /// The account's batches, newest first, at most `limit` of them.
    async fn batches(&self, account: &str, filter: BatchFilter) -> Result<Vec<BatchRow>, Error>;
    /// Finished batches that were not announced yet.
    async fn unannounced_batches(&self, limit: u32) -> Result<Vec<BatchRow>, Error>;
    /// Records a batch's deliveries and that it was announced; does nothing the second time.
    async fn announce_batch(&self, id: Uuid, deliveries: Vec<NewDelivery>) -> Result<(), Error>;

    /// Claims up to `limit` due deliveries: the oldest of each order key only, at most
    /// `per_receiver` in flight for one receiver (scheme, host and port of the URL) and
    /// `per_account` for one account. `retries` chooses between first tries and later ones. A
    /// receiver that failed too often in a row (no answer, 429, 5xx) is left alone for a while, then
    /// gets one probe.
    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, Error>;
    /// Writes down what attempts came to; a lost lease of one does not hinder the others.
    async fn record_attempts(&self, attempts: Vec<RecordedAttempt>) -> Result<(), Error>;
    /// Returns deliveries whose lease ran out.
    async fn reap_deliveries(&self) -> Result<u64, Error>;
    /// The account's deliveries.
    async fn deliveries(&self, account: &str, filter: DeliveryFilter) -> Result<Page<DeliveryRow>, Error>;
    /// One delivery with its log.
    async fn delivery(&self, account: &str, id: Uuid) -> Result<Option<DeliveryRow>, Error>;
    /// Owes a delivery again, with the same body and the same `webhook-id`; answers the new row's id.
    async fn replay(&self, account: &str, id: Uuid) -> Result<Option<Uuid>, Error>;
    /// When a claim may find the next delivery or job, to sleep until then; not after now when
    /// something is due already.
    async fn next_due(&self) -> Result<NextDue, Error>;

    /// Keeps an asset, replacing one of the same id.
    async fn put_asset(&self, asset: AssetRow) -> Result<(), Error>;
    /// The account's asset.
    async fn asset(&self, account: &str, id: &str) -> Result<Option<AssetRow>, Error>;
    /// Forgets an asset; answers whether there was one.
    async fn delete_asset(&self, account: &str, id: &str) -> Result<bool, Error>;

    /// The output of this URL token.
    async fn output(&self, token: &str) -> Result<Option<crate::job::OutputReport>, Error>;

    /// Which of these blobs nothing refers to.
    async fn unreferenced(&self, sha256: &[String]) -> Result<Vec<String>, Error>;
    /// Forgets final jobs, delivered deliveries and idempotency keys older than this.
    async fn forget(&self, older_than: Duration) -> Result<u64, Error>;

    /// Counts for the metrics page.
    async fn gauges(&self) -> Result<Gauges, Error>;
    /// Answers when the store can be read and written.
    async fn ready(&self) -> Result<(), Error>;

    /// What other processes that share the store do from now on, as hints that may get lost; none when there
    /// cannot be others.
    fn hints(&self) -> Option<broadcast::Receiver<Hint>> {
        None
    }
}

/// What another process did: a reason to look at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hint {
    /// There are jobs to claim.
    JobsDue,
    /// There are deliveries to claim.
    DeliveriesDue,
    /// A job's row was changed.
    Changed(Uuid),
    /// A job that runs is to be cancelled.
    CancelRequested(Uuid),
}

/// When something is due next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextDue {
    /// The next waiting job.
    pub job: Option<SystemTime>,
    /// The next pending delivery.
    pub delivery: Option<SystemTime>,
}
