//! Event to postback: one, when all is done.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    Events, NAME,
    lower::{Bus, JobExtra},
    response::{self, Results},
    told::Written,
};
use crate::{
    clock::Clock,
    dialect::{Dialect, Event, ended_jobs},
    error::Failure,
    job::{Destination, State},
    storage,
    store::{BatchRow, Change, JobRow, Store},
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
    /// The region of buses that do not say theirs.
    pub region: String,
    /// Where buckets are, for postbacks that are written down.
    pub storage: storage::Config,
    /// Tells when such a place is signed.
    pub clock: Clock,
}

#[async_trait]
impl Dialect for Blitline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        let extra = JobExtra::of(&job.spec);
        match event {
            Event::MainFinished if extra.follow.is_none() && extra.group.is_none() => {
                let subject = Subject { account: &job.account, job: Some(job.id), batch: job.batch, key: job.id };
                let url = job.spec.callbacks.notification_url.as_deref();
                self.told(subject, &extra, url, &response::results(job, &self.public_url))
            }
            // What was to follow never will.
            Event::Finished if job.state != State::Succeeded => {
                let Some(follow) = &extra.follow else { return Vec::new() };
                let (mut told, mut url) = (follow.extra(), follow.notification_url().map(str::to_owned));
                while let Some(next) = told.follow.take() {
                    (told, url) = (next.extra(), next.notification_url().map(str::to_owned));
                }
                let subject = Subject { account: &job.account, job: Some(job.id), batch: job.batch, key: job.id };
                self.told(subject, &told, url.as_deref(), &response::results(job, &self.public_url))
            }
            _ => Vec::new(),
        }
    }

    async fn ending(&self, job: &mut JobRow, _: &dyn Store) -> Result<Vec<Change>, Failure> {
        match JobExtra::of(&job.spec).follow {
            Some(follow) if job.state == State::Succeeded => Ok(vec![follow.change(job)?]),
            _ => Ok(Vec::new()),
        }
    }

    async fn batch_deliveries(&self, batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        let extra = JobExtra::deserialize(&batch.extra).unwrap_or_default();
        let jobs = ended_jobs(store, batch).await?;
        let subject = Subject { account: &batch.account, job: None, batch: Some(batch.id), key: batch.id };
        let results = response::group(batch, &jobs, &self.public_url);
        Ok(self.told(subject, &extra, batch.notification_url.as_deref(), &results))
    }
}

/// What a delivery is about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    account: &'a str,
    job: Option<Uuid>,
    batch: Option<Uuid>,
    key: Uuid,
}

impl Blitline {
    /// The one thing that is told, if somebody wants to hear it.
    fn told(&self, subject: Subject<'_>, extra: &JobExtra, url: Option<&str>, results: &Results) -> Vec<NewDelivery> {
        let named = self.events.accounts.get(subject.account).map(|bus| Bus { name: bus.clone(), region: None });
        if let Some(bus) = extra.bus.clone().or(named) {
            return vec![self.event(subject, &bus, results)];
        }
        if extra.postback_error_only && !results.has_errors() {
            return Vec::new();
        }
        if let Some(Written { to }) = &extra.written {
            return self.written(subject, to, results).into_iter().collect();
        }
        let Some(url) = url else { return Vec::new() };
        let (body, content_type) = results.postback(extra.content_type_json);
        // Forms never carried them.
        let headers = if content_type == "application/json" { extra.postback_headers.clone() } else { Vec::new() };
        let policy = if extra.retry_postback { Policy::BlitlineRetries } else { Policy::BlitlineOnce };
        vec![NewDelivery { content_type: content_type.to_owned(), headers, policy, ..owed(subject, KIND, url, body) }]
    }

    /// What replaces the postback of an account that has a bus: `PutEvents` with one entry, whose detail holds what
    /// the postback would say.
    fn event(&self, subject: Subject<'_>, bus: &Bus, results: &Results) -> NewDelivery {
        let results = json!({"results": results.value()});
        let detail = json!({"base64_json": STANDARD.encode(results.to_string())});
        let entry = json!({
            "Source": self.events.source,
            "DetailType": DETAIL_TYPE,
            "Detail": detail.to_string(),
            "EventBusName": bus.name,
        });
        let body = json!({"Entries": [entry]}).to_string().into_bytes();
        let url = self.events.endpoint.replace("{region}", bus.region.as_ref().unwrap_or(&self.region));
        NewDelivery {
            content_type: "application/x-amz-json-1.1".to_owned(),
            headers: vec![("x-amz-target".to_owned(), "AWSEvents.PutEvents".to_owned())],
            signer: Signer::AwsEvents,
            signing_key: None,
            policy: Policy::EventBridge,
            ..owed(subject, "event", &url, body)
        }
    }

    /// What replaces the postback of a job that wants it in a file. A bucket is written to under a URL that is signed
    /// now, since nobody signs when it is sent; its headers cannot be Amazon's own then.
    fn written(&self, subject: Subject<'_>, to: &Destination, results: &Results) -> Option<NewDelivery> {
        let (url, headers) = match to {
            Destination::Url { url, headers } => (url.clone(), headers.clone()),
            Destination::S3 { bucket, region, key, headers } => {
                let url = self.storage.write_url(bucket, region.as_deref(), key, self.clock.now()).ok()?;
                let own = headers.iter().filter(|(name, _)| !name.starts_with("x-amz-")).cloned().collect();
                (url.into(), own)
            }
        };
        let body = json!({"results": results.value()}).to_string().into_bytes();
        Some(NewDelivery { headers, policy: Policy::Storage, ..owed(subject, KIND, &url, body) })
    }
}

fn owed(subject: Subject<'_>, kind: &str, url: &str, body: Vec<u8>) -> NewDelivery {
    NewDelivery {
        id: delivery_id(subject.key, kind, 0),
        account: subject.account.to_owned(),
        job: subject.job,
        batch: subject.batch,
        order_key: subject.key,
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
        let (events, storage) = (Events { endpoint, source, accounts }, crate::config::Config::defaults().storage);
        Blitline { public_url: "http://here".into(), events, region: "us-east-1".into(), storage, clock: Clock::System }
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
