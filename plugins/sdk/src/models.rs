//! Neural networks that the operator has put into the host's model folder.

/// The names that [`load`] knows, sorted. Empty in a native build.
pub fn names() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::names();
    #[cfg(not(target_arch = "wasm32"))]
    Vec::new()
}

/// The bytes of a network (ONNX); none if there is none of this name.
///
/// Always none in a native build.
pub fn load(name: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::load(name);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = name;
        None
    }
}

/// The text of the `.json` file beside a network; none if there is none.
///
/// Always none in a native build.
pub fn description(name: &str) -> Option<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::safelight::plugin::models::description(name);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = name;
        None
    }
}
