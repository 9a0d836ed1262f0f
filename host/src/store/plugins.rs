//! The set of installed plugins, and the log of who changed what.
//!
//! The set is small and changes rarely, so it is read as a whole, and has one revision: a change names the
//! revision it was worked out from, and is refused with [`Error::Conflict`] when another one came before.

use std::time::SystemTime;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::{Error, Page};
use crate::webhook::NewDelivery;

/// A plugin of the set. What it says is the plugins' own business; the store knows which blobs it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginRow {
    /// The account that it belongs to; empty: it is everybody's.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Versions, state, pins, grants and limits.
    pub document: Value,
    /// The keys of its versions' components.
    pub blobs: Vec<String>,
}

/// All plugins at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSet {
    /// Grows by one with every change; 0 at first.
    pub revision: u64,
    /// The plugins, by owner and name.
    pub rows: Vec<PluginRow>,
}

/// A change of the set.
#[derive(Clone, Debug)]
pub struct PluginChange {
    /// The revision that it was worked out from.
    pub revision: u64,
    /// The plugin.
    pub row: PluginRow,
    /// Whether it is taken out of the set, rather than put as it is here.
    pub removed: bool,
    /// What is written down of it.
    pub audit: Vec<AuditRow>,
    /// Who is told of it.
    pub owed: Vec<NewDelivery>,
}

/// An entry of the log of changes.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its id, which grows with time.
    pub id: Uuid,
    /// When.
    pub at: SystemTime,
    /// Who: an account's key, `cli:USER`, `configuration`, `safelight`.
    pub actor: String,
    /// What was done: `plugin.installed`, `account.rotated`, ...
    pub action: String,
    /// To what: a plugin's or an account's name.
    pub subject: String,
    /// More about it.
    pub detail: Value,
}

/// Which entries to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this subject.
    pub subject: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// The part of the port that is about plugins.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// All installed plugins.
    async fn plugin_set(&self) -> Result<PluginSet, Error>;
    /// The set's revision, to look often whether it has changed.
    async fn plugin_revision(&self) -> Result<u64, Error>;
    /// Changes one plugin of the set, and answers the new revision. [`Error::Conflict`] when the set is at another
    /// revision than the change names.
    async fn change_plugin(&self, change: PluginChange) -> Result<u64, Error>;
    /// Writes an entry of the log.
    async fn audit(&self, entry: AuditRow) -> Result<(), Error>;
    /// The log.
    async fn audit_log(&self, filter: AuditFilter) -> Result<Page<AuditRow>, Error>;
}
