//! The Cloudinary dialect through the real binary.

mod delivery;
mod transformations;
