//! Events for Amazon EventBridge: their signature, and whether all were taken.

use std::time::SystemTime;

use serde::Deserialize;
use url::Url;

use crate::storage::{Signing, sign};

/// `[webhook.aws]`; see `config.default.toml`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsKeys {
    /// The region of the bus.
    pub region: String,
    /// The access key's id; empty for none.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
}

impl std::fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwsKeys({:?})", self.region)
    }
}

/// The headers that sign a call of EventBridge; none without keys or for an address that is none.
pub(super) fn headers(
    keys: &AwsKeys,
    url: &str,
    own: &[(String, String)],
    body: &[u8],
    at: SystemTime,
) -> Option<Vec<(&'static str, String)>> {
    let url = Url::parse(url).ok()?;
    if keys.access_key.is_empty() {
        return None;
    }
    let signing = Signing {
        access_key: &keys.access_key,
        secret_key: &keys.secret_key,
        region: region(&url).unwrap_or(&keys.region),
        service: "events",
        at,
    };
    Some(sign("POST", &url, own, body, signing))
}

/// The region that an address of Amazon's names.
fn region(url: &Url) -> Option<&str> {
    url.host_str()?.strip_prefix("events.")?.strip_suffix(".amazonaws.com").filter(|region| !region.contains('.'))
}

/// Whether an answer to `PutEvents` says that every entry was taken: a failed one comes with status 200.
pub(super) fn confirms(answer: &[u8]) -> bool {
    let answer: Option<serde_json::Value> = serde_json::from_slice(answer).ok();
    answer.is_some_and(|answer| answer["FailedEntryCount"] == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_without_failed_entries_confirms() {
        assert!(confirms(br#"{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}"#));
        assert!(!confirms(br#"{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}"#));
        assert!(!confirms(b"") && !confirms(b"{}") && !confirms(b"<html>"));
    }

    #[test]
    fn without_keys_nothing_is_signed() {
        let own = [("x-amz-target".to_owned(), "AWSEvents.PutEvents".to_owned())];
        let url = "https://events.us-east-1.amazonaws.com/";
        assert_eq!(headers(&AwsKeys::default(), url, &own, b"", SystemTime::UNIX_EPOCH), None);
        let keys = AwsKeys { region: "us-east-1".into(), access_key: "AKID".into(), secret_key: "secret".into() };
        let signed = headers(&keys, url, &own, b"{}", SystemTime::UNIX_EPOCH).unwrap();
        let (name, value) = signed.last().unwrap();
        assert_eq!(*name, "authorization");
        assert!(value.contains("Credential=AKID/19700101/us-east-1/events/aws4_request"), "{value}");
        let other =
            headers(&keys, "https://events.eu-west-1.amazonaws.com/", &own, b"{}", SystemTime::UNIX_EPOCH).unwrap();
        assert!(other.last().unwrap().1.contains("/eu-west-1/events/aws4_request"), "{other:?}");
        assert!(value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target,"), "{value}");
    }
}
