//! The installed plugins as they are wanted, and the views that accounts have of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    PluginLimits, Registry,
    counters::AllCounters,
    grants::Grants,
    host::{Host, Limits},
    plugin::{Origin, Plugin},
    snapshot::{Entry, PluginSummary, Snapshot},
};
use crate::error::{Code, Failure};

/// An installed plugin as it is to be offered, or, without versions, what was decided about one that was not
/// installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The account that alone sees it; empty: everybody does.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// All versions, each by the SHA-256 of its component.
    pub versions: Vec<String>,
    /// The version that its names stand for.
    pub active: Option<String>,
    /// The versions that they stand for with single accounts.
    pub pins: BTreeMap<String, String>,
    /// Why it is off as a whole.
    pub off: Option<Failure>,
    /// Why single versions are off.
    pub versions_off: BTreeMap<String, Failure>,
    /// What differs of its limits.
    pub limits: PluginLimits,
    /// What it may read of what it asks for; none is what the configuration says of its name, if it is everybody's.
    pub grants: Option<Grants>,
}

impl Wanted {
    /// The version that its names stand for with an account.
    fn selected(&self, account: Option<&str>) -> Option<&String> {
        account.and_then(|account| self.pins.get(account)).or(self.active.as_ref())
    }

    /// What a version of it is loaded under.
    fn key(&self, digest: &str) -> Key {
        Key { owner: self.owner.clone(), digest: digest.to_owned(), grants: self.granted() }
    }

    /// What it may read; the configuration speaks of plugins of everybody, not of those that accounts name.
    fn granted(&self) -> Option<Grants> {
        self.grants.clone().or_else(|| (!self.owner.is_empty()).then(Grants::default))
    }

    fn why_off(&self, digest: &str) -> Option<Failure> {
        self.off.clone().or_else(|| self.versions_off.get(digest).cloned())
    }
}

/// A loaded component: accounts share no instance of a plugin, and what it may read is a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    owner: String,
    digest: String,
    grants: Option<Grants>,
}

/// What there is at one moment.
pub(super) struct Current {
    host: Arc<Host>,
    /// Those that were not installed.
    pub(super) base: Vec<Arc<Plugin>>,
    wanted: Vec<Wanted>,
    loaded: HashMap<Key, Arc<Plugin>>,
    shared: Arc<Snapshot>,
    /// Accounts that see something else than all others do.
    special: BTreeSet<String>,
    views: Mutex<HashMap<String, Arc<Snapshot>>>,
}

impl Current {
    /// Puts it together. The clashes are those among what everybody sees, and among what each owner alone sees.
    pub(super) fn new(
        host: Arc<Host>,
        base: Vec<Arc<Plugin>>,
        wanted: Vec<Wanted>,
        loaded: HashMap<Key, Arc<Plugin>>,
    ) -> (Current, Vec<String>) {
        let owners = wanted.iter().filter(|plugin| !plugin.owner.is_empty()).map(|plugin| plugin.owner.clone());
        let pinned = wanted.iter().flat_map(|plugin| plugin.pins.keys().cloned());
        let special = owners.chain(pinned).collect();
        let empty = Arc::new(Snapshot::new(host.clone(), &[]).0);
        let mut current =
            Current { host: host.clone(), base, wanted, loaded, shared: empty, special, views: Mutex::default() };
        let (shared, mut clashes) = Snapshot::new(host, &[current.everybodys(None)]);
        current.shared = Arc::new(shared);
        for owner in current.wanted.iter().map(|plugin| &plugin.owner).collect::<BTreeSet<_>>() {
            if !owner.is_empty() {
                clashes.extend(Snapshot::new(current.host.clone(), &[current.owned(owner)]).1);
            }
        }
        (current, clashes)
    }

    /// With one more that was not installed.
    pub(super) fn with(&self, plugin: Arc<Plugin>) -> Current {
        let base = self.base.iter().cloned().chain([plugin]).collect();
        Current::new(self.host.clone(), base, self.wanted.clone(), self.loaded.clone()).0
    }

    /// What an account sees; with none, what all others see.
    pub(super) fn view(&self, account: Option<&str>) -> Arc<Snapshot> {
        let Some(account) = account.filter(|account| self.special.contains(*account)) else {
            return self.shared.clone();
        };
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let made = views.entry(account.to_owned()).or_insert_with(|| {
            let layers = [self.owned(account), self.everybodys(Some(account))];
            Arc::new(Snapshot::new(self.host.clone(), &layers).0)
        });
        made.clone()
    }

    fn owned(&self, owner: &str) -> Vec<Entry> {
        self.wanted
            .iter()
            .filter(|plugin| plugin.owner == owner)
            .flat_map(|plugin| self.entries(plugin, None))
            .collect()
    }

    fn everybodys(&self, account: Option<&str>) -> Vec<Entry> {
        let base = self.base.iter().map(|plugin| {
            let off = decided(&self.wanted, plugin).and_then(|decided| decided.why_off(&plugin.info.digest));
            Entry { off, ..plugin.clone().into() }
        });
        let installed = self.wanted.iter().filter(|plugin| plugin.owner.is_empty());
        base.chain(installed.flat_map(|plugin| self.entries(plugin, account))).collect()
    }

    /// All versions of an installed plugin that could be loaded.
    fn entries(&self, plugin: &Wanted, account: Option<&str>) -> Vec<Entry> {
        let selected = plugin.selected(account);
        let entry = |digest: &String| {
            let found = self.loaded.get(&plugin.key(digest))?.clone();
            Some(Entry { plugin: found, off: plugin.why_off(digest), aside: selected != Some(digest) })
        };
        plugin.versions.iter().filter_map(entry).collect()
    }
}

