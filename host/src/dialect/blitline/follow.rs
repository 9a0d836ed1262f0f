//! Jobs in a row: what a first job finds, or makes, says what the second one works on.
//!
//! The client knows the first one's id alone. A first job is one of two things: the job of a `pre_process`, whose
//! results the second one names as `&IDENT`; or one that only reads a source whose pages nobody has counted yet.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    NAME,
    lower::JobExtra,
    pages::{Paged, Told},
    sources::MADE,
};
use crate::{
    error::{Code, Failure},
    job::{Callbacks, Output, Pages, Report, Spec},
    source::Source,
    store::{Change, JobRow, NewBatch, NewJob, Submission},
    worker::report::pending,
};

/// What follows a job that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Follow {
    /// The next job's id; none of pages.
    pub id: Uuid,
    /// What the tokens of its results are made from.
    seed: String,
    /// The next job; of pages, what is made of each.
    spec: Box<Spec>,
    priority: i32,
    /// The pages, each of which gets a job. None for one job that takes results by name.
    pub pages: Option<Paged>,
}

/// The id under which the pages of a job are kept together, and told when they burst.
pub fn group_of(job: Uuid) -> Uuid {
    Uuid::from_u128(!job.as_u128())
}

impl Follow {
    /// `spec` follows.
    pub fn new(spec: Spec, priority: i32, pages: Option<Paged>) -> Follow {
        Follow { id: Uuid::new_v4(), seed: crate::job::new_token(), spec: Box::new(spec), priority, pages }
    }

    /// Whether the pages are told under an id of their own.
    pub fn is_burst(&self) -> bool {
        self.pages.as_ref().is_some_and(|pages| pages.told == Told::AsGroup)
    }

    /// What the next job's results are called and who is told of them.
    pub fn extra(&self) -> JobExtra {
        JobExtra::of(&self.spec)
    }

    /// Who is told.
    pub fn notification_url(&self) -> Option<&str> {
        self.spec.callbacks.notification_url.as_deref()
    }

    /// The next jobs as far as they are known before the first one ran.
    pub fn foreseen(&self) -> Vec<(Spec, Report)> {
        let specs = match &self.pages {
            None => vec![(*self.spec).clone()],
            Some(pages) => {
                pages.foreseen().into_iter().enumerate().map(|(at, page)| self.of_page(pages, page, at == 0)).collect()
            }
        };
        let with_report = |spec: Spec| {
            let report = self.report(&spec);
            (spec, report)
        };
        specs.into_iter().map(with_report).collect()
    }

    /// What the end of the first job sets off.
    ///
    /// Errors: more pages than are taken; a result that is not there.
    pub(super) fn change(&self, job: &JobRow) -> Result<Change, Failure> {
        let account = job.account.clone();
        let shown_as = JobExtra::of(&job.spec).shown_as.unwrap_or(job.id);
        let Some(pages) = &self.pages else {
            let (spec, blobs) = self.with_results(job)?;
            let job = self.job(self.id, shown(spec, shown_as), blobs);
            return Ok(Change::Submit { account, job: Box::new(job) });
        };
        let source = job.report.source.as_ref();
        let source = source.ok_or_else(|| Failure::new(Code::Internal, "the source was read and is gone"))?;
        let count = source.frames.unwrap_or(1);
        let picked = pages.of(count).map_err(|most| {
            let better = if self.is_burst() { "" } else { "; burst_pdf takes more, and multi_page named ones" };
            Failure::new(Code::ImageLimit, format!("the source has {count} pages, expected at most {most}{better}"))
        })?;
        // A canvas has no bytes.
        let blob = (!source.sha256.is_empty()).then(|| source.sha256.clone());
        // In the order of their pages, which is that of ids among jobs that come together.
        let mut ids: Vec<Uuid> = std::iter::repeat_with(Uuid::new_v4).take(picked.len()).collect();
        ids.sort_unstable();
        let jobs = ids.into_iter().zip(picked.into_iter().enumerate()).map(|(id, (at, page))| {
            let mut spec = self.of_page(pages, page, at == 0);
            if let Some(sha256) = &blob {
                spec.source = Source::Blob { sha256: sha256.clone(), asset: None };
            }
            self.job(id, shown(spec, shown_as), blob.iter().cloned().collect())
        });
        let jobs: Vec<NewJob> = jobs.collect();
        let group = group_of(shown_as);
        let told_as = if self.is_burst() { group } else { shown_as };
        let batch = NewBatch {
            id: group,
            dialect: NAME.to_owned(),
            notification_url: self.notification_url().map(str::to_owned),
            reference: None,
            extra: json!(JobExtra { shown_as: Some(told_as), group: Some(pages.told), ..self.extra() }),
        };
        let submission = Submission { account, jobs, batch: Some(batch), idempotency: None, queue_limit: u64::MAX };
        Ok(Change::SubmitTogether(Box::new(submission)))
    }

