//! `[store]`: where rows are kept, and for how long.

use std::time::Duration;

use super::{Pool, postgres};

/// The embedded store, in settings.
pub const SQLITE: &str = "sqlite";

/// `[store]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where rows are kept.
    pub url: String,
    /// Connections to PostgreSQL at the same time.
    pub max_connections: u32,
    /// How long a command waits for one of them.
    pub acquire_timeout_s: u64,
    /// How many jobs of an account may wait.
    pub queue_limit: u64,
    /// How long finished work is kept.
    pub retention_h: u64,
    /// How long an idempotency key is honoured.
    pub idempotency_h: u64,
}

impl Config {
    /// Whether there is an adapter for the URL.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.url.as_str() {
            SQLITE => Ok(()),
            url if postgres::is_postgres(url) => {
                postgres::check(url).map_err(|problem| format!("store.url: {problem}"))
            }
            other => Err(format!("store.url: is {other:?}, expected \"sqlite\" or postgres://...")),
        }
    }

    /// Which adapter keeps the rows.
    pub(crate) fn place(&self) -> Place<'_> {
        if !postgres::is_postgres(&self.url) {
            return Place::Folder;
        }
        let acquire_timeout = Duration::from_secs(self.acquire_timeout_s);
        Place::Cluster { url: &self.url, pool: Pool { max_connections: self.max_connections, acquire_timeout } }
    }
}

/// Where rows are kept.
pub(crate) enum Place<'a> {
    /// In a file of the data directory.
    Folder,
    /// In a database that nodes share.
    Cluster {
        /// Its address.
        url: &'a str,
        /// How many connections to it.
        pool: Pool,
    },
}
