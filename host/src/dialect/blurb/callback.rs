//! Event to webhook: one for each status of a render, then one for the batch, all of a batch in order.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{NAME, batch_id, render_id, response};
use crate::{
    dialect::{Dialect, Event, ended_jobs},
    error::Failure,
    store::{BatchRow, JobRow, Store},
    webhook::{NewDelivery, Policy, Signer, delivery_id},
};

/// The dialect as the engine sees it.
#[derive(Clone, Debug)]
pub struct Blurb {
    /// What clients reach the dialect under, without a slash at the end.
    pub base_url: String,
    /// Whether webhooks are signed.
    pub sign_webhooks: bool,
}

/// What a render's spec keeps for the dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderExtra {
    /// Its place in the batch.
    pub index: u32,
    /// As it was sent.
    pub content_id: String,
    /// As it was sent.
    pub aspect_ratio: Option<String>,
}

impl RenderExtra {
    /// Reads it back; a row without it is the first of its batch.
    pub fn of(job: &JobRow) -> RenderExtra {
        let kept = RenderExtra::deserialize(&job.spec.extra);
        kept.unwrap_or(RenderExtra { index: 0, content_id: String::new(), aspect_ratio: None })
    }
}

/// Statuses of a render that are told.
const STATUSES: i64 = 3;

#[async_trait]
impl Dialect for Blurb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        let (Some(url), Some(batch)) = (&job.spec.callbacks.notification_url, job.batch) else {
            return Vec::new();
        };
        let (place, stage) = match event {
            Event::Running => (0, response::Stage::collecting()),
            Event::SourceRead => (1, response::Stage::rendering()),
            Event::MainFinished => (2, response::stage(job, &self.base_url)),
            Event::OutputFinished(_) | Event::EagerFinished | Event::Finished => return Vec::new(),
        };
        let body = json!({
            "type": "RENDER",
            "ref": job.spec.reference.as_deref().unwrap_or_default(),
            "status": stage.status,
            "progress": stage.progress,
            "message": stage.message,
            "renderId": render_id(job.id),
            "batchId": batch_id(batch),
            "renderUrl": stage.url,
        });
        let sequence = i64::from(RenderExtra::of(job).index) * STATUSES + place;
        let kind = format!("render.{}", stage.status.to_ascii_lowercase());
        vec![NewDelivery { job: Some(job.id), ..self.owed(&job.account, batch, url, kind, sequence, &body) }]
    }

    async fn batch_deliveries(&self, batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        match batch.notification_url {
            Some(_) => Ok(self.end_of_batch(batch, &ended_jobs(store, batch).await?)),
            None => Ok(Vec::new()),
        }
    }
}

impl Blurb {
    /// What is told of a batch when all its renders have ended.
    fn end_of_batch(&self, batch: &BatchRow, jobs: &[JobRow]) -> Vec<NewDelivery> {
        let Some(url) = &batch.notification_url else { return Vec::new() };
        let renders: Vec<_> = response::in_order(jobs)
            .into_iter()
            .map(|job| {
                let stage = response::stage(job, &self.base_url);
                json!({
                    "renderId": render_id(job.id),
                    "status": stage.status,
                    "message": stage.message,
                    "progress": stage.progress,
                    "renderUrl": stage.url,
                })
            })
            .collect();
        let body = json!({
            "type": "BATCH",
            "batchId": batch_id(batch.id),
            "ref": batch.reference.as_deref().unwrap_or_default(),
            "renders": renders,
            "status": response::batch_status(batch),
        });
        // After every render's.
        vec![self.owed(&batch.account, batch.id, url, "batch".to_owned(), i64::MAX, &body)]
    }

