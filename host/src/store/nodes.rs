//! What nodes of one store have to agree about, beside the work itself: who is there, who does what one node at a time
//! does, and how much of a shared allowance is left.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, Level};

/// A node as it tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// `api`, `worker`, `sender`: what it does.
    pub roles: Vec<String>,
    /// The version of the program.
    pub version: String,
    /// The address it listens on.
    pub address: String,
    /// The revision of the set of plugins that it offers.
    pub plugins: u64,
    /// How many jobs it runs at the same time; 0 when it runs none.
    pub slots: u32,
    /// Whether it is stopping.
    pub draining: bool,
}

/// A node that is up, or was a short time ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// Of the process that has it.
    pub process: Uuid,
    /// What it tells of itself.
    pub info: NodeInfo,
    /// Since when.
    pub started_at: SystemTime,
    /// Its last sign of life.
    pub seen_at: SystemTime,
}

/// The nodes' side of the port.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// What this node can run. Jobs need what the node had that accepted them.
    fn level(&self) -> &Level;

    /// Whether other nodes may use the store at the same time.
    fn is_shared(&self) -> bool;

    /// Gives `holder` a piece of work that one at a time does, for as long as `lease`, or prolongs it; answers
    /// whether `holder` has it. After a crash of the database nobody has it: what must not be done twice is fenced by other means.
    async fn hold(&self, name: &str, holder: Uuid, lease: Duration) -> Result<bool, Error>;

    /// Ends a hold; one that is not `holder`'s stays.
    async fn let_go(&self, name: &str, holder: Uuid) -> Result<(), Error>;

    /// Takes up to `wanted` tokens out of a bucket that holds as many as come to it in a second, `per_second`, and is full at
    /// first; answers how many there were.
    async fn draw(&self, bucket: &str, per_second: u32, wanted: u32) -> Result<u32, Error>;

    /// Tells that a node is up; its name is its process's from now on. What is left of others is forgotten after a day.
    async fn sign_in(&self, name: &str, process: Uuid, info: NodeInfo) -> Result<(), Error>;

    /// Tells that a node has stopped, unless another process has its name now.
    async fn sign_out(&self, name: &str, process: Uuid) -> Result<(), Error>;

    /// The nodes that are up or were in the last day, by name.
    async fn nodes(&self) -> Result<Vec<NodeRow>, Error>;
}
