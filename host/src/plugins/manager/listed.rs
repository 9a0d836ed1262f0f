//! Plugins as they are listed.

use super::Manager;
use crate::{
    plugins::{Reason, record::Record},
    wasm::{Origin, PluginSummary},
};

/// A plugin as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The account that it belongs to; empty: it is everybody's.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The version that its names stand for; none when it could not be loaded.
    pub plugin: Option<PluginSummary>,
    /// What was decided about it.
    pub record: Record,
}

impl Listed {
    /// The version that its names stand for.
    fn digest(&self) -> Option<&str> {
        let plugin = self.plugin.as_ref().map(|plugin| plugin.info.digest.as_str());
        plugin.or_else(|| self.record.active().map(|version| version.digest.as_str()))
    }

    /// `enabled`, `disabled`, `quarantined` or `unavailable`.
    pub fn state(&self) -> &'static str {
        let in_quarantine = self.digest().is_some_and(|digest| self.record.quarantine.contains_key(digest));
        match &self.plugin {
            _ if self.record.disabled.is_some() => "disabled",
            _ if in_quarantine => "quarantined",
            None => "unavailable",
            Some(_) => "enabled",
        }
    }

    /// Why it is not enabled, and since when.
    pub fn reason(&self) -> Option<&Reason> {
        let quarantine = || self.digest().and_then(|digest| self.record.quarantine.get(digest));
        self.record.disabled.as_ref().or_else(quarantine)
    }

    /// `bundled`, `folder` or `installed`.
    pub fn origin(&self) -> &'static str {
        match self.plugin.as_ref().map(|plugin| plugin.origin) {
            Some(Origin::Bundled) => "bundled",
            Some(Origin::Folder | Origin::Candidate) => "folder",
            Some(Origin::Installed) | None => "installed",
        }
    }
}

impl Manager {
    /// A plugin with this record.
    pub(super) fn listed(&self, owner: &str, name: &str, record: Record) -> Listed {
        let installed = record.active().and_then(|version| self.registry.version(owner, &version.digest));
        let base = || {
            let base = owner.is_empty().then(|| self.registry.base());
            base.into_iter().flatten().find(|plugin| plugin.info.name == name)
        };
        Listed { owner: owner.to_owned(), name: name.to_owned(), plugin: installed.or_else(base), record }
    }

    /// One plugin of an owner, or of everybody.
    pub fn find(&self, owner: &str, name: &str) -> Option<Listed> {
        self.all().into_iter().find(|listed| listed.owner == owner && listed.name == name)
    }

    /// All plugins, by owner and name: those of everybody first.
    pub fn all(&self) -> Vec<Listed> {
        let offered = self.offered();
        let held = offered.held.iter().map(|held| self.listed(&held.owner, &held.name, held.record.clone()));
        let mut all: Vec<Listed> = held.collect();
        for plugin in self.registry.base() {
            let name = plugin.info.name.clone();
            if !all.iter().any(|listed| listed.owner.is_empty() && listed.name == name) {
                let record = Record::default();
                all.push(Listed { owner: String::new(), name, plugin: Some(plugin), record });
            }
        }
        all.sort_by(|a, b| (&a.owner, &a.name).cmp(&(&b.owner, &b.name)));
        all
    }
}
