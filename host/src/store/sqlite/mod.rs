//! The embedded store: one SQLite file, one writer with group commit, readers beside it.
//!
//! Every command is a transaction of its own for its caller; the writer commits several at once. The
//! database is in WAL mode with `synchronous=FULL`: what was answered survives a power cut.

mod accounts;
mod breaker;
mod claim;
mod deliveries;
mod fail;
mod finish;
mod keep;
mod library;
mod lookup;
mod plugins;
mod port;
mod read;
mod rows;
mod schema;
mod search;
mod submit;
#[cfg(test)]
mod tests;
mod writer;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions, Sqlite as Database, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use self::{fail::Fail, writer::Writer};
use super::{
    Account, Advance, AssetRow, BatchFilter, BatchRow, Cancelled, ClaimedDelivery, ClaimedJob, Completed, Completion,
    DeliveryClaim, DeliveryFilter, DeliveryRow, Error, Gauges, Heartbeat, JobFilter, JobRow, NextDue, Page,
    RecordedAttempt, Store, Submission, Submitted,
};
use crate::{
    clock::{Clock, micros},
    job::OutputReport,
    webhook::NewDelivery,
};

/// Connections for reading: more than cores gain nothing.
const READERS: u32 = 4;

/// How long a connection waits for a lock of another process (a backup, a shell) before it gives up.
const BUSY: Duration = Duration::from_secs(10);

/// WAL pages (4 KiB) after which a commit copies them into the database. The usual 1000 would sync the
/// database file several times a second under load.
const CHECKPOINT_PAGES: &str = "8000";

/// How the store treats receivers that fail, and what authenticates cursors.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The key of cursors. Keep it, or cursors end with the process.
    pub cursor_key: [u8; 32],
    /// Failures in a row that open a receiver's breaker; 0: never.
    pub breaker_failures: u32,
    /// The first pause of an open breaker.
    pub breaker_pause: Duration,
    /// The longest pause.
    pub breaker_max_pause: Duration,
}

impl Options {
    /// Receivers that fail are always tried again.
    pub fn without_breaker(cursor_key: [u8; 32]) -> Options {
        Options { cursor_key, breaker_failures: 0, breaker_pause: Duration::ZERO, breaker_max_pause: Duration::ZERO }
    }
}

/// The store in one SQLite file.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
    clock: Clock,
    cursor_key: [u8; 32],
}

impl Sqlite {
    /// Opens the database at `path`, made when it is missing (mode 0600), and brings its schema up to date.
    /// Must be called within a Tokio runtime.
    ///
    /// Errors: the file cannot be made or opened; a newer binary wrote it.
    pub async fn open(path: &Path, clock: Clock, options: Options) -> Result<Sqlite, Error> {
        let failed = |message: String| Error::Failed { attempt: "open the database", message };
        create(path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            // 32 MiB: the upper levels of the indexes stay in memory.
            .pragma("cache_size", "-32768")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(256)
            // As many results as a message gives, so that SQLite's thread need not wait for ours.
            .row_buffer_size(1024)
            .disable_statement_logging();
        let mut connection = connect.connect().await.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        schema::migrate(&mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(connect.clone().pragma("query_only", "on").pragma("cache_size", "-8192"))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let cursor_key = options.cursor_key;
        let writer = Writer::start(connection, connect, clock.clone(), options);
        Ok(Sqlite { writer, readers, clock, cursor_key })
    }

    async fn reader(&self) -> Result<PoolConnection<Database>, Error> {
        let failed = |error: sqlx::Error| Error::Failed { attempt: "read the database", message: error.to_string() };
        self.readers.acquire().await.map_err(failed)
    }

    /// For reads of several queries that have to see the same state.
    async fn snapshot(&self) -> Result<sqlx::Transaction<'static, Database>, Error> {
        let failed = |error: sqlx::Error| Error::Failed { attempt: "read the database", message: error.to_string() };
        self.readers.begin().await.map_err(failed)
    }

    fn now(&self) -> i64 {
        micros(self.clock.now()) as i64
    }
}

/// Makes the file, or takes others' rights to it away: it holds secrets. SQLite gives the files beside it the same mode.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    options.open(path).map(|_| ())
}

