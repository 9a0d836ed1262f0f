//! Plugins as the API shows them.

use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::{
    clock::{from_micros, rfc3339},
    distribution::Reference,
    plugins::{Decision, Listed, Record, Version},
    wasm::{Grants, Need, Percentiles, PluginLimits, Usage},
};

/// Some plugins.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PluginList {
    /// The plugins: those of everybody first, by name.
    pub(super) items: Vec<PluginDocument>,
}

/// A plugin.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PluginDocument {
    /// Its name.
    name: String,
    /// The account that it belongs to and that alone sees it; absent: it is everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// The version that its names stand for.
    version: String,
    /// Its licence.
    license: String,
    /// One line for people.
    summary: String,
    /// SHA-256 of the component, lower-case hex.
    digest: String,
    /// Whether it ships with the server; such a plugin cannot be replaced or removed.
    bundled: bool,
    /// `bundled`, `folder` (the operator's), `installed`.
    #[schema(value_type = String, example = "installed")]
    origin: &'static str,
    /// `enabled`; `disabled` by an operator; `quarantined`, as it kept trapping; `unavailable`, as its component cannot
    /// be loaded.
    #[schema(value_type = String, example = "enabled")]
    state: &'static str,
    /// Why it is not enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when it is not enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// The names of its transforms.
    transforms: Vec<String>,
    /// The formats that it reads or writes.
    formats: Vec<String>,
    /// All installed versions, the one that was installed last first; none of a plugin that was not installed.
    versions: Vec<VersionDocument>,
    /// The versions that its names stand for with single accounts.
    pins: BTreeMap<String, String>,
    /// What differs of its limits.
    limits: PluginLimits,
    /// What it asks to read: fonts, tables, models.
    needs: Vec<NeedDocument>,
    /// What it may read of that.
    has: Vec<String>,
}

/// Something that a plugin asks for.
#[derive(Debug, Serialize, ToSchema)]
struct NeedDocument {
    /// `fonts:*`, `tables:film`.
    assets: String,
    /// Whether it is of use without.
    optional: bool,
    /// What for.
    summary: String,
}

/// An installed version.
#[derive(Debug, Serialize, ToSchema)]
struct VersionDocument {
    /// Its number.
    version: String,
    /// SHA-256 of the component, lower-case hex.
    digest: String,
    /// The component's size.
    bytes: u64,
    /// Where it came from.
    source: String,
    /// The name of the key that it is signed with.
    signed_by: Option<String>,
    /// Who installed it.
    installed_by: String,
    /// When.
    installed_at: String,
    /// Whether the plugin's names stand for it.
    active: bool,
    /// Why it is in quarantine, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine: Option<String>,
}

impl From<&Listed> for PluginDocument {
    fn from(listed: &Listed) -> PluginDocument {
        let record = &listed.record;
        let reason = listed.reason();
        let info = listed.plugin.as_ref().map(|plugin| plugin.info.clone());
        let of_info = |part: fn(&crate::pipeline::PluginInfo) -> &String| info.as_deref().map(part).cloned();
        let active = record.active();
        let of_active = |part: fn(&Version) -> &String| active.map(part).cloned().unwrap_or_default();
        PluginDocument {
            name: listed.name.clone(),
            owner: Some(listed.owner.clone()).filter(|owner| !owner.is_empty()),
            version: of_info(|info| &info.version).unwrap_or_else(|| of_active(|version| &version.version)),
            license: of_info(|info| &info.license).unwrap_or_default(),
            summary: of_info(|info| &info.summary).unwrap_or_default(),
            digest: of_info(|info| &info.digest).unwrap_or_else(|| of_active(|version| &version.digest)),
            bundled: info.as_ref().is_some_and(|info| info.bundled),
            origin: listed.origin(),
            state: listed.state(),
            reason: reason.map(|reason| reason.reason.clone()),
            since: reason.map(|reason| reason.since()),
            transforms: names(listed, |plugin| plugin.transforms.iter().map(|info| info.name.clone()).collect()),
            formats: names(listed, |plugin| plugin.formats.iter().map(|format| format.name.clone()).collect()),
            versions: record.versions.iter().map(|version| version_document(version, record)).collect(),
            pins: pins(record),
            limits: record.limits.clone(),
            needs: listed.plugin.iter().flat_map(|plugin| &plugin.needs).map(NeedDocument::from).collect(),
            has: listed.plugin.iter().flat_map(|plugin| plugin.has.names()).collect(),
        }
    }
}

impl From<&Need> for NeedDocument {
    fn from(need: &Need) -> NeedDocument {
        let Need { assets, optional, summary } = need;
        NeedDocument { assets: assets.to_string(), optional: *optional, summary: summary.clone() }
    }
}

fn names(listed: &Listed, of: impl Fn(&crate::wasm::PluginSummary) -> Vec<String>) -> Vec<String> {
    listed.plugin.as_ref().map(of).unwrap_or_default()
}

/// Accounts with the numbers of the versions that they are pinned to.
fn pins(record: &Record) -> BTreeMap<String, String> {
    let number = |digest: &String| {
        let found = record.versions.iter().find(|version| version.digest == *digest);
        found.map_or_else(|| digest.clone(), |version| version.version.clone())
    };
    record.pins.iter().map(|(account, digest)| (account.clone(), number(digest))).collect()
}

