//! Event to postback: one, when all is done.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Events, NAME, lower::JobExtra, response};
use crate::{
    dialect::{Dialect, Event},
    error::Failure,
    store::{BatchRow, JobRow, Store},
    webhook::{NewDelivery, Policy, Signer, delivery_id},
};

/// The event's type.
const KIND: &str = "postback";

/// What events on a bus are called.
const DETAIL_TYPE: &str = "Blitline Job Completed";

/// The dialect as the engine sees it.
#[derive(Clone, Debug)]
pub struct Blitline {
    /// What clients reach results under, without a slash at the end.
    pub public_url: String,
    /// Whose postbacks are events.
    pub events: Events,
}

#[async_trait]
impl Dialect for Blitline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        if *event != Event::MainFinished {
            return Vec::new();
        }
        if let Some(bus) = self.events.accounts.get(&job.account) {
            return vec![self.event(job, bus)];
        }
        let Some(url) = &job.spec.callbacks.notification_url else { return Vec::new() };
        let extra = JobExtra::of(&job.spec);
        let results = response::results(job, &self.public_url);
        if extra.postback_error_only && !results.has_errors() {
            return Vec::new();
        }
        let (body, content_type) = results.postback(extra.content_type_json);
        // Forms never carried them.
        let headers = if content_type == "application/json" { extra.postback_headers } else { Vec::new() };
        let policy = if extra.retry_postback { Policy::BlitlineRetries } else { Policy::BlitlineOnce };
        vec![NewDelivery { content_type: content_type.to_owned(), headers, policy, ..owed(job, KIND, url, body) }]
    }

    async fn batch_deliveries(&self, _: &BatchRow, _: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        Ok(Vec::new())
    }
}

impl Blitline {
    /// What replaces the postback of an account that has a bus: `PutEvents` with one entry, whose detail holds what
    /// the postback would say.
    fn event(&self, job: &JobRow, bus: &str) -> NewDelivery {
        let results = json!({"results": response::results(job, &self.public_url).value()});
        let detail = json!({"base64_json": STANDARD.encode(results.to_string())});
        let entry = json!({
            "Source": self.events.source,
            "DetailType": DETAIL_TYPE,
            "Detail": detail.to_string(),
            "EventBusName": bus,
        });
        let body = json!({"Entries": [entry]}).to_string().into_bytes();
        NewDelivery {
            content_type: "application/x-amz-json-1.1".to_owned(),
            headers: vec![("x-amz-target".to_owned(), "AWSEvents.PutEvents".to_owned())],
            signer: Signer::AwsEvents,
            signing_key: None,
            policy: Policy::EventBridge,
            ..owed(job, "event", &self.events.endpoint, body)
        }
    }
}

/// The one thing that is told of a job.
fn owed(job: &JobRow, kind: &str, url: &str, body: Vec<u8>) -> NewDelivery {
    NewDelivery {
        id: delivery_id(job.id, kind, 0),
        account: job.account.clone(),
        job: Some(job.id),
        batch: job.batch,
        order_key: job.id,
        sequence: 0,
        kind: kind.to_owned(),
        url: url.to_owned(),
        body,
        content_type: "application/json".to_owned(),
        headers: Vec::new(),
        signer: Signer::None,
        signing_key: None,
        policy: Policy::BlitlineOnce,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::response::tests::ended, *};

    fn blitline() -> Blitline {
        let (endpoint, source) = ("http://events/".to_owned(), "blitline".to_owned());
        let accounts = [("with-bus".to_owned(), "orders".to_owned())].into();
        Blitline { public_url: "http://here".into(), events: Events { endpoint, source, accounts } }
    }

    fn owed(change: impl FnOnce(&mut JobRow, &mut JobExtra)) -> Vec<NewDelivery> {
        let mut job = ended(true);
        let mut extra = JobExtra::of(&job.spec);
        job.spec.callbacks.notification_url = Some("http://hooks/".into());
        extra.postback_headers = vec![("X-Secret".into(), "s".into())];
        change(&mut job, &mut extra);
        job.spec.extra = json!(extra);
        blitline().deliveries(&job, &Event::MainFinished)
    }

    #[test]
    fn one_postback_is_owed_in_the_form_of_the_version() {
        let json = owed(|_, _| {}).remove(0);
        assert_eq!(
            (json.content_type.as_str(), json.signer, json.policy),
            ("application/json", Signer::None, Policy::BlitlineOnce)
        );
        assert_eq!(json.headers, [("X-Secret".to_owned(), "s".to_owned())]);
        let form = owed(|_, extra| extra.v = 1.0).remove(0);
        assert_eq!((form.content_type.as_str(), form.headers.len()), ("application/x-www-form-urlencoded", 0));
        assert_eq!(owed(|_, extra| extra.retry_postback = true)[0].policy, Policy::BlitlineRetries);
    }

    #[test]
    fn nobody_is_told_who_did_not_ask() {
        assert!(owed(|job, _| job.spec.callbacks.notification_url = None).is_empty());
        assert!(owed(|_, extra| extra.postback_error_only = true).is_empty());
        let failed = owed(|job, extra| {
            *job = JobRow { spec: job.spec.clone(), ..ended(false) };
            extra.postback_error_only = true;
        });
        assert_eq!(failed.len(), 1);
        assert!(blitline().deliveries(&ended(true), &Event::Running).is_empty());
    }

    #[test]
    fn an_account_with_a_bus_gets_events_in_the_place_of_postbacks() {
        let mut job = ended(true);
        job.account = "with-bus".into();
        let event = blitline().deliveries(&job, &Event::MainFinished).remove(0);
        assert_eq!(
            (event.url.as_str(), event.signer, event.policy),
            ("http://events/", Signer::AwsEvents, Policy::EventBridge)
        );
        let body: Value = serde_json::from_slice(&event.body).unwrap();
        let entry = &body["Entries"][0];
        assert_eq!((&entry["Source"], &entry["EventBusName"]), (&json!("blitline"), &json!("orders")));
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let told = STANDARD.decode(detail["base64_json"].as_str().unwrap()).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told, json!({"results": response::results(&job, "http://here").value()}));
    }
}
