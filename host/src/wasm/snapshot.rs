//! What plugins there are at one moment.

use std::{collections::HashMap, fmt, sync::Arc};

use safelight_codec::Raster;

use super::{
    capabilities::imports_assets,
    formats::FormatInfo,
    grants::{AssetKind, Grants, Need},
    host::Host,
    plugin::{Origin, Plugin},
};
use crate::{
    error::{Code, Failure},
    job::Params,
    pipeline::{
        Arrangement, Call, CallError, Codecs, Outcome, Planned, PluginInfo, Size, Timeline, TransformInfo, Transforms,
        View,
    },
};

/// The plugins that one account sees at one moment; never changes. A job keeps the one it began with, so that it never
/// sees two versions of a plugin.
pub struct Snapshot {
    pub(super) host: Arc<Host>,
    /// Those that are on, in the version that their names stand for: those that go before others first, then by name.
    pub(super) plugins: Vec<Arc<Plugin>>,
    /// One component may be here twice, with other assets.
    by_identity: HashMap<String, Arc<Plugin>>,
    /// A transform under each of its names, or why it is off.
    by_name: HashMap<String, Result<Arc<TransformInfo>, Failure>>,
}

/// A plugin with its place in a snapshot.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) plugin: Arc<Plugin>,
    /// Why it is not to be used.
    pub(super) off: Option<Failure>,
    /// Whether it is only found under its version: another one is what its names stand for.
    pub(super) aside: bool,
}

impl From<Arc<Plugin>> for Entry {
    fn from(plugin: Arc<Plugin>) -> Entry {
        Entry { plugin, off: None, aside: false }
    }
}

/// A plugin as it is listed.
#[derive(Clone, Debug)]
pub struct PluginSummary {
    /// What it is.
    pub info: Arc<PluginInfo>,
    /// Where it comes from.
    pub origin: Origin,
    /// The component's file.
    pub file: Option<std::path::PathBuf>,
    /// The component's size.
    pub bytes: u64,
    /// All that it imports, sorted.
    pub imports: Vec<String>,
    /// The world that it is of: `safelight:plugin/transformer@0.2.0`.
    pub world: String,
    /// What it asks for, in the manifest's order.
    pub needs: Vec<Need>,
    /// What it has of that.
    pub has: Grants,
    /// Why its calls are refused: something that it needs was not granted, or is not there.
    pub lack: Option<Failure>,
    /// What it offers, in the manifest's order.
    pub transforms: Vec<Arc<TransformInfo>>,
    /// The formats that a codec reads and writes, in the manifest's order.
    pub formats: Vec<FormatInfo>,
}

impl PluginSummary {
    /// Whether it imports the interface of a sort of assets.
    pub fn imports(&self, kind: AssetKind) -> bool {
        self.imports.iter().any(|import| imports_assets(import, kind))
    }

    pub(super) fn of(plugin: &Plugin) -> PluginSummary {
        PluginSummary {
            info: plugin.info.clone(),
            origin: plugin.origin,
            file: plugin.file.clone(),
            bytes: plugin.bytes,
            imports: plugin.imports.clone(),
            world: plugin.contract.to_string(),
            needs: plugin.capabilities.needs.clone(),
            has: plugin.capabilities.has.clone(),
            lack: plugin.capabilities.lack.clone(),
            transforms: plugin.offers.iter().map(|offer| offer.info.clone()).collect(),
            formats: plugin.codec.iter().flat_map(|codec| codec.formats.clone()).collect(),
        }
    }
}

impl Snapshot {
    /// Puts plugins together. Names of an earlier layer hide those of a later one; of two plugins of one layer that
    /// offer the same name the second is left out, and the clash is told: it names both files.
    pub(super) fn new(host: Arc<Host>, layers: &[Vec<Entry>]) -> (Snapshot, Vec<String>) {
        let mut snapshot = Snapshot { host, plugins: Vec::new(), by_identity: HashMap::new(), by_name: HashMap::new() };
        let mut clashes = Vec::new();
        for layer in layers {
            let mut layer: Vec<&Entry> = layer.iter().collect();
            layer.sort_by_key(|entry| entry.plugin.info.name.as_str());
            let mut names = Names::default();
            let mut added = Vec::new();
            for entry in layer {
                if entry.aside {
                    snapshot.put(entry);
                    continue;
                }
                match names.take(&entry.plugin) {
                    Ok(()) => {
                        snapshot.put(entry);
                        added.extend(entry.off.is_none().then(|| entry.plugin.clone()));
                    }
                    Err(clash) => clashes.push(clash),
                }
            }
            snapshot.plugins.extend(added);
        }
        (snapshot, clashes)
    }

