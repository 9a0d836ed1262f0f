//! Keeps what is offered in step with the store, and takes out of use what keeps trapping.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{By, Held, Manager, Offered, blocking, held, subject, unavailable};
use crate::{
    blob,
    dialect::native,
    error::{Code, Failure},
    plugins::{audit, quarantine::Quarantine, record::Decision},
    store::PluginSet,
    wasm::Trouble,
    webhook::NewDelivery,
};

/// How often the store is asked whether others have changed the set.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

impl Manager {
    /// Follows the set until `stop`: takes over what others change, and puts into quarantine what keeps trapping.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut trouble = self.trouble.lock().await;
        let config = &self.rules.config;
        let window = Duration::from_secs(config.quarantine_window_s);
        let mut quarantine = Quarantine::new(config.quarantine_traps, window);
        let mut tick = tokio::time::interval(FOLLOW_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {
                    if let Err(failure) = self.keep_in_step().await {
                        tracing::warn!("cannot look for changed plugins: {failure}");
                    }
                }
                Some(trouble) = trouble.recv() => {
                    if let Some(reason) = quarantine.note(&trouble, Instant::now()) {
                        self.quarantine(&trouble, reason).await;
                    }
                }
            }
        }
    }

    /// Takes a version out of use, and tells the operator.
    async fn quarantine(&self, trouble: &Trouble, reason: String) {
        let Trouble { owner, plugin, version, digest, .. } = trouble;
        let subject = subject(owner, plugin);
        tracing::error!(plugin = subject, version, digest, "plugin {subject} {version} goes into quarantine: {reason}");
        let decision = Decision::Quarantine { digest: digest.clone(), reason: reason.clone() };
        let by = By { actor: audit::SERVER.to_owned(), owner: owner.clone() };
        let owed = match self.notification(&subject, version, digest, &reason).await {
            Ok(owed) => owed,
            Err(failure) => {
                tracing::error!("nobody is told of the quarantine: {failure}");
                None
            }
        };
        if let Err(failure) = self.decide_and_tell(&by, plugin, &[decision], owed).await {
            tracing::error!("cannot put plugin {subject} into quarantine: {failure}");
        }
    }

    async fn notification(
        &self,
        plugin: &str,
        version: &str,
        digest: &str,
        reason: &str,
    ) -> Result<Option<NewDelivery>, Failure> {
        let url = self.rules.config.notification_url.as_str();
        if url.is_empty() {
            return Ok(None);
        }
        for account in &self.rules.admin_accounts {
            if self.store.account(account).await.map_err(unavailable)?.is_some() {
                let data = json!({"plugin": plugin, "version": version, "digest": digest, "reason": reason});
                return Ok(Some(native::callback::notice(account, url, "plugin.quarantined", data, self.clock.now())));
            }
        }
        Err(Failure::new(Code::NotFound, "there is none of the accounts in server.admin_accounts to sign it"))
    }

    /// Offers the set as it is in the store, if that is another one than is offered. While components cannot be read, the
    /// one before stays, and this node gets no jobs that were accepted with the new one.
    pub async fn keep_in_step(&self) -> Result<(), Failure> {
        let _in_step = self.in_step.lock().await;
        let known = self.offered().revision;
        if known.is_some() && Some(self.store.plugin_revision().await.map_err(unavailable)?) == known {
            return Ok(());
        }
        let PluginSet { revision, rows } = self.store.plugin_set().await.map_err(unavailable)?;
        let held: Vec<Held> = rows.into_iter().filter_map(held).collect();
        let wanted: Vec<_> = held.iter().map(|held| held.record.wanted(&held.owner, &held.name)).collect();
        let (mut components, mut is_whole) = (HashMap::new(), true);
        for digest in self.registry.missing(&wanted) {
            match self.blobs.get(&digest).await {
                Ok(component) => {
                    components.insert(digest, component);
                }
                Err(error @ blob::Error::NotFound { .. }) => {
                    tracing::error!(digest, "cannot read a plugin's component: {error}");
                }
                Err(error) => {
                    tracing::error!(digest, "cannot read a plugin's component, trying again: {error}");
                    is_whole = false;
                }
            }
        }
        // What was offered so far is better than a part of what is to be offered.
        if !is_whole && known.is_some() {
            return Ok(());
        }
        let level = self.store.level();
        level.will_offer(revision);
        let registry = self.registry.clone();
        let problems = blocking(move || registry.offer(wanted, &components)).await?;
        for problem in problems {
            tracing::error!("not offered: {problem}");
        }
        *self.offered.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Offered { revision: is_whole.then_some(revision), held });
        if is_whole {
            level.offers(revision);
        }
        Ok(())
    }
}
