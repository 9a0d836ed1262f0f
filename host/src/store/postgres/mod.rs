//! The store that many nodes share: PostgreSQL 15 or newer.
//!
//! Every command is a transaction at READ COMMITTED that locks the rows it decides by. Those who take work - jobs,
//! lost leases, old rows - pass over rows that others have locked, so nodes do not wait for each other. Where several
//! rows have to be locked, everybody locks them in the same order; what still gets in each other's way is repeated. Time
//! is the database's. There are no triggers, extensions or advisory locks (but for the one that migrations take).

mod breaker;
mod claim;
mod deliveries;
mod finish;
mod hints;
mod hosts;
mod keep;
mod lanes;
mod record;
mod session;
mod submit;
#[cfg(test)]
mod tests;
mod tx;
mod url;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, Postgres as Database, pool::PoolConnection,
    postgres::PgPoolOptions,
};
use tokio::{
    sync::{broadcast, mpsc},
    task::AbortHandle,
};
use uuid::Uuid;

pub(super) use self::url::{check, is_postgres};
use self::{
    hints::Hints,
    hosts::Hosts,
    session::{PATIENCE, answered},
    tx::Tx,
};
use super::{
    Account, Advance, AssetRow, BatchFilter, BatchRow, Cancelled, Change, ClaimedDelivery, ClaimedJob, Completed,
    Completion, DeliveryClaim, DeliveryFilter, DeliveryRow, Error, Gauges, Heartbeat, Hint, JobFilter, JobRow, Level,
    NextDue, Options, Page, PluginChange, RecordedAttempt, Schema, Store, Submission, Submitted,
    moving::Rows,
    sql::{
        Fail, Fields, Session, Values, accounts, assets,
        backend::{Backend, Work},
        read,
        schema::{self, Steps},
    },
};
use crate::{clock::Clock, job::OutputReport, webhook::NewDelivery};

/// What a session is set to. No statement is given up by the server: a commit that waits for its standbys would then
/// be answered as if they had it. What waits for a row or holds rows for too long has lost its node.
const SESSION: &str = "SET statement_timeout = 0; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'error'; \
     SELECT pg_is_in_recovery() AS standby";

/// An idle connection is tried before it is used again after this time.
const IDLE: Duration = Duration::from_secs(1);

/// Every step of the schema.
const STEPS: Steps = &[
    (1, "first", include_str!("../../../migrations/postgres/0001_first.sql")),
    (2, "nodes", include_str!("../../../migrations/postgres/0002_nodes.sql")),
];

/// What is attempted first.
const OPEN: &str = "open the database";

/// How many connections a node has, and how long it waits for one.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// At most this many.
    pub max_connections: u32,
    /// How long a command waits for one.
    pub acquire_timeout: Duration,
}

/// The store in a PostgreSQL database. Clones share the connections.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    hosts: Arc<Hosts>,
    clock: Clock,
    options: Options,
    hints: Arc<Hints>,
    /// What runs as long as the store: the watcher of the primary, and those who tell and hear hints.
    tasks: [AbortHandle; 3],
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Postgres {
    /// Finds the primary among the hosts of `url`, for as long as a command would wait, brings its schema up to date and connects. The key of cursors is
    /// the one that all nodes of the database have. With a clock that tests step, time is that clock's.
    /// Must be called within a Tokio runtime.
    ///
    /// Errors: no primary can be reached; its schema is of a newer binary; it is older than PostgreSQL 15.
    pub async fn open(url: &str, pool: Pool, clock: Clock, mut options: Options) -> Result<Postgres, Error> {
        let failed = |fail: Fail| fail.at(OPEN);
        let hosts = Hosts::new(url::hosts(url).map_err(|problem| failed(Fail::Value(problem)))?);
        let primary = hosts.primary_within(pool.acquire_timeout).await;
        let primary = primary.map_err(|problem| failed(Fail::Value(problem)))?;
        tracing::debug!(host = primary.name, "found the primary");
        let (connect, host) = (primary.options.clone(), primary.name.clone());
        let mut connection = connect.connect().await.map_err(|error| failed(error.into()))?;
        hosts.check(&mut connection).await.map_err(failed)?;
        schema::migrate(&mut connection, STEPS).await?;
        options.cursor_key = cursor_key(&mut connection, options.cursor_key).await.map_err(failed)?;
        // Everything is committed: a failing close loses nothing.
        let _ = connection.close().await;
        let hosts = Arc::new(hosts);
        let connections = connections(pool, hosts.clone()).connect_lazy_with(connect);
        let hints = Arc::new(Hints::new());
        let tasks = [
            tokio::spawn({
                let (hosts, pool) = (hosts.clone(), connections.clone());
                async move { hosts.watch(pool, host).await }
            }),
            tokio::spawn({
                let (hints, pool) = (hints.clone(), connections.clone());
                async move { hints.send(pool).await }
            }),
            tokio::spawn({
                let (hints, hosts, pool) = (hints.clone(), hosts.clone(), connections.clone());
                async move { hints.listen(pool, &hosts).await }
            }),
        ];
        let tasks = tasks.map(|task| task.abort_handle());
        let inner = Inner { pool: connections, hosts, clock, options, hints, tasks };
        Ok(Postgres { inner: Arc::new(inner) })
    }

    /// How far the schema of the primary is, without changing it.
    ///
    /// Errors: as of [`Postgres::open`].
    pub async fn schema(url: &str) -> Result<Schema, Error> {
        let found = async {
            let hosts = Hosts::new(url::hosts(url).map_err(Fail::Value)?);
            let primary = hosts.primary().await.map_err(Fail::Value)?;
            schema::compare(hosts::schema_of(primary).await, STEPS)
        };
        found.await.map_err(|fail| fail.at(OPEN))
    }

    /// Has the primary looked for when an error says that it may be lost.
    fn doubt(&self, error: &sqlx::Error) {
        match error {
            sqlx::Error::PoolTimedOut => self.inner.hosts.waited(),
            error if tx::is_lost(error) => self.inner.hosts.lost(),
            _ => {}
        }
    }

    /// Closes all connections, after what is under way.
    #[cfg(test)]
    async fn close(&self) {
        self.inner.pool.close().await;
    }
}

