//! What an adapter offers, so that reading is written once.

use std::ops::DerefMut;

use futures_util::future::BoxFuture;

use super::{Fail, Session};
use crate::{
    store::{AuditRow, Change, Error, PluginChange},
    webhook::NewDelivery,
};

/// An adapter.
pub(in crate::store) trait Backend: Send + Sync {
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

    /// Makes changes of the library, and owes the deliveries that tell of them, in one commit.
    fn write_changes(&self, changes: Vec<Change>, owed: Vec<NewDelivery>) -> BoxFuture<'_, Result<(), Error>>;

    /// Changes the set of plugins.
    fn write_plugin(&self, change: PluginChange) -> BoxFuture<'_, Result<u64, Error>>;

    /// Writes an entry of the log of changes.
    fn write_audit(&self, entry: AuditRow) -> BoxFuture<'_, Result<(), Error>>;

    /// Gives a reading failure the attempt it belongs to.
    fn told<T>(&self, attempt: &'static str, result: Result<T, Fail>) -> Result<T, Error> {
        result.map_err(|fail| fail.at(attempt))
    }
}
