//! Changes the set of plugins, and keeps what runs plugins in step with it.

mod follow;
mod listed;

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

pub use self::listed::Listed;
use super::{
    audit,
    record::{Decision, Record, Version},
};
use crate::{
    blob::Blobs,
    clock::{Clock, micros},
    error::{Code, Failure},
    store::{Error, PluginChange, PluginRow, PluginSet, Store},
    wasm::{PluginSummary, PluginsConfig, Registry, Trouble},
    webhook::NewDelivery,
};

/// How often a change is worked out anew because somebody else was faster.
const TRIES: u32 = 16;

/// Traps that may wait to be looked at; more are not.
const WAITING_TROUBLE: usize = 256;

/// The rules for plugins, of the settings.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What `[plugins]` says.
    pub config: PluginsConfig,
    /// The accounts that may change the server.
    pub admin_accounts: Vec<String>,
}

/// Who changes a plugin, and whose it is.
#[derive(Clone, Debug)]
pub struct By {
    /// Who, for the log.
    pub actor: String,
    /// The account that the plugin belongs to; empty: it is everybody's.
    pub owner: String,
}

impl By {
    /// Somebody who changes a plugin that is everybody's.
    pub fn operator(actor: impl Into<String>) -> By {
        By { actor: actor.into(), owner: String::new() }
    }

    /// An account that changes a plugin of its own.
    pub fn owner(account: &str) -> By {
        By { actor: account.to_owned(), owner: account.to_owned() }
    }
}

/// Where a component came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// A file's name, an address.
    pub source: String,
    /// The name of the key that it is signed with, if it is.
    pub signed_by: Option<String>,
}

/// A plugin of the set.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    owner: String,
    name: String,
    record: Record,
}

/// The set as it is offered.
#[derive(Debug, Default)]
struct Offered {
    revision: Option<u64>,
    held: Vec<Held>,
}

/// Changes the set of plugins and follows it.
pub struct Manager {
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    blobs: Blobs,
    clock: Clock,
    rules: Rules,
    offered: RwLock<Arc<Offered>>,
    /// Held while what is offered is brought in step, so that an older set never replaces a newer one.
    in_step: Mutex<()>,
    /// Traps that were reported.
    trouble: Mutex<mpsc::Receiver<Trouble>>,
}

impl Manager {
    /// Offers the set as it is now in the registry.
    ///
    /// Errors: the store cannot be read.
    pub async fn open(
        registry: Arc<Registry>,
        store: Arc<dyn Store>,
        blobs: Blobs,
        clock: Clock,
        rules: Rules,
    ) -> Result<Manager, Failure> {
        let (report, trouble) = mpsc::channel(WAITING_TROUBLE);
        registry.watch(Box::new(move |trouble| {
            // A plugin that traps faster than this is looked at has more than enough reports.
            let _ = report.try_send(trouble);
        }));
        let manager = Manager {
            registry,
            store,
            blobs,
            clock,
            rules,
            offered: RwLock::default(),
            in_step: Mutex::default(),
            trouble: Mutex::new(trouble),
        };
        manager.keep_in_step().await?;
        Ok(manager)
    }

