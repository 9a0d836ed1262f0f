//! Every outgoing connection: sources and webhooks alike.
//!
//! One client for all of them, which connects to no address that [`policy`] refuses. A name is resolved
//! once for each connection, and the connection goes to an address that was checked (so a name that
//! resolves differently the next moment gains nothing). Of several addresses only those that pass are
//! used; if none does the request is refused. Literals never reach a resolver and are checked before the
//! request; redirects are followed by hand, each as a request of its own. Proxies of the environment are
//! ignored, because behind one the check would be of the proxy's address.

mod client;
mod error;
mod exchange;
mod policy;

pub use client::{Answer, Egress, Fetched, Limits, Lookup, Sink, install_tls};
pub use error::Error;
pub use exchange::{Hashing, Reply, Request};

/// `[egress]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether special addresses may be reached.
    pub allow_private_addresses: bool,
    /// Hosts and networks that may be reached though they are private.
    pub allow: Vec<String>,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Config {
    /// Whether every entry of `allow` and the user agent can be used; the error names the one that cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.policy()?;
        self.user_agent()?;
        Ok(())
    }

    fn policy(&self) -> Result<policy::Policy, String> {
        policy::Policy::new(self)
    }

    fn user_agent(&self) -> Result<http::HeaderValue, String> {
        http::HeaderValue::from_str(&self.user_agent)
            .map_err(|_| format!("egress.user_agent: is {:?}, expected visible ASCII characters", self.user_agent))
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
