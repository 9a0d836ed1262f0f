//! Notifications: `POST`, one JSON object, signed with `X-Cld-Timestamp` and `X-Cld-Signature`.

use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answer::{Object, seconds},
    call::Origin,
};
use crate::{
    clock::rfc3339,
    webhook::{NewDelivery, Policy, delivery_id},
};

/// Addresses that begin so are not called: they name a queue to poll, which there is none of here.
const POLLED: &str = "poll:";

/// Something to be told.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// `upload`, `eager`, `delete`, ...
    pub kind: &'a str,
    /// Whose.
    pub account: &'a str,
    /// Who asked for it.
    pub origin: &'a Origin,
    /// The job it tells of, if any.
    pub job: Option<Uuid>,
    /// The same whenever the same event is told.
    pub event: Uuid,
    /// When it happened.
    pub at: SystemTime,
    /// What is told beyond what all notices tell.
    pub body: Object,
}

impl Notice<'_> {
    /// The notice for each of these addresses. They do not wait for each other.
    pub fn to(self, urls: &[String]) -> Vec<NewDelivery> {
        let mut body = self.body;
        let mut set = |name: &str, value: Value| {
            body.entry(name).or_insert(value);
        };
        set("notification_type", self.kind.into());
        set("timestamp", seconds(self.at).replace('Z', "+00:00").into());
        set("request_id", self.origin.request_id.clone().into());
        if let Some(batch_id) = &self.origin.batch_id {
            set("batch_id", batch_id.clone().into());
        }
        set(
            "notification_context",
            json!({
                "triggered_at": rfc3339(self.at),
                "triggered_by": {"source": "api", "id": self.origin.api_key},
            }),
        );
        let key = self.origin.api_key.as_str();
        let key = if key.is_empty() { self.account } else { key };
        set("signature_key", key.into());
        // Objects of texts and numbers always serialize.
        let body = serde_json::to_vec(&body).expect("a notice is JSON");
        let called = urls.iter().filter(|url| !url.starts_with(POLLED)).enumerate();
        called
            .map(|(index, url)| {
                let order_key = delivery_id(self.event, url, index as i64);
                NewDelivery {
                    id: delivery_id(order_key, self.kind, 0),
                    account: self.account.to_owned(),
                    job: self.job,
                    batch: None,
                    order_key,
                    sequence: 0,
                    kind: self.kind.to_owned(),
                    url: url.clone(),
                    body: body.clone(),
                    content_type: "application/json".to_owned(),
                    headers: Vec::new(),
                    signer: self.origin.algorithm.signer(),
                    signing_key: (key != self.account).then(|| key.to_owned()),
                    policy: Policy::Cloudinary,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::from_micros, dialect::cloudinary::signature::Algorithm, webhook::Signer};

    #[test]
    fn a_notice_goes_to_every_address_under_an_id_of_its_own() {
        let origin = Origin {
            api_key: "key".into(),
            request_id: "0".repeat(32),
            batch_id: Some("b".into()),
            algorithm: Algorithm::Sha256,
            ..Origin::default()
        };
        let notice = Notice {
            kind: "upload",
            account: "demo",
            origin: &origin,
            job: None,
            event: Uuid::from_u128(1),
            at: from_micros(1_719_300_330_500_000),
            body: json!({"public_id": "x", "batch_id": "mine"}).as_object().unwrap().clone(),
        };
        let urls =
            ["http://a/".to_owned(), "poll://channel".to_owned(), "http://b/".to_owned(), "http://a/".to_owned()];
        let owed = notice.clone().to(&urls);
        assert_eq!(
            owed.iter().map(|owed| owed.url.as_str()).collect::<Vec<_>>(),
            ["http://a/", "http://b/", "http://a/"]
        );
        let mut ids: Vec<Uuid> = owed.iter().flat_map(|owed| [owed.id, owed.order_key]).collect();
        assert_eq!(
            owed.iter().map(|owed| owed.id).collect::<Vec<_>>(),
            notice.to(&urls).iter().map(|owed| owed.id).collect::<Vec<_>>()
        );
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
        let expected = json!({
            "public_id": "x", "batch_id": "mine", "notification_type": "upload",
            "timestamp": "2024-06-25T07:25:30+00:00", "request_id": "0".repeat(32), "signature_key": "key",
            "notification_context": {"triggered_at": "2024-06-25T07:25:30.500Z", "triggered_by": {"source": "api", "id": "key"}},
        });
        assert_eq!(serde_json::from_slice::<Value>(&owed[0].body).unwrap(), expected);
        assert_eq!((owed[0].signer, owed[0].policy), (Signer::CloudinarySha256, Policy::Cloudinary));
        assert_eq!(owed[0].signing_key.as_deref(), Some("key"));
    }
}
