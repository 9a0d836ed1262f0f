//! What a component may import: `log`, `fonts`, `models`, and WASI 0.2 with an empty context.

use std::sync::Arc;

use wasmtime::{
    Engine, StoreContextMut,
    component::{Component, Linker, WasmStr},
};

use super::{bindings::safelight::plugin::log::Level, guest::Guest};
use crate::error::{Code, Failure};

const LOG: &str = "safelight:plugin/log@0.1.0";
const FONTS: &str = "safelight:plugin/fonts@0.1.0";
const MODELS: &str = "safelight:plugin/models@0.1.0";
/// Types only; there is nothing to call in it.
const TYPES: &str = "safelight:plugin/types@0.1.0";

/// The packages of WASI 0.2 that are linked. `wasi:http`, `wasi:nn` and others are not.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The longest name of a font or a model that is looked up, in bytes.
const MAX_FILE_NAME_BYTES: usize = 256;

/// Links all that is offered.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    linker.instance(TYPES)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;

    // A line is looked at where it lies in the guest, so a long one costs the host nothing.
    linker.instance(LOG)?.func_wrap(
        "write",
        |store: StoreContextMut<'_, Guest>, (level, message): (Level, WasmStr)| {
            let text = message.to_str(&store)?;
            store.data().log().line(level, &text)?;
            Ok(())
        },
    )?;

    let mut fonts = linker.instance(FONTS)?;
    fonts.func_wrap("names", |store: StoreContextMut<'_, Guest>, (): ()| {
        let names: Vec<String> = store.data().files.fonts.names().into_iter().map(str::to_owned).collect();
        Ok((names,))
    })?;
    fonts.func_wrap("load", |store: StoreContextMut<'_, Guest>, (name,): (WasmStr,)| {
        let name = name.to_str(&store)?;
        let font: Option<Arc<[u8]>> =
            (name.len() <= MAX_FILE_NAME_BYTES).then(|| store.data().files.fonts.load(&name)).flatten();
        Ok((font,))
    })?;

    let mut models = linker.instance(MODELS)?;
    models.func_wrap("names", |store: StoreContextMut<'_, Guest>, (): ()| {
        let names: Vec<String> = store.data().files.models.names().into_iter().map(str::to_owned).collect();
        Ok((names,))
    })?;
    models.func_wrap("load", |store: StoreContextMut<'_, Guest>, (name,): (WasmStr,)| {
        let name = name.to_str(&store)?;
        let model: Option<Arc<[u8]>> =
            (name.len() <= MAX_FILE_NAME_BYTES).then(|| store.data().files.models.load(&name)).flatten();
        Ok((model,))
    })?;
    models.func_wrap("description", |store: StoreContextMut<'_, Guest>, (name,): (WasmStr,)| {
        let name = name.to_str(&store)?;
        let text: Option<String> =
            (name.len() <= MAX_FILE_NAME_BYTES).then(|| store.data().files.models.description(&name)).flatten();
        Ok((text,))
    })?;
    Ok(linker)
}

/// The names of everything that a component imports, sorted.
pub(super) fn imports(component: &Component) -> Vec<String> {
    let engine = component.engine();
    let mut names: Vec<String> = component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names
}

/// Whether the time that a call takes may hang on an operator's file as well, and not on the picture alone: whether
/// the name of the interface stands anywhere in the component. This is known before it is compiled.
pub(super) fn may_be_unbounded(component: &[u8]) -> bool {
    component.windows(MODELS.len()).any(|bytes| bytes == MODELS.as_bytes())
}

/// Refuses a component that imports what is not offered, naming all of it.
pub(super) fn check_imports(imports: &[String]) -> Result<(), Failure> {
    let missing: Vec<&str> = imports.iter().map(String::as_str).filter(|name| !is_offered(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the component imports {}, which is not offered: a plugin may import {LOG}, {FONTS}, {MODELS} and WASI 0.2 \
         (cli, clocks, filesystem, io, random, sockets)",
        missing.join(", ")
    );
    Err(Failure::new(Code::PluginInvalid, message))
}

fn is_offered(import: &str) -> bool {
    let is_wasi = WASI.iter().any(|package| import.starts_with(package))
        && import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."));
    is_wasi || [LOG, FONTS, MODELS, TYPES].contains(&import)
}
