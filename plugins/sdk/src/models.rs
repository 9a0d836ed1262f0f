//! Neural networks that the operator has put into the host's model folder: what the plugin asks for in its `needs`
//! and was granted.

/// The names that [`load`] knows, sorted.
///
/// In a native build, the names of what was given to [`provide`].
pub fn names() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::names();
    #[cfg(not(target_arch = "wasm32"))]
    native::provided().iter().map(|model| model.name.to_owned()).collect()
}

/// The bytes of a network (ONNX); none if there is none of this name.
pub fn load(name: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::load(name);
    #[cfg(not(target_arch = "wasm32"))]
    native::find(name).map(|model| model.network.to_vec())
}

/// The text of the `.json` file beside a network; none if there is none.
pub fn description(name: &str) -> Option<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::description(name);
    #[cfg(not(target_arch = "wasm32"))]
    native::find(name).and_then(|model| model.description.map(str::to_owned))
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::{Model, provide};

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::OnceLock;

    /// A model for the tests of a plugin.
    #[derive(Debug, Clone, Copy)]
    pub struct Model {
        /// What it is called.
        pub name: &'static str,
        /// The network (ONNX).
        pub network: &'static [u8],
        /// The text beside it.
        pub description: Option<&'static str>,
    }

    static PROVIDED: OnceLock<Vec<Model>> = OnceLock::new();

    /// Stands for the host's models in a native build, sorted by name. Counts once in a process; further calls
    /// change nothing.
    pub fn provide(models: impl IntoIterator<Item = Model>) {
        PROVIDED.get_or_init(|| models.into_iter().collect());
    }

    pub(super) fn provided() -> &'static [Model] {
        PROVIDED.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(name: &str) -> Option<&'static Model> {
        provided().iter().find(|model| model.name == name)
    }
}
