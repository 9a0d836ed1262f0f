//! What `wit-bindgen` makes of `wit/`.

#![allow(missing_docs, reason = "generated code; the documentation is in wit/")]

wit_bindgen::generate!({
    world: "transformer",
    path: "../../wit",
    pub_export_macro: true,
    default_bindings_module: "safelight_sdk::raw",
    additional_derives: [PartialEq],
});
