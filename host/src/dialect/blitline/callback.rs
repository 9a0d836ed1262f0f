//! Event to postback: one, when all is done.

use super::{NAME, lower::JobExtra, response};
use crate::{
    dialect::{Dialect, Event, native::callback::delivery_id},
    store::{BatchRow, JobRow},
    webhook::{NewDelivery, Policy, Signer},
};

/// The event's type.
const KIND: &str = "postback";

/// The dialect as the engine sees it.
#[derive(Clone, Debug)]
pub struct Blitline {
    /// What clients reach results under, without a slash at the end.
    pub public_url: String,
}

impl Dialect for Blitline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        let (Event::MainFinished, Some(url)) = (event, &job.spec.callbacks.notification_url) else {
            return Vec::new();
        };
        let extra = JobExtra::of(&job.spec);
        let results = response::results(job, &self.public_url);
        if extra.postback_error_only && !results.has_errors() {
            return Vec::new();
        }
        let (body, content_type) = results.postback(extra.content_type_json);
        // Forms never carried them.
        let headers = if content_type == "application/json" { extra.postback_headers } else { Vec::new() };
        vec![NewDelivery {
            id: delivery_id(job.id, KIND, 0),
            account: job.account.clone(),
            job: Some(job.id),
            batch: job.batch,
            order_key: job.id,
            sequence: 0,
            kind: KIND.to_owned(),
            url: url.clone(),
            body,
            content_type: content_type.to_owned(),
            headers,
            signer: Signer::None,
            policy: if extra.retry_postback { Policy::BlitlineRetries } else { Policy::BlitlineOnce },
        }]
    }

    fn batch_deliveries(&self, _: &BatchRow, _: &[JobRow]) -> Vec<NewDelivery> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::response::tests::ended, *};

    fn owed(change: impl FnOnce(&mut JobRow, &mut JobExtra)) -> Vec<NewDelivery> {
        let mut job = ended(true);
        let mut extra = JobExtra::of(&job.spec);
        job.spec.callbacks.notification_url = Some("http://hooks/".into());
        extra.postback_headers = vec![("X-Secret".into(), "s".into())];
        change(&mut job, &mut extra);
        job.spec.extra = json!(extra);
        Blitline { public_url: "http://here".into() }.deliveries(&job, &Event::MainFinished)
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
        assert!(Blitline { public_url: String::new() }.deliveries(&ended(true), &Event::Running).is_empty());
    }
}
