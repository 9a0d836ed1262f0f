//! Whose signatures count.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::PublicKey;
use crate::error::{Code, Failure};

/// `[plugins.trust]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustConfig {
    /// Whether a component without a signature is refused.
    pub required: bool,
    /// Public keys by name: a path, or PEM.
    pub keys: BTreeMap<String, String>,
}

/// The keys whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    required: bool,
    keys: Vec<(String, PublicKey)>,
}

/// A signature and what it was made over.
pub(super) struct Signed {
    pub(super) message: Bytes,
    pub(super) signature: Vec<u8>,
}

impl Trust {
    /// Reads the keys.
    ///
    /// Errors: a key that cannot be read, by the name of its setting.
    pub fn new(config: &TrustConfig) -> Result<Trust, String> {
        let mut keys = Vec::new();
        for (name, value) in &config.keys {
            let named = |problem: String| format!("plugins.trust.keys.{name}: {problem}");
            let key = match value.contains("-----BEGIN ") {
                true => PublicKey::from_pem(value),
                false => std::fs::read_to_string(value)
                    .map_err(|error| format!("cannot read {value}: {error}"))
                    .and_then(|text| PublicKey::from_pem(&text).map_err(|problem| format!("{value}: {problem}"))),
            };
            keys.push((name.clone(), key.map_err(named)?));
        }
        Ok(Trust { required: config.required, keys })
    }

    /// Demands a signature of one key.
    pub fn only(name: &str, key: PublicKey) -> Trust {
        Trust { required: true, keys: vec![(name.to_owned(), key)] }
    }

    /// Whether there is any key; without one, signatures are not looked for.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The key that made one of the signatures of `subject`; none when there is none and none is required.
    /// What a good signature was made over has to pass `check` as well.
    ///
    /// Errors: `plugin_untrusted`.
    pub(super) fn judge(
        &self,
        subject: &dyn fmt::Display,
        found: &[Signed],
        check: impl Fn(&[u8]) -> Result<(), String>,
    ) -> Result<Option<String>, Failure> {
        let refuse = |problem: String| Err(Failure::new(Code::PluginUntrusted, format!("{subject} {problem}")));
        let names: Vec<&str> = self.keys.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        if found.is_empty() {
            return match self.required {
                true => refuse(format!("has no signature, and one is required (of: {names})")),
                false => Ok(None),
            };
        }
        let mut problem = format!("has a signature that none of the trusted keys made ({names})");
        for Signed { message, signature } in found {
            let signer = self.keys.iter().find(|(_, key)| key.verifies(message, signature));
            let Some((name, _)) = signer else { continue };
            match check(message) {
                Ok(()) => return Ok(Some(name.clone())),
                Err(found) => problem = format!("has a signature of {name} that does not fit: {found}"),
            }
        }
        refuse(problem)
    }
}

/// A detached signature as tools write it: in base64 (`cosign sign-blob`) or as it is (`openssl dgst`).
pub(super) fn detached(file: &[u8]) -> Vec<u8> {
    STANDARD.decode(file.trim_ascii()).unwrap_or_else(|_| file.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::SigningKey;

    fn signed(key: &SigningKey, message: &[u8]) -> Signed {
        Signed { message: Bytes::copy_from_slice(message), signature: key.sign(message).unwrap() }
    }

    fn key() -> SigningKey {
        SigningKey::generate().unwrap().0
    }

    fn fine(_: &[u8]) -> Result<(), String> {
        Ok(())
    }

    #[test]
    fn one_good_signature_is_enough() {
        let (ours, stranger) = (key(), key());
        let trust =
            Trust { required: true, keys: vec![("old".into(), key().public()), ("acme".into(), ours.public())] };
        let found = [signed(&stranger, b"x"), signed(&ours, b"x")];
        assert_eq!(trust.judge(&"it", &found, fine).unwrap().as_deref(), Some("acme"));
    }

    #[test]
    fn a_signature_of_a_stranger_is_refused_though_none_is_required() {
        let trust = Trust { required: false, keys: vec![("acme".into(), key().public())] };
        assert_eq!(trust.judge(&"it", &[], fine).unwrap(), None);
        let failure = trust.judge(&"it", &[signed(&key(), b"x")], fine).unwrap_err();
        assert_eq!(failure.code, Code::PluginUntrusted);
        assert!(failure.message.contains("none of the trusted keys made (acme)"), "{failure}");
    }

    #[test]
    fn what_has_no_signature_is_refused_where_one_is_required() {
        let failure = Trust::only("acme", key().public()).judge(&"it", &[], fine).unwrap_err();
        assert_eq!(failure.code, Code::PluginUntrusted);
        assert!(failure.message.starts_with("it has no signature") && failure.message.contains("acme"), "{failure}");
    }

    #[test]
    fn a_good_signature_of_something_else_is_refused() {
        let ours = key();
        let trust = Trust::only("acme", ours.public());
        let found = [signed(&ours, b"other")];
        let failure = trust.judge(&"it", &found, |_| Err("it is of another".to_owned())).unwrap_err();
        assert!(failure.message.contains("signature of acme that does not fit: it is of another"), "{failure}");
    }

    #[test]
    fn keys_that_cannot_be_read_are_named() {
        for (value, expected) in [("/nowhere/acme.pub", "/nowhere/acme.pub"), ("-----BEGIN X-----", "no end")] {
            let keys = BTreeMap::from([("acme".to_owned(), value.to_owned())]);
            let error = Trust::new(&TrustConfig { required: false, keys }).unwrap_err();
            assert!(error.starts_with("plugins.trust.keys.acme: ") && error.contains(expected), "{error}");
        }
        let keys = BTreeMap::from([("acme".to_owned(), key().public().to_pem())]);
        assert!(Trust::new(&TrustConfig { required: false, keys }).unwrap().has_keys());
    }

    #[test]
    fn detached_signatures_are_read_in_both_forms() {
        let der = key().sign(b"x").unwrap();
        assert_eq!(detached(&der), der);
        assert_eq!(detached(format!("{}\n", STANDARD.encode(&der)).as_bytes()), der);
    }
}
