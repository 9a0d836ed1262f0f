//! The embedded store: one SQLite file, one writer with group commit, readers beside it.
//!
//! Every command is a transaction of its own for its caller; the writer commits several at once. The
//! database is in WAL mode with `synchronous=FULL`: what was answered survives a power cut.

mod breaker;
mod claim;
mod deliveries;
mod finish;
mod keep;
mod session;
mod submit;
#[cfg(test)]
mod tests;
mod writer;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, Sqlite as Database, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::writer::{Tx, Writer};
use super::{
    Account, Advance, AssetRow, BatchFilter, BatchRow, Cancelled, Change, ClaimedDelivery, ClaimedJob, Completed,
    Completion, DeliveryClaim, DeliveryFilter, DeliveryRow, Error, Gauges, Heartbeat, JobFilter, JobRow, Level,
    NextDue, Options, Page, PluginChange, RecordedAttempt, Schema, Store, Submission, Submitted,
    moving::Rows,
    sql::{
        accounts, assets,
        backend::{Backend, Work},
        moving, read,
        schema::{self, Steps},
    },
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

/// Every step of the schema.
const STEPS: Steps = &[
    (1, "first", include_str!("../../../migrations/sqlite/0001_first.sql")),
    (2, "library", include_str!("../../../migrations/sqlite/0002_library.sql")),
    (3, "batches", include_str!("../../../migrations/sqlite/0003_batches.sql")),
    (4, "found_again", include_str!("../../../migrations/sqlite/0004_found_again.sql")),
    (5, "account settings", include_str!("../../../migrations/sqlite/0005_account_settings.sql")),
    (6, "versions", include_str!("../../../migrations/sqlite/0006_versions.sql")),
    (7, "plugins", include_str!("../../../migrations/sqlite/0007_plugins.sql")),
    (8, "nodes", include_str!("../../../migrations/sqlite/0008_nodes.sql")),
];

/// What is attempted first.
const OPEN: &str = "open the database";

/// The store in one SQLite file.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
    clock: Clock,
    cursor_key: [u8; 32],
    level: Level,
}

impl Sqlite {
    /// Opens the database at `path`, made when it is missing (mode 0600), and brings its schema up to date.
    /// Must be called within a Tokio runtime.
    ///
    /// Errors: the file cannot be made or opened; a newer binary wrote it.
    pub async fn open(path: &Path, clock: Clock, options: Options) -> Result<Sqlite, Error> {
        let failed = |message: String| Error::Failed { attempt: OPEN, message };
        create(path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        let connect = connect(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            // 32 MiB: the upper levels of the indexes stay in memory.
            .pragma("cache_size", "-32768")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(256)
            // As many results as a message gives, so that SQLite's thread need not wait for ours.
            .row_buffer_size(1024);
        let mut connection = connect.connect().await.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        schema::migrate(&mut connection, STEPS).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(connect.clone().pragma("query_only", "on").pragma("cache_size", "-8192"))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let (cursor_key, level) = (options.cursor_key, options.level.clone());
        let writer = Writer::start(connection, connect, clock.clone(), options);
        Ok(Sqlite { writer, readers, clock, cursor_key, level })
    }

    /// How far the schema of the database at `path` is, without changing it. A file that is missing has none.
    ///
    /// Errors: as of [`Sqlite::open`].
    pub async fn schema(path: &Path) -> Result<Schema, Error> {
        let failed = |error: sqlx::Error| Error::Failed { attempt: OPEN, message: error.to_string() };
        let versions = if path.exists() {
            let mut connection = connect(path).read_only(true).connect().await.map_err(failed)?;
            session::versions(&mut connection).await
        } else {
            Ok(Vec::new())
        };
        schema::compare(versions, STEPS).map_err(|fail| fail.at(OPEN))
    }

    fn now(&self) -> i64 {
        micros(self.clock.now()) as i64
    }
}

/// What all connections have in common.
fn connect(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(BUSY).disable_statement_logging()
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

impl Backend for Sqlite {
    const IS_SHARED: bool = false;

    type Tx = Tx;
    type Session = SqliteConnection;
    type Reader = PoolConnection<Database>;
    type Snapshot = sqlx::Transaction<'static, Database>;

    fn reader(&self) -> BoxFuture<'_, Result<PoolConnection<Database>, Error>> {
        Box::pin(async move { self.told("read the database", self.readers.acquire().await.map_err(Into::into)) })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<sqlx::Transaction<'static, Database>, Error>> {
        Box::pin(async move { self.told("read the database", self.readers.begin().await.map_err(Into::into)) })
    }

    fn cursor_key(&self) -> &[u8; 32] {
        &self.cursor_key
    }

    fn level(&self) -> &Level {
        &self.level
    }

    fn write<A, T>(&self, attempt: &'static str, values: A, work: Work<Tx, A, T>) -> BoxFuture<'_, Result<T, Error>>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        Box::pin(self.writer.call(attempt, move |tx| Box::pin(async move { work(tx, &values).await })))
    }

    fn write_all(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.writer.call("take the rows in", move |tx| Box::pin(moving::take_in(tx, rows))))
    }

    fn write_changes(&self, changes: Vec<Change>, owed: Vec<NewDelivery>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.writer.call("change the library", move |tx| Box::pin(finish::change(tx, changes, owed))))
    }

