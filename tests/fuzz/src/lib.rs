//! What the fuzz targets do with their bytes. `README.md` says how they are run.

#[cfg(feature = "host")]
mod addresses;
#[cfg(feature = "transforms")]
mod calls;
mod decoding;
mod documents;

#[cfg(feature = "host")]
pub use addresses::address;
#[cfg(feature = "transforms")]
pub use calls::{apply, written};
pub use decoding::decode;
pub use documents::document;

/// Lets a panic that is caught pass: the codec catches those of foreign decoders and answers with an
/// error. One that gets out of a target still ends the fuzzer, by the harness's own catch.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
}
