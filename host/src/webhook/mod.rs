//! From fact to delivered callback.
//!
//! A dialect makes [`NewDelivery`] values (body bytes frozen, headers, signer, policy); they enter the
//! store in the commit that makes the event; the relay claims what is due, signs it for this very
//! attempt, sends it through [`crate::egress`], and records what came of it.

mod aws;
mod delivery;
mod policy;
#[cfg(test)]
mod receivers;
mod relay;
mod sign;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use aws::AwsKeys;
pub use delivery::attempt;
pub use policy::Rules;
pub use relay::{Observer, Relay};
pub use sign::{BadSecret, Secrets, headers as sign};

/// How attempts of a delivery are signed. The signature is made anew for each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// No signature.
    None,
    /// Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature` (HMAC-SHA256).
    StandardWebhooks,
    /// `X-Cld-Timestamp`, `X-Cld-Signature`: SHA-1 of body, timestamp and API secret, in hex.
    CloudinarySha1,
    /// The same with SHA-256.
    CloudinarySha256,
    /// Events for Amazon EventBridge, with the keys of the settings: AWS Signature Version 4.
    AwsEvents,
}

/// When an attempt counts as accepted, how long it may take and when it is tried again. One row of
/// the policy table in `policy.rs` (a dialect names it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// 2xx, 20 s, the Standard Webhooks schedule with jitter (about three days).
    Native,
    /// 200 alone, 30 s, three more tries after 3, 6 and 9 minutes.
    Cloudinary,
    /// 2xx, 15 s, six attempts within about 75 minutes with jitter.
    Blurb,
    /// 2xx, 15 s, one attempt.
    BlitlineOnce,
    /// 2xx, 15 s, after a failure again 1, 3, 15 and 600 s later.
    BlitlineRetries,
    /// 2xx, 10 s, six attempts within about 45 minutes with jitter.
    ImageIntelligence,
    /// A file that is put somewhere: 2xx, 60 s, eight attempts within about a day with jitter.
    Storage,
    /// 200 and no failed entry, 15 s, eight attempts within about a day with jitter.
    EventBridge,
}

/// A callback that is owed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// Its id, the same on every attempt; sent as `webhook-id`.
    pub id: Uuid,
    /// The account whose secret signs it.
    pub account: String,
    /// The job it tells of; none for a batch.
    pub job: Option<Uuid>,
    /// The batch it tells of, if any.
    pub batch: Option<Uuid>,
    /// Deliveries with the same key go out one after the other, in the order of `sequence`.
    pub order_key: Uuid,
    /// The place within the order key.
    pub sequence: i64,
    /// The event's type ("job.finished").
    pub kind: String,
    /// Where to.
    pub url: String,
    /// The exact bytes of the body.
    pub body: Vec<u8>,
    /// The body's media type.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// How it is signed.
    pub signer: Signer,
    /// The further API key whose secret signs it; none, or one that has ended, is the account's own.
    pub signing_key: Option<String>,
    /// When it is tried again.
    pub policy: Policy,
}

/// A delivery's id: the same whenever the same event is told, so that a job that runs again after a
/// crash makes the same id. SHA-256 of what names the event, in the shape of a version 8 UUID
/// (RFC 9562 section 5.8).
pub fn delivery_id(order_key: Uuid, kind: &str, sequence: i64) -> Uuid {
    let digest = Sha256::new()
        .chain_update(order_key.as_bytes())
        .chain_update(sequence.to_be_bytes())
        .chain_update(kind.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// `[webhook]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// First tries at the same time.
    pub max_in_flight: u32,
    /// Later tries at the same time.
    pub max_retries_in_flight: u32,
    /// At one receiver.
    pub per_receiver: u32,
    /// Of one account.
    pub per_account: u32,
    /// How long a claim lasts.
    pub lease_s: u64,
    /// How much of an answer is read.
    pub max_answer_bytes: usize,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// First pause of an open breaker.
    pub breaker_pause_s: u64,
    /// Longest pause.
    pub breaker_max_pause_s: u64,
    /// What events for Amazon EventBridge are signed with.
    pub aws: AwsKeys,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_has_the_same_id_and_others_have_others() {
        let key = Uuid::from_u128(7);
        let id = delivery_id(key, "job.finished", 3);
        assert_eq!(id, delivery_id(key, "job.finished", 3));
        assert_ne!(id, delivery_id(key, "job.finished", 4));
        assert_ne!(id, delivery_id(key, "job.running", 3));
        assert_ne!(id, delivery_id(Uuid::from_u128(8), "job.finished", 3));
        assert_eq!(id.get_version_num(), 8);
    }
}
