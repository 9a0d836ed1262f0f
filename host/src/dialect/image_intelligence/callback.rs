//! Event to webhook: one, when the whole job is done.

use super::{NAME, response};
use crate::{
    dialect::{Dialect, Event, native::callback::delivery_id},
    store::{BatchRow, JobRow},
    webhook::{NewDelivery, Policy, Signer},
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

impl Dialect for ImageIntelligence {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Nothing is told of single pictures.
    fn deliveries(&self, _: &JobRow, _: &Event) -> Vec<NewDelivery> {
        Vec::new()
    }

    fn batch_deliveries(&self, batch: &BatchRow, jobs: &[JobRow]) -> Vec<NewDelivery> {
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
            policy: Policy::ImageIntelligence,
        }]
    }

    fn tells_jobs(&self) -> bool {
        true
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
        let mut owed = dialect.batch_deliveries(&batch, &jobs);
        let told = owed.remove(0);
        assert_eq!(serde_json::from_slice::<Value>(&told.body).unwrap(), expected);
        assert_eq!((told.signer, told.policy, owed.len()), (Signer::None, Policy::ImageIntelligence, 0));
        assert!(dialect.deliveries(&jobs[0], &Event::MainFinished).is_empty());
        let silent = BatchRow { notification_url: None, ..batch };
        assert!(dialect.batch_deliveries(&silent, &jobs).is_empty());
    }
}
