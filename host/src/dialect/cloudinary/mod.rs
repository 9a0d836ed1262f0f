//! The Cloudinary dialect: what its official SDKs send, read into typed values and written back.
//!
//! Most of what is here needs no server and no store: signatures, the transformation language, delivery
//! addresses, evaluation and size arithmetic, upload parameters, answers and notifications. What the end
//! of a job changes is worked out in `engine.rs`, which asks the store. Wire facts were taken from the
//! SDKs' observable behaviour; `testdata/vectors.json` holds values computed by the Python SDK 1.46.3.

pub mod analysis;
pub mod answer;
pub mod apart;
pub mod breakpoints;
pub mod call;
pub mod callback;
pub mod changed;
pub mod eager;
pub mod engine;
pub mod evaluate;
pub mod explicit;
pub mod explode;
pub mod fields;
pub mod geometry;
pub mod intake;
pub mod lower;
pub mod made;
pub mod many;
pub mod named;
pub mod naming;
pub mod params;
pub mod preset;
pub mod recipe;
pub mod references;
pub mod search;
pub mod settings;
pub mod signature;
pub mod transformation;
pub mod trigger;
pub mod url;
pub mod versions;
pub mod words;
pub mod works;

mod escape;

pub use engine::{Cloudinary, NAME};
pub use escape::decode as decode_segment;

#[cfg(test)]
mod vectors;
