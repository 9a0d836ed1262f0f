//! What an attempt is signed with: always made for this attempt, never kept.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Signer;

/// A secret that cannot be signed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the account's webhook secret is not \"whsec_\" and base64")]
pub struct BadSecret;

/// The secrets of an account.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a> {
    /// The present webhook secret, then the previous one while it is valid.
    pub webhook: &'a [String],
    /// The API secret.
    pub api: &'a str,
}

/// The headers that sign `body` at `at`, as names in lower case and values.
///
/// Sources: Standard Webhooks 1.0.0 (text `<id>.<timestamp>.<body>`, HMAC-SHA256, one `v1,` entry for
/// each secret); Cloudinary's documented notification signature (hex digest of body, timestamp and
/// API secret, one after the other).
pub fn headers(
    signer: Signer,
    id: Uuid,
    at: SystemTime,
    body: &[u8],
    secrets: Secrets<'_>,
) -> Result<Vec<(&'static str, String)>, BadSecret> {
    let timestamp = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    match signer {
        // Its keys are the settings', not the account's: see `aws.rs`.
        Signer::None | Signer::AwsEvents => Ok(Vec::new()),
        Signer::StandardWebhooks => {
            let id = id.to_string();
            if secrets.webhook.is_empty() {
                return Err(BadSecret);
            }
            let mut signatures = Vec::new();
            for secret in secrets.webhook {
                signatures.push(standard(secret, &id, &timestamp, body)?);
            }
            Ok(vec![("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signatures.join(" "))])
        }
        Signer::CloudinarySha1 => Ok(cloudinary::<Sha1>(body, timestamp, secrets.api)),
        Signer::CloudinarySha256 => Ok(cloudinary::<Sha256>(body, timestamp, secrets.api)),
    }
}

fn standard(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Result<String, BadSecret> {
    let key = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let key = key.filter(|key| !key.is_empty()).ok_or(BadSecret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| BadSecret)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

fn cloudinary<D: Digest>(body: &[u8], timestamp: String, secret: &str) -> Vec<(&'static str, String)> {
    let mut hash = D::new();
    hash.update(body);
    hash.update(timestamp.as_bytes());
    hash.update(secret.as_bytes());
    vec![("x-cld-timestamp", timestamp), ("x-cld-signature", hex::encode(hash.finalize()))]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OLDER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const ID: &str = "01938f2e-7b6a-7c3d-8e4f-112233445566";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn standard_webhooks_signs_with_each_valid_secret() {
        let check = |secrets: &[&str], expected: &str| {
            let webhook: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
            let body = "{\"type\":\"job.finished\",\"name\":\"fö\"}".as_bytes();
            let secrets = Secrets { webhook: &webhook, api: "unused" };
            let id = ID.parse().unwrap();
            let headers = headers(Signer::StandardWebhooks, id, at(1_700_000_000), body, secrets).unwrap();
            let expected = [
                ("webhook-id", ID.to_owned()),
                ("webhook-timestamp", "1700000000".to_owned()),
                ("webhook-signature", expected.to_owned()),
            ];
            assert_eq!(headers, expected);
        };
        // Values of the Python package standardwebhooks 1.1.0.
        let (first, second) =
            ("v1,rl1K5yROX1JUApWI05ARz1/ExkRlUPyO5EY2mcLPE6I=", "v1,A76Vn9TEd6Ila4k5L8fJuDAdOvOPG4hzsw+GNCCiH1s=");
        check(&[SECRET], first);
        check(&[OLDER], second);
        check(&[SECRET, OLDER], &format!("{first} {second}"));
    }

    #[test]
    fn a_secret_that_is_none_is_an_error() {
        for secrets in [vec![], vec!["plain"], vec!["whsec_*"], vec!["whsec_"], vec![SECRET, "whsec_="]] {
            let webhook: Vec<String> = secrets.into_iter().map(str::to_owned).collect();
            let secrets = Secrets { webhook: &webhook, api: "x" };
            let result = headers(Signer::StandardWebhooks, Uuid::nil(), at(0), b"", secrets);
            assert_eq!(result, Err(BadSecret), "{webhook:?}");
        }
    }

    #[test]
    fn cloudinary_signatures_are_those_of_its_kit() {
        #[derive(serde::Deserialize)]
        struct Case {
            body: String,
            timestamp: u64,
            api_secret: String,
            algorithm: String,
            signature: String,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!("notification_signatures.json")).unwrap();
        assert_eq!(cases.len(), 6);
        for case in cases {
            let signer = match case.algorithm.as_str() {
                "sha1" => Signer::CloudinarySha1,
                "sha256" => Signer::CloudinarySha256,
                other => panic!("{other}"),
            };
            let secrets = Secrets { webhook: &[], api: &case.api_secret };
            let headers = headers(signer, Uuid::nil(), at(case.timestamp), case.body.as_bytes(), secrets).unwrap();
            let expected = [("x-cld-timestamp", case.timestamp.to_string()), ("x-cld-signature", case.signature)];
            assert_eq!(headers, expected, "{}", case.body);
        }
    }

    #[test]
    fn no_signer_adds_nothing() {
        let secrets = Secrets { webhook: &[], api: "x" };
        assert_eq!(headers(Signer::None, Uuid::nil(), at(0), b"", secrets), Ok(vec![]));
    }
}
