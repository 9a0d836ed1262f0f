//! What is known and was decided of one plugin: its versions, which of them is used, by whom, and whether at all.
//!
//! Everything here is a pure change of a value: nothing is loaded or stored.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    clock::rfc3339,
    error::{Code, Failure},
    wasm::{Grants, PluginLimits, Wanted},
};

/// How many steps back a plugin can be rolled.
const HISTORY: usize = 20;

/// A plugin of the set. One without versions was not installed: it ships with the host or lies in the operator's
/// folder, and this is what was decided about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its versions, the one that was installed last first.
    pub versions: Vec<Version>,
    /// What its names stood for, by the digests of its versions; the last one is what they stand for now.
    pub history: Vec<String>,
    /// Why it is disabled, if it is.
    pub disabled: Option<Reason>,
    /// Versions in quarantine, by digest.
    pub quarantine: BTreeMap<String, Reason>,
    /// What its names stand for with single accounts, by digest.
    pub pins: BTreeMap<String, String>,
    /// What differs of its limits.
    pub limits: PluginLimits,
    /// What it may read of what it asks for, when that was decided.
    pub grants: Option<Grants>,
}

/// An installed version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// As its manifest says.
    pub version: String,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// The component's size.
    pub bytes: u64,
    /// Where it came from: a file's name, an address.
    pub source: String,
    /// The name of the key that it is signed with, if it is.
    pub signed_by: Option<String>,
    /// Who installed it.
    pub installed_by: String,
    /// When, in microseconds since the Unix epoch.
    pub installed_at: u64,
}

/// Why something is off, and since when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// For people.
    pub reason: String,
    /// In microseconds since the Unix epoch.
    pub since: u64,
}

impl Reason {
    /// Off from now on.
    pub fn new(reason: impl Into<String>, now: SystemTime) -> Reason {
        Reason { reason: reason.into(), since: crate::clock::micros(now) }
    }

    /// When it began, in RFC 3339.
    pub fn since(&self) -> String {
        rfc3339(crate::clock::from_micros(self.since))
    }
}

/// A decision about a plugin.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It is used again, out of quarantine too.
    Enable,
    /// It is not used any more; its transforms say why.
    Disable {
        /// For people.
        reason: String,
    },
    /// One version is not used any more.
    Quarantine {
        /// Of the version.
        digest: String,
        /// For people.
        reason: String,
    },
    /// Its names stand for this version.
    Activate {
        /// A version, or the beginning of a digest.
        version: String,
    },
    /// Its names stand for what they stood for before.
    RollBack,
    /// Its names stand for this version with one account.
    Pin {
        /// The account.
        account: String,
        /// A version, or the beginning of a digest.
        version: String,
    },
    /// Its names stand for the same with this account as with all others.
    Unpin {
        /// The account.
        account: String,
    },
    /// What differs of its limits; replaces what was said before.
    Limit(PluginLimits),
    /// What it may read of what it asks for; none is what the configuration says.
    Grant(Option<Grants>),
    /// One version is removed, which no name stands for.
    Drop {
        /// A version, or the beginning of a digest.
        version: String,
    },
}

impl Decision {
    /// What the log calls it.
    pub fn action(&self) -> &'static str {
        match self {
            Decision::Enable => "plugin.enabled",
            Decision::Disable { .. } => "plugin.disabled",
            Decision::Quarantine { .. } => "plugin.quarantined",
            Decision::Activate { .. } => "plugin.activated",
            Decision::RollBack => "plugin.rolled_back",
            Decision::Pin { .. } => "plugin.pinned",
            Decision::Unpin { .. } => "plugin.unpinned",
            Decision::Limit(_) => "plugin.limited",
            Decision::Grant(_) => "plugin.granted",
            Decision::Drop { .. } => "plugin.version_removed",
        }
    }

    /// What the log says more.
    pub fn detail(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Decision::Enable | Decision::RollBack => json!({}),
            Decision::Disable { reason } => json!({"reason": reason}),
            Decision::Quarantine { digest, reason } => json!({"digest": digest, "reason": reason}),
            Decision::Activate { version } | Decision::Drop { version } => json!({"version": version}),
            Decision::Pin { account, version } => json!({"account": account, "version": version}),
            Decision::Unpin { account } => json!({"account": account}),
            Decision::Limit(limits) => json!({"limits": limits}),
            Decision::Grant(grants) => json!({"grants": grants}),
        }
    }
}

impl Record {
    /// The version that its names stand for.
    pub fn active(&self) -> Option<&Version> {
        self.history.last().and_then(|digest| self.by_digest(digest))
    }

    /// The version that its names stand for with an account.
    pub fn selected(&self, account: &str) -> Option<&Version> {
        self.pins.get(account).and_then(|digest| self.by_digest(digest)).or_else(|| self.active())
    }

    /// Whether it says nothing: it could as well not be there.
    pub fn is_empty(&self) -> bool {
        *self == Record::default()
    }

