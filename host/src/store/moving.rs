//! Everything that a store holds, as rows that another store takes in: for copies and for moving from one database
//! to another.

use async_trait::async_trait;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Error;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 16 bytes.
    Id,
    /// Text without the character zero.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// Any bytes.
    Bytes,
}

/// What stands in a column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// An id.
    Id(Uuid),
    /// Text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A table as both databases have it. What they keep beside, to find things, is made anew.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What tells a row from all others, and their order.
    pub key: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [(&'static str, Kind)],
}

impl Table {
    /// The table of a name.
    pub fn named(name: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// A column of a name.
    pub fn column(&self, name: &str) -> Option<(&'static str, Kind)> {
        self.columns.iter().copied().find(|column| column.0 == name)
    }
}

/// Some rows of a table, in the order of its key, with these columns.
#[derive(Debug)]
pub struct Rows {
    /// Of which table.
    pub table: &'static Table,
    /// Which columns.
    pub columns: Vec<(&'static str, Kind)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// The side of the port for copies.
#[async_trait]
pub trait Moving: Send + Sync {
    /// Tells all rows of all tables, as they are at one moment, table by table in the order of [`TABLES`].
    ///
    /// Errors: the database failed; whoever listens has gone.
    async fn tell(&self, listener: mpsc::Sender<Rows>) -> Result<(), Error>;

    /// Takes rows in, in one commit: what comes before an [`Err`] is not kept. Tables come in the order of [`TABLES`].
    ///
    /// Errors: [`Error::Exists`] when the store has an account; rows that cannot be.
    async fn take_in(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> Result<(), Error>;
}

use Kind::{Bytes, Flag, Id, Number, Text};

/// All tables, those first that others refer to.
pub const TABLES: &[Table] = &[
    Table {
        name: "accounts",
        key: &["key"],
        columns: &[
            ("key", Text),
            ("secret", Text),
            ("webhook_secret", Text),
            ("previous_webhook_secret", Text),
            ("previous_until", Number),
            ("created_at", Number),
            ("queue_limit", Number),
            ("requests_per_s", Number),
            ("polls_per_s", Number),
            ("event_bus", Text),
            ("event_region", Text),
        ],
    },
    Table {
        name: "api_keys",
        key: &["key"],
        columns: &[("key", Text), ("account", Text), ("secret", Text), ("created_at", Number)],
    },
    Table {
        name: "batches",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("account", Text),
            ("dialect", Text),
            ("notification_url", Text),
            ("reference", Text),
            ("extra", Text),
            ("unfinished", Number),
            ("announced", Flag),
            ("created_at", Number),
            ("finished_at", Number),
        ],
    },
    Table {
        name: "jobs",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("account", Text),
            ("batch", Id),
            ("state", Text),
            ("priority", Number),
            ("ready", Flag),
            ("run_at", Number),
            ("attempt", Number),
            ("version", Number),
            ("cancel_requested", Flag),
            ("lease_until", Number),
            ("lease_token", Id),
            ("reference", Text),
            ("done", Number),
            ("total", Number),
            ("created_at", Number),
            ("started_at", Number),
            ("finished_at", Number),
            ("needs_release", Number),
            ("needs_plugins", Number),
        ],
    },
    Table { name: "job_documents", key: &["job"], columns: &[("job", Id), ("spec", Text), ("report", Text)] },
    Table { name: "outputs", key: &["token"], columns: &[("token", Text), ("job", Id)] },
    Table {
        name: "idempotency",
        key: &["account", "key"],
        columns: &[
            ("account", Text),
            ("key", Text),
            ("fingerprint", Text),
            ("jobs", Text),
            ("batch", Id),
            ("expires_at", Number),
        ],
    },
    Table {
        name: "assets",
        key: &["account", "id"],
        columns: &[
            ("account", Text),
            ("id", Text),
            ("sha256", Text),
            ("bytes", Number),
            ("format", Text),
            ("width", Number),
            ("height", Number),
            ("created_at", Number),
        ],
    },
    Table { name: "job_blobs", key: &["job", "sha256"], columns: &[("job", Id), ("sha256", Text), ("bytes", Number)] },
    Table {
        name: "deliveries",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("message_id", Id),
            ("account", Text),
            ("job", Id),
            ("batch", Id),
            ("order_key", Id),
            ("sequence", Number),
            ("kind", Text),
            ("url", Text),
            ("receiver", Text),
            ("content_type", Text),
            ("headers", Text),
            ("signer", Text),
            ("signing_key", Text),
            ("policy", Text),
            ("state", Text),
            ("lane", Number),
            ("blocked", Flag),
            ("attempts", Number),
            ("next_at", Number),
            ("lease_until", Number),
            ("lease_token", Id),
            ("replay_of", Id),
            ("created_at", Number),
            ("finished_at", Number),
        ],
    },
    Table { name: "delivery_bodies", key: &["delivery"], columns: &[("delivery", Id), ("body", Bytes)] },
    Table {
        name: "delivery_attempts",
        key: &["delivery", "number"],
        columns: &[
            ("delivery", Id),
            ("number", Number),
            ("at", Number),
            ("elapsed", Number),
            ("status", Number),
            ("detail", Text),
        ],
    },
    Table {
        name: "receivers",
        key: &["receiver"],
        columns: &[("receiver", Text), ("failures", Number), ("pause", Number), ("open_until", Number)],
    },
    Table {
        name: "resources",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("account", Text),
            ("kind", Text),
            ("delivery", Text),
            ("public_id", Text),
            ("revision", Number),
            ("version", Number),
            ("sha256", Text),
            ("etag", Text),
            ("bytes", Number),
            ("format", Text),
            ("width", Number),
            ("height", Number),
            ("pages", Number),
            ("folder", Text),
            ("asset_folder", Text),
            ("display_name", Text),
            ("filename", Text),
            ("access_mode", Text),
            ("moderation_kind", Text),
            ("moderation_status", Text),
            ("created_at", Number),
            ("uploaded_at", Number),
            ("updated_at", Number),
            ("document", Text),
        ],
    },
    Table {
        name: "resource_values",
        key: &["resource", "class", "name", "value"],
        columns: &[
            ("resource", Id),
            ("class", Text),
            ("name", Text),
            ("value", Text),
            ("account", Text),
            ("kind", Text),
        ],
    },
    Table {
        name: "derived",
        key: &["id"],
        columns: &[
            ("id", Id),
            ("account", Text),
            ("resource", Id),
            ("transformation", Text),
            ("extension", Text),
            ("key", Text),
            ("sha256", Text),
            ("etag", Text),
            ("bytes", Number),
            ("format", Text),
            ("width", Number),
            ("height", Number),
            ("created_at", Number),
        ],
    },
    Table {
        name: "versions",
        key: &["account", "kind", "delivery", "public_id", "version_id"],
        columns: &[
            ("account", Text),
            ("kind", Text),
            ("delivery", Text),
            ("public_id", Text),
            ("version_id", Text),
            ("resource", Id),
            ("sha256", Text),
            ("bytes", Number),
            ("stored_at", Number),
            ("document", Text),
        ],
    },
    Table {
        name: "documents",
        key: &["account", "class", "name"],
        columns: &[
            ("account", Text),
            ("class", Text),
            ("name", Text),
            ("body", Text),
            ("created_at", Number),
            ("updated_at", Number),
        ],
    },
    Table { name: "plugin_set", key: &["one"], columns: &[("one", Number), ("revision", Number)] },
    Table { name: "plugins", key: &["owner", "name"], columns: &[("owner", Text), ("name", Text), ("document", Text)] },
    Table {
        name: "plugin_blobs",
        key: &["owner", "name", "sha256"],
        columns: &[("owner", Text), ("name", Text), ("sha256", Text)],
    },
    Table {
        name: "audit",
        key: &["id"],
        columns: &[("id", Id), ("at", Number), ("actor", Text), ("action", Text), ("subject", Text), ("detail", Text)],
    },
    Table {
        name: "chunks",
        key: &["account", "upload", "begins"],
        columns: &[
            ("account", Text),
            ("upload", Text),
            ("begins", Number),
            ("bytes", Number),
            ("sha256", Text),
            ("created_at", Number),
        ],
    },
];