    /// What runs the plugins.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    fn offered(&self) -> Arc<Offered> {
        self.offered.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks a component, keeps it, and offers it from now on; jobs under way keep what they began with. It must be
    /// the plugin `name`, if one is given.
    ///
    /// Errors: what the checks find first; `conflict` when its name, or that of a transform or a format, is taken by
    /// another plugin; `forbidden` when the owner may have no more; `storage_failed`, `unavailable`.
    pub async fn install(
        &self,
        by: &By,
        name: Option<&str>,
        component: Bytes,
        provenance: Provenance,
    ) -> Result<Listed, Failure> {
        let plugin = self.check(by, name, &component).await?;
        let (name, bytes) = (plugin.info.name.clone(), component.len() as u64);
        self.check_quota(by, &plugin, bytes)?;
        let failed = |error| Failure::new(Code::StorageFailed, format!("cannot keep the component: {error}"));
        let blob = self.blobs.put(component.clone()).await.map_err(failed)?;
        let version = Version {
            version: plugin.info.version.clone(),
            digest: blob.sha256.clone(),
            bytes,
            source: provenance.source,
            signed_by: provenance.signed_by,
            installed_by: by.actor.clone(),
            installed_at: micros(self.clock.now()),
        };
        let detail = json!({
            "version": version.version, "digest": version.digest, "source": version.source, "signed_by": version.signed_by,
        });
        let keep = self.rules.config.keep_versions;
        let told = [("plugin.installed", detail)];
        let listed = self.change(by, &name, &told, None, |record| {
            record.install(version.clone(), keep);
            Ok(())
        });
        let listed = listed.await?;
        // A sweep that came between the put of a blob that was there already and the commit may have taken it.
        if self.blobs.size(&blob.sha256).await.is_err() {
            self.blobs.put(component).await.map_err(failed)?;
        }
        tracing::info!(plugin = name, version = %plugin.info.version, digest = blob.sha256, "plugin installed");
        Ok(listed)
    }

    async fn check(&self, by: &By, name: Option<&str>, component: &Bytes) -> Result<PluginSummary, Failure> {
        let (registry, owner, component) = (self.registry.clone(), by.owner.clone(), component.clone());
        let name = name.map(str::to_owned);
        blocking(move || {
            let plugin = registry.admit(&owner, &component)?;
            if let Some(name) = name.filter(|name| *name != plugin.info.name) {
                let message = format!("the component is the plugin {:?}, expected {name:?}", plugin.info.name);
                return Err(Failure::new(Code::PluginInvalid, message));
            }
            Ok(plugin)
        })
        .await?
    }

    /// Whether an account may have one more plugin, or one more version, of its own.
    fn check_quota(&self, by: &By, plugin: &PluginSummary, bytes: u64) -> Result<(), Failure> {
        if by.owner.is_empty() {
            return Ok(());
        }
        let forbidden = |message: String| Err(Failure::new(Code::Forbidden, message));
        let config = &self.rules.config;
        if config.own_plugins == 0 {
            return forbidden("accounts may have no plugins of their own here (plugins.own_plugins is 0)".to_owned());
        }
        if !plugin.formats.is_empty() {
            return forbidden("an account's own plugin may offer transforms, but read or write no formats".to_owned());
        }
        let offered = self.offered();
        let own = || offered.held.iter().filter(|held| held.owner == by.owner);
        let others = own().filter(|held| held.name != plugin.info.name).count();
        if others >= config.own_plugins as usize {
            return forbidden(format!(
                "the account has {others} plugins of its own, {} are allowed",
                config.own_plugins
            ));
        }
        let versions = own().flat_map(|held| &held.record.versions);
        let used: u64 =
            versions.filter(|version| version.digest != plugin.info.digest).map(|version| version.bytes).sum();
        if used + bytes > config.own_bytes {
            return forbidden(format!(
                "the account's plugins take {used} bytes, with this one {}; {} are allowed",
                used + bytes,
                config.own_bytes
            ));
        }
        Ok(())
    }

    /// Changes a plugin: all of the decisions, one after the other, or none.
    ///
    /// Errors: `not_found` for a plugin or a version that is not there, `conflict` when it does not go with the present
    /// state, `unavailable`.
    pub async fn decide(&self, by: &By, name: &str, decisions: &[Decision]) -> Result<Listed, Failure> {
        let found = self.find(&by.owner, name).ok_or_else(|| no_plugin(name))?;
        if decisions.is_empty() {
            return Ok(found);
        }
        for decision in decisions {
            let Decision::Pin { account, .. } = decision else { continue };
            if self.store.account(account).await.map_err(unavailable)?.is_none() {
                return Err(Failure::new(Code::NotFound, format!("there is no account {account:?}")));
            }
        }
        let listed = self.decide_and_tell(by, name, decisions, None).await?;
        for decision in decisions {
            tracing::info!(plugin = subject(&by.owner, name), actor = by.actor, "{}", decision.action());
        }
        Ok(listed)
    }

