//! The one writer: it owns the write connection and commits waiting commands in groups.
//!
//! A commit costs a disk flush, so all commands that wait are run in one transaction, each inside a
//! savepoint: a failing one is undone alone. The answers go out after the commit. The task runs on its
//! own, so a caller that goes away disturbs neither its command nor the commit.
//!
//! A message to SQLite's thread and back costs more than a small statement. So what goes together is
//! sent together ([`Session::ask`]), and a savepoint goes with the first statements of its command.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::sync::{mpsc, oneshot};

use super::submit;
use crate::{
    clock::{Clock, micros},
    store::{
        Error, Options, Submission, Submitted,
        sql::{Accept, Fail, Session, Timed, Values},
    },
};

/// Commands in one transaction at most: bounds how long the first one waits for its answer.
const GROUP: usize = 256;

/// Commands that may wait before callers do.
const WAITING: usize = 1024;

/// What a command works with.
pub(in crate::store) struct Tx {
    connection: SqliteConnection,
    /// What the next statement has to follow: ends the savepoint of the command before, begins the next.
    before: &'static str,
    /// Microseconds; stands still during a command.
    pub(super) now: i64,
    /// How the adapter was opened.
    pub(super) options: Options,
    /// The last value given to an account's `served_at`: it must grow even when the clock stands still.
    pub(super) served_at: i64,
}

impl Tx {
    /// The connection, inside a transaction.
    pub(super) async fn open(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let before = std::mem::take(&mut self.before);
        if !before.is_empty() {
            sqlx::query(before).execute(&mut self.connection).await?;
        }
        Ok(&mut self.connection)
    }
}

impl Session for Tx {
    type Row = SqliteRow;

