//! What the door needs of the plugins; `app.rs` plugs them in.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    distribution::Reference,
    error::Failure,
    pipeline::{TransformInfo, Transforms},
    plugins::{By, Decision, Listed},
    wasm::Usage,
};

/// The plugins of the server.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Runs and checks steps, as those see the catalogue now that have no plugins of their own.
    fn snapshot(&self) -> Arc<dyn Transforms>;
    /// The same as an account sees it.
    fn view(&self, account: &str) -> Arc<dyn Transforms>;
    /// Every transform that an account sees, by plugin and name.
    fn transforms(&self, account: &str) -> Vec<Arc<TransformInfo>>;
    /// Every plugin of every owner, by owner and name.
    fn list(&self) -> Vec<Listed>;
    /// What became of the calls of each plugin and transform.
    fn usage(&self) -> Vec<Usage>;
    /// How many plugins run slower code until they are compiled with all optimisations.
    fn unoptimised(&self) -> usize;
    /// Installs a component that must be the plugin `name`.
    ///
    /// Errors: `plugin_invalid` when it does not fit the contract or is another plugin; `conflict`
    /// when `name` is a bundled one or a transform's name is taken; `forbidden` when the owner may have no more.
    async fn install(&self, by: &By, name: &str, component: Bytes) -> Result<Listed, Failure>;
    /// Fetches a component, which must be the plugin `name`, and installs it.
    ///
    /// Errors: those of [`Plugins::install`], and of the way there; `plugin_untrusted` for another component than is
    /// pinned, or one without the signature that it needs.
    async fn install_from(&self, by: &By, name: &str, from: &Reference, update: bool) -> Result<Listed, Failure>;
    /// Changes a plugin: all of the decisions, or none.
    ///
    /// Errors: `not_found` for the plugin or a version, `conflict` when it does not go with the present state.
    async fn decide(&self, by: &By, name: &str, decisions: Vec<Decision>) -> Result<Listed, Failure>;
    /// Removes an installed plugin.
    ///
    /// Errors: `not_found`, `conflict` when it was not installed.
    async fn remove(&self, by: &By, name: &str) -> Result<(), Failure>;
}
