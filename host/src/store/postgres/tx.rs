//! Transactions: run as a whole, repeated when the database asks for it, never given up during a commit.
//!
//! Each runs in a task of its own, so a caller that goes away disturbs neither it nor its commit. What failed
//! before the commit changed nothing and is tried again: because of others who wrote the same rows, or because
//! the connection was lost. What is lost during the commit is unknown; whoever looks it up has to be sure that the
//! standbys have it, too: a commit that gave up waiting for them can be seen.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use sqlx::{PgConnection, Postgres as Database, pool::PoolConnection, postgres::PgRow};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Postgres, lanes,
    session::{answered, rows, silence},
    submit,
};
use crate::{
    clock::{Clock, micros},
    store::{
        Error, Hint, Options, Submission, Submitted,
        moving::Rows,
        sql::{Accept, Fail, Fields, Query, Session, Timed, Values, backend::Work, moving, rows::at},
    },
};

/// How long the statements of a transaction, and then its commit, may take before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a transaction is tried that others got in the way of, and one whose connection was lost.
const CONFLICT_TRIES: u32 = 10;
const LOST_TRIES: u32 = 4;

/// The first pause between two tries, which doubles.
const PAUSE: Duration = Duration::from_millis(20);

/// Begins and tells the time in one message.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";

/// A lane: receiver, account, and whether it is the one of later tries.
pub(super) type Lane = (String, String, i64);

/// What a command works with.
pub(in crate::store) struct Tx {
    connection: PoolConnection<Database>,
    /// Microseconds, of the database's clock; stands still during a transaction.
    pub(super) now: i64,
    /// How far the database's clock is ahead of this node's, in microseconds.
    ahead: i64,
    /// How the adapter was opened.
    pub(super) options: Options,
    /// Lanes that have to be looked at after the commit.
    pub(super) lanes: BTreeSet<Lane>,
    /// What other nodes are told after the commit.
    pub(super) hints: BTreeSet<Hint>,
    is_open: bool,
}

/// Why a try came to nothing.
enum Broken {
    /// Nothing was changed.
    Failed(Fail),
    /// Whether something was changed is not known.
    Unknown,
}

impl Postgres {
    /// Runs `work` in a transaction and answers after the commit. `attempt` is a verb phrase.
    pub(super) async fn call<A, T>(&self, attempt: &'static str, values: A, work: Work<Tx, A, T>) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let store = self.clone();
        let running = tokio::spawn(async move { store.repeat(attempt, &values, work).await });
        // When the task is lost, so is the knowledge of what became of it.
        running.await.unwrap_or(Err(Error::Unknown { attempt }))
    }

    async fn repeat<A, T>(&self, attempt: &'static str, values: &A, work: Work<Tx, A, T>) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let fail = match self.run_once(values, work).await {
                Ok(value) => return Ok(value),
                Err(Broken::Unknown) => {
                    self.inner.hosts.lost();
                    return Err(Error::Unknown { attempt });
                }
                Err(Broken::Failed(fail)) => fail,
            };
            let most = match &fail {
                Fail::Sql(error) if is_conflict(error) => CONFLICT_TRIES,
                Fail::Sql(error) => {
                    self.doubt(error);
                    if is_lost(error) { LOST_TRIES } else { 1 }
                }
                _ => 1,
            };
            if tries >= most {
                return Err(fail.at(attempt));
            }
            tracing::debug!(attempt, tries, "trying a transaction again");
            let pause = PAUSE * 2u32.pow(tries.min(6) - 1);
            // Those who got in each other's way must not come back together.
            sleep(pause.mul_f32(0.5 + rand::random::<f32>())).await;
        }
    }

    async fn run_once<A, T>(&self, values: &A, work: Work<Tx, A, T>) -> Result<T, Broken> {
        let mut tx = self.begin().await.map_err(Broken::Failed)?;
        match timeout(PATIENCE, work(&mut tx, values)).await {
            Ok(Ok(value)) => {
                let (lanes, hints) = (std::mem::take(&mut tx.lanes), std::mem::take(&mut tx.hints));
                tx.commit().await?;
                self.mend(lanes).await;
                self.inner.hints.tell(hints);
                Ok(value)
            }
            Ok(Err(fail)) => {
                tx.roll_back().await;
                Err(Broken::Failed(fail))
            }
            Err(_) => Err(Broken::Failed(Fail::Sql(silence()))),
        }
    }

    /// Takes rows in, in one transaction however long it is.
    pub(super) async fn take_all(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> Result<(), Error> {
        const ATTEMPT: &str = "take the rows in";
        let failed = |fail: Fail| fail.at(ATTEMPT);
        let mut tx = self.begin().await.map_err(failed)?;
        if let Err(fail) = moving::take_in(&mut tx, rows).await {
            tx.roll_back().await;
            return Err(failed(fail));
        }
        tx.commit().await.map_err(|broken| match broken {
            Broken::Failed(fail) => failed(fail),
            Broken::Unknown => Error::Unknown { attempt: ATTEMPT },
        })
    }

    async fn begin(&self) -> Result<Tx, Fail> {
        let mut connection = self.inner.pool.acquire().await?;
        // Nothing is waited for there but the server: as long as for a connection.
        let patience = self.inner.pool.options().get_acquire_timeout();
        let begun = answered(patience, sqlx::raw_sql(BEGIN).fetch_all(&mut *connection)).await;
        let mut tx = Tx {
            connection,
            now: 0,
            ahead: 0,
            options: self.inner.options.clone(),
            lanes: BTreeSet::new(),
            hints: BTreeSet::new(),
            is_open: true,
        };
        let rows = begun?;
        tx.now = match &self.inner.clock {
            Clock::System => rows.first().map_or(Ok(0), |row| row.number("now"))?,
            clock => micros(clock.now()) as i64,
        };
        tx.ahead = tx.now - micros(self.inner.clock.now()) as i64;
        Ok(tx)
    }

    /// Looks at lanes after a commit that added to them or emptied them. A hint: the reaper finds what is missed.
    async fn mend(&self, lanes: BTreeSet<Lane>) {
        if lanes.is_empty() {
            return;
        }
        let mended = async {
            let mut connection = self.inner.pool.acquire().await?;
            let now = self.now(&mut connection).await?;
            lanes::mend(&mut connection, now, &lanes).await
        };
        if let Ok(Err(fail)) = timeout(PATIENCE, mended).await {
            tracing::warn!("deliveries may go out late: {}", fail.at("look for what is due"));
        }
    }

    /// The time, in microseconds: the database's, unless tests step a clock.
    pub(super) async fn now(&self, connection: &mut PgConnection) -> Result<i64, Fail> {
        const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
        match &self.inner.clock {
            Clock::System => connection.ask(NOW, Values::new()).await?.first().map_or(Ok(0), |row| row.number("now")),
            clock => Ok(micros(clock.now()) as i64),
        }
    }
}