    /// A webhook of a batch. The batch is the order key: its end is told when nothing of its renders is
    /// owed any more.
    fn owed(
        &self,
        account: &str,
        batch: uuid::Uuid,
        url: &str,
        kind: String,
        sequence: i64,
        body: &serde_json::Value,
    ) -> NewDelivery {
        NewDelivery {
            id: delivery_id(batch, &kind, sequence),
            account: account.to_owned(),
            job: None,
            batch: Some(batch),
            order_key: batch,
            sequence,
            kind,
            url: url.to_owned(),
            body: body.to_string().into_bytes(),
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            signer: if self.sign_webhooks { Signer::StandardWebhooks } else { Signer::None },
            signing_key: None,
            policy: Policy::Blurb,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::Value;
    use uuid::Uuid;

    use super::{super::tests::*, *};
    use crate::job::State;

    fn blurb() -> Blurb {
        Blurb { base_url: "https://api.blurb.fm".into(), sign_webhooks: false }
    }

    fn batch(counts: Vec<(State, u64)>) -> BatchRow {
        BatchRow {
            id: Uuid::from_u128(9),
            account: "demo".into(),
            dialect: NAME.into(),
            notification_url: Some("http://hooks/".into()),
            reference: Some("my-custom-reference".into()),
            extra: Value::Null,
            counts,
            created_at: SystemTime::UNIX_EPOCH,
            finished_at: None,
        }
    }

    fn body(owed: &NewDelivery) -> Value {
        serde_json::from_slice(&owed.body).unwrap()
    }

    #[test]
    fn every_status_is_told_and_then_the_batch() {
        let made = ended(read(render(0)), None);
        let told: Vec<NewDelivery> = [
            blurb().deliveries(&render(0), &Event::Running),
            blurb().deliveries(&read(render(0)), &Event::SourceRead),
            blurb().deliveries(&made, &Event::MainFinished),
            blurb().end_of_batch(&batch(vec![(State::Succeeded, 1)]), &[made]),
        ]
        .concat();
        let (id, of_batch) = (render_id(render(0).id), batch_id(Uuid::from_u128(9)));
        let url = format!("https://api.blurb.fm/render/{}", super::super::ids::text(render(0).id));
        let of_render = |status: &str, progress: u8, message: &str, url: &str| {
            json!({
                "type": "RENDER", "ref": "my-custom-reference", "batchId": of_batch, "renderId": id, "status": status,
                "progress": progress, "message": message, "renderUrl": url
            })
        };
        let done = json!({
            "renderId": id, "status": "COMPLETE", "message": "Render completed.", "progress": 100, "renderUrl": url
        });
        let expected = [
            of_render("COLLECTING_ASSETS", 0, "Collecting assets for this render", ""),
            of_render("RENDERING", 0, "Rendering.", ""),
            of_render("COMPLETE", 100, "Render completed.", &url),
            json!({
                "type": "BATCH", "ref": "my-custom-reference", "batchId": of_batch, "status": "COMPLETE",
                "renders": [done]
            }),
        ];
        assert_eq!(told.iter().map(body).collect::<Vec<_>>(), expected);
        assert!(told.iter().all(|owed| owed.order_key == Uuid::from_u128(9) && owed.policy == Policy::Blurb));
        assert!(told.is_sorted_by_key(|owed| owed.sequence));
        assert_eq!(told.iter().map(|owed| owed.signer).collect::<Vec<_>>(), [Signer::None; 4]);
    }

    #[test]
    fn a_failed_render_says_why_and_fails_its_batch() {
        let failed = ended(render(1), Some("the picture is cut off"));
        let told = blurb().deliveries(&failed, &Event::MainFinished).remove(0);
        let body = body(&told);
        assert_eq!((&body["status"], &body["progress"], &body["renderUrl"]), (&json!("FAILED"), &json!(0), &json!("")));
        assert_eq!(body["message"], "the picture is cut off");
        assert_eq!((told.kind.as_str(), told.sequence), ("render.failed", 5));

        let both = [failed, ended(read(render(0)), None)];
        let counts = vec![(State::Succeeded, 1), (State::Failed, 1)];
        let body = super::tests::body(&blurb().end_of_batch(&batch(counts), &both)[0]);
        assert_eq!(body["status"], "FAILED");
        let statuses: Vec<_> = body["renders"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["COMPLETE", "FAILED"], "in the order of the request");
    }

    #[test]
    fn nobody_is_told_who_did_not_ask() {
        let mut job = render(0);
        job.spec.callbacks.notification_url = None;
        assert_eq!(blurb().deliveries(&job, &Event::Running), []);
        let silent = BatchRow { notification_url: None, ..batch(Vec::new()) };
        assert_eq!(blurb().end_of_batch(&silent, &[]), []);
    }
}
