//! The newest contract, `wit/`, as Rust types: generated, private to this folder. Functions are called by
//! [`super::worlds`], which finds them in older versions as well.
//!
//! Parameters borrow (`&str`, `&[u8]`), so that a picture goes from the host's buffer into the guest
//! with one copy. Imports are not taken from here: [`super::linker`] links them by hand, because only
//! so can a guest's string be looked at without taking it over first.

#![allow(missing_docs, unreachable_pub, reason = "generated code")]
#![allow(clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "transformer",
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});

/// The world of codec plugins, with the same types of pictures.
pub(super) mod codec {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "codec-plugin",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "safelight:plugin/types@0.2.0": super::safelight::plugin::types },
    });
}