/// How connections are made, looked after and given up.
fn connections(pool: Pool, hosts: Arc<Hosts>) -> PgPoolOptions {
    let (watched, returned) = (hosts.clone(), hosts.clone());
    PgPoolOptions::new()
        .max_connections(pool.max_connections)
        .acquire_timeout(pool.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let is_fresh = hosts.is_fresh(about.age);
            // What one connection met, the others may have met, too.
            let is_doubtful = hosts.is_lost() || about.idle_for > IDLE;
            Box::pin(async move {
                if is_fresh && is_doubtful {
                    answered(pool.acquire_timeout, connection.ping()).await?;
                }
                Ok(is_fresh)
            })
        })
        .after_release(move |connection, about| {
            let (is_fresh, is_lost) = (returned.is_fresh(about.age), returned.is_lost());
            Box::pin(async move {
                // What comes back may be what did not answer. The pool would ask it, too, and wait for ever.
                if is_fresh && is_lost {
                    answered(pool.acquire_timeout, connection.ping()).await?;
                }
                Ok(is_fresh)
            })
        })
        .after_connect(move |connection, _| {
            let hosts = watched.clone();
            Box::pin(async move {
                let rows = sqlx::raw_sql(SESSION).fetch_all(connection).await?;
                match rows.first().map(|row| row.flag("standby")) {
                    Some(Ok(false)) => Ok(()),
                    _ => {
                        hosts.lost();
                        Err(sqlx::Error::Configuration("the server is a standby now".into()))
                    }
                }
            })
        })
}

/// The key of cursors in this database; `offered` becomes it when there is none.
async fn cursor_key(connection: &mut PgConnection, offered: [u8; 32]) -> Result<[u8; 32], Fail> {
    sqlx::query("INSERT INTO settings (name, value) VALUES ('cursor_key', $1) ON CONFLICT DO NOTHING")
        .bind(offered.as_slice())
        .execute(&mut *connection)
        .await?;
    let rows = connection.ask("SELECT value FROM settings WHERE name = 'cursor_key'", Values::new()).await?;
    let row = rows.first().ok_or_else(|| Fail::Value("the key of cursors is gone".into()))?;
    row.bytes("value")?.try_into().map_err(|_| Fail::Value("the key of cursors is damaged".into()))
}

impl Backend for Postgres {
    const IS_SHARED: bool = true;

    type Tx = Tx;
    type Session = PgConnection;
    type Reader = PoolConnection<Database>;
    type Snapshot = sqlx::Transaction<'static, Database>;

