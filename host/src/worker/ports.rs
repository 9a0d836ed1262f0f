//! What the worker needs of the rest of the host; `app.rs` plugs the adapters in.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use crate::{
    clock::Clock,
    dialect::Dialect,
    error::{Code, Failure},
    job::{Destination, State},
    pipeline::{Component, Transforms},
    source::Source,
    store::{BlobRow, Store},
};

/// The bytes of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// All of them.
    pub bytes: Bytes,
    /// Their SHA-256 in lower-case hex.
    pub sha256: String,
}

/// Reads encoded pictures.
#[async_trait]
pub trait Inputs: Send + Sync {
    /// The bytes of a source that is not a canvas.
    async fn read(&self, source: &Source) -> Result<Input, Failure>;
    /// The bytes of a `data:` URI.
    fn data(&self, uri: &str) -> Result<Bytes, Failure>;
}

/// Keeps encoded results.
#[async_trait]
pub trait Results: Send + Sync {
    /// Keeps bytes; they are durable when this returns. Putting the same bytes again does nothing.
    async fn put(&self, bytes: Bytes) -> Result<BlobRow, Failure>;
    /// Uploads bytes to where the caller wants them; doing so again does no harm.
    async fn upload(&self, to: &Destination, media_type: &str, bytes: Bytes) -> Result<(), Failure>;
}

/// Is told what happens, for the metrics page.
pub trait Observer: Send + Sync {
    /// A job reached a final state; `ran` is the time since its first claim.
    fn job_finished(&self, state: State, ran: Duration);
    /// An output was made.
    fn output_made(&self, format: &str, bytes: u64);
    /// An output failed.
    fn output_failed(&self, code: Code);
}

/// Looks away.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn job_finished(&self, _: State, _: Duration) {}
    fn output_made(&self, _: &str, _: u64) {}
    fn output_failed(&self, _: Code) {}
}

/// Sees what those accounts see that have no plugins of their own.
pub const EVERYBODY: &str = "";

/// Gives the transforms as an account, or [`EVERYBODY`], sees them now: a job keeps those it began with when a plugin is replaced.
pub type Catalogue = dyn Fn(&str) -> Arc<dyn Transforms> + Send + Sync;

/// Loads components that steps name by the SHA-256 of their bytes.
pub trait Components: Send + Sync {
    /// One that was loaded before, if it is still at hand.
    fn at_hand(&self, sha256: &str) -> Option<Component>;

    /// Loads one. Blocks for as long as it compiles: never call it on an async thread.
    fn load(&self, component: &[u8]) -> Result<Component, Failure>;
}

/// Everything outside that the worker talks to.
#[derive(Clone)]
pub struct Ports {
    /// Jobs and what is owed for them.
    pub store: Arc<dyn Store>,
    /// Where sources come from.
    pub inputs: Arc<dyn Inputs>,
    /// Where results go.
    pub results: Arc<dyn Results>,
    /// What runs steps.
    pub transforms: Arc<Catalogue>,
    /// What runs steps that name a stored component.
    pub components: Arc<dyn Components>,
    /// The dialects by name.
    pub dialects: BTreeMap<&'static str, Arc<dyn Dialect>>,
    /// The time.
    pub clock: Clock,
    /// Called when a job's row was changed: a hint to those who wait for it.
    pub changed: Arc<dyn Fn(Uuid) + Send + Sync>,
    /// Called when callbacks may be owed: a hint to the relay.
    pub owed: Arc<dyn Fn() + Send + Sync>,
    /// Counts.
    pub observer: Arc<dyn Observer>,
}
