//! What `wit-bindgen` makes of the world `codec-plugin`; the types of pictures are those of transforms.

#![allow(missing_docs, reason = "generated code; the documentation is in wit/")]

wit_bindgen::generate!({
    world: "codec-plugin",
    path: "../../wit",
    pub_export_macro: true,
    default_bindings_module: "safelight_sdk::codec::raw",
    additional_derives: [PartialEq],
    with: {
        "safelight:plugin/types@0.2.0": crate::bindings::safelight::plugin::types,
        "safelight:plugin/log@0.2.0": crate::bindings::safelight::plugin::log,
        "safelight:plugin/fonts@0.2.0": crate::bindings::safelight::plugin::fonts,
        "safelight:plugin/tables@0.2.0": crate::bindings::safelight::plugin::tables,
    },
});
