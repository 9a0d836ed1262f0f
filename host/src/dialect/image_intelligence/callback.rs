//! Event to webhook: one, when the whole job is done.

use async_trait::async_trait;

use super::{
    NAME,
    registered::{self, Registered},
    response,
};
use crate::{
    dialect::{Dialect, Event, ended_jobs},
    error::{Code, Failure},
    store::{BatchRow, JobRow, Store},
    webhook::{NewDelivery, Policy, Signer, delivery_id},
};

/// The event's type.
const KIND: &str = "job";
/// That of the one to the registered address.
const REGISTERED: &str = "job.registered";

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
        let registered = registered::of(store, &batch.account).await;
        let registered = registered.map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?;
        if batch.notification_url.is_none() && registered.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.end_of_batch(batch, &ended_jobs(store, batch).await?, registered.as_ref()))
    }
}

impl ImageIntelligence {
    /// What is told of a job when all its pictures are done: to the address that it names, and to the registered one,
    /// whose secret signs both. The same address is told once.
    fn end_of_batch(&self, batch: &BatchRow, jobs: &[JobRow], registered: Option<&Registered>) -> Vec<NewDelivery> {
        let body = response::job(batch, jobs, &self.base_url).to_string().into_bytes();
        let mut urls: Vec<(&str, &str)> = batch.notification_url.iter().map(|url| (url.as_str(), KIND)).collect();
        let other = registered.filter(|registered| batch.notification_url.as_ref() != Some(&registered.url));
        urls.extend(other.map(|registered| (registered.url.as_str(), REGISTERED)));
        let headers: Vec<_> = registered.and_then(|registered| registered.signature(&body)).into_iter().collect();
        let owed = urls.into_iter().map(|(url, kind)| {
            let id = delivery_id(batch.id, kind, 0);
            NewDelivery {
                id,
                account: batch.account.clone(),
                job: None,
                batch: Some(batch.id),
                // None waits for the other.
                order_key: id,
                sequence: 0,
                kind: kind.to_owned(),
                url: url.to_owned(),
                body: body.clone(),
                content_type: "application/json".to_owned(),
                headers: headers.clone(),
                signer: if self.sign_webhooks { Signer::StandardWebhooks } else { Signer::None },
                signing_key: None,
                policy: Policy::ImageIntelligence,
            }
        });
        owed.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::response::tests::done, *};

    #[test]
    fn the_whole_job_is_told_once_as_done() {
        let (batch, jobs, expected) = done();
        let dialect = ImageIntelligence { base_url: "https://api.quickpix.io".into(), sign_webhooks: false };
        let mut owed = dialect.end_of_batch(&batch, &jobs, None);
        let told = owed.remove(0);
        assert_eq!(serde_json::from_slice::<Value>(&told.body).unwrap(), expected);
        assert_eq!((told.signer, told.policy, owed.len()), (Signer::None, Policy::ImageIntelligence, 0));
        assert!(dialect.deliveries(&jobs[0], &Event::MainFinished).is_empty());

        let (id, url) = (batch.id, "http://registered/".to_owned());
        let registered = Registered { id, url, secret_key: Some("Jefe's key".into()), created_at: 0 };
        let owed = dialect.end_of_batch(&batch, &jobs, Some(&registered));
        assert_eq!(owed.iter().map(|one| one.url.as_str()).collect::<Vec<_>>(), [&told.url, "http://registered/"]);
        assert_eq!(owed[0].headers, [registered.signature(&told.body).unwrap()]);
        let same = Registered { url: told.url.clone(), ..registered.clone() };
        assert_eq!(dialect.end_of_batch(&batch, &jobs, Some(&same)).len(), 1);
        // By Python's hmac.
        let known = registered.signature(b"what do ya want for nothing?").unwrap().1;
        assert_eq!(known, "sha256=c5e8d46b3c6d55c2e0da9d7fe377656cf25f0b535331b445cbac86b9b87dfb65");
        let silent = BatchRow { notification_url: None, ..batch };
        assert!(dialect.end_of_batch(&silent, &jobs, None).is_empty());
    }
}
