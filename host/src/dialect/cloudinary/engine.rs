//! The dialect as the engine sees it: what a job's end changes, and who is told.

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    answer::{self, Object, Site},
    call::{Action, Call},
    callback::Notice,
    eager, explicit, explode, intake, made, settings,
    signature::Algorithm,
    trigger, works,
};
use crate::{
    blob::Blobs,
    dialect::{Dialect, Event, Work},
    error::{Code, Failure},
    job::{SourceReport, State},
    source::Source,
    store::{self, BatchRow, Change, JobRow, Store},
    webhook::NewDelivery,
    worker::Catalogue,
};

/// The name that specs of this dialect hold.
pub const NAME: &str = "cloudinary";

/// The dialect with what it has to know of the server.
#[derive(Clone)]
pub struct Cloudinary {
    /// What clients reach this server under, without a slash at the end.
    pub public_url: String,
    /// What holds for clouds that have not set it otherwise.
    pub config: settings::Config,
    /// What runs steps: results are found again by it.
    pub transforms: Arc<Catalogue>,
    /// The bytes of assets: transformations read tables out of them.
    pub blobs: Blobs,
}

/// What a job's report holds of its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ended {
    /// The answer, without the signature and the API key.
    pub answer: Object,
    /// Who is told.
    #[serde(default)]
    pub notify: Vec<String>,
}

impl Ended {
    /// What the row of a job that ended well says.
    pub fn of(job: &JobRow) -> Option<Ended> {
        Ended::deserialize(&job.report.extra).ok()
    }
}

/// What an action of a job comes to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The answer.
    pub(super) answer: Object,
    /// What changes.
    pub(super) changes: Vec<Change>,
}

#[async_trait]
impl Dialect for Cloudinary {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ending(&self, job: &mut JobRow, store: &dyn Store) -> Result<Vec<Change>, Failure> {
        let call = Call::of(&job.spec)?;
        // What is done while a client waits succeeds or fails as a whole.
        if !matches!(call.action, Action::Eager | Action::Page)
            && let Some(error) = job.report.outputs.iter().find_map(|output| output.error.as_ref())
        {
            return Err(Failure::new(error.code, error.message.clone()));
        }
        let account = store.account(&job.account).await.map_err(storage)?;
        let account = account.ok_or_else(|| Failure::new(Code::Internal, "the job's account is gone"))?;
        let site = self.site(&account.key, &account.secret, call.origin.algorithm);
        let at = job.finished_at.unwrap_or(job.created_at);
        let outcome = match call.action {
            Action::Upload => intake::ending(self, &call, job, store, &site, at).await?,
            Action::Archive => {
                let mut outcome = intake::ending(self, &call, job, store, &site, at).await?;
                let counts = call.made_by.split(' ').map(|count| count.parse::<u64>().unwrap_or_default());
                for (field, count) in ["resource_count", "file_count"].into_iter().zip(counts) {
                    outcome.answer.insert(field.to_owned(), count.into());
                }
                outcome
            }
            Action::Explicit => explicit::ending(&call, job, store, &site, at).await?,
            Action::Look => explicit::looked(&call, job, store).await?,
            Action::Eager | Action::Page => eager::ending(&call, job, store, &site, at).await?,
            Action::Sprite | Action::Multi | Action::Text => made::ending(&call, job, store, &site, at).await?,
        };
        let mut notify = call.origin.notify.clone();
        if notify.is_empty() && call.action != Action::Look {
            notify = trigger::addresses(store, &job.account, call.action.event()).await.map_err(storage)?;
        }
        let ended = Ended { answer: outcome.answer, notify };
        job.report.extra = serde_json::to_value(&ended)
            .map_err(|error| Failure::new(Code::Internal, format!("the answer is no JSON: {error}")))?;
        Ok(outcome.changes)
    }

    async fn outputs(
        &self,
        job: &JobRow,
        source: &SourceReport,
        store: &dyn Store,
    ) -> Result<Vec<Result<Work, Failure>>, Failure> {
        works::works(self, &Call::of(&job.spec)?, job, source, store).await
    }