fn version_document(version: &Version, record: &Record) -> VersionDocument {
    VersionDocument {
        version: version.version.clone(),
        digest: version.digest.clone(),
        bytes: version.bytes,
        source: version.source.clone(),
        signed_by: version.signed_by.clone(),
        installed_by: version.installed_by.clone(),
        installed_at: rfc3339(from_micros(version.installed_at)),
        active: record.active().is_some_and(|active| active.digest == version.digest),
        quarantine: record.quarantine.get(&version.digest).map(|reason| reason.reason.clone()),
    }
}

/// Where a component is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PublishedPlugin {
    /// `oci://HOST/REPOSITORY:TAG`, also with `@sha256:DIGEST`; `https://HOST/PATH`.
    #[schema(value_type = String, example = "oci://ghcr.io/acme/halftone:1.2.0")]
    pub(super) reference: Reference,
    /// Whether it may be another component than the lock file has for this reference; it is pinned anew.
    #[serde(default)]
    pub(super) update: bool,
}

/// A change of a plugin: a member that is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::http) struct PluginUpdate {
    /// Whether it is used. `true` ends a quarantine, too.
    enabled: Option<bool>,
    /// Why it is disabled, for those who ask for its transforms.
    reason: Option<String>,
    /// The version that its names stand for from now on: its number, or the beginning of its digest.
    version: Option<String>,
    /// Versions for single accounts; null: as for all others.
    pins: BTreeMap<String, Option<String>>,
    /// What differs of its limits; replaces what was set before.
    #[serde(deserialize_with = "present")]
    limits: Option<PluginLimits>,
    /// What it may read of what it asks for: `["fonts", "tables:film"]`; null: what the settings say.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    grants: Option<Option<Grants>>,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl PluginUpdate {
    /// What it decides, in the order of the members.
    pub(super) fn decisions(self) -> Vec<Decision> {
        let enabled = self.enabled.map(|enabled| match enabled {
            true => Decision::Enable,
            false => Decision::Disable { reason: self.reason.unwrap_or_else(|| "an operator disabled it".to_owned()) },
        });
        let pins = self.pins.into_iter().map(|(account, version)| match version {
            Some(version) => Decision::Pin { account, version },
            None => Decision::Unpin { account },
        });
        let version = self.version.map(|version| Decision::Activate { version });
        let (limits, grants) = (self.limits.map(Decision::Limit), self.grants.map(Decision::Grant));
        enabled.into_iter().chain(version).chain(pins).chain(limits).chain(grants).collect()
    }
}

/// What was counted of a plugin since the server started.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UsageDocument {
    /// Of the plugin as a whole.
    #[serde(flatten)]
    total: UsageCounts,
    /// Of its transforms, by name.
    transforms: BTreeMap<String, UsageCounts>,
}

/// How calls ended and what they took. Times and memory are of runs that were of this transform alone: several steps
/// of one plugin in a row are one run.
#[derive(Debug, Default, Serialize, ToSchema)]
struct UsageCounts {
    /// Runs.
    runs: u64,
    /// Questions before a run: what it would yield.
    plans: u64,
    /// Calls that the plugin refused.
    refused: u64,
    /// Calls that trapped.
    trapped: u64,
    /// Calls that broke the contract.
    misbehaved: u64,
    /// Calls that met a limit.
    limited: u64,
    /// Wall-clock time of a run in milliseconds.
    ms: PercentilesDocument,
    /// Highest linear memory of a run in bytes.
    bytes: PercentilesDocument,
}

/// What of a hundred runs 50, 95 and 99 took at most.
#[derive(Debug, Default, Serialize, ToSchema)]
struct PercentilesDocument {
    /// The median.
    p50: f64,
    /// 95 of a hundred.
    p95: f64,
    /// 99 of a hundred.
    p99: f64,
}

impl PercentilesDocument {
    fn of<T: Copy>(from: Percentiles<T>, to: impl Fn(T) -> f64) -> PercentilesDocument {
        PercentilesDocument { p50: to(from.p50), p95: to(from.p95), p99: to(from.p99) }
    }
}

impl From<&Usage> for UsageCounts {
    fn from(usage: &Usage) -> UsageCounts {
        UsageCounts {
            runs: usage.counts.runs,
            plans: usage.counts.plans,
            refused: usage.counts.refused,
            trapped: usage.counts.trapped,
            misbehaved: usage.counts.misbehaved,
            limited: usage.counts.limited,
            ms: PercentilesDocument::of(usage.taken.time, |time| time.as_secs_f64() * 1e3),
            bytes: PercentilesDocument::of(usage.taken.bytes, |bytes| bytes as f64),
        }
    }
}

impl UsageDocument {
    /// Picks what is of one plugin.
    pub(super) fn of(all: &[Usage], owner: &str, plugin: &str) -> UsageDocument {
        let own = || all.iter().filter(|usage| usage.owner == owner && usage.plugin == plugin);
        let total = own().find(|usage| usage.transform.is_none());
        let transforms = own().filter_map(|usage| Some((usage.transform.clone()?, usage.into())));
        UsageDocument { total: total.map(UsageCounts::from).unwrap_or_default(), transforms: transforms.collect() }
    }
}
