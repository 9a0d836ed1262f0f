//! What is set for one account, by the settings file, the command line or the API.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::store::Account;

/// How many bytes a webhook secret may have, by Standard Webhooks 1.0.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What holds for one account alone; what is absent is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// How many jobs may wait; `store.queue_limit`.
    pub queue_limit: Option<u64>,
    /// How many requests may be sent in a second, 0 for any number; `server.requests_per_s`.
    pub requests_per_s: Option<u32>,
    /// How many polls of Blitline jobs there may be in a second, 0 for any number; `blitline.polls_per_s`.
    pub polls_per_s: Option<u32>,
    /// The name or ARN of the Amazon EventBridge bus that gets Blitline postbacks as events.
    pub event_bus: Option<String>,
    /// Its region; `webhook.aws.region`.
    pub event_region: Option<String>,
}

/// A change of some settings: a member that is absent stays as it is, null is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Update {
    /// At least 1.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u64>)]
    pub queue_limit: Option<Option<u64>>,
    /// 0 for any number.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub requests_per_s: Option<Option<u32>>,
    /// 0 for any number.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub polls_per_s: Option<Option<u32>>,
    /// A name or an ARN.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub event_bus: Option<Option<String>>,
    /// Such as `eu-west-1`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub event_region: Option<Option<String>>,
    /// What signs callbacks: `whsec_` and base64 of 24 to 64 bytes; null for a new one. The present one goes on signing
    /// beside it for a day.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub webhook_secret: Option<Option<String>>,
}

/// Tells a null from a member that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Update {
    /// The account with the change.
    ///
    /// Errors: the member, its value and what was expected.
    pub fn apply(self, account: Account, now: std::time::SystemTime) -> Result<Account, (&'static str, String)> {
        self.check()?;
        let Settings { queue_limit, requests_per_s, polls_per_s, event_bus, event_region } = account.settings.clone();
        let settings = Settings {
            queue_limit: self.queue_limit.unwrap_or(queue_limit),
            requests_per_s: self.requests_per_s.unwrap_or(requests_per_s),
            polls_per_s: self.polls_per_s.unwrap_or(polls_per_s),
            event_bus: self.event_bus.unwrap_or(event_bus),
            event_region: self.event_region.unwrap_or(event_region),
        };
        let account = Account { settings, ..account };
        Ok(match self.webhook_secret {
            // The same again changes nothing: a settings file says it at every start.
            Some(Some(secret)) if secret == account.webhook_secret => account,
            Some(secret) => super::with_webhook_secret(account, secret.unwrap_or_else(super::webhook_secret), now),
            None => account,
        })
    }

    /// What the types leave open.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.queue_limit == Some(Some(0)) {
            return Err(("queue_limit", "is 0, expected at least 1".to_owned()));
        }
        let fits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        // By the reference of PutEvents.
        for (name, value, most) in [("event_bus", &self.event_bus, 1600), ("event_region", &self.event_region, 50)] {
            if let Some(Some(text)) = value
                && !fits(text, most)
            {
                return Err((name, format!("is {text:?}, expected 1 to {most} visible characters")));
            }
        }
        if let Some(Some(secret)) = &self.webhook_secret {
            let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
            if !bytes.is_some_and(|bytes| SECRET_BYTES.contains(&bytes.len())) {
                // The value stays out of logs.
                let (least, most) = SECRET_BYTES.into_inner();
                return Err(("webhook_secret", format!("expected whsec_ and base64 of {least} to {most} bytes")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn changed(account: Account, update: &str) -> Result<Account, (&'static str, String)> {
        serde_json::from_str::<Update>(update).unwrap().apply(account, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn what_is_absent_stays_and_null_is_as_for_all() {
        let account = crate::account::generate("shop", SystemTime::UNIX_EPOCH).unwrap();
        let account = changed(account, r#"{"queue_limit": 5, "event_bus": "orders"}"#).unwrap();
        let account = changed(account, r#"{"event_bus": null, "polls_per_s": 0}"#).unwrap();
        let expected = Settings { queue_limit: Some(5), polls_per_s: Some(0), ..Settings::default() };
        assert_eq!(account.settings, expected);
    }

    #[test]
    fn a_webhook_secret_is_replaced_once_and_the_old_one_stays_for_a_while() {
        let account = crate::account::generate("shop", SystemTime::UNIX_EPOCH).unwrap();
        let own = format!("whsec_{}", STANDARD.encode([7; 32]));
        let update = format!(r#"{{"webhook_secret": "{own}"}}"#);
        let once = changed(account.clone(), &update).unwrap();
        assert_eq!(
            (&once.webhook_secret, &once.previous_webhook_secret),
            (&own, &Some(account.webhook_secret.clone()))
        );
        assert_eq!(changed(once.clone(), &update).unwrap(), once);
        let fresh = changed(once, r#"{"webhook_secret": null}"#).unwrap();
        assert_eq!(fresh.previous_webhook_secret, Some(own));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let account = crate::account::generate("shop", SystemTime::UNIX_EPOCH).unwrap();
        for (update, name) in [
            (r#"{"queue_limit": 0}"#, "queue_limit"),
            (r#"{"event_bus": ""}"#, "event_bus"),
            (r#"{"event_region": "a b"}"#, "event_region"),
            (r#"{"webhook_secret": "secret"}"#, "webhook_secret"),
            (r#"{"webhook_secret": "whsec_c2hvcnQ="}"#, "webhook_secret"),
        ] {
            assert_eq!(changed(account.clone(), update).unwrap_err().0, name, "{update}");
        }
        assert!(serde_json::from_str::<Update>(r#"{"secret": "x"}"#).is_err());
    }
}