    fn deliveries(&self, job: &JobRow, event: &Event) -> Vec<NewDelivery> {
        let (Event::Finished, Ok(call)) = (event, Call::of(&job.spec)) else { return Vec::new() };
        if matches!(call.action, Action::Page | Action::Look) {
            // The pages of a document are told of together, a look of nobody.
            return Vec::new();
        }
        let ended = Ended::of(job).filter(|_| job.state == State::Succeeded || call.action == Action::Eager);
        let (kind, body, urls) = match ended {
            Some(mut ended) => {
                if call.action.event() == "upload" {
                    ended.answer.insert("api_key".to_owned(), call.origin.api_key.clone().into());
                }
                (call.action.event(), ended.answer, ended.notify)
            }
            None => ("error", error_body(&call, job), call.origin.notify.clone()),
        };
        let notice = Notice {
            kind,
            account: &job.account,
            origin: &call.origin,
            job: Some(job.id),
            event: job.id,
            at: job.finished_at.unwrap_or(job.created_at),
            body,
        };
        notice.to(&urls)
    }

    async fn batch_deliveries(&self, batch: &BatchRow, store: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        explode::deliveries(batch, store).await
    }
}

impl Cloudinary {
    /// What addresses of a cloud are made of.
    pub fn site<'a>(&'a self, cloud: &'a str, secret: &'a str, algorithm: Algorithm) -> Site<'a> {
        Site { host: answer::host(&self.public_url), cloud, secret, algorithm }
    }
}

impl Action {
    /// The type of its notification.
    fn event(self) -> &'static str {
        match self {
            Action::Upload | Action::Explicit | Action::Text | Action::Look => "upload",
            Action::Eager => "eager",
            Action::Page => "explode",
            Action::Sprite => "sprite",
            Action::Multi => "multi",
            Action::Archive => "generate_archive",
        }
    }
}

/// A failure of the store, worth another try.
pub(super) fn storage(error: store::Error) -> Failure {
    Failure::new(Code::StorageFailed, error.to_string())
}

fn error_body(call: &Call, job: &JobRow) -> Object {
    let (_, message) = told(job);
    let mut body = Object::new();
    body.insert("error".to_owned(), serde_json::json!({"message": message}));
    body.insert("public_id".to_owned(), call.name.clone().into());
    body.insert("resource_type".to_owned(), call.kind.clone().into());
    body.insert("type".to_owned(), call.delivery.clone().into());
    body
}

/// How a job that failed is told: the status and the message.
pub fn told(job: &JobRow) -> (u16, String) {
    let Some(error) = intake::first_error(job) else { return (500, "The request failed".to_owned()) };
    let url = match &job.spec.source {
        Source::Url { url } => Some(url.as_str()),
        _ => None,
    };
    told_failure(error.code, &error.message, url)
}

/// How a failure is told; `url` is where the file was to come from.
pub fn told_failure(code: Code, message: &str, url: Option<&str>) -> (u16, String) {
    match (code, url) {
        (Code::UnknownFormat | Code::CorruptImage | Code::UnsupportedFeature, _) => {
            (400, "Invalid image file".to_owned())
        }
        (Code::SourceUnreachable | Code::SourceNotFound | Code::AddressRefused | Code::SourceLimit, Some(url)) => {
            let reason = message.strip_prefix("cannot fetch the source: ").unwrap_or(message);
            (400, format!("Error in loading {url} - {reason}"))
        }
        (Code::TooManyRequests, _) => (420, format!("Rate Limit Exceeded. {message}")),
        (Code::WorkerLost | Code::Unavailable | Code::StorageFailed | Code::Internal, _) => {
            (500, format!("General Error: {message}"))
        }
        (Code::Unauthorized, _) => (401, message.to_owned()),
        (Code::NotFound, _) => (404, message.to_owned()),
        _ => (400, message.to_owned()),
    }
}

/// Unix seconds.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
