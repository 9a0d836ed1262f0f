//! Eager transformations that are made later, each by a job that reads the file as it needs it: those that read another page, or
//! at another density, have jobs of their own, and all are told of together.

use serde_json::Value;

use super::{
    NAME,
    answer::Object,
    call::{Action, Call},
    eager,
    engine::{Ended, told},
    explode::Together,
    lower,
    params::UploadParams,
};
use crate::{
    error::{Code, Failure},
    job::{self, Accepts},
    source::Source,
    store::{Change, JobRow, NewBatch, NewJob, ResourceRow, Submission},
};

/// The places of the transformations that one job makes, for each job: those that read the file as it is first.
fn groups(params: &UploadParams) -> Vec<Vec<usize>> {
    let is_plain = |place: &usize| lower::rendering(&params.eager[*place].eager.transformation).is_default();
    let (plain, apart): (Vec<_>, Vec<_>) = (0..params.eager.len()).partition(is_plain);
    let plain = (!plain.is_empty()).then_some(plain);
    plain.into_iter().chain(apart.into_iter().map(|place| vec![place])).collect()
}

/// The work: one job, or several of one batch.
pub(super) fn submit(params: &UploadParams, call: Call, row: &ResourceRow) -> Result<Change, Failure> {
    let account = row.key.account.clone();
    let groups = groups(params);
    if groups.iter().all(|group| lower::rendering(&params.eager[group[0]].eager.transformation).is_default()) {
        let job = job(&call, row, params.eager.len())?;
        return Ok(Change::Submit { account, job: Box::new(job) });
    }
    let jobs = groups.iter().map(|group| part(params, &call, row, group)).collect::<Result<_, _>>()?;
    let reference = call.origin.batch_id.clone();
    let together = Together { call, asset_id: row.id.simple().to_string() };
    let extra = serde_json::to_value(together)
        .map_err(|error| Failure::new(Code::Internal, format!("the call is no JSON: {error}")))?;
    let batch = NewBatch { id: job::new_id(), dialect: NAME.to_owned(), notification_url: None, reference, extra };
    let submission = Submission { account, jobs, batch: Some(batch), idempotency: None, queue_limit: u64::MAX };
    Ok(Change::SubmitTogether(Box::new(submission)))
}

fn job(call: &Call, row: &ResourceRow, outputs: usize) -> Result<NewJob, Failure> {
    let source = Source::Blob { sha256: row.sha256.clone(), asset: None };
    call.job(source, Accepts::Pictures, eager::ids(outputs).collect())
}

/// The job of one group.
fn part(params: &UploadParams, call: &Call, row: &ResourceRow, group: &[usize]) -> Result<NewJob, Failure> {
    let items = group.iter().map(|place| &params.eager[*place]);
    let mut form = call.form.clone();
    form.retain(|(name, _)| name != "eager");
    form.push(("eager".to_owned(), items.clone().map(|item| item.text.as_str()).collect::<Vec<_>>().join("|")));
    let call = Call { action: Action::Page, form, ..call.clone() };
    let mut job = job(&call, row, group.len())?;
    if let Some(first) = items.clone().next() {
        job.spec.rendering = lower::rendering(&first.eager.transformation);
    }
    Ok(job)
}

/// What is told when all jobs of a batch have ended; `jobs` are in the order in which they were made.
pub(super) fn ended(call: &Call, asset_id: &str, jobs: &[JobRow]) -> Object {
    let Ok(params) = call.params() else { return Object::new() };
    let mut all = vec![Value::Null; params.eager.len()];
    for (group, job) in groups(&params).iter().zip(jobs) {
        let ended = Ended::of(job);
        let made = ended.as_ref().and_then(|ended| ended.answer.get("eager")?.as_array());
        for (nth, place) in group.iter().enumerate() {
            let one = made.and_then(|made| made.get(nth)).cloned();
            all[*place] = one.unwrap_or_else(|| eager::failed_as(&params.eager[*place], &told(job).1));
        }
    }
    eager::ended(call, asset_id, all)
}

#[cfg(test)]
mod tests {
    use super::{super::params::Form, *};

    #[test]
    fn those_that_read_the_file_otherwise_have_jobs_of_their_own() {
        let of = |text: &str| groups(&UploadParams::parse(&Form::new([("eager", text)])).unwrap());
        assert_eq!(of("w_1|w_2/jpg"), [vec![0, 1]]);
        assert_eq!(of("pg_2,w_1|w_2|dn_100/png|w_3"), [vec![1, 3], vec![0], vec![2]]);
        assert_eq!(of("pg_2"), [vec![0]]);
    }
}
