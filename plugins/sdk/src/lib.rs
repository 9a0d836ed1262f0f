//! The Rust SDK for Safelight plugins: the only crate that a plugin's author imports.
//!
//! A plugin is a WebAssembly component that offers one or more named transforms. An author writes
//! a parameters struct, implements [`Transform`] and lists the transforms in [`export!`]. The
//! manifest, the JSON Schema of the parameters, their checking, the conversion of pixel formats and
//! the running of several steps in one call all come from here.
//!
//! ```
//! use safelight_sdk::{Input, JsonSchema, Outcome, Refusal, Transform, serde::Deserialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "safelight_sdk::serde", deny_unknown_fields, default)]
//! #[schemars(crate = "safelight_sdk::schemars")]
//! struct Params {
//!     /// How many levels to add to every byte.
//!     #[schemars(range(min = 0, max = 255))]
//!     levels: u8,
//! }
//!
//! impl Default for Params {
//!     fn default() -> Self {
//!         Params { levels: 16 }
//!     }
//! }
//!
//! struct Lighten;
//!
//! impl Transform for Lighten {
//!     const NAME: &'static str = "lighten";
//!     const SUMMARY: &'static str = "Adds a number of levels to every byte of a gray picture.";
//!     const FORMATS: &'static [safelight_sdk::PixelFormat] = &[safelight_sdk::PixelFormat::Gray8];
//!     type Params = Params;
//!
//!     fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
//!         let mut image = input.image;
//!         for byte in &mut image.pixels {
//!             *byte = byte.saturating_add(params.levels);
//!         }
//!         Ok(image.into())
//!     }
//! }
//!
//! safelight_sdk::export!(name: "lighten", summary: "An example.", transforms: [Lighten]);
//!
//! // The same code runs without Wasm, which is how a plugin is tested:
//! # fn main() {
//! use safelight_sdk::{Image, PixelFormat};
//! let gray = Image::new(2, 1, PixelFormat::Gray8, vec![0, 250]);
//! let image = PLUGIN.run("lighten", r#"{"levels": 10}"#, gray).unwrap();
//! assert_eq!(image.pixels, [10, 255]);
//! # }
//! ```
//!
//! # Pictures
//! [`Image`] is the wire record itself: packed rows, sRGB, straight alpha. [`Transform::FORMATS`]
//! says which formats `apply` can take; it never sees another one.
//!
//! # Refusing and failing
//! Bad input is answered with a [`Refusal`]. A panic is a bug in the plugin: its message goes to the
//! host's log and the call ends as a trap.
//!
//! # Codecs
//! A plugin that reads or writes a format, rather than working on pictures, is made with [`codec`].
//!
//! # Assets
//! A plugin reads nothing but its input, unless it asks for it in [`export!`] with a list of [`Need`]s, and the operator
//! grants it: [`fonts`], lookup [`tables`] and neural networks ([`models`]).
//!
//! # Cost
//! Pixels are taken over from the host and handed back without a copy. Work in place where it can
//! be done; otherwise allocate the result once at its final size ([`Image::room`]), as a `Vec` that
//! grows while it is filled costs several times more in a guest.

mod bindings;
pub mod codec;
mod color;
mod convert;
pub mod fonts;
mod image;
mod image_ref;
pub mod log;
pub mod models;
mod need;
mod planned;
mod plugin;
mod refusal;
mod schema;
pub mod tables;
mod timeline;
mod transform;

pub use bindings::safelight::plugin::types::{
    Arrangement, Image, Kind, Manifest, PixelFormat, Planned, Reason as Refusal, Rect, Shot, Size, Timeline,
    TransformInfo, View,
};
pub use color::Color;
pub use convert::to_format;
pub use image::{MAX_PIXELS, MAX_SIDE};
pub use image_ref::ImageRef;
pub use need::Need;
pub use plugin::{Entry, Plugin};
pub use transform::{Input, Outcome, Transform};

pub use schemars::{self, JsonSchema};
pub use serde;
pub use serde_json;

/// The generated bindings, for a program that wants to talk to the host by itself.
///
/// [`export!`] uses them; a plugin that uses it has no need of them.
pub mod raw {
    pub use crate::bindings::export;
    pub use crate::bindings::exports;
    pub use crate::bindings::safelight;
}

/// Declares the plugin: its name, a line about it and its transforms.
///
/// ```text
/// safelight_sdk::export!(name: "filter", summary: "Blur and sharpen.", transforms: [Blur, Sharpen]);
/// ```
///
/// `needs: [...]` before `transforms` asks for fonts, tables or models: a list of [`Need`]s. Version and licence are
/// those of the crate's `Cargo.toml`. The macro defines a static `PLUGIN` of
/// type [`Plugin`] (with which native tests run transforms) and, when built for WebAssembly, the
/// component's exports. It stands once in a crate.
#[macro_export]
macro_rules! export {
    (
        name: $name:expr,
        summary: $summary:expr,
        $(needs: [$($need:expr),* $(,)?],)?
        transforms: [$($transform:ty),+ $(,)?] $(,)?
    ) => {
        /// The plugin as a value: what `describe`, `plan` and `apply` answer from.
        pub static PLUGIN: $crate::Plugin = $crate::Plugin {
            name: $name,
            version: env!("CARGO_PKG_VERSION"),
            license: env!("CARGO_PKG_LICENSE"),
            summary: $summary,
            transforms: &[$($crate::Entry::of::<$transform>()),+],
            needs: &[$($($need),*)?],
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::raw::exports::safelight::plugin::transform as contract;

            struct Component;

            impl contract::Guest for Component {
                fn describe() -> contract::Manifest {
                    PLUGIN.describe()
                }

                fn plan(
                    call: contract::Call,
                    input: contract::Size,
                ) -> Result<contract::Planned, contract::Error> {
                    PLUGIN.plan(&call, input)
                }

                fn arrange(
                    call: contract::Call,
                    timeline: contract::Timeline,
                ) -> Result<contract::Arrangement, contract::Error> {
                    PLUGIN.arrange(&call, timeline)
                }

                fn apply(
                    calls: Vec<contract::Call>,
                    input: Option<contract::Image>,
                    view: contract::View,
                ) -> Result<contract::Outcome, contract::Error> {
                    PLUGIN.apply(calls, input, view)
                }
            }

            $crate::raw::export!(Component with_types_in $crate::raw);
        };
    };
}
