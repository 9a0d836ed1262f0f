//! A component from a core module that has the exports of the world.

use include_dir::Dir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

use super::WIT;
use crate::error::{Code, Failure};

/// Makes a component of a core module: the world `transformer` or `codec-plugin` is added to it, in the version that
/// it was written for, and what it imports of WASI 0.1 is answered by an adapter to WASI 0.2.
///
/// Errors: `plugin_invalid` when the bytes are no core module, or exports are missing, unknown or of other types; the
/// message names them.
pub fn pack(module: &[u8], world: &str) -> Result<Vec<u8>, Failure> {
    let invalid = |message: String| Failure::new(Code::PluginInvalid, message);
    match module {
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {}
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => return Err(invalid("the file is a component already".to_owned())),
        _ => return Err(invalid("the file is not WebAssembly, expected a core module".to_owned())),
    }
    let mut sources = SourceMap::new();
    for file in
        contract_of(module).files().filter(|file| file.path().extension().is_some_and(|extension| extension == "wit"))
    {
        sources.push(file.path(), file.contents_utf8().unwrap_or_default());
    }
    let broken = |what: String| Failure::new(Code::Internal, format!("the contract cannot be read: {what}"));
    let group = sources.parse().map_err(|(_, error)| broken(error.to_string()))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).map_err(|error| broken(error.to_string()))?;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|_| invalid(format!("world: is {world:?}, expected transformer or codec-plugin")))?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| broken(format!("{error:#}")))?;
    // The adapter takes memory of its own before the module is ready to give any: Go's runtime starts later.
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.adapter("wasi_snapshot_preview1", adapter))
        .and_then(|encoder| encoder.realloc_via_memory_grow(true).encode());
    encoded.map_err(|error| invalid(format!("no component can be made of the module: {error:#}")))
}

/// The version of the contract that a module was written for, by the names of its exports; the newest unless it says
/// otherwise.
fn contract_of(module: &[u8]) -> &'static Dir<'static> {
    let released = WIT.get_dir("released").expect("released versions are kept").dirs();
    let is_named = |version: &Dir<'_>| {
        let version = version.path().file_name().unwrap_or_default().to_string_lossy();
        ["transform", "codec"].iter().any(|export| {
            let name = format!("safelight:plugin/{export}@{version}#");
            module.windows(name.len()).any(|bytes| bytes == name.as_bytes())
        })
    };
    released.into_iter().find(|version| is_named(version)).unwrap_or(&WIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_core_module_of_the_world_is_refused_with_its_reason() {
        let reason = |bytes: &[u8], world| pack(bytes, world).unwrap_err().message;
        assert_eq!(reason(b"PNG", "transformer"), "the file is not WebAssembly, expected a core module");
        assert_eq!(reason(b"\0asm\x0d\0\x01\0", "transformer"), "the file is a component already");
        let empty = b"\0asm\x01\0\0\0";
        assert_eq!(reason(empty, "painter"), "world: is \"painter\", expected transformer or codec-plugin");
        let missing = reason(empty, "transformer");
        assert!(missing.contains("safelight:plugin/transform@0.2.0"), "{missing}");
    }

    #[test]
    fn a_module_of_an_older_contract_becomes_a_component_of_it() {
        let module = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/frozen/0.1.0/halftone.core.wasm"));
        let component = pack(&module.unwrap(), "transformer").unwrap();
        let names = |text: &str| component.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(names("safelight:plugin/transform@0.1.0") && !names("safelight:plugin/transform@0.2.0"));
    }
}