    fn job(&self, id: Uuid, spec: Spec, blobs: Vec<String>) -> NewJob {
        let report = self.report(&spec);
        NewJob { id, priority: self.priority, spec, report, blobs }
    }

    /// Pending outputs; their tokens are the same whenever they are worked out.
    fn report(&self, spec: &Spec) -> Report {
        let page = spec.rendering.page.and_then(|page| match page {
            Pages::One(page) if self.pages.is_some() => Some(page),
            _ => None,
        });
        let token = |output: &Output| {
            let text = format!("{}/{}/{}", self.seed, page.unwrap_or_default(), output.id);
            URL_SAFE_NO_PAD.encode(Sha256::digest(text))
        };
        let outputs = spec.outputs.iter().map(|output| pending(output, token(output))).collect();
        Report { outputs, ..Report::default() }
    }

    /// One page in a job of its own, of which nobody is told.
    fn of_page(&self, pages: &Paged, page: u32, is_first: bool) -> Spec {
        let extra = self.extra();
        let (outputs, images) = pages.alone(&self.spec.outputs, &extra.images, page, is_first);
        let extra = JobExtra { images, group: Some(pages.told), written: None, ..extra };
        let mut spec = Spec { outputs, extra: json!(extra), ..(*self.spec).clone() };
        spec.rendering.page = Some(Pages::One(page + 1));
        spec.callbacks = Callbacks::default();
        spec
    }

    /// The next job with the blobs of the first one's results in the place of their names.
    fn with_results(&self, job: &JobRow) -> Result<(Spec, Vec<String>), Failure> {
        let shown = JobExtra::of(&job.spec).images;
        let mut blobs = Vec::new();
        let mut blob = |name: &str| {
            let output = shown.iter().find(|image| image.identifier == name).map(|image| &image.output);
            let report = output.and_then(|id| job.report.outputs.iter().find(|output| output.id == *id));
            let sha256 = report.and_then(|report| report.sha256.clone());
            let sha256 =
                sha256.ok_or_else(|| Failure::new(Code::SourceNotFound, format!("there is no result {name:?}")))?;
            blobs.push(sha256.clone());
            Ok::<_, Failure>(sha256)
        };
        let mut spec = (*self.spec).clone();
        if let Source::Url { url } = &spec.source
            && let Some(name) = url.strip_prefix(MADE)
        {
            spec.source = Source::Blob { sha256: blob(name)?, asset: None };
        }
        for step in spec.outputs.iter_mut().flat_map(|output| &mut output.steps) {
            for value in step.params.values_mut() {
                replace(value, &mut blob)?;
            }
        }
        if let Some(sha256) = spec.source.blob() {
            blobs.push(sha256.to_owned());
        }
        Ok((spec, blobs))
    }
}

/// Puts blobs in the place of names, however deep they stand.
fn replace(value: &mut Value, blob: &mut impl FnMut(&str) -> Result<String, Failure>) -> Result<(), Failure> {
    match value {
        Value::Object(members) => {
            let name = members.get("url").and_then(|url| url.as_str()?.strip_prefix(MADE)).map(str::to_owned);
            if let (Some(name), 1) = (name, members.len()) {
                *value = json!({"blob": blob(&name)?});
                return Ok(());
            }
            members.values_mut().try_for_each(|member| replace(member, blob))
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| replace(item, blob)),
        _ => Ok(()),
    }
}

fn shown(spec: Spec, shown_as: Uuid) -> Spec {
    let extra = JobExtra { shown_as: Some(shown_as), ..JobExtra::of(&spec) };
    Spec { extra: json!(extra), ..spec }
}
