//! This node among the others of its store: what it does, and how it tells that it is there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::{self, NodeInfo, Store};

/// How often a node gives a sign of life where others may look.
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// And where it is alone.
const SIGN_ALONE: Duration = Duration::from_secs(3600);

/// `[node]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What it is called; empty: the host's name and the port.
    pub name: String,
    /// What it does.
    pub roles: Vec<Role>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    All,
    /// Serves the API, and makes the images that delivery addresses ask for.
    Api,
    /// Runs jobs, and clears away what nothing needs.
    Worker,
    /// Delivers callbacks.
    Sender,
}

impl Config {
    /// What the types leave open.
    pub(crate) fn check(&self, store: &store::Config) -> Result<(), String> {
        let is_name = |character: char| character.is_ascii_alphanumeric() || ".:_-".contains(character);
        if self.name.len() > 128 || !self.name.chars().all(is_name) {
            return Err(format!(
                "node.name: is {:?}, expected at most 128 letters, digits and . : _ - or nothing",
                self.name
            ));
        }
        if self.roles.is_empty() {
            return Err("node.roles: is empty, expected \"all\", or some of \"api\", \"worker\", \"sender\"".to_owned());
        }
        let all = [Role::Api, Role::Worker, Role::Sender];
        if store.url == store::SQLITE && !all.iter().all(|role| self.has(*role)) {
            let expected = "expected \"all\" with store.url = \"sqlite\": who else would do the rest?";
            return Err(format!("node.roles: is {:?}, {expected}", self.names()));
        }
        Ok(())
    }

    /// Whether the node does this.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role) || self.roles.contains(&Role::All)
    }

    /// What it does, in words.
    fn names(&self) -> Vec<String> {
        let roles = [(Role::Api, "api"), (Role::Worker, "worker"), (Role::Sender, "sender")];
        roles.into_iter().filter(|(role, _)| self.has(*role)).map(|(_, name)| name.to_owned()).collect()
    }
}

/// This node.
pub struct Node {
    store: Arc<dyn Store>,
    name: String,
    process: Uuid,
    info: Mutex<NodeInfo>,
}

impl Node {
    /// A node that listens on this address and runs so many jobs at the same time.
    pub fn new(store: Arc<dyn Store>, config: &Config, address: std::net::SocketAddr, slots: u32) -> Node {
        let name = if config.name.is_empty() { format!("{}:{}", host(), address.port()) } else { config.name.clone() };
        let info = NodeInfo {
            roles: config.names(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: address.to_string(),
            plugins: 0,
            slots: if config.has(Role::Worker) { slots } else { 0 },
            draining: false,
        };
        Node { store, name, process: Uuid::new_v4(), info: Mutex::new(info) }
    }

    /// What tells this process from all others.
    pub fn process(&self) -> Uuid {
        self.process
    }

    /// Tells that the node is up until it has stopped; that it stops, from `draining` on.
    pub async fn tell(&self, draining: CancellationToken, stopped: CancellationToken) {
        let every = if self.store.is_shared() { SIGN_EVERY } else { SIGN_ALONE };
        loop {
            self.sign(draining.is_cancelled()).await;
            tokio::select! {
                () = stopped.cancelled() => break,
                () = draining.cancelled(), if !self.info().draining => {}
                () = tokio::time::sleep(every) => {}
            }
        }
        if let Err(error) = self.store.sign_out(&self.name, self.process).await {
            tracing::debug!("the node is still listed: {error}");
        }
    }

    async fn sign(&self, draining: bool) {
        let info = {
            let mut info = self.info();
            info.draining = draining;
            info.plugins = self.store.level().plugins();
            info.clone()
        };
        if let Err(error) = self.store.sign_in(&self.name, self.process, info).await {
            tracing::debug!("cannot tell that this node is up: {error}");
        }
    }

    fn info(&self) -> std::sync::MutexGuard<'_, NodeInfo> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the machine, as far as it is a name.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|one| one.is_ascii_alphanumeric() || ".-".contains(*one)).collect();
    if name.is_empty() { "node".to_owned() } else { name }
}
