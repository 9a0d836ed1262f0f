//! What the door needs of the plugins; `app.rs` plugs the registry in.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    error::Failure,
    pipeline::{PluginInfo, TransformInfo, Transforms},
    wasm::Counts,
};

/// The plugins of the server. `install` and `remove` may block for as long as a component compiles:
/// the door calls them on a blocking thread.
pub trait Plugins: Send + Sync {
    /// Runs and checks steps, as the catalogue is now.
    fn snapshot(&self) -> Arc<dyn Transforms>;
    /// Every transform, by plugin and name.
    fn transforms(&self) -> Vec<Arc<TransformInfo>>;
    /// Every plugin, by name.
    fn plugins(&self) -> Vec<Arc<PluginInfo>>;
    /// What became of each plugin's runs, by the plugin's name.
    fn counters(&self) -> Vec<(String, Counts)>;
    /// How many plugins run slower code until they are compiled with all optimisations.
    fn unoptimised(&self) -> usize;
    /// Installs a component that must be the plugin `name`, in the place of one of that name.
    ///
    /// Errors: `plugin_invalid` when it does not fit the contract or is another plugin; `conflict`
    /// when `name` is a bundled one or a transform's name is taken.
    fn install(&self, name: &str, component: Bytes) -> Result<Arc<PluginInfo>, Failure>;
    /// Removes an installed plugin; answers whether there was one.
    ///
    /// Errors: `conflict` when it is a bundled one.
    fn remove(&self, name: &str) -> Result<bool, Failure>;
}
