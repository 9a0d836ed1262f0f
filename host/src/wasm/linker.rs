//! What a component may import: `log`, `fonts`, `tables`, `models`, and WASI 0.2 with an empty context.

use std::sync::Arc;

use wasmtime::{
    Engine, StoreContextMut,
    component::{Component, Linker, LinkerInstance, WasmStr},
};

use super::{
    bindings::safelight::plugin::log::Level,
    contract::{Version, spoken},
    grants::{AssetKind, MAX_NAME_BYTES},
    guest::Guest,
};
use crate::error::{Code, Failure};

/// The packages of WASI 0.2 that are linked. `wasi:http`, `wasi:nn` and others are not.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The interface of lines for the log.
const LOG: &str = "log";

/// Types only; there is nothing to call in it.
const TYPES: &str = "types";

/// Links all that is offered, in every version of the contract.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    for version in Version::ALL {
        linker.instance(&version.interface(TYPES))?;
        // A line is looked at where it lies in the guest, so a long one costs the host nothing.
        linker.instance(&version.interface(LOG))?.func_wrap(
            "write",
            |store: StoreContextMut<'_, Guest>, (level, message): (Level, WasmStr)| {
                let text = message.to_str(&store)?;
                store.data().log().line(level, &text)?;
                Ok(())
            },
        )?;
        for &kind in version.assets() {
            link_assets(&mut linker.instance(&version.interface(kind.interface()))?, kind)?;
        }
    }
    Ok(linker)
}

/// Links the interface of a sort of assets: what the plugin may see of them.
fn link_assets(interface: &mut LinkerInstance<'_, Guest>, kind: AssetKind) -> wasmtime::Result<()> {
    interface.func_wrap("names", move |store: StoreContextMut<'_, Guest>, (): ()| {
        let names: Vec<String> = store.data().access.names(kind).map(str::to_owned).collect();
        Ok((names,))
    })?;
    interface.func_wrap("load", move |store: StoreContextMut<'_, Guest>, (name,): (WasmStr,)| {
        let name = name.to_str(&store)?;
        let file: Option<Arc<[u8]>> =
            (name.len() <= MAX_NAME_BYTES).then(|| store.data().access.load(kind, &name)).flatten();
        Ok((file,))
    })?;
    if kind == AssetKind::Model {
        interface.func_wrap("description", |store: StoreContextMut<'_, Guest>, (name,): (WasmStr,)| {
            let name = name.to_str(&store)?;
            let text: Option<String> =
                (name.len() <= MAX_NAME_BYTES).then(|| store.data().access.description(&name)).flatten();
            Ok((text,))
        })?;
    }
    Ok(())
}

/// The names of everything that a component imports, sorted.
pub(super) fn imports(component: &Component) -> Vec<String> {
    let engine = component.engine();
    let mut names: Vec<String> = component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names
}

/// Refuses a component that imports what is not offered, naming all of it.
pub(super) fn check_imports(imports: &[String]) -> Result<(), Failure> {
    let missing: Vec<&str> = imports.iter().map(String::as_str).filter(|name| !is_offered(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the component imports {}, which is not offered: a plugin may import log, fonts, tables and models of {}, \
         and WASI 0.2 (cli, clocks, filesystem, io, random, sockets)",
        missing.join(", "),
        spoken()
    );
    Err(Failure::new(Code::PluginInvalid, message))
}

fn is_offered(import: &str) -> bool {
    let is_wasi = WASI.iter().any(|package| import.starts_with(package))
        && import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."));
    let is_ours = |version: Version| {
        let assets = version.assets().iter().map(|kind| kind.interface());
        [LOG, TYPES].into_iter().chain(assets).any(|interface| import == version.interface(interface))
    };
    is_wasi || Version::ALL.into_iter().any(is_ours)
}
