//! Safelight: a self-hosted media-transform host.
//!
//! Modules in the order in which a job passes through them.

pub mod account;
pub mod app;
pub mod authoring;
pub mod blob;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod distribution;
pub mod egress;
pub mod error;
pub mod http;
pub mod job;
pub mod metadata;
pub mod moving;
pub mod node;
pub mod pipeline;
pub mod plugins;
mod schema;
pub mod source;
pub mod storage;
pub mod store;
pub mod telemetry;
pub mod wasm;
pub mod webhook;
pub mod worker;
pub mod zip;
