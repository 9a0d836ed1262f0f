//! The native API, as its users see it.

mod contract;
mod documents;
mod jobs;
mod outputs;
mod plugins;