    fn reader(&self) -> BoxFuture<'_, Result<PoolConnection<Database>, Error>> {
        Box::pin(async move { self.told("read the database", self.inner.pool.acquire().await.map_err(Into::into)) })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<sqlx::Transaction<'static, Database>, Error>> {
        Box::pin(async move {
            let begun = self.inner.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            self.told("read the database", answered(PATIENCE, Box::pin(begun)).await.map_err(Into::into))
        })
    }

    fn cursor_key(&self) -> &[u8; 32] {
        &self.inner.options.cursor_key
    }

    fn level(&self) -> &Level {
        &self.inner.options.level
    }

    fn write<A, T>(&self, attempt: &'static str, values: A, work: Work<Tx, A, T>) -> BoxFuture<'_, Result<T, Error>>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        Box::pin(self.call(attempt, values, work))
    }

    fn write_all(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.take_all(rows))
    }

    fn write_changes(&self, changes: Vec<Change>, owed: Vec<NewDelivery>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.call("change the library", (changes, owed), |tx, (changes, owed)| {
            Box::pin(finish::change(tx, changes, owed))
        }))
    }

    fn write_plugin(&self, change: PluginChange) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(self.call("change the plugin", change, |tx, change| Box::pin(finish::change_plugin(tx, change))))
    }

    fn told<T>(&self, attempt: &'static str, result: Result<T, Fail>) -> Result<T, Error> {
        if let Err(Fail::Sql(error)) = &result {
            self.doubt(error);
        }
        result.map_err(|fail| fail.at(attempt))
    }
}

#[async_trait]
impl Store for Postgres {
    async fn create_account(&self, account: Account) -> Result<(), Error> {
        self.call("make the account", account, |tx, account| {
            Box::pin(async move {
                const TURN: &str = "INSERT INTO turns (account, served_at) VALUES ($1, 0)";
                accounts::create(tx, account).await?;
                tx.ask(TURN, Values::new().with(&account.key)).await?;
                Ok(())
            })
        })
        .await
    }

    async fn account(&self, key: &str) -> Result<Option<Account>, Error> {
        self.told("look the account up", accounts::one(&mut *self.reader().await?, key).await)
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.told("list the accounts", accounts::all(&mut *self.reader().await?).await)
    }

    async fn update_account(&self, account: Account) -> Result<bool, Error> {
        self.call("change the account", account, |tx, account| Box::pin(accounts::update(tx, account))).await
    }

    async fn submit(&self, submission: Submission) -> Result<Submitted, Error> {
        self.call("accept the jobs", submission, |tx, submission| Box::pin(submit::submit(tx, submission))).await
    }

    async fn job(&self, account: &str, id: Uuid) -> Result<Option<JobRow>, Error> {
        self.told("look the job up", read::job(&mut *self.reader().await?, account, id).await)
    }

    async fn is_kept(&self, account: &str, id: Uuid) -> Result<bool, Error> {
        self.call("look the job up", (account.to_owned(), id), |tx, (account, id)| {
            Box::pin(keep::is_kept(tx, account, *id))
        })
        .await
    }

    async fn any_job(&self, id: Uuid) -> Result<Option<JobRow>, Error> {
        self.told("look the job up", read::any_job(&mut *self.reader().await?, id).await)
    }

    async fn jobs(&self, account: &str, filter: JobFilter) -> Result<Page<JobRow>, Error> {
        self.told("list the jobs", read::jobs(&mut *self.reader().await?, self.cursor_key(), account, filter).await)
    }

