//! The door with the real store and blobs; plugins are played.

mod api;
mod cloudinary;
mod blitline;
mod blurb;
mod door;
pub(super) mod plugins;
mod refusals;
mod sockets;
