//! The door with the real store and blobs; plugins are played.

mod api;
mod blitline;
mod blurb;
mod door;
mod image_intelligence;
mod plugins;
mod refusals;
mod sockets;
