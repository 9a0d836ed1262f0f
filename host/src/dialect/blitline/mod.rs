//! Blitline's API: trees of functions, whose results go to places that callers name, and postbacks.

pub mod auth;
pub mod callback;
mod destinations;
pub mod follow;
mod functions;
mod ids;
mod kinds;
pub mod lower;
mod measures;
mod pages;
mod prepare;
pub mod request;
pub mod response;
mod saves;
mod sources;
mod told;
mod tree;
mod values;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use callback::Blitline;
pub use follow::group_of;
pub use ids::{job_id, parse as parse_job};

use super::Mount;

/// The name that specs of this dialect hold.
pub const NAME: &str = "blitline";

/// `[blitline]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it is reached.
    pub mount: Mount,
    /// Application ids of clients, with the accounts they stand for.
    pub applications: BTreeMap<String, String>,
    /// How long results can be polled.
    pub results_s: u64,
    /// How long a poll waits for a job's end.
    pub listen_s: u64,
    /// Polls of one account in a second; 0 for any number.
    pub polls_per_s: u32,
    /// Whether a job with a postback can only be polled when it says so.
    pub strict_polling: bool,
    /// Whose postbacks are events.
    pub events: Events,
}

/// `[blitline.events]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Where EventBridge is reached.
    pub endpoint: String,
    /// What events say of where they come from.
    pub source: String,
    /// Accounts whose postbacks are events, each with the name of its bus.
    pub accounts: BTreeMap<String, String>,
}

impl Config {
    /// What the types leave open.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(1..=3600).contains(&self.listen_s) {
            return Err(format!("blitline.listen_s: is {}, expected 1 to 3600", self.listen_s));
        }
        let Events { endpoint, source, accounts } = &self.events;
        if !accounts.is_empty() && !endpoint.starts_with("http") {
            return Err(format!("blitline.events.endpoint: is {endpoint:?}, expected an http or https URL"));
        }
        if source.starts_with("aws.") {
            return Err(format!(
                "blitline.events.source: is {source:?}, expected a name that does not begin with aws."
            ));
        }
        self.mount.check("blitline", false)
    }
}