    async fn claim_jobs(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error> {
        self.call("claim jobs", (limit, lease), |tx, (limit, lease)| Box::pin(claim::claim(tx, *limit, *lease))).await
    }

    async fn heartbeat(&self, leases: &[(Uuid, Uuid)], lease: Duration) -> Result<Vec<Heartbeat>, Error> {
        self.call("prolong leases", (leases.to_vec(), lease), |tx, (leases, lease)| {
            Box::pin(claim::heartbeat(tx, leases, *lease))
        })
        .await
    }

    async fn advance(&self, id: Uuid, token: Uuid, advance: Advance) -> Result<(), Error> {
        self.call("write the job's progress", (id, token, advance), |tx, (id, token, advance)| {
            Box::pin(finish::advance(tx, *id, *token, advance))
        })
        .await
    }

    async fn complete(&self, id: Uuid, token: Uuid, completion: Completion) -> Result<Completed, Error> {
        self.call("end the job", (id, token, completion), |tx, (id, token, completion)| {
            Box::pin(finish::complete(tx, *id, *token, completion))
        })
        .await
    }

    async fn release(&self, id: Uuid, token: Uuid, delay: Duration, counts: bool) -> Result<(), Error> {
        self.call("give the job back", (id, token, delay, counts), |tx, (id, token, delay, counts)| {
            Box::pin(claim::release(tx, *id, *token, *delay, *counts))
        })
        .await
    }

    async fn cancel(&self, account: &str, id: Uuid, completion: Completion) -> Result<(Cancelled, Completed), Error> {
        self.call("cancel the job", (account.to_owned(), id, completion), |tx, (account, id, completion)| {
            Box::pin(finish::cancel(tx, account, *id, completion))
        })
        .await
    }

    async fn reap_jobs(&self, max_attempts: u32, lease: Duration) -> Result<Vec<ClaimedJob>, Error> {
        self.call("return lost jobs", (max_attempts, lease), |tx, (max_attempts, lease)| {
            Box::pin(claim::reap(tx, *max_attempts, *lease))
        })
        .await
    }

    async fn batch(&self, account: &str, id: Uuid) -> Result<Option<BatchRow>, Error> {
        self.told("look the batch up", read::batch(&mut *self.snapshot().await?, account, id).await)
    }

    async fn batches(&self, account: &str, filter: BatchFilter) -> Result<Vec<BatchRow>, Error> {
        self.told("list the batches", read::batches(&mut *self.snapshot().await?, account, filter).await)
    }

    async fn unannounced_batches(&self, limit: u32) -> Result<Vec<BatchRow>, Error> {
        self.told("look for finished batches", read::unannounced(&mut *self.snapshot().await?, limit).await)
    }

    async fn announce_batch(&self, id: Uuid, deliveries: Vec<NewDelivery>) -> Result<(), Error> {
        self.call("announce the batch", (id, deliveries), |tx, (id, deliveries)| {
            Box::pin(finish::announce(tx, *id, deliveries))
        })
        .await
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, Error> {
        self.call("claim deliveries", claim, |tx, claim| Box::pin(deliveries::claim(tx, *claim))).await
    }

    async fn record_attempts(&self, attempts: Vec<RecordedAttempt>) -> Result<(), Error> {
        self.call("write attempts down", attempts, |tx, attempts| Box::pin(record::record(tx, attempts))).await
    }

    async fn reap_deliveries(&self) -> Result<u64, Error> {
        self.call("return lost deliveries", (), |tx, ()| Box::pin(record::reap(tx))).await
    }

    async fn deliveries(&self, account: &str, filter: DeliveryFilter) -> Result<Page<DeliveryRow>, Error> {
        let found = read::deliveries(&mut *self.reader().await?, self.cursor_key(), account, filter).await;
        self.told("list the deliveries", found)
    }

    async fn delivery(&self, account: &str, id: Uuid) -> Result<Option<DeliveryRow>, Error> {
        self.told("look the delivery up", read::delivery(&mut *self.snapshot().await?, account, id).await)
    }

    async fn replay(&self, account: &str, id: Uuid) -> Result<Option<Uuid>, Error> {
        self.call("replay the delivery", (account.to_owned(), id), |tx, (account, id)| {
            Box::pin(deliveries::replay(tx, account, *id))
        })
        .await
    }

    async fn next_due(&self) -> Result<NextDue, Error> {
        let mut reader = self.reader().await?;
        let due = keep::next_due(&mut reader, &self.inner.options.level);
        self.told("look for what is due", answered(PATIENCE, due).await)
    }

    async fn put_asset(&self, asset: AssetRow) -> Result<(), Error> {
        self.call("keep the asset", asset, |tx, asset| Box::pin(assets::put(tx, asset))).await
    }

    async fn asset(&self, account: &str, id: &str) -> Result<Option<AssetRow>, Error> {
        self.told("look the asset up", assets::one(&mut *self.reader().await?, account, id).await)
    }

    async fn delete_asset(&self, account: &str, id: &str) -> Result<bool, Error> {
        self.call("forget the asset", (account.to_owned(), id.to_owned()), |tx, (account, id)| {
            Box::pin(assets::delete(tx, account, id))
        })
        .await
    }

    async fn output(&self, token: &str) -> Result<Option<OutputReport>, Error> {
        self.told("look the output up", read::output(&mut *self.reader().await?, token).await)
    }

    async fn unreferenced(&self, sha256: &[String]) -> Result<Vec<String>, Error> {
        let mut reader = self.reader().await?;
        self.told("look for unused blobs", answered(PATIENCE, keep::unreferenced(&mut reader, sha256)).await)
    }

    async fn forget(&self, older_than: Duration) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            // One commit for each part, so that nobody waits long for a row.
            let part = self
                .call("forget old rows", older_than, |tx, older_than| Box::pin(keep::forget(tx, *older_than)))
                .await?;
            if part == 0 {
                return Ok(forgotten);
            }
            forgotten += part;
        }
    }

    async fn gauges(&self) -> Result<Gauges, Error> {
        let mut snapshot = self.snapshot().await?;
        let counted = async {
            let now = self.now(&mut snapshot).await?;
            keep::gauges(&mut snapshot, now).await
        };
        let counted = answered(PATIENCE, counted).await;
        self.told("count rows", counted)
    }

    async fn ready(&self) -> Result<(), Error> {
        self.accounts().await?;
        self.call("write to the database", (), |tx, ()| Box::pin(keep::touch(tx))).await
    }

    fn hints(&self) -> Option<broadcast::Receiver<Hint>> {
        Some(self.inner.hints.subscribe())
    }
}
