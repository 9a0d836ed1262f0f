//! Fonts that the operator has put into the host's font folder.

/// The names that [`load`] knows, sorted. Empty in a native build.
pub fn names() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::fonts::names();
    #[cfg(not(target_arch = "wasm32"))]
    Vec::new()
}

/// The bytes of a font file (TrueType or OpenType); none if there is no font of this name.
///
/// Always none in a native build.
pub fn load(name: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::fonts::load(name);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = name;
        None
    }
}
