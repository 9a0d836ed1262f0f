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

/// The plugins of one moment; never changes. A job keeps the one it began with, so that it never sees
/// two versions of a plugin.
pub struct Snapshot {
    pub(super) host: Arc<Host>,
    /// Sorted by name.
    pub(super) plugins: Vec<Arc<Plugin>>,
    by_name: HashMap<String, Arc<TransformInfo>>,
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
            transforms: plugin.offers.iter().map(|offer| offer.info.clone()).collect(),
            formats: plugin.codec.iter().flat_map(|codec| codec.formats.clone()).collect(),
        }
    }
}

impl Snapshot {
    /// Puts plugins together. The error names the clash and both files.
    pub(super) fn new(host: Arc<Host>, mut plugins: Vec<Arc<Plugin>>) -> Result<Snapshot, String> {
        plugins.sort_by(|a, b| a.info.name.cmp(&b.info.name));
        for pair in plugins.windows(2) {
            if pair[0].info.name == pair[1].info.name {
                return Err(clash("plugin", &pair[0].info.name, &pair[0], &pair[1]));
            }
        }
        let mut owners: HashMap<&str, &Plugin> = HashMap::new();
        let mut by_name = HashMap::new();
        for plugin in &plugins {
            for offer in &plugin.offers {
                let name = &offer.info.name;
                if let Some(other) = owners.insert(name, plugin) {
                    return Err(clash("transform", name, other, plugin));
                }
                by_name.insert(name.clone(), offer.info.clone());
                by_name.insert(format!("{}/{name}", plugin.info.name), offer.info.clone());
            }
        }
        let mut readers: HashMap<&str, &Plugin> = HashMap::new();
        let mut writers: HashMap<&str, &Plugin> = HashMap::new();
        for plugin in &plugins {
            for format in plugin.codec.iter().flat_map(|codec| &codec.formats) {
                let taken = (format.reads.then(|| readers.insert(&format.name, plugin)).flatten())
                    .or(format.writes.then(|| writers.insert(&format.name, plugin)).flatten());
                if let Some(other) = taken {
                    return Err(clash("format", &format.name, other, plugin));
                }
            }
        }
        Ok(Snapshot { host, plugins, by_name })
    }

    /// All plugins, sorted by name.
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
        let found = self.plugins.iter().find(|plugin| plugin.info.name == wanted.name);
        match found.filter(|plugin| plugin.info.digest == wanted.digest) {
            Some(plugin) => Ok(plugin),
            None => Err(Failure::new(
                Code::Internal,
                format!("plugin {} {} was resolved in another snapshot", wanted.name, wanted.version),
            )),
        }
    }
}

fn clash(what: &str, name: &str, first: &Plugin, second: &Plugin) -> String {
    format!("two plugins offer the {what} {name:?}: {} and {}", place(first), place(second))
}

fn place(plugin: &Plugin) -> String {
    match &plugin.file {
        Some(file) => file.display().to_string(),
        None => format!("the new plugin {}", plugin.info.name),
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
        self.by_name
            .get(name)
            .cloned()
            .ok_or_else(|| Failure::new(Code::UnknownTransform, format!("Unknown function named '{name}'")))
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
            if other.digest != plugin.info.digest {
                let message = format!("a run of plugin {} has a call of plugin {}", plugin.info.name, other.name);
                return Err(at(index, Failure::new(Code::Internal, message)));
            }
        }
        plugin.run(&self.host, calls, input, view)
    }
}
