//! What the fuzz targets do with their bytes. `README.md` says how they are run.

mod addresses;
mod calls;
mod decoding;
mod documents;

pub use addresses::address;
pub use calls::{apply, written};
pub use decoding::decode;
pub use documents::document;

/// Lets a panic that is caught pass: the codec catches those of foreign decoders and answers with an
/// error. One that gets out of a target still ends the fuzzer, by the harness's own catch.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
}
