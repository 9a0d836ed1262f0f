//! Components that callers have stored: run like plugins, and offered to nobody else.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Registry,
    counters::AllCounters,
    grants::Grants,
    plugin::{Origin, Plugin},
    snapshot::Snapshot,
};
use crate::{
    error::{Code, Failure},
    pipeline::{Component, Kind},
};

/// Loaded components that are kept at hand.
const AT_HAND: usize = 32;

/// Loads stored components, and keeps those that were used last.
pub struct StoredComponents {
    registry: Arc<Registry>,
    recent: Mutex<VecDeque<(String, Component)>>,
}

impl StoredComponents {
    /// Loads them beside these plugins, with the same limits.
    pub fn new(registry: Arc<Registry>) -> StoredComponents {
        StoredComponents { registry, recent: Mutex::default() }
    }

    /// The component with these bytes, if it is at hand.
    pub fn at_hand(&self, sha256: &str) -> Option<Component> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let index = recent.iter().position(|(known, _)| known == sha256)?;
        let entry = recent.remove(index)?;
        let component = entry.1.clone();
        recent.push_back(entry);
        Some(component)
    }

    /// Loads a component. Blocks for as long as it compiles, unless its code is in the cache.
    ///
    /// Errors: `plugin_invalid` when it does not fit the contract, or its first transform does not make one picture
    /// of one.
    pub fn load(&self, component: &[u8]) -> Result<Component, Failure> {
        // Its name is the caller's own choice, and grants go by names.
        let transforms = self.registry.apart(component, Grants::default())?;
        let plugin = &transforms.plugins[0];
        let digest = plugin.info.digest.clone();
        let first = plugin.offers.first().filter(|offer| offer.info.kind == Kind::Filter);
        let transform = first.map(|offer| offer.info.name.clone()).ok_or_else(|| {
            let message = "the stored component's first transform is expected to make one picture of one";
            Failure::new(Code::PluginInvalid, message)
        })?;
        let component = Component { transforms: transforms.clone(), transform };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(known, _)| *known != digest);
        recent.push_back((digest, component.clone()));
        if recent.len() > AT_HAND {
            recent.pop_front();
        }
        Ok(component)
    }
}

impl Registry {
    /// Loads a component that is offered to nobody but who asks for it here, and may read what is granted here.
    ///
    /// Errors: `plugin_invalid` when it does not fit the contract, else what `describe` came to.
    pub fn apart(&self, component: &[u8], grants: Grants) -> Result<Arc<Snapshot>, Failure> {
        self.check_size(component.len() as u64)?;
        let (host, counters) = (self.host(), AllCounters::default());
        let counters = counters.of_owner("");
        let plugin = Arc::new(Plugin::load(&host, counters, component, Origin::Candidate, None, Some(grants))?);
        self.optimise(std::slice::from_ref(&plugin));
        // One alone clashes with nothing.
        Ok(Arc::new(Snapshot::new(host, &[vec![plugin.into()]]).0))
    }
}