    /// Makes an entry known by its names, where they are free.
    fn put(&mut self, Entry { plugin, off, aside }: &Entry) {
        let info = &plugin.info;
        for offer in &plugin.offers {
            let name = &offer.info.name;
            let mut names = vec![format!("{}@{}/{name}", info.name, info.version)];
            if !aside {
                names.extend([name.clone(), format!("{}/{name}", info.name)]);
            }
            for name in names {
                let found = match off {
                    Some(failure) => Err(failure.clone()),
                    None => Ok(offer.info.clone()),
                };
                self.by_name.entry(name).or_insert(found);
            }
        }
        if off.is_none() {
            self.by_identity.entry(info.identity()).or_insert_with(|| plugin.clone());
        }
    }

    /// All plugins that are on, in the version that their names stand for.
    pub fn plugins(&self) -> Vec<PluginSummary> {
        self.plugins.iter().map(|plugin| PluginSummary::of(plugin)).collect()
    }

    /// All transforms: by plugin, and in the order of the manifest.
    pub fn transforms(&self) -> Vec<Arc<TransformInfo>> {
        self.plugins.iter().flat_map(|plugin| &plugin.offers).map(|offer| offer.info.clone()).collect()
    }

    /// The plugin of a transform, in the very version that the transform was resolved in.
    fn plugin(&self, transform: &TransformInfo) -> Result<&Plugin, Failure> {
        let wanted = &transform.plugin;
        self.by_identity.get(&wanted.identity()).map(Arc::as_ref).ok_or_else(|| {
            let message = format!("plugin {} {} was resolved in another snapshot", wanted.name, wanted.version);
            Failure::new(Code::Internal, message)
        })
    }
}

/// The names that plugins of one layer have taken.
#[derive(Default)]
struct Names {
    taken: HashMap<(&'static str, String), Arc<Plugin>>,
}

impl Names {
    /// Takes all names of a plugin, or none; the error names the first that is taken already.
    fn take(&mut self, plugin: &Arc<Plugin>) -> Result<(), String> {
        let formats = || plugin.codec.iter().flat_map(|codec| &codec.formats);
        let names: Vec<(&'static str, String)> = std::iter::once(("plugin", plugin.info.name.clone()))
            .chain(plugin.offers.iter().map(|offer| ("transform", offer.info.name.clone())))
            .chain(formats().filter(|format| format.reads).map(|format| ("format", format.name.clone())))
            .chain(formats().filter(|format| format.writes).map(|format| ("written format", format.name.clone())))
            .collect();
        if let Some((what, name, other)) =
            names.iter().find_map(|key| self.taken.get(key).map(|other| (key.0, &key.1, other)))
        {
            return Err(clash(what, name, other, plugin));
        }
        self.taken.extend(names.into_iter().map(|name| (name, plugin.clone())));
        Ok(())
    }
}

fn clash(what: &str, name: &str, first: &Plugin, second: &Plugin) -> String {
    format!("two plugins offer the {what} {name:?}: {} and {}", place(first), place(second))
}

fn place(plugin: &Plugin) -> String {
    match &plugin.file {
        Some(file) => file.display().to_string(),
        None => format!("plugin {} {}", plugin.info.name, plugin.info.version),
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| &plugin.info)).finish()
    }
}

impl Transforms for Snapshot {
    fn codecs(&self) -> &dyn Codecs {
        self
    }

    fn resolve(&self, name: &str) -> Result<Arc<TransformInfo>, Failure> {
        let unknown = || Failure::new(Code::UnknownTransform, format!("Unknown function named '{name}'"));
        self.by_name.get(name).cloned().unwrap_or_else(|| Err(unknown()))
    }

    fn check_params(&self, transform: &TransformInfo, params: &Params) -> Vec<Failure> {
        let plugin = match self.plugin(transform) {
            Ok(plugin) => plugin,
            Err(failure) => return vec![failure],
        };
        plugin.offer(&transform.name).map(|offer| offer.validator.check(params)).unwrap_or_default()
    }

    fn plan(&self, call: &Call, input: Size) -> Result<Planned, CallError> {
        let plan = self.plugin(&call.transform).and_then(|plugin| plugin.plan(&self.host, call, input));
        plan.map_err(|failure| CallError { call: 0, failure })
    }

    fn arrange(&self, call: &Call, timeline: &Timeline) -> Result<Arrangement, CallError> {
        let made = self.plugin(&call.transform).and_then(|plugin| plugin.arrange(&self.host, call, timeline));
        made.map_err(|failure| CallError { call: 0, failure })
    }

    fn run(&self, calls: &[Call], input: Option<&Raster>, view: View) -> Result<Outcome, CallError> {
        let at = |call, failure| CallError { call, failure };
        let Some(first) = calls.first() else {
            return Err(at(0, Failure::new(Code::Internal, "a run without calls")));
        };
        let plugin = self.plugin(&first.transform).map_err(|failure| at(0, failure))?;
        for (index, call) in calls.iter().enumerate() {
            let other = &call.transform.plugin;
            if other.identity() != plugin.info.identity() {
                let message = format!("a run of plugin {} has a call of plugin {}", plugin.info.name, other.name);
                return Err(at(index, Failure::new(Code::Internal, message)));
            }
        }
        plugin.run(&self.host, calls, input, view)
    }
}
