//! Plugins that trap or break the contract are reported to who watches over them.

use super::counters::Counts;

/// A trap of a plugin, or a broken contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The account that the plugin belongs to; empty: it is everybody's.
    pub owner: String,
    /// The plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// What happened.
    pub message: String,
    /// What was counted of the plugin so far.
    pub counts: Counts,
}

/// Who is told. It is called in the thread that ran the guest: it has to be quick.
pub type Watch = dyn Fn(Trouble) + Send + Sync;
