//! Plugins that are installed from where they are published: addresses, registries, files.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{By, Listed, Manager, Provenance, audit};
use crate::{
    distribution::{Distribution, Lock, Reference},
    error::{Code, Failure},
};

/// The first pause after something that the settings name could not be installed, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// Installs what it fetches. The lock file says which component stands behind a reference.
pub struct Supply {
    distribution: Distribution,
    lock_path: PathBuf,
    /// Whether a signature is required.
    signed_only: bool,
    /// Held while the lock file is changed.
    lock: Mutex<()>,
}

impl Supply {
    /// Fetches with `distribution`, and pins in the file at `lock_path`.
    pub fn new(distribution: Distribution, lock_path: PathBuf, signed_only: bool) -> Supply {
        Supply { distribution, lock_path, signed_only, lock: Mutex::default() }
    }

    /// Fetches a component, checks it, and installs it for everybody. What it is was pinned in the lock file before, or
    /// is from now on; `update` pins anew. What was installed before stays until the new one has passed all checks.
    ///
    /// Errors: those of [`Distribution::fetch`] and [`Manager::install`].
    pub async fn install(
        &self,
        manager: &Manager,
        by: &By,
        name: Option<&str>,
        reference: &Reference,
        update: bool,
    ) -> Result<Listed, Failure> {
        let _pinning = self.lock.lock().await;
        let mut lock = Lock::open(&self.lock_path)?;
        let expected = lock.expected(reference).filter(|_| !update);
        let fetched = self.distribution.fetch(reference, expected).await?;
        let provenance = Provenance { source: fetched.reference.to_string(), signed_by: fetched.signed_by.clone() };
        let listed = manager.install(by, name, fetched.component.clone(), provenance).await?;
        // A file is what it is: it has no other place to be compared with.
        if !matches!(reference, Reference::File(_))
            && let Some(plugin) = &listed.plugin
        {
            lock.record(fetched.lock_entry(reference, &plugin.info));
            lock.save()?;
        }
        Ok(listed)
    }

    /// Installs a component that was sent.
    ///
    /// Errors: `plugin_untrusted` where signatures are required of what everybody is to run; those of
    /// [`Manager::install`].
    pub async fn take(&self, manager: &Manager, by: &By, name: &str, component: Bytes) -> Result<Listed, Failure> {
        if self.signed_only && by.owner.is_empty() {
            let message = "an upload has no signature, and plugins.trust.required wants one: install it from a \
                           file, an address or a registry";
            return Err(Failure::new(Code::PluginUntrusted, message));
        }
        let provenance = Provenance { source: "upload".to_owned(), signed_by: None };
        manager.install(by, Some(name), component, provenance).await
    }

    /// Installs what the settings name and is not there yet, again and again until all of it is or `stop`.
    pub async fn provide(&self, manager: &Manager, wanted: &BTreeMap<String, Reference>, stop: CancellationToken) {
        let by = By::operator(audit::CONFIGURATION);
        let mut pause = PAUSE.0;
        loop {
            let mut failed = false;
            for (name, reference) in wanted {
                let installed = match self.is_there(manager, name, reference) {
                    Ok(true) => continue,
                    Ok(false) => self.install(manager, &by, Some(name), reference, false).await,
                    Err(failure) => Err(failure),
                };
                if let Err(failure) = installed {
                    failed = true;
                    tracing::error!(plugin = name, "cannot install {reference}, as plugins.install wants: {failure}");
                }
            }
            if !failed {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
            }
        }
    }

    /// Whether the component that is pinned for a reference is installed; without a pin, whether any version is. It need
    /// not be the one in use: an operator may have rolled it back.
    fn is_there(&self, manager: &Manager, name: &str, reference: &Reference) -> Result<bool, Failure> {
        let Some(found) = manager.find("", name) else { return Ok(false) };
        let lock = Lock::open(&self.lock_path)?;
        let versions = &found.record.versions;
        Ok(match lock.expected(reference) {
            Some(sha256) => versions.iter().any(|version| version.digest == sha256),
            None => !versions.is_empty(),
        })
    }
}
