//! Event to webhook: one, when the whole job is done.

use async_trait::async_trait;

use super::{NAME, response};
use crate::{
    dialect::{Dialect, Event, ended_jobs},
    error::Failure,
    store::{BatchRow, JobRow, Store},
    webhook::{NewDelivery, Policy, Signer, delivery_id},
};

/// The event's type.
const KIND: &str = "job";

/// The dialect as the engine sees it.
#[derive(Clone, Debug)]
pub struct ImageIntelligence {
    /// What clients reach the dialect under, without a slash at the end.
    pub base_url: String,
    /// Whether webhooks are signed.
    pub sign_webhooks: bool,
}

#[async_trait]
impl Dialect for ImageIntelligence {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Nothing is told of single pictures.
    fn deliveries(&self, _: &JobRow, _: &Event) -> Vec<NewDelivery> {
        Vec::new()
    }

    async fn batch_deliveries(&self, batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        match batch.notification_url {
            Some(_) => Ok(self.end_of_batch(batch, &ended_jobs(store, batch).await?)),
            None => Ok(Vec::new()),
        }
    }
}

impl ImageIntelligence {
    /// What is told of a job when all its pictures are done.
    fn end_of_batch(&self, batch: &BatchRow, jobs: &[JobRow]) -> Vec<NewDelivery> {
        let Some(url) = &batch.notification_url else { return Vec::new() };
        let body = response::job(batch, jobs, &self.base_url);
        vec![NewDelivery {
            id: delivery_id(batch.id, KIND, 0),
            account: batch.account.clone(),
            job: None,
            batch: Some(batch.id),
            order_key: batch.id,
            sequence: 0,
            kind: KIND.to_owned(),
            url: url.clone(),
            body: body.to_string().into_bytes(),
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            signer: if self.sign_webhooks { Signer::StandardWebhooks } else { Signer::None },
            signing_key: None,
            policy: Policy::ImageIntelligence,
        }]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::response::tests::documented, *};

    #[test]
    fn the_whole_job_is_told_once_as_documented() {
        let (batch, jobs, expected) = documented();
        let dialect = ImageIntelligence { base_url: "https://api.quickpix.io".into(), sign_webhooks: false };
        let mut owed = dialect.end_of_batch(&batch, &jobs);
        let told = owed.remove(0);
        assert_eq!(serde_json::from_slice::<Value>(&told.body).unwrap(), expected);
        assert_eq!((told.signer, told.policy, owed.len()), (Signer::None, Policy::ImageIntelligence, 0));
        assert!(dialect.deliveries(&jobs[0], &Event::MainFinished).is_empty());
        let silent = BatchRow { notification_url: None, ..batch };
        assert!(dialect.end_of_batch(&silent, &jobs).is_empty());
    }
}
