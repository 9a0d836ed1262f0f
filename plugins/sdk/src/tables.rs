//! Lookup tables and other small data that the operator has put into the host's table folder.
//!
//! Each [`load`] copies the file into the guest. What a plugin may see it names in its `needs`.

/// The names that [`load`] knows, sorted.
///
/// In a native build, the names of what was given to [`provide`].
pub fn names() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::tables::names();
    #[cfg(not(target_arch = "wasm32"))]
    native::provided().iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The bytes of a file; none if there is none of this name.
pub fn load(name: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::tables::load(name);
    #[cfg(not(target_arch = "wasm32"))]
    native::provided().iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec())
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::provide;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::OnceLock;

    static PROVIDED: OnceLock<Vec<(&str, &[u8])>> = OnceLock::new();

    /// Stands for the host's tables in a native build, so that a plugin's tests have some: names, sorted, and
    /// files. Counts once in a process; further calls change nothing.
    pub fn provide(tables: impl IntoIterator<Item = (&'static str, &'static [u8])>) {
        PROVIDED.get_or_init(|| tables.into_iter().collect());
    }

    pub(super) fn provided() -> &'static [(&'static str, &'static [u8])] {
        PROVIDED.get().map_or(&[], Vec::as_slice)
    }
}
