//! `[cloudinary]`, see `config.default.toml`, and what single clouds have set otherwise.

use serde::{Deserialize, Serialize};

use super::signature::Algorithm;
use crate::store::{Error, Library};

/// The class of documents that clouds' settings are; there is one of them, under [`NAME`].
pub const CLASS: &str = "cloud";

/// See [`CLASS`].
pub const NAME: &str = "settings";

/// What holds for every cloud that has not set it otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The hash of answers, addresses and notifications.
    pub signature_algorithm: Algorithm,
    /// Whether requests may be signed as version 1 does.
    pub accept_signature_version_1: bool,
}

/// What a cloud has set; none is as the server has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The hash of answers, addresses and notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<Algorithm>,
    /// Whether requests may be signed as version 1 does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_signature_version_1: Option<bool>,
    /// Transformations need a signature, or have to be allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict_transformations: Option<bool>,
    /// The key of access tokens, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_key: Option<String>,
    /// Bytes of one file, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_file_bytes: Option<u64>,
    /// Bytes of all assets and what is made of them, at most: nothing is taken in beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_storage_bytes: Option<u64>,
}

/// What holds for one cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cloud {
    /// The hash of answers, addresses and notifications.
    pub algorithm: Algorithm,
    /// Whether requests may be signed as version 1 does.
    pub accept_version_1: bool,
    /// The rest, as the cloud has set it.
    pub set: Settings,
}

impl Settings {
    /// Those of an account.
    ///
    /// # Errors
    /// Of the store.
    pub async fn of(library: &(impl Library + ?Sized), account: &str) -> Result<Settings, Error> {
        let found = library.document(account, CLASS, NAME).await?;
        Ok(found.and_then(|row| serde_json::from_value(row.body).ok()).unwrap_or_default())
    }
}

impl Cloud {
    /// What holds for an account.
    ///
    /// # Errors
    /// Of the store.
    pub async fn of(library: &(impl Library + ?Sized), account: &str, config: Config) -> Result<Cloud, Error> {
        let set = Settings::of(library, account).await?;
        Ok(Cloud {
            algorithm: set.signature_algorithm.unwrap_or(config.signature_algorithm),
            accept_version_1: set.accept_signature_version_1.unwrap_or(config.accept_signature_version_1),
            set,
        })
    }

    /// Refuses a file that is too large, or for which there is no room; `stored` is what is there already.
    ///
    /// # Errors
    /// The message.
    pub fn check_room(&self, bytes: u64, stored: u64) -> Result<(), String> {
        if let Some(most) = self.set.max_file_bytes.filter(|most| bytes > *most) {
            return Err(format!("File size too large. Got {bytes}. Maximum is {most}."));
        }
        match self.set.max_storage_bytes.filter(|most| stored.saturating_add(bytes) > *most) {
            Some(most) => Err(format!("Storage limit reached. {stored} of {most} bytes are in use")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_has_room_up_to_its_limits() {
        let set = Settings { max_file_bytes: Some(10), max_storage_bytes: Some(25), ..Settings::default() };
        let cloud = Cloud { set, ..Cloud::default() };
        assert_eq!(cloud.check_room(10, 15), Ok(()));
        assert_eq!(cloud.check_room(11, 0), Err("File size too large. Got 11. Maximum is 10.".to_owned()));
        let full = "Storage limit reached. 16 of 25 bytes are in use";
        assert_eq!(cloud.check_room(10, 16), Err(full.to_owned()));
        assert_eq!(Cloud::default().check_room(u64::MAX, u64::MAX), Ok(()));
    }
}
