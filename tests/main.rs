//! The only test binary; its module list is the table of contents.

mod support;

mod animations;
mod api;
mod authors;
mod cli;
mod cloudinary;
mod cluster;
mod codecs;
mod dialects;
mod distribution;
mod lifecycle;
mod operators;
mod receivers;
mod sandbox;
mod sources;
mod telemetry;
