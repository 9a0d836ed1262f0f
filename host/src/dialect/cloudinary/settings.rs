//! `[cloudinary]`; see `config.default.toml`.

use super::signature::Algorithm;

/// What holds for every cloud of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The hash of answers, addresses and notifications.
    pub signature_algorithm: Algorithm,
    /// Whether requests may be signed as version 1 does.
    pub accept_signature_version_1: bool,
}