    fn write_plugin(&self, change: PluginChange) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.writer.call("change the plugin", move |tx| Box::pin(finish::change_plugin(tx, change))))
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn create_account(&self, account: Account) -> Result<(), Error> {
        self.writer
            .call("make the account", move |tx| Box::pin(async move { accounts::create(tx, &account).await }))
            .await
    }

    async fn account(&self, key: &str) -> Result<Option<Account>, Error> {
        self.told("look the account up", accounts::one(&mut *self.reader().await?, key).await)
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.told("list the accounts", accounts::all(&mut *self.reader().await?).await)
    }

    async fn update_account(&self, account: Account) -> Result<bool, Error> {
        self.writer
            .call("change the account", move |tx| Box::pin(async move { accounts::update(tx, &account).await }))
            .await
    }

    async fn submit(&self, submission: Submission) -> Result<Submitted, Error> {
        self.writer
            .call("accept the jobs", move |tx| Box::pin(async move { submit::submit(tx, &submission).await }))
            .await
    }

    async fn job(&self, account: &str, id: Uuid) -> Result<Option<JobRow>, Error> {
        self.told("look the job up", read::job(&mut *self.reader().await?, account, id).await)
    }

    async fn any_job(&self, id: Uuid) -> Result<Option<JobRow>, Error> {
        self.told("look the job up", read::any_job(&mut *self.reader().await?, id).await)
    }

    async fn jobs(&self, account: &str, filter: JobFilter) -> Result<Page<JobRow>, Error> {
        self.told("list the jobs", read::jobs(&mut *self.reader().await?, &self.cursor_key, account, filter).await)
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
        self.told("look the batch up", read::batch(&mut *snapshot, account, id).await)
    }

    async fn batches(&self, account: &str, filter: BatchFilter) -> Result<Vec<BatchRow>, Error> {
        let mut snapshot = self.snapshot().await?;
        self.told("list the batches", read::batches(&mut *snapshot, account, filter).await)
    }

    async fn unannounced_batches(&self, limit: u32) -> Result<Vec<BatchRow>, Error> {
        self.told("look for finished batches", read::unannounced(&mut *self.snapshot().await?, limit).await)
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
        self.told("list the deliveries", found)
    }

    async fn delivery(&self, account: &str, id: Uuid) -> Result<Option<DeliveryRow>, Error> {
        self.told("look the delivery up", read::delivery(&mut *self.snapshot().await?, account, id).await)
    }

    async fn replay(&self, account: &str, id: Uuid) -> Result<Option<Uuid>, Error> {
        let account = account.to_owned();
        self.writer
            .call("replay the delivery", move |tx| Box::pin(async move { deliveries::replay(tx, &account, id).await }))
            .await
    }

    async fn next_due(&self) -> Result<NextDue, Error> {
        self.told("look for what is due", keep::next_due(&mut *self.reader().await?, &self.level).await)
    }

    async fn put_asset(&self, asset: AssetRow) -> Result<(), Error> {
        self.writer.call("keep the asset", move |tx| Box::pin(async move { assets::put(tx, &asset).await })).await
    }

    async fn asset(&self, account: &str, id: &str) -> Result<Option<AssetRow>, Error> {
        self.told("look the asset up", assets::one(&mut *self.reader().await?, account, id).await)
    }

    async fn delete_asset(&self, account: &str, id: &str) -> Result<bool, Error> {
        let (account, id) = (account.to_owned(), id.to_owned());
        self.writer
            .call("forget the asset", move |tx| Box::pin(async move { assets::delete(tx, &account, &id).await }))
            .await
    }

    async fn output(&self, token: &str) -> Result<Option<OutputReport>, Error> {
        self.told("look the output up", read::output(&mut *self.reader().await?, token).await)
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
        self.told("count rows", keep::gauges(&mut *self.snapshot().await?, now).await)
    }

    async fn ready(&self) -> Result<(), Error> {
        self.accounts().await?;
        self.writer.call("write to the database", |tx| Box::pin(keep::touch(tx))).await
    }
}