impl Tx {
    /// What the database's clock showed, or will show, when this node's shows `time`: a node whose clock is wrong must
    /// not put things off for all others.
    pub(super) fn at(&self, time: SystemTime) -> i64 {
        at(time).saturating_add(self.ahead)
    }

    async fn commit(mut self) -> Result<(), Broken> {
        match timeout(PATIENCE, sqlx::raw_sql("COMMIT").execute(&mut *self.connection)).await {
            Ok(Ok(_)) => {
                self.is_open = false;
                Ok(())
            }
            Ok(Err(error)) if is_refusal(&error) => {
                self.is_open = false;
                Err(Broken::Failed(error.into()))
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the database was lost during a commit");
                Err(Broken::Unknown)
            }
            Err(_) => {
                tracing::error!("a commit was not answered within {} s", PATIENCE.as_secs());
                Err(Broken::Unknown)
            }
        }
    }

    async fn roll_back(mut self) {
        let rolled_back = timeout(PATIENCE, sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection)).await;
        self.is_open = !matches!(rolled_back, Ok(Ok(_)));
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        // A connection in the middle of something is of no use to others. The server undoes what is not committed.
        if self.is_open {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Session for Tx {
    type Row = PgRow;

    const HEX_ID: &'static str = PgConnection::HEX_ID;
    const MEMBER: (&'static str, &'static str) = PgConnection::MEMBER;
    const UNANNOUNCED: &'static str = PgConnection::UNANNOUNCED;
    const DERIVED_NAME: &'static str = PgConnection::DERIVED_NAME;
    const KEEP_PARENT: &'static str = PgConnection::KEEP_PARENT;
    const AFTER_MOVING: &'static [&'static str] = PgConnection::AFTER_MOVING;

    fn push_is(query: &mut Query, column: &str, text: &str) {
        PgConnection::push_is(query, column, text);
    }

    fn run(&mut self, sql: Cow<'static, str>, values: Values) -> BoxFuture<'_, Result<Vec<PgRow>, Fail>> {
        Box::pin(rows(&mut self.connection, sql, values))
    }
}

impl Timed for Tx {
    fn now(&self) -> i64 {
        self.now
    }
}

impl Accept for Tx {
    fn submit<'a>(&'a mut self, submission: &'a Submission) -> BoxFuture<'a, Result<Submitted, Fail>> {
        Box::pin(submit::submit(self, submission))
    }
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(|error| error.code())
}

/// Whether others got in the way: a serialization failure, a deadlock, a lock that was not to be had.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03"))
}

/// Whether the connection is lost, or leads to a server that takes no writes.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => true,
        // Closed by the server, shut down, crashed, starting up, read-only.
        sqlx::Error::Database(_) => code(error).is_some_and(|code| {
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03")
        }),
        _ => false,
    }
}

/// Whether a failing commit was refused for certain: the transaction was undone.
fn is_refusal(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| {
        (code.starts_with("40") && code != "40003") || code.starts_with("23") || code.starts_with("25")
    })
}
