//! What an adapter offers, so that reading is written once.

use std::ops::DerefMut;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{Fail, Session, Timed};
use crate::{
    store::{Change, Error, Level, PluginChange, moving::Rows},
    webhook::NewDelivery,
};

/// What a command does in its transaction, with the values that it was given. It may be done again when others got in
/// its way.
pub(in crate::store) type Work<X, A, T> = for<'a> fn(&'a mut X, &'a A) -> BoxFuture<'a, Result<T, Fail>>;

/// An adapter.
pub(in crate::store) trait Backend: Send + Sync {
    /// Whether other nodes may use the store at the same time.
    const IS_SHARED: bool;

    /// What commands run on.
    type Tx: Timed + 'static;
    /// What its statements run on.
    type Session: Session;
    /// A connection for reading.
    type Reader: DerefMut<Target = Self::Session> + Send;
    /// A connection on which all queries see the same state.
    type Snapshot: DerefMut<Target = Self::Session> + Send;

    /// For a single query.
    fn reader(&self) -> BoxFuture<'_, Result<Self::Reader, Error>>;

    /// For reads of several queries that have to see the same state.
    fn snapshot(&self) -> BoxFuture<'_, Result<Self::Snapshot, Error>>;

    /// What authenticates cursors.
    fn cursor_key(&self) -> &[u8; 32];

    /// What this node can run.
    fn level(&self) -> &Level;

    /// Runs a command in a transaction and answers after the commit. `attempt` is a verb phrase.
    fn write<A, T>(
        &self,
        attempt: &'static str,
        values: A,
        work: Work<Self::Tx, A, T>,
    ) -> BoxFuture<'_, Result<T, Error>>
    where
        A: Send + Sync + 'static,
        T: Send + 'static;

    /// Takes rows in, in one transaction however long it is.
    fn write_all(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> BoxFuture<'_, Result<(), Error>>;

    /// Makes changes of the library, and owes the deliveries that tell of them, in one commit.
    fn write_changes(&self, changes: Vec<Change>, owed: Vec<NewDelivery>) -> BoxFuture<'_, Result<(), Error>>;

    /// Changes the set of plugins.
    fn write_plugin(&self, change: PluginChange) -> BoxFuture<'_, Result<u64, Error>>;

    /// Gives a reading failure the attempt it belongs to.
    fn told<T>(&self, attempt: &'static str, result: Result<T, Fail>) -> Result<T, Error> {
        result.map_err(|fail| fail.at(attempt))
    }
}
