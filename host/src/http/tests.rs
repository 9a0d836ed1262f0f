//! The door with the real store and blobs; plugins are played.

mod accounts;
mod api;
mod bad_input;
mod blitline;
mod blurb;
mod cloudinary;
mod door;
mod image_intelligence;
pub(super) mod plugins;
mod refusals;
mod sockets;
