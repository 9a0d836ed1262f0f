//! Signatures: of requests, responses, delivery addresses and access tokens.
//!
//! Source: the observable behaviour of the official SDKs; all are plain hashes over a text followed by
//! the API secret, except access tokens, which are HMAC-SHA256.

mod delivery;
mod fresh;
mod token;

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::webhook::Signer;

pub use delivery::{delivery_signature, delivery_text, verify_delivery};
pub use fresh::{Stale, check_timestamp};
pub use token::{Token, TokenError, TokenParts, verify_token};

/// The hash that an account signs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1, the default.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// The digest of `text` followed by `secret`.
    fn digest(self, text: &[u8], secret: &str) -> Vec<u8> {
        fn of<D: Digest>(text: &[u8], secret: &str) -> Vec<u8> {
            D::new().chain_update(text).chain_update(secret.as_bytes()).finalize().to_vec()
        }
        match self {
            Self::Sha1 => of::<Sha1>(text, secret),
            Self::Sha256 => of::<Sha256>(text, secret),
        }
    }

    /// The signer of this account's notifications.
    pub fn signer(self) -> Signer {
        match self {
            Self::Sha1 => Signer::CloudinarySha1,
            Self::Sha256 => Signer::CloudinarySha256,
        }
    }
}

/// The signature of a body that is posted: of it, the time in Unix seconds and the secret.
pub fn notification_signature(body: &[u8], timestamp: u64, secret: &str, algorithm: Algorithm) -> String {
    hex::encode(algorithm.digest(&[body, timestamp.to_string().as_bytes()].concat(), secret))
}

/// How the text to sign is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// Nothing is escaped, so that `a=1&b=2` inside one value can pose as two parameters.
    #[serde(rename = "1")]
    V1,
    /// `&` inside a pair is written `%26`.
    #[default]
    #[serde(rename = "2")]
    V2,
}

/// Fields of a request that are never signed.
const UNSIGNED: [&str; 5] = ["file", "cloud_name", "resource_type", "api_key", "signature"];

/// Fields that the Python SDK leaves out of the signature in the calls `tags`, `context` and `metadata`.
const UNSIGNED_IN_LIST_CALLS: [&str; 2] = ["notification_url", "batch_id"];

/// The text that a request signs, without the secret: [`text_to_sign`] without the fields that are never signed.
pub fn request_text(fields: &[(String, String)], version: Version) -> String {
    text_without(fields, version, |name| UNSIGNED.contains(&name))
}

/// The text to sign for these fields, without the secret.
///
/// `fields` are the form fields as received, decoded. Elements of arrays (`name[]`, `name[0]`, or a
/// repeated name) are joined with commas in the order received; empty values are left out.
pub fn text_to_sign(fields: &[(String, String)], version: Version) -> String {
    text_without(fields, version, |_| false)
}

fn text_without(fields: &[(String, String)], version: Version, left_out: impl Fn(&str) -> bool) -> String {
    let mut joined: Vec<(&str, String)> = Vec::new();
    for (name, value) in fields {
        let name = base_name(name);
        if left_out(name) {
            continue;
        }
        match joined.iter_mut().find(|(known, _)| *known == name) {
            Some((_, list)) => {
                list.push(',');
                list.push_str(value);
            }
            None => joined.push((name, value.clone())),
        }
    }
    let mut pairs: Vec<String> =
        joined.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}")).collect();
    if version == Version::V2 {
        for pair in &mut pairs {
            *pair = pair.replace('&', "%26");
        }
    }
    pairs.sort();
    pairs.join("&")
}

/// `tags[]` and `tags[0]` are elements of `tags`.
fn base_name(name: &str) -> &str {
    let index = name.strip_suffix(']').and_then(|name| name.split_once('['));
    match index {
        Some((base, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    }
}

/// The signature over a text: lower-case hex.
pub fn sign(text: &str, secret: &str, algorithm: Algorithm) -> String {
    hex::encode(algorithm.digest(text.as_bytes(), secret))
}

/// A request signature that does not fit. Its text is the documented message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid Signature {given}. String to sign - '{text}'.")]
pub struct InvalidSignature {
    /// The signature as given.
    pub given: String,
    /// The text that should have been signed, without the secret.
    pub text: String,
}

/// Checks the `signature` field of a request against the other fields, in a time that does not
/// depend on where they differ.
///
/// The algorithm is told by the length of the signature (40 or 64 digits). `lists` says that the call is
/// `tags`, `context` or `metadata`, where `notification_url` and `batch_id` may be left out of the signature.
pub fn verify_request(
    fields: &[(String, String)],
    given: &str,
    secret: &str,
    version: Version,
    lists: bool,
) -> Result<(), InvalidSignature> {
    let algorithm = if given.len() == 64 { Algorithm::Sha256 } else { Algorithm::Sha1 };
    let text = request_text(fields, version);
    let mut fits = equal(&sign(&text, secret, algorithm), given);
    if lists {
        let left_out = |name: &str| UNSIGNED.contains(&name) || UNSIGNED_IN_LIST_CALLS.contains(&name);
        let shorter = text_without(fields, version, left_out);
        fits |= equal(&sign(&shorter, secret, algorithm), given);
    }
    if fits { Ok(()) } else { Err(InvalidSignature { given: given.to_owned(), text }) }
}

/// The `signature` of an upload response: always written like version 1.
pub fn response_signature(public_id: &str, version: u64, secret: &str, algorithm: Algorithm) -> String {
    sign(&format!("public_id={public_id}&version={version}"), secret, algorithm)
}

fn equal(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests;
