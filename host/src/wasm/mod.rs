//! The port [`crate::pipeline::Transforms`], done by components.
//!
//! Reading order: [`registry`] has components [loaded](load), [`installed`] adds those that were installed and makes a [`Snapshot`]
//! for each account that sees something else than others; that finds the [`plugin`] of a call; which checks what goes in
//! and what comes out, and has [`host`] make an instance for the call on one of the [`engine`]s; what was compiled
//! quickly is compiled well by the [`optimiser`]. [`contract`] tells versions of the contract apart, and [`worlds`] calls
//! the functions of either. A [`guest`] has nothing but the imports of [`linker`], and what its [`capabilities`] are. How
//! a call ended is sorted in [`outcome`].

mod assets;
mod bindings;
mod capabilities;
#[cfg(test)]
mod capability_tests;
mod codec;
#[cfg(test)]
mod codec_tests;
mod codecs;
mod contract;
mod counters;
mod engine;
mod fonts;
mod formats;
mod grants;
mod guest;
mod host;
mod installed;
mod linker;
mod load;
mod log;
mod manifest;
mod models;
mod optimiser;
mod outcome;
mod params;
mod plans;
mod plugin;
mod registry;
mod snapshot;
mod stored;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod trouble;
mod worlds;

pub(crate) use manifest::check_name;

pub use contract::VERSIONS;
pub use counters::{Counts, Percentiles, Taken, Usage};
pub use formats::FormatInfo;
pub use grants::{AssetKind, Grants, Need, Selection};
pub use installed::Wanted;
pub use plugin::Origin;
pub use registry::{Registry, Report};
pub use snapshot::{PluginSummary, Snapshot};
pub use stored::StoredComponents;
pub use trouble::{Trouble, Watch};

use std::{collections::BTreeMap, path::PathBuf};

use crate::error::Failure;

/// Why the plugins could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime does not start: settings that it cannot fulfil on this machine.
    #[error("cannot start the WebAssembly runtime: {0}")]
    Engine(String),
    /// A folder cannot be read or made.
    #[error("cannot use the folder {}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A plugin that ships with the host is broken.
    #[error("the bundled plugin {} cannot be loaded: {}", path.display(), failure.message)]
    Bundled {
        /// The component's file.
        path: PathBuf,
        /// What is wrong with it.
        failure: Failure,
    },
    /// Two plugins offer the same name; the text names both files.
    #[error("{0}")]
    Clash(String),
}

/// `[plugins]`; see `config.default.toml`. Empty paths stand for the default.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginsConfig {
    /// A further folder of components.
    pub dir: PathBuf,
    /// The folder of the standard plugins.
    pub bundled_dir: PathBuf,
    /// The folder of fonts.
    pub fonts_dir: PathBuf,
    /// The folder of lookup tables.
    pub tables_dir: PathBuf,
    /// The folder of neural networks.
    pub models_dir: PathBuf,
    /// Where compiled components are kept.
    pub cache_dir: PathBuf,
    /// The largest component.
    pub max_component_bytes: u64,
    /// How many versions of a plugin are kept.
    pub keep_versions: usize,
    /// How often a plugin may trap within the window.
    pub quarantine_traps: u32,
    /// The window.
    pub quarantine_window_s: u64,
    /// Who is told of a quarantine.
    pub notification_url: String,
    /// How many plugins of its own an account may have.
    pub own_plugins: u32,
    /// How many bytes they may have together.
    pub own_bytes: u64,
    /// What is installed at the start if it is not there, by its name.
    pub install: BTreeMap<String, crate::distribution::Reference>,
    /// How long one request for a component may take.
    pub fetch_timeout_s: u64,
    /// Hosts that components may come from over plain HTTP.
    pub insecure_registries: Vec<String>,
    /// The lock file.
    pub lock_file: PathBuf,
    /// Whose signatures count.
    pub trust: crate::distribution::TrustConfig,
}

/// `[wasm]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Wall-clock time of a run.
    pub deadline_ms: u64,
    /// Linear memory of an instance.
    pub memory_bytes: u64,
    /// Largest picture of a run.
    pub output_bytes: u64,
    /// Largest data of a run.
    pub data_bytes: u64,
    /// Stack of a guest.
    pub stack_bytes: usize,
    /// Log lines of a run.
    pub log_lines: u32,
    /// Where a log line is cut.
    pub log_line_bytes: usize,
    /// How often the deadline is looked at.
    pub epoch_ms: u64,
    /// Instances at the same time.
    pub max_instances: u32,
    /// Memory that stays mapped between runs.
    pub keep_resident_bytes: usize,
    /// How many idle instances' memory stays mapped.
    pub warm_instances: u32,
    /// How many answers of `plan` are remembered.
    pub plan_cache: usize,
    /// Whether bundled plugins run with interruption checks.
    pub check_bundled: bool,
    /// Whether bundled codecs run with interruption checks.
    pub check_codecs: bool,
    /// What differs for plugins that accounts have uploaded for themselves.
    pub tenants: PluginLimits,
    /// What differs for single plugins that are everybody's.
    pub plugin: BTreeMap<String, PluginConfig>,
}

/// `[wasm.plugin.NAME]`: what differs for one plugin, and what it may read.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PluginConfig {
    /// Wall-clock time of a run.
    pub deadline_ms: Option<u64>,
    /// Linear memory of an instance.
    pub memory_bytes: Option<u64>,
    /// Largest picture of a run.
    pub output_bytes: Option<u64>,
    /// Largest data of a run.
    pub data_bytes: Option<u64>,
    /// Log lines of a run.
    pub log_lines: Option<u32>,
    /// What it may read of what it asks for; none is all for a bundled plugin, and nothing for others.
    pub grants: Option<Grants>,
}

impl PluginConfig {
    /// What differs of its limits.
    fn limits(&self) -> PluginLimits {
        let PluginConfig { deadline_ms, memory_bytes, output_bytes, data_bytes, log_lines, .. } = *self;
        PluginLimits { deadline_ms, memory_bytes, output_bytes, data_bytes, log_lines }
    }
}

/// What differs of the limits of one plugin; what is absent is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginLimits {
    /// Wall-clock time of a run.
    pub deadline_ms: Option<u64>,
    /// Linear memory of an instance.
    pub memory_bytes: Option<u64>,
    /// Largest picture of a run.
    pub output_bytes: Option<u64>,
    /// Largest data of a run.
    pub data_bytes: Option<u64>,
    /// Log lines of a run.
    pub log_lines: Option<u32>,
}