/// What was decided about a plugin that was not installed.
fn decided<'a>(wanted: &'a [Wanted], base: &Plugin) -> Option<&'a Wanted> {
    wanted.iter().find(|plugin| plugin.owner.is_empty() && plugin.versions.is_empty() && plugin.name == base.info.name)
}

impl Registry {
    /// The components that [`Registry::offer`] needs and that are not loaded yet, by SHA-256.
    pub fn missing(&self, wanted: &[Wanted]) -> BTreeSet<String> {
        let current = self.current();
        let all = wanted.iter().flat_map(|plugin| plugin.versions.iter().map(|digest| plugin.key(digest)));
        all.filter(|key| !current.loaded.contains_key(key)).map(|key| key.digest).collect()
    }

    /// Offers exactly these installed plugins from now on; jobs under way keep what they began with. One whose
    /// component is neither loaded nor among `components`, or does not fit the contract any more, is left out; so is
    /// one whose names are taken. Answers what was left out and why.
    pub fn offer(&self, wanted: Vec<Wanted>, components: &HashMap<String, Bytes>) -> Vec<String> {
        let _change = self.change();
        let before = self.current();
        let mut problems = Vec::new();
        let mut loaded = HashMap::new();
        for plugin in &wanted {
            for digest in &plugin.versions {
                let key = plugin.key(digest);
                let found = match before.loaded.get(&key) {
                    Some(found) => Ok(found.clone()),
                    None => self.load_version(plugin, digest, components),
                };
                match found {
                    Ok(found) => {
                        found.limit(self.limits_of(plugin));
                        loaded.insert(key, found);
                    }
                    Err(failure) => problems.push(format!("plugin {} {digest}: {failure}", plugin.name)),
                }
            }
        }
        for base in &before.base {
            let decided = decided(&wanted, base);
            // What was decided once may have been taken back since.
            base.limit(
                decided.map_or_else(
                    || Limits::of(&self.host().config, &base.info.name),
                    |decided| self.limits_of(decided),
                ),
            );
        }
        let (current, clashes) = Current::new(self.host(), before.base.clone(), wanted, loaded);
        problems.extend(clashes);
        let loaded: Vec<Arc<Plugin>> = current.loaded.values().cloned().collect();
        self.swap(current);
        self.optimise(&loaded);
        problems
    }

    fn load_version(
        &self,
        plugin: &Wanted,
        digest: &str,
        components: &HashMap<String, Bytes>,
    ) -> Result<Arc<Plugin>, Failure> {
        let missing = || Failure::new(Code::StorageFailed, "its component is not there");
        let component = components.get(digest).ok_or_else(missing)?;
        let counters = self.counters_of(&plugin.owner);
        Plugin::load(&self.host(), counters, component, Origin::Installed, None, plugin.granted()).map(Arc::new)
    }

    fn limits_of(&self, plugin: &Wanted) -> Limits {
        let host = self.host();
        let general = match plugin.owner.is_empty() {
            true => Limits::of(&host.config, &plugin.name),
            // What the configuration says of a name is not said of what an account calls so.
            false => Limits::of(&host.config, "").but(&host.config.tenants),
        };
        general.but(&plugin.limits)
    }

    /// Checks that a component may be installed for an owner, and tells what it is.
    ///
    /// Errors: the first of what [`Registry::check`] finds; `conflict` when its name, or that of a transform or a format,
    /// is taken by another plugin.
    pub fn admit(&self, owner: &str, component: &[u8]) -> Result<PluginSummary, Failure> {
        let report = self.check(component);
        if let Some(problem) = report.problems.into_iter().next() {
            return Err(problem);
        }
        let plugin = report.plugin.ok_or_else(|| Failure::new(Code::Internal, "a component without a manifest"))?;
        self.check_names(owner, component)?;
        Ok(plugin)
    }

    /// Checks that a component could be offered beside all others, in the place of the versions that its owner has of
    /// it.
    ///
    /// Errors: `conflict` when its name, or that of a transform or a format, is taken.
    pub(super) fn check_names(&self, owner: &str, component: &[u8]) -> Result<(), Failure> {
        let candidate =
            Plugin::load(&self.host(), AllCounters::default().of_owner(""), component, Origin::Candidate, None, None)?;
        let current = self.current();
        let mut wanted = current.wanted.clone();
        let name = candidate.info.name.clone();
        wanted.retain(|plugin| !(plugin.owner == owner && plugin.name == name));
        let mut loaded = current.loaded.clone();
        let digest = candidate.info.digest.clone();
        let added = Wanted {
            owner: owner.to_owned(),
            name,
            versions: vec![digest.clone()],
            active: Some(digest.clone()),
            pins: BTreeMap::new(),
            off: None,
            versions_off: BTreeMap::new(),
            limits: PluginLimits::default(),
            grants: None,
        };
        loaded.insert(added.key(&digest), Arc::new(candidate));
        wanted.push(added);
        let (_, clashes) = Current::new(self.host(), current.base.clone(), wanted, loaded);
        match clashes.into_iter().next() {
            Some(clash) => Err(Failure::new(Code::Conflict, clash)),
            None => Ok(()),
        }
    }

    /// What is known of an installed version; none when it could not be loaded.
    pub fn version(&self, owner: &str, digest: &str) -> Option<PluginSummary> {
        let current = self.current();
        let found = current.loaded.iter().find(|(key, _)| key.owner == owner && key.digest == digest);
        found.map(|(_, plugin)| PluginSummary::of(plugin))
    }

    /// Those that were not installed: the bundled ones, those of the operator's folder and those that were added.
    pub fn base(&self) -> Vec<PluginSummary> {
        self.current().base.iter().map(|plugin| PluginSummary::of(plugin)).collect()
    }
}
