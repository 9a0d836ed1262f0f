//! One attempt: sign now, POST, read a bounded answer, judge it.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{AwsKeys, NewDelivery, Rules, Signer, aws, sign};
use crate::{
    clock::Clock,
    egress::{self, Egress},
    store::{AttemptRow, ClaimedDelivery, RecordedAttempt, Verdict},
};

/// How much of an answer is kept with the attempt, in bytes: an error page's beginning, not a page.
const MAX_DETAIL_BYTES: usize = 1000;

/// Makes one attempt at a claimed delivery. Never fails: what goes wrong is what it records.
///
/// The body goes out as it is stored. Its own headers come first, then `Content-Type`, then those of the
/// signer, which replace the former. Headers that belong to the connection cannot be set.
pub async fn attempt(
    egress: &Egress,
    claimed: ClaimedDelivery,
    max_answer_bytes: usize,
    keys: &AwsKeys,
    clock: &Clock,
) -> RecordedAttempt {
    let rules = claimed.row.delivery.policy.rules();
    by(rules, egress, claimed, max_answer_bytes, keys, clock).await
}

/// The same by these rules.
pub(super) async fn by(
    rules: &Rules,
    egress: &Egress,
    claimed: ClaimedDelivery,
    max_answer_bytes: usize,
    keys: &AwsKeys,
    clock: &Clock,
) -> RecordedAttempt {
    let ClaimedDelivery { row, token, webhook_secrets, api_secret } = claimed;
    let (id, number) = (row.id, row.attempts + 1);
    let NewDelivery { id: message, url, body, content_type, headers, signer, .. } = row.delivery;
    let at = clock.now();
    let begun = Instant::now();
    let secrets = sign::Secrets { webhook: &webhook_secrets, api: &api_secret };
    let signature = match signer {
        Signer::AwsEvents => aws::headers(keys, &url, &headers, &body, at).ok_or(Trouble::NoKeys),
        signer => sign::headers(signer, message, at, &body, secrets).map_err(Trouble::Secret),
    };
    let outcome = match signature {
        Ok(signature) => {
            let headers = assemble(&headers, &content_type, &signature);
            let method = if rules.puts { Method::PUT } else { Method::POST };
            egress
                .send(method, &url, headers, Bytes::from(body), rules.timeout, max_answer_bytes)
                .await
                .map_err(Trouble::Egress)
        }
        Err(trouble) => Err(trouble),
    };
    let elapsed = begun.elapsed();
    let (status, retry_after, detail) = match &outcome {
        Ok(answer) => (Some(answer.status), answer.retry_after.as_deref(), excerpt(&answer.body_start)),
        Err(trouble) => (None, None, excerpt(trouble.to_string().as_bytes())),
    };
    let verdict = match &outcome {
        // No later attempt finds another URL.
        Err(Trouble::Egress(egress::Error::BadUrl { .. })) => Verdict::Dead,
        Ok(answer) if !(rules.confirms)(&answer.body_start) => {
            rules.judge(number, None, retry_after, clock.now(), rand::random())
        }
        _ => rules.judge(number, status, retry_after, clock.now(), rand::random()),
    };
    RecordedAttempt { id, token, attempt: AttemptRow { number, at, elapsed, status, detail }, verdict }
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Egress(egress::Error),
    #[error(transparent)]
    Secret(sign::BadSecret),
    #[error("there are no keys to sign events with: webhook.aws.access_key is empty")]
    NoKeys,
}

fn assemble(own: &[(String, String)], content_type: &str, signature: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in own {
        // Names and values were checked when the job was accepted; one that is none is left out.
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else { continue };
        if !is_of_the_connection(&name) {
            headers.append(name, value);
        }
    }
    if let Ok(value) = HeaderValue::try_from(content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    for (name, value) in signature {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Headers that frame or route the message: with them a caller could send another message than ours.
fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "expect"
            | "host"
            | "keep-alive"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The first bytes as text for a log: no control characters but line ends, cut at a character.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_DETAIL_BYTES)]);
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect::<String>().trim().to_owned()
}
