//! What clients of the Cloudinary dialect call.

pub mod delivery;
