//! The host's fonts, those that come with it and those in the operator's folder: of them, what the plugin asks for in
//! its `needs` and was granted.
//!
//! Each [`load`] copies the file into the guest, so load what is needed and no more.

/// The names that [`load`] knows, sorted: `DejaVuSans-Bold`, `NotoSans`, ...
///
/// In a native build, the names of what was given to [`provide`].
pub fn names() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::fonts::names();
    #[cfg(not(target_arch = "wasm32"))]
    native::provided().iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The bytes of a font file (TrueType or OpenType); none if there is no font of this name.
pub fn load(name: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::fonts::load(name);
    #[cfg(not(target_arch = "wasm32"))]
    native::provided().iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec())
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::provide;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::OnceLock;

    static PROVIDED: OnceLock<Vec<(&str, &[u8])>> = OnceLock::new();

    /// Stands for the host's fonts in a native build, so that a plugin's tests have some: names, sorted,
    /// and files. Counts once in a process; further calls change nothing.
    pub fn provide(fonts: impl IntoIterator<Item = (&'static str, &'static [u8])>) {
        PROVIDED.get_or_init(|| fonts.into_iter().collect());
    }

    pub(super) fn provided() -> &'static [(&'static str, &'static [u8])] {
        PROVIDED.get().map_or(&[], Vec::as_slice)
    }
}
