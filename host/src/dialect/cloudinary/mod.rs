//! The Cloudinary dialect: what its official SDKs send, read into typed values and written back.
//!
//! What is here needs no server and no store: signatures, the transformation language, delivery
//! addresses, evaluation and size arithmetic, upload parameters. Wire facts were taken from the
//! SDKs' observable behaviour; `testdata/vectors.json` holds values computed by the Python SDK 1.46.3.

pub mod evaluate;
pub mod geometry;
pub mod lower;
pub mod params;
pub mod signature;
pub mod transformation;
pub mod url;

mod escape;

#[cfg(test)]
mod vectors;