/// Gives a reading failure the attempt it belongs to.
fn at<T>(attempt: &'static str, result: Result<T, Fail>) -> Result<T, Error> {
    result.map_err(|fail| fail.at(attempt))
}

#[async_trait]
impl Store for Sqlite {
    async fn create_account(&self, account: Account) -> Result<(), Error> {
        self.writer.call("make the account", move |tx| Box::pin(accounts::create(tx, account))).await
    }

    async fn account(&self, key: &str) -> Result<Option<Account>, Error> {
        at("look the account up", accounts::one(&mut *self.reader().await?, key).await)
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        at("list the accounts", accounts::all(&mut *self.reader().await?).await)
    }

    async fn update_account(&self, account: Account) -> Result<bool, Error> {
        self.writer.call("change the account", move |tx| Box::pin(accounts::update(tx, account))).await
    }

    async fn submit(&self, submission: Submission) -> Result<Submitted, Error> {
        self.writer.call("accept the jobs", move |tx| Box::pin(submit::submit(tx, submission))).await
    }

    async fn job(&self, account: &str, id: Uuid) -> Result<Option<JobRow>, Error> {
        at("look the job up", read::job(&mut *self.reader().await?, account, id).await)
    }

    async fn any_job(&self, id: Uuid) -> Result<Option<JobRow>, Error> {
        at("look the job up", read::any_job(&mut *self.reader().await?, id).await)
    }

    async fn jobs(&self, account: &str, filter: JobFilter) -> Result<Page<JobRow>, Error> {
        at("list the jobs", read::jobs(&mut *self.reader().await?, &self.cursor_key, account, filter).await)
    }

