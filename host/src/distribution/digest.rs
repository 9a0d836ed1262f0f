//! Digests as OCI writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// `sha256:` and 64 lower-case hex digits. Other algorithms are not used here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(hex::encode(<Sha256 as sha2::Digest>::digest(bytes)))
    }

    /// The digits alone.
    pub fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Digest, String> {
        let is_hex = |digits: &&str| is_hex_sha256(digits);
        let digits = text.strip_prefix("sha256:").filter(is_hex);
        let digits = digits
            .ok_or_else(|| format!("the digest is {text:?}, expected sha256: and 64 lower-case hexadecimal digits"))?;
        Ok(Digest(digits.to_owned()))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        text.parse()
    }
}

/// Whether these are the digits of a SHA-256.
pub(super) fn is_hex_sha256(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