    fn by_digest(&self, digest: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.digest == digest)
    }

    /// A version by its number, of several with this number the one that was installed last, or by the beginning of its
    /// digest, at least eight digits.
    fn find(&self, version: &str) -> Result<&Version, Failure> {
        let named = version.strip_prefix("sha256:").unwrap_or(version);
        let is_digest = named.len() >= 8 && named.bytes().all(|byte| byte.is_ascii_hexdigit());
        let by_number = self.versions.iter().find(|known| known.version == version);
        let by_digest = || self.versions.iter().find(|known| is_digest && known.digest.starts_with(named));
        by_number.or_else(by_digest).ok_or_else(|| {
            let known: Vec<&str> = self.versions.iter().map(|known| known.version.as_str()).collect();
            let known = if known.is_empty() { "none is installed".to_owned() } else { known.join(", ") };
            Failure::new(Code::NotFound, format!("there is no version {version:?}; there are: {known}"))
        })
    }

    /// Adds a version, and has its names stand for it. The same component again only has them stand for it. Versions
    /// beyond the last `keep` go, but for those that are used by somebody.
    pub fn install(&mut self, version: Version, keep: usize) {
        let digest = version.digest.clone();
        match self.versions.iter().position(|known| known.digest == digest) {
            Some(index) => {
                let known = self.versions.remove(index);
                self.versions.insert(0, known);
            }
            None => self.versions.insert(0, version),
        }
        self.quarantine.remove(&digest);
        self.activate(digest);
        let used = |known: &Version| {
            self.history.last() == Some(&known.digest) || self.pins.values().any(|pinned| *pinned == known.digest)
        };
        let kept: Vec<bool> =
            self.versions.iter().enumerate().map(|(index, known)| index < keep.max(1) || used(known)).collect();
        let mut kept = kept.into_iter();
        self.versions.retain(|_| kept.next().unwrap_or(true));
        self.forget_gone();
    }

    fn activate(&mut self, digest: String) {
        if self.history.last() != Some(&digest) {
            self.history.push(digest);
        }
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    /// Drops what speaks of versions that are gone.
    fn forget_gone(&mut self) {
        let Record { versions, history, quarantine, .. } = self;
        let is_there = |digest: &String| versions.iter().any(|version| version.digest == *digest);
        history.retain(is_there);
        history.dedup();
        quarantine.retain(|digest, _| is_there(digest));
    }

    /// Changes it as decided.
    ///
    /// Errors: `not_found` for a version that is not there, `conflict` when it does not go with the present state.
    pub fn decide(&mut self, decision: &Decision, now: SystemTime) -> Result<(), Failure> {
        let conflict = |message: &str| Err(Failure::new(Code::Conflict, message));
        match decision {
            Decision::Enable => {
                self.disabled = None;
                self.quarantine.clear();
            }
            Decision::Disable { reason } => self.disabled = Some(Reason::new(reason, now)),
            Decision::Quarantine { digest, reason } => {
                self.quarantine.entry(digest.clone()).or_insert_with(|| Reason::new(reason, now));
            }
            Decision::Activate { version } => {
                let digest = self.find(version)?.digest.clone();
                self.activate(digest);
            }
            Decision::RollBack => {
                if self.history.len() < 2 {
                    return conflict("there is no earlier version to roll back to");
                }
                self.history.pop();
            }
            Decision::Pin { account, version } => {
                let digest = self.find(version)?.digest.clone();
                self.pins.insert(account.clone(), digest);
            }
            Decision::Unpin { account } => {
                if self.pins.remove(account).is_none() {
                    let message = format!("account {account} is not pinned to a version");
                    return Err(Failure::new(Code::NotFound, message));
                }
            }
            Decision::Limit(limits) => self.limits = limits.clone(),
            Decision::Grant(_) if self.versions.is_empty() => {
                return conflict(
                    "what a plugin that was not installed may read is said in the settings, [wasm.plugin.NAME]",
                );
            }
            Decision::Grant(grants) => self.grants = grants.clone(),
            Decision::Drop { version } => {
                let digest = self.find(version)?.digest.clone();
                if self.history.last() == Some(&digest) {
                    return conflict(
                        "its names stand for this version: activate another one first, or remove the plugin",
                    );
                }
                if let Some((account, _)) = self.pins.iter().find(|(_, pinned)| **pinned == digest) {
                    return conflict(&format!("account {account} is pinned to this version"));
                }
                self.versions.retain(|known| known.digest != digest);
                self.forget_gone();
            }
        }
        Ok(())
    }

    /// How the registry is to offer it.
    pub fn wanted(&self, owner: &str, name: &str) -> Wanted {
        let off = |what: String, reason: &Reason| {
            let message = format!("{what} since {}: {}", reason.since(), reason.reason);
            Failure::new(Code::PluginDisabled, message)
        };
        let in_quarantine = |digest: &String, reason: &Reason| {
            let version = self.by_digest(digest).map_or("", |version| version.version.as_str());
            off(format!("plugin {name} {version} is in quarantine").replace("  ", " "), reason)
        };
        Wanted {
            owner: owner.to_owned(),
            name: name.to_owned(),
            versions: self.versions.iter().map(|version| version.digest.clone()).collect(),
            active: self.history.last().cloned(),
            pins: self.pins.clone(),
            off: self.disabled.as_ref().map(|reason| off(format!("plugin {name} is disabled"), reason)),
            versions_off: self
                .quarantine
                .iter()
                .map(|(digest, reason)| (digest.clone(), in_quarantine(digest, reason)))
                .collect(),
            limits: self.limits.clone(),
            grants: self.grants.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn version(number: &str, letter: &str) -> Version {
        Version {
            version: number.into(),
            digest: letter.repeat(64),
            bytes: 1,
            source: "file".into(),
            signed_by: None,
            installed_by: "demo".into(),
            installed_at: 0,
        }
    }

    fn three() -> Record {
        let mut record = Record::default();
        for (number, letter) in [("1.0.0", "a"), ("1.1.0", "b"), ("2.0.0", "c")] {
            record.install(version(number, letter), 5);
        }
        record
    }

    fn active(record: &Record) -> &str {
        &record.active().unwrap().version
    }

    #[test]
    fn the_version_installed_last_is_used_until_it_is_rolled_back() {
        let mut record = three();
        assert_eq!(active(&record), "2.0.0");
        record.decide(&Decision::RollBack, NOW).unwrap();
        assert_eq!(active(&record), "1.1.0");
        record.decide(&Decision::Activate { version: "1.0.0".into() }, NOW).unwrap();
        record.decide(&Decision::RollBack, NOW).unwrap();
        assert_eq!(active(&record), "1.1.0");
        record.decide(&Decision::RollBack, NOW).unwrap();
        assert_eq!(record.decide(&Decision::RollBack, NOW).unwrap_err().code, Code::Conflict);
        record.install(version("2.0.0", "c"), 5);
        assert_eq!((active(&record), record.versions.len()), ("2.0.0", 3), "the same component again");
    }

    #[test]
    fn an_account_stays_with_the_version_it_is_pinned_to() {
        let mut record = three();
        record.decide(&Decision::Pin { account: "shop".into(), version: "1.0.0".into() }, NOW).unwrap();
        assert_eq!(record.selected("shop").unwrap().version, "1.0.0");
        assert_eq!(record.selected("demo").unwrap().version, "2.0.0");
        let drop = |version: &str| Decision::Drop { version: version.into() };
        assert_eq!(record.decide(&drop("1.0.0"), NOW).unwrap_err().message, "account shop is pinned to this version");
        assert_eq!(record.decide(&drop("2.0.0"), NOW).unwrap_err().code, Code::Conflict);
        record.decide(&drop(&"b".repeat(8)), NOW).unwrap();
        assert_eq!(record.history, ["a".repeat(64), "c".repeat(64)]);
        record.decide(&Decision::Unpin { account: "shop".into() }, NOW).unwrap();
        assert_eq!(record.decide(&Decision::Unpin { account: "shop".into() }, NOW).unwrap_err().code, Code::NotFound);
        let missing = record.decide(&drop("9.9.9"), NOW).unwrap_err();
        assert_eq!(missing.message, "there is no version \"9.9.9\"; there are: 2.0.0, 1.0.0");
    }

    #[test]
    fn old_versions_go_but_for_those_in_use() {
        let mut record = Record::default();
        record.install(version("1.0.0", "a"), 2);
        record.decide(&Decision::Pin { account: "shop".into(), version: "1.0.0".into() }, NOW).unwrap();
        for (number, letter) in [("2.0.0", "b"), ("3.0.0", "c"), ("4.0.0", "d")] {
            record.install(version(number, letter), 2);
        }
        let left: Vec<&str> = record.versions.iter().map(|version| version.version.as_str()).collect();
        assert_eq!(left, ["4.0.0", "3.0.0", "1.0.0"]);
        assert!(record.history.iter().all(|digest| record.versions.iter().any(|version| version.digest == *digest)));
    }

    #[test]
    fn a_quarantine_ends_with_a_new_version_of_the_component_or_by_an_operator() {
        let mut record = three();
        let quarantine = Decision::Quarantine { digest: "c".repeat(64), reason: "it trapped".into() };
        record.decide(&quarantine, NOW).unwrap();
        let off = |record: &Record| record.wanted("", "halftone").versions_off.into_values().next();
        assert_eq!(
            off(&record).unwrap().to_string(),
            "plugin_disabled: plugin halftone 2.0.0 is in quarantine since 1970-01-01T00:00:00.000Z: it trapped"
        );
        record.decide(&Decision::Enable, NOW).unwrap();
        assert_eq!(off(&record), None);
        record.decide(&quarantine, NOW).unwrap();
        record.install(version("2.0.0", "c"), 5);
        assert_eq!(off(&record), None);
        record.decide(&Decision::Disable { reason: "not now".into() }, NOW).unwrap();
        record.install(version("3.0.0", "d"), 5);
        assert!(record.wanted("", "halftone").off.is_some(), "what an operator has disabled stays so");
    }
}