    async fn claim_jobs(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error> {
        self.writer.call("claim jobs", move |tx| Box::pin(claim::claim(tx, limit, lease))).await
    }

    async fn heartbeat(&self, leases: &[(Uuid, Uuid)], lease: Duration) -> Result<Vec<Heartbeat>, Error> {
        let leases = leases.to_vec();
        self.writer.call("prolong leases", move |tx| Box::pin(claim::heartbeat(tx, leases, lease))).await
    }

    async fn advance(&self, id: Uuid, token: Uuid, advance: Advance) -> Result<(), Error> {
        self.writer.call("write the job's progress", move |tx| Box::pin(finish::advance(tx, id, token, advance))).await
    }

    async fn complete(&self, id: Uuid, token: Uuid, completion: Completion) -> Result<Completed, Error> {
        self.writer.call("end the job", move |tx| Box::pin(finish::complete(tx, id, token, completion))).await
    }

    async fn release(&self, id: Uuid, token: Uuid, delay: Duration, counts: bool) -> Result<(), Error> {
        self.writer.call("give the job back", move |tx| Box::pin(claim::release(tx, id, token, delay, counts))).await
    }

    async fn cancel(&self, account: &str, id: Uuid, completion: Completion) -> Result<(Cancelled, Completed), Error> {
        let account = account.to_owned();
        self.writer
            .call("cancel the job", move |tx| {
                Box::pin(async move { finish::cancel(tx, &account, id, completion).await })
            })
            .await
    }

    async fn reap_jobs(&self, max_attempts: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error> {
        self.writer.call("return lost jobs", move |tx| Box::pin(claim::reap(tx, max_attempts, lease))).await
    }

    async fn batch(&self, account: &str, id: Uuid) -> Result<Option<BatchRow>, Error> {
        let mut snapshot = self.snapshot().await?;
        at("look the batch up", read::batch(&mut snapshot, account, id).await)
    }

    async fn batches(&self, account: &str, filter: BatchFilter) -> Result<Vec<BatchRow>, Error> {
        let mut snapshot = self.snapshot().await?;
        at("list the batches", read::batches(&mut snapshot, account, filter).await)
    }

    async fn unannounced_batches(&self, limit: u32) -> Result<Vec<BatchRow>, Error> {
        at("look for finished batches", read::unannounced(&mut *self.snapshot().await?, limit).await)
    }

    async fn announce_batch(&self, id: Uuid, deliveries: Vec<NewDelivery>) -> Result<(), Error> {
        self.writer.call("announce the batch", move |tx| Box::pin(finish::announce(tx, id, deliveries))).await
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, Error> {
        self.writer.call("claim deliveries", move |tx| Box::pin(deliveries::claim(tx, claim))).await
    }

    async fn record_attempts(&self, attempts: Vec<RecordedAttempt>) -> Result<(), Error> {
        self.writer.call("write attempts down", move |tx| Box::pin(deliveries::record(tx, attempts))).await
    }

    async fn reap_deliveries(&self) -> Result<u64, Error> {
        self.writer.call("return lost deliveries", move |tx| Box::pin(deliveries::reap(tx))).await
    }

    async fn deliveries(&self, account: &str, filter: DeliveryFilter) -> Result<Page<DeliveryRow>, Error> {
        let found = read::deliveries(&mut *self.reader().await?, &self.cursor_key, account, filter).await;
        at("list the deliveries", found)
    }

    async fn delivery(&self, account: &str, id: Uuid) -> Result<Option<DeliveryRow>, Error> {
        at("look the delivery up", read::delivery(&mut *self.snapshot().await?, account, id).await)
    }

    async fn replay(&self, account: &str, id: Uuid) -> Result<Option<Uuid>, Error> {
        let account = account.to_owned();
        self.writer
            .call("replay the delivery", move |tx| Box::pin(async move { deliveries::replay(tx, &account, id).await }))
            .await
    }

    async fn next_due(&self) -> Result<NextDue, Error> {
        at("look for what is due", keep::next_due(&mut *self.reader().await?).await)
    }

    async fn put_asset(&self, asset: AssetRow) -> Result<(), Error> {
        self.writer.call("keep the asset", move |tx| Box::pin(keep::put_asset(tx, asset))).await
    }

    async fn asset(&self, account: &str, id: &str) -> Result<Option<AssetRow>, Error> {
        at("look the asset up", keep::asset(&mut *self.reader().await?, account, id).await)
    }

    async fn delete_asset(&self, account: &str, id: &str) -> Result<bool, Error> {
        let (account, id) = (account.to_owned(), id.to_owned());
        self.writer
            .call("forget the asset", move |tx| Box::pin(async move { keep::delete_asset(tx, &account, &id).await }))
            .await
    }

    async fn output(&self, token: &str) -> Result<Option<OutputReport>, Error> {
        at("look the output up", read::output(&mut *self.reader().await?, token).await)
    }

    async fn unreferenced(&self, sha256: &[String]) -> Result<Vec<String>, Error> {
        let sha256 = sha256.to_vec();
        self.writer.call("look for unused blobs", move |tx| Box::pin(keep::unreferenced(tx, sha256))).await
    }

    async fn forget(&self, older_than: Duration) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            // One commit for each part, so that other commands come in between.
            let part = self.writer.call("forget old rows", move |tx| Box::pin(keep::forget(tx, older_than))).await?;
            if part == 0 {
                return Ok(forgotten);
            }
            forgotten += part;
        }
    }

    async fn gauges(&self) -> Result<Gauges, Error> {
        let now = self.now();
        at("count rows", keep::gauges(&mut *self.snapshot().await?, now).await)
    }

    async fn ready(&self) -> Result<(), Error> {
        self.accounts().await?;
        self.writer.call("write to the database", |tx| Box::pin(keep::touch(tx))).await
    }
}
