//! Event to callback: `POST`, JSON `{type, timestamp, data}`, Standard Webhooks headers.
//!
//! | type | when | to |
//! |---|---|---|
//! | `job.running` | a worker has begun, if asked for | `notification_url` |
//! | `output.finished` | one output is made or failed, if asked for | `notification_url` |
//! | `job.finished` | the outputs are done, also when they failed; for a job with eager outputs alone: when those are | `notification_url` |
//! | `job.eager_finished` | the eager outputs are done, also when they failed; never for a job without any | `eager_notification_url` |
//! | `batch.finished` | the last job of a batch has ended | the batch's `notification_url` |
//! | `plugin.quarantined` | a plugin kept trapping and is not used any more | `plugins.notification_url` |
//!
//! `data` is the job (or batch) document as it is at that moment: in `job.finished` the state is
//! still `running` while eager outputs are to come, and those are `pending`. `output.finished` carries
//! the output's document in `data.output` and what there is to say of the job as a whole in `data.job`: with the
//! whole job, a job of many outputs would send all of them as often as it has outputs.

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use super::{NAME, request::EventRequest, response};
use crate::{
    clock::{Clock, rfc3339},
    dialect::{Dialect, Event},
    error::Failure,
    job::{Group, Progress, State},
    store::{BatchRow, JobRow, Store},
    webhook::{NewDelivery, Policy, Signer, delivery_id},
};

/// The native dialect as the engine sees it.
#[derive(Clone, Debug)]
pub struct Native {
    /// What clients reach this server under, without a slash at the end.
    pub public_url: String,
    /// Gives the time of events.
    pub clock: Clock,
}

#[derive(Serialize)]
struct Body<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: T,
}

/// What `output.finished` carries.
#[derive(Serialize)]
struct OutputFinished<'a> {
    job: Unfinished<'a>,
    output: response::OutputDocument,
}

/// A job whose outputs are left out.
#[derive(Serialize)]
struct Unfinished<'a> {
    id: Uuid,
    state: State,
    reference: Option<&'a str>,
    progress: Progress,
    batch: Option<Uuid>,
}

#[async_trait]
impl Dialect for Native {
    fn name(&self) -> &'static str {
        NAME
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        let callbacks = &job.spec.callbacks;
        let main = job.spec.outputs.iter().filter(|output| output.group == Group::Main).count() as i64;
        let all = job.spec.outputs.len() as i64;
        let notify = callbacks.notification_url.as_deref();
        let eager_notify = callbacks.eager_notification_url.as_deref();
        let wants = |event: EventRequest| callbacks.events.iter().any(|wanted| wanted == event.as_str());
        // Sequences: 0 running, 1.. the main outputs, then the main end, the eager outputs, the
        // eager end, and the end of a job that has eager outputs alone.
        let finished = |sequence: i64| self.delivery(job, "job.finished", sequence, notify, self.show(job));
        let told = match event {
            Event::Running if wants(EventRequest::JobRunning) => {
                vec![self.delivery(job, "job.running", 0, notify, self.show(job))]
            }
            Event::OutputFinished(id) if wants(EventRequest::OutputFinished) => {
                let Some(index) = job.spec.outputs.iter().position(|output| output.id == *id) else {
                    return Vec::new();
                };
                let eager = job.spec.outputs[index].group == Group::Eager;
                let sequence = 1 + index as i64 + i64::from(eager);
                let data = OutputFinished {
                    job: Unfinished {
                        id: job.id,
                        state: job.state,
                        reference: job.spec.reference.as_deref(),
                        progress: job.progress,
                        batch: job.batch,
                    },
                    output: response::output(&job.report.outputs[index], &job.spec, &self.public_url),
                };
                vec![self.delivery(job, "output.finished", sequence, notify, data)]
            }
            Event::MainFinished if main > 0 => vec![finished(main + 1)],
            Event::EagerFinished if main < all => {
                let mut told = vec![self.delivery(job, "job.eager_finished", all + 2, eager_notify, self.show(job))];
                if main == 0 {
                    told.push(finished(all + 3));
                }
                told
            }
            _ => Vec::new(),
        };
        told.into_iter().flatten().collect()
    }

    async fn batch_deliveries(&self, batch: &BatchRow, _: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        let Some(url) = &batch.notification_url else {
            return Ok(Vec::new());
        };
        let kind = "batch.finished";
        let at = batch.finished_at.unwrap_or_else(|| self.clock.now());
        let data = response::batch(batch, &self.public_url);
        let to = To { account: &batch.account, job: None, batch: Some(batch.id), order_key: batch.id, url };
        Ok(vec![owed(to, kind, 0, &Body { kind, timestamp: rfc3339(at), data })])
    }
}

impl Native {
    fn show(&self, job: &JobRow) -> response::JobDocument {
        response::job(job, &self.public_url)
    }

    fn delivery(
        &self,
        job: &JobRow,
        kind: &str,
        sequence: i64,
        url: Option<&str>,
        data: impl Serialize,
    ) -> Option<NewDelivery> {
        let to = To { account: &job.account, job: Some(job.id), batch: job.batch, order_key: job.id, url: url? };
        Some(owed(to, kind, sequence, &Body { kind, timestamp: rfc3339(self.clock.now()), data }))
    }
}