    const HEX_ID: &'static str = SqliteConnection::HEX_ID;
    const MEMBER: (&'static str, &'static str) = SqliteConnection::MEMBER;
    const UNANNOUNCED: &'static str = SqliteConnection::UNANNOUNCED;
    const DERIVED_NAME: &'static str = SqliteConnection::DERIVED_NAME;
    const KEEP_PARENT: &'static str = SqliteConnection::KEEP_PARENT;
    const AFTER_MOVING: &'static [&'static str] = SqliteConnection::AFTER_MOVING;

    /// As on a connection; what has to come before goes in the same message.
    fn run(&mut self, sql: Cow<'static, str>, values: Values) -> BoxFuture<'_, Result<Vec<SqliteRow>, Fail>> {
        match std::mem::take(&mut self.before) {
            "" => self.connection.run(sql, values),
            before => self.connection.ask([before, "; ", &sql].concat(), values),
        }
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

/// How the group that a command was part of ended.
#[derive(Clone)]
enum Ending {
    Committed,
    Failed(String),
    Unknown,
}

/// A waiting command.
trait Command: Send {
    /// Runs it; answers whether what it did is to be kept.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    /// Tells the caller.
    fn answer(self: Box<Self>, ending: &Ending);
}

struct Call<T, F> {
    attempt: &'static str,
    work: Option<F>,
    result: Option<Result<T, Fail>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Command for Call<T, F>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, Fail>> + Send + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            if let Some(work) = self.work.take() {
                self.result = Some(work(tx).await);
            }
            matches!(self.result, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, ending: &Ending) {
        let attempt = self.attempt;
        let answer = match (self.result, ending) {
            (Some(Err(fail)), _) => Err(fail.at(attempt)),
            (Some(Ok(value)), Ending::Committed) => Ok(value),
            (_, Ending::Unknown) => Err(Error::Unknown { attempt }),
            (_, Ending::Failed(message)) => Err(Error::Failed { attempt, message: message.clone() }),
            (None, Ending::Committed) => Err(Error::Failed { attempt, message: "it was not run".into() }),
        };
        // A caller that has gone away does not want it any more.
        let _ = self.reply.send(answer);
    }
}

/// Sends commands to the writer. The task ends when all of these are gone.
#[derive(Clone)]
pub(super) struct Writer {
    commands: mpsc::Sender<Box<dyn Command>>,
}

impl Writer {
    /// Starts the task on an open connection; `reopen` is how to get another one when it breaks.
    pub(super) fn start(
        connection: SqliteConnection,
        reopen: SqliteConnectOptions,
        clock: Clock,
        options: Options,
    ) -> Writer {
        let (commands, waiting) = mpsc::channel(WAITING);
        let tx = Tx { connection, before: "", now: 0, options, served_at: 0 };
        tokio::spawn(write(tx, waiting, clock, reopen));
        Writer { commands }
    }

    /// Runs `work` in a transaction and answers after the commit. `attempt` is a verb phrase.
    pub(super) async fn call<T, F>(&self, attempt: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T, Fail>> + Send + 'static,
    {
        let stopped = || Error::Failed { attempt, message: "the writer has stopped".into() };
        let (reply, answer) = oneshot::channel();
        let call = Call { attempt, work: Some(work), result: None, reply };
        self.commands.send(Box::new(call)).await.map_err(|_| stopped())?;
        // The command was taken: when the answer is lost, so is the knowledge of what became of it.
        answer.await.unwrap_or(Err(Error::Unknown { attempt }))
    }
}

async fn write(mut tx: Tx, mut waiting: mpsc::Receiver<Box<dyn Command>>, clock: Clock, reopen: SqliteConnectOptions) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let (ending, broken) = run_group(&mut tx, &mut group, &clock).await;
        for command in group.drain(..) {
            command.answer(&ending);
        }
        if broken {
            match reopen.connect().await {
                Ok(connection) => tx.connection = connection,
                Err(error) => tracing::error!(%error, "cannot open the database again"),
            }
        }
    }
    // Everything is committed: a failing close loses nothing.
    if let Err(error) = sqlx::Connection::close(tx.connection).await {
        tracing::warn!(%error, "cannot close the database");
    }
}

/// Runs and commits a group; answers how it ended and whether the connection is of no more use.
async fn run_group(tx: &mut Tx, group: &mut [Box<dyn Command>], clock: &Clock) -> (Ending, bool) {
    match group_transaction(tx, group, clock).await {
        Ok(ending) => (ending, false),
        Err(error) => {
            // Nothing of it was committed. The transaction may or may not be open still.
            let rolled_back = execute(tx, "ROLLBACK").await;
            let broken = rolled_back.is_err() && execute(tx, "SELECT 1").await.is_err();
            (Ending::Failed(error.to_string()), broken)
        }
    }
}

async fn group_transaction(tx: &mut Tx, group: &mut [Box<dyn Command>], clock: &Clock) -> Result<Ending, sqlx::Error> {
    tx.before = "";
    if let [only] = group {
        execute(tx, "BEGIN IMMEDIATE").await?;
        tx.now = micros(clock.now()) as i64;
        if !only.run(tx).await {
            execute(tx, "ROLLBACK").await?;
            return Ok(Ending::Committed);
        }
    } else {
        execute(tx, "BEGIN IMMEDIATE; SAVEPOINT command").await?;
        for command in group {
            tx.now = micros(clock.now()) as i64;
            let kept = command.run(tx).await;
            match (kept, tx.before) {
                // It sent nothing: the savepoint before it is still to be dealt with.
                (_, "RELEASE command; SAVEPOINT command" | "ROLLBACK TO command") => {}
                (true, _) => tx.before = "RELEASE command; SAVEPOINT command",
                (false, _) => tx.before = "ROLLBACK TO command",
            }
        }
        // The commit keeps what savepoints hold.
        if tx.before == "ROLLBACK TO command" {
            execute(tx, "ROLLBACK TO command").await?;
        }
    }
    tx.before = "";
    match execute(tx, "COMMIT").await {
        Ok(()) => Ok(Ending::Committed),
        // SQLite said no: the transaction is still open or was undone.
        Err(error @ sqlx::Error::Database(_)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "the database was lost during a commit");
            let _ = execute(tx, "ROLLBACK").await;
            Ok(Ending::Unknown)
        }
    }
}

async fn execute(tx: &mut Tx, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(&mut tx.connection).await.map(|_| ())
}
