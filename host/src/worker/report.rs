//! What a job leaves behind, as it grows, and who is told.

use std::{collections::BTreeSet, time::SystemTime};

use md5::{Digest, Md5};

use super::make::Made;
use crate::{
    dialect::{Dialect, Event},
    error::{Code, Failure},
    job::{Group, JobError, Output, OutputReport, OutputState, Progress, Report, Spec, State},
    store::{Advance, BlobRow, Completion, JobRow},
    webhook::NewDelivery,
};

/// The report of an output that is not made yet.
pub fn pending(output: &Output, token: String) -> OutputReport {
    OutputReport {
        id: output.id.clone(),
        group: output.group,
        state: OutputState::Pending,
        token,
        width: None,
        height: None,
        frames: None,
        format: None,
        bytes: None,
        sha256: None,
        md5: None,
        recipe: None,
        data: Vec::new(),
        steps: Vec::new(),
        error: None,
    }
}

/// Writes down an output that was made.
pub(super) fn fill(report: &mut OutputReport, made: Made, blob: Option<&BlobRow>) {
    report.state = OutputState::Succeeded;
    report.width = Some(made.size.width);
    report.height = Some(made.size.height);
    report.frames = (made.frames > 1).then_some(made.frames);
    report.format = Some(made.format);
    report.bytes = Some(made.bytes.len() as u64);
    report.sha256 = blob.map(|blob| blob.sha256.clone());
    report.md5 = made.md5;
    report.data = made.data;
    report.steps = made.steps;
    report.error = None;
}

/// Ends every output that is neither made nor failed with an error, and the job with the same.
pub fn fail_pending(report: &mut Report, failure: &Failure) {
    for output in &mut report.outputs {
        if output.state == OutputState::Pending {
            output.state = OutputState::Failed;
            output.error = Some(JobError {
                code: failure.code,
                message: failure.message.clone(),
                output: Some(output.id.clone()),
                step: None,
            });
        }
    }
    report.errors.push(JobError::whole(failure.clone()));
}

/// The deliveries for a job's end: the ends of both groups, as far as the job has them, and its own.
pub fn end_deliveries(dialect: &dyn Dialect, job: &JobRow) -> Vec<NewDelivery> {
    let mut deliveries = Vec::new();
    for (group, event) in [(Group::Main, Event::MainFinished), (Group::Eager, Event::EagerFinished)] {
        if job.spec.outputs.iter().any(|output| output.group == group) {
            deliveries.extend(dialect.deliveries(job, &event));
        }
    }
    deliveries.extend(dialect.deliveries(job, &Event::Finished));
    deliveries
}

/// How a job ends that is called off: what is not made is `cancelled`, and the callbacks go out. For
/// [`crate::store::Store::cancel`], too, where `job` is the waiting row.
pub fn cancelled(dialect: Option<&dyn Dialect>, job: &JobRow, now: SystemTime) -> Completion {
    let mut job = job.clone();
    fail_pending(&mut job.report, &Failure::new(Code::Cancelled, "the job was cancelled"));
    finalize(&mut job, State::Cancelled, now);
    end(dialect, job)
}

/// How a job ends that cannot be done: what is not made fails with `failure`.
pub fn failed(dialect: Option<&dyn Dialect>, job: &JobRow, failure: &Failure, now: SystemTime) -> Completion {
    let mut job = job.clone();
    fail_pending(&mut job.report, failure);
    let state = job.report.final_state();
    finalize(&mut job, state, now);
    end(dialect, job)
}

/// Brings a row whose outputs are all made or failed into the state in which it ends.
pub(super) fn finalize(job: &mut JobRow, state: State, now: SystemTime) {
    job.state = state;
    job.finished_at = Some(now);
    job.progress = progress(&job.report);
    job.cancel_requested = false;
}

/// The end of a job whose row says so, with what is owed for it.
pub(super) fn end(dialect: Option<&dyn Dialect>, job: JobRow) -> Completion {
    let deliveries = dialect.map(|dialect| end_deliveries(dialect, &job)).unwrap_or_default();
    Completion { state: job.state, advance: advance(&job, deliveries), changes: Vec::new() }
}

/// What is written of a job as it stands.
pub(super) fn advance(job: &JobRow, deliveries: Vec<NewDelivery>) -> Advance {
    Advance { report: job.report.clone(), progress: job.progress, deliveries, blobs: blobs(&job.report) }
}

fn blobs(report: &Report) -> Vec<BlobRow> {
    let mut seen = BTreeSet::new();
    let made = report.outputs.iter().filter_map(|output| Some((output.sha256.clone()?, output.bytes?)));
    made.filter(|(sha256, _)| seen.insert(sha256.clone())).map(|(sha256, bytes)| BlobRow { sha256, bytes }).collect()
}

/// MD5 in lower-case hex; some clients compare files by it.
pub(super) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

pub(super) fn progress(report: &Report) -> Progress {
    let done = report.outputs.iter().filter(|output| output.state != OutputState::Pending).count();
    Progress { done: done as u32, total: report.outputs.len() as u32 }
}

/// What failed is tried again.
pub(super) fn forget_failures(report: &mut Report) {
    for output in report.outputs.iter_mut().filter(|output| output.state == OutputState::Failed) {
        (output.state, output.error) = (OutputState::Pending, None);
    }
}

/// Makes the report fit the spec: one entry for each output, in its order.
pub(super) fn complete_outputs(report: &mut Report, spec: &Spec) {
    let mut known = std::mem::take(&mut report.outputs);
    for output in &spec.outputs {
        let entry = known.iter().position(|entry| entry.id == output.id);
        report.outputs.push(match entry {
            Some(index) => known.swap_remove(index),
            None => pending(output, String::new()),
        });
    }
}