/// A callback that tells of the server itself, signed with the secret of `account`.
pub fn notice(account: &str, url: &str, kind: &str, data: impl Serialize, now: std::time::SystemTime) -> NewDelivery {
    let to = To { account, job: None, batch: None, order_key: Uuid::new_v4(), url };
    owed(to, kind, 0, &Body { kind, timestamp: rfc3339(now), data })
}

struct To<'a> {
    account: &'a str,
    job: Option<Uuid>,
    batch: Option<Uuid>,
    order_key: Uuid,
    url: &'a str,
}

fn owed(to: To<'_>, kind: &str, sequence: i64, body: &impl Serialize) -> NewDelivery {
    NewDelivery {
        id: delivery_id(to.order_key, kind, sequence),
        account: to.account.to_owned(),
        job: to.job,
        batch: to.batch,
        order_key: to.order_key,
        sequence,
        kind: kind.to_owned(),
        url: to.url.to_owned(),
        // Plain structs of strings, numbers and JSON values always serialize.
        body: serde_json::to_vec(body).expect("documents are JSON"),
        content_type: "application/json".to_owned(),
        headers: Vec::new(),
        signer: Signer::StandardWebhooks,
        signing_key: None,
        policy: Policy::Native,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::native::tests::job_row;

    fn native() -> Native {
        Native { public_url: "http://here".into(), clock: Clock::stepped(crate::clock::from_micros(1_000_000)) }
    }

    fn told(job: &JobRow, event: Event) -> Vec<(String, i64, String)> {
        let deliveries = native().deliveries(job, &event);
        deliveries.into_iter().map(|owed| (owed.kind, owed.sequence, owed.url)).collect()
    }

    fn expect(kind: &str, sequence: i64, url: &str) -> Vec<(String, i64, String)> {
        vec![(kind.to_owned(), sequence, url.to_owned())]
    }

    #[test]
    fn each_group_is_told_to_its_own_url() {
        let mut job = job_row(&[("a", Group::Main), ("b", Group::Main), ("c", Group::Eager)]);
        job.spec.callbacks.notification_url = Some("http://n/".into());
        job.spec.callbacks.eager_notification_url = Some("http://e/".into());
        assert_eq!(told(&job, Event::MainFinished), expect("job.finished", 3, "http://n/"));
        assert_eq!(told(&job, Event::EagerFinished), expect("job.eager_finished", 5, "http://e/"));
        assert_eq!(told(&job, Event::Running), []);
        assert_eq!(told(&job, Event::OutputFinished("a".into())), []);
        job.spec.callbacks.events = vec!["job.running".into(), "output.finished".into()];
        assert_eq!(told(&job, Event::Running), expect("job.running", 0, "http://n/"));
        assert_eq!(told(&job, Event::OutputFinished("b".into())), expect("output.finished", 2, "http://n/"));
        assert_eq!(told(&job, Event::OutputFinished("c".into())), expect("output.finished", 4, "http://n/"));
        job.spec.callbacks.notification_url = None;
        assert_eq!(told(&job, Event::MainFinished), []);
    }

    #[test]
    fn a_finished_output_comes_with_its_own_document_and_without_its_siblings() {
        let mut job = job_row(&[("a", Group::Main), ("b", Group::Main)]);
        job.spec.callbacks.notification_url = Some("http://n/".into());
        job.spec.callbacks.events = vec!["output.finished".into()];
        let owed = native().deliveries(&job, &Event::OutputFinished("b".into()));
        let body: serde_json::Value = serde_json::from_slice(&owed[0].body).unwrap();
        assert_eq!(body["data"]["output"]["id"], "b");
        assert_eq!(body["data"]["output"]["state"], "pending");
        assert_eq!(body["data"]["job"]["reference"], "order 1");
        assert_eq!(body["data"]["job"]["progress"]["total"], 2);
        assert!(!body.to_string().contains("\"a\""), "{body}");
    }

    #[test]
    fn a_job_of_eager_outputs_alone_is_finished_with_them() {
        let mut job = job_row(&[("c", Group::Eager)]);
        job.spec.callbacks.notification_url = Some("http://n/".into());
        assert_eq!(told(&job, Event::MainFinished), []);
        assert_eq!(told(&job, Event::EagerFinished), expect("job.finished", 4, "http://n/"));
    }

    #[test]
    fn a_job_without_eager_outputs_never_tells_of_them() {
        let mut job = job_row(&[("a", Group::Main)]);
        job.spec.callbacks.eager_notification_url = Some("http://e/".into());
        assert_eq!(told(&job, Event::EagerFinished), []);
    }

    #[test]
    fn the_body_is_the_job_document() {
        let mut job = job_row(&[("a", Group::Main)]);
        job.spec.callbacks.notification_url = Some("http://n/".into());
        let owed = native().deliveries(&job, &Event::MainFinished).remove(0);
        let body: serde_json::Value = serde_json::from_slice(&owed.body).unwrap();
        assert_eq!(body["type"], "job.finished");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:01.000Z");
        assert_eq!(body["data"], serde_json::to_value(response::job(&job, "http://here")).unwrap());
        assert_eq!((owed.signer, owed.policy), (Signer::StandardWebhooks, Policy::Native));
    }
}
