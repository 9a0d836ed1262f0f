//! The plugins of a server beyond those that ship with it: installed, changed and taken away while it runs.
//!
//! Their components are blobs, and what was decided about them are rows of the store ([`record`]): the command line, the
//! API and other nodes change the same set, and everybody who runs plugins follows it ([`manager`]). A plugin that keeps
//! trapping is taken out of use by itself ([`quarantine`]). Components may come from where they are published ([`supply`]). Every change is written down with who made it.

pub mod audit;
mod manager;
mod quarantine;
mod record;
mod supply;
#[cfg(test)]
mod tests;

pub use manager::{By, Listed, Manager, Provenance, Rules};
pub use record::{Decision, Reason, Record, Version};
pub use supply::Supply;