    async fn decide_and_tell(
        &self,
        by: &By,
        name: &str,
        decisions: &[Decision],
        owed: Option<NewDelivery>,
    ) -> Result<Listed, Failure> {
        let told: Vec<_> = decisions.iter().map(|decision| (decision.action(), decision.detail())).collect();
        let now = self.clock.now();
        self.change(by, name, &told, owed, |record| {
            decisions.iter().try_for_each(|decision| record.decide(decision, now))
        })
        .await
    }

    /// Removes an installed plugin with all its versions; jobs under way keep it.
    ///
    /// Errors: `not_found`; `conflict` when it ships with the host or lies in the operator's folder; `unavailable`.
    pub async fn remove(&self, by: &By, name: &str) -> Result<(), Failure> {
        let found = self.find(&by.owner, name).ok_or_else(|| no_plugin(name))?;
        if found.record.versions.is_empty() {
            let message = match found.origin() {
                "bundled" => format!("plugin {name} ships with the host: disable it instead"),
                _ => format!("plugin {name} was not installed but lies in the plugin folder: remove its file"),
            };
            return Err(Failure::new(Code::Conflict, message));
        }
        self.change(by, name, &[("plugin.removed", json!({}))], None, |record| {
            *record = Record::default();
            Ok(())
        })
        .await?;
        tracing::info!(plugin = subject(&by.owner, name), actor = by.actor, "plugin removed");
        Ok(())
    }

    /// Edits the record of a plugin, in one commit with entries of the log, and offers what came of it.
    async fn change(
        &self,
        by: &By,
        name: &str,
        told: &[(&str, Value)],
        owed: Option<NewDelivery>,
        edit: impl Fn(&mut Record) -> Result<(), Failure>,
    ) -> Result<Listed, Failure> {
        for _ in 0..TRIES {
            let PluginSet { revision, rows } = self.store.plugin_set().await.map_err(unavailable)?;
            let row = rows.into_iter().find(|row| row.owner == by.owner && row.name == name);
            let mut record = row.and_then(held).map(|held| held.record).unwrap_or_default();
            edit(&mut record)?;
            let subject = subject(&by.owner, name);
            let change = PluginChange {
                revision,
                removed: record.is_empty(),
                row: PluginRow {
                    owner: by.owner.clone(),
                    name: name.to_owned(),
                    document: serde_json::to_value(&record)
                        .map_err(|error| Failure::new(Code::Internal, error.to_string()))?,
                    blobs: record.versions.iter().map(|version| version.digest.clone()).collect(),
                },
                audit: told
                    .iter()
                    .map(|(action, detail)| audit::entry(&by.actor, action, &subject, detail.clone(), self.clock.now()))
                    .collect(),
                owed: owed.iter().cloned().collect(),
            };
            match self.store.change_plugin(change).await {
                Ok(_) => {
                    self.keep_in_step().await?;
                    return Ok(self.listed(&by.owner, name, record));
                }
                Err(Error::Conflict { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(Failure::new(Code::Unavailable, "the plugins are changed by others all the time: try again"))
    }
}

/// A plugin's name in the log: that of an account's own plugin begins with the account.
fn subject(owner: &str, name: &str) -> String {
    if owner.is_empty() { name.to_owned() } else { format!("{owner}/{name}") }
}

fn held(row: PluginRow) -> Option<Held> {
    let PluginRow { owner, name, document, .. } = row;
    match serde_json::from_value(document) {
        Ok(record) => Some(Held { owner, name, record }),
        Err(error) => {
            tracing::error!(plugin = subject(&owner, &name), "what was decided about a plugin cannot be read: {error}");
            None
        }
    }
}

fn no_plugin(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("there is no plugin {name:?}"))
}

fn unavailable(error: Error) -> Failure {
    Failure::new(Code::Unavailable, error.to_string())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let broke_off = |_| Failure::new(Code::Internal, "the work on the plugins broke off");
    tokio::task::spawn_blocking(work).await.map_err(broke_off)
}
