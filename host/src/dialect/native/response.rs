//! The documents that clients read.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    clock::rfc3339,
    job::{self, Group, JobError, OutputReport, OutputState, Progress, SourceReport, State, StepReport},
    store::{AssetRow, AttemptRow, BatchRow, DeliveryRow, DeliveryState, JobRow},
};

/// A job as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDocument {
    /// Its id.
    pub id: Uuid,
    /// Its state.
    pub state: State,
    /// As it was sent.
    pub reference: Option<String>,
    /// When it was accepted, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When a worker first began.
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    /// When it reached its final state.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// How far it is.
    pub progress: Progress,
    /// What is known of the source, once it was read.
    pub source: Option<SourceReport>,
    /// The outputs.
    pub outputs: Vec<OutputDocument>,
    /// The eager outputs.
    pub eager: Vec<OutputDocument>,
    /// All errors: of the job as a whole, then of its outputs.
    pub errors: Vec<JobError>,
    /// The batch that it belongs to.
    pub batch: Option<Uuid>,
}

/// One output as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OutputDocument {
    /// Its id within the job.
    pub id: String,
    /// How far it is.
    pub state: OutputState,
    /// Where it is, or will be: known from the start, and impossible to guess.
    pub url: String,
    /// Columns.
    pub width: Option<u32>,
    /// Rows.
    pub height: Option<u32>,
    /// Frames, when there is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// The format's name.
    pub format: Option<String>,
    /// Size of the file.
    pub bytes: Option<u64>,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: Option<String>,
    /// What `analyze` steps found, in the order of the steps.
    pub data: Vec<Value>,
    /// What ran, with its cost.
    pub steps: Vec<StepReport>,
    /// Why it was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// Shows a job.
pub fn job(row: &JobRow, public_url: &str) -> JobDocument {
    let group = |group: Group| -> Vec<OutputDocument> {
        let of_group = row.report.outputs.iter().filter(|output| output.group == group);
        of_group.map(|report| output(report, &row.spec, public_url)).collect()
    };
    let of_outputs = row.report.outputs.iter().filter_map(|output| output.error.clone());
    JobDocument {
        id: row.id,
        state: row.state,
        reference: row.spec.reference.clone(),
        created_at: rfc3339(row.created_at),
        started_at: row.started_at.map(rfc3339),
        finished_at: row.finished_at.map(rfc3339),
        progress: row.progress,
        source: row.report.source.clone(),
        outputs: group(Group::Main),
        eager: group(Group::Eager),
        errors: row.report.errors.iter().cloned().chain(of_outputs).collect(),
        batch: row.batch,
    }
}

/// Shows an output.
pub fn output(report: &OutputReport, spec: &job::Spec, public_url: &str) -> OutputDocument {
    OutputDocument {
        id: report.id.clone(),
        state: report.state,
        url: output_url(report, spec, public_url),
        width: report.width,
        height: report.height,
        frames: report.frames,
        format: report.format.clone(),
        bytes: report.bytes,
        sha256: report.sha256.clone(),
        data: report.data.clone(),
        steps: report.steps.clone(),
        error: report.error.clone(),
    }
}

/// Where an output is found. It never changes, so its extension comes from the spec alone: an
/// output that keeps the format of its source, which nobody knows yet, has none.
pub fn output_url(report: &OutputReport, spec: &job::Spec, public_url: &str) -> String {
    let wanted = spec.outputs.iter().find(|output| output.id == report.id);
    let canvas = matches!(spec.source, crate::source::Source::Canvas { .. }).then_some("png");
    let format = wanted.and_then(|output| output.encoding.format.as_deref()).or(canvas);
    // What a plugin writes has its name for an extension.
    let extension = format
        .filter(|name| ![job::AUTO, job::AS_SENT].contains(name))
        .map(|name| safelight_codec::Format::from_name(name).map_or(name, |format| format.extension()));
    let (token, id) = (&report.token, &report.id);
    match extension {
        Some(extension) => format!("{public_url}/o/{token}/{id}.{extension}"),
        None => format!("{public_url}/o/{token}/{id}"),
    }
}

/// A page of jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobList {
    /// The jobs, newest first.
    pub items: Vec<JobDocument>,
    /// The cursor of the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A batch as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchDocument {
    /// Its id.
    pub id: Uuid,
    /// As it was sent.
    pub reference: Option<String>,
    /// When it was accepted, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When its last job ended.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// How many of its jobs are in each state.
    pub counts: Counts,
    /// Where its jobs are listed.
    pub jobs: String,
}

/// Jobs of a batch by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Waiting.
    pub queued: u64,
    /// Under way.
    pub running: u64,
    /// Every output was made.
    pub succeeded: u64,
    /// Some outputs were made.
    pub partially_failed: u64,
    /// No output was made.
    pub failed: u64,
    /// Called off.
    pub cancelled: u64,
}

/// Shows a batch.
pub fn batch(row: &BatchRow, public_url: &str) -> BatchDocument {
    let of = |state: State| row.counts.iter().filter(|(each, _)| *each == state).map(|(_, count)| count).sum();
    BatchDocument {
        id: row.id,
        reference: row.reference.clone(),
        created_at: rfc3339(row.created_at),
        finished_at: row.finished_at.map(rfc3339),
        counts: Counts {
            total: row.counts.iter().map(|(_, count)| count).sum(),
            queued: of(State::Queued),
            running: of(State::Running),
            succeeded: of(State::Succeeded),
            partially_failed: of(State::PartiallyFailed),
            failed: of(State::Failed),
            cancelled: of(State::Cancelled),
        },
        jobs: format!("{public_url}/v1/jobs?batch={}", row.id),
    }
}

/// What a job would do.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DryRun {
    /// Always true: what is not valid is answered with a problem document.
    pub valid: bool,
    /// What would be made.
    pub outputs: Vec<PlannedOutput>,
}

/// One output that would be made.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlannedOutput {
    /// Its id.
    pub id: String,
    /// Columns; null when they depend on what is not known yet.
    pub width: Option<u32>,
    /// Rows; null when they depend on what is not known yet.
    pub height: Option<u32>,
    /// The steps that would run.
    pub steps: Vec<PlannedStep>,
    /// Why it would fail though the job is valid: an unknown transform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// One step that would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedStep {
    /// The transform, as it was named.
    pub transform: String,
    /// The plugin that offers it; null when none does.
    pub plugin: Option<String>,
    /// The plugin's version.
    pub version: Option<String>,
    /// Columns after the step, where they are known.
    pub width: Option<u32>,
    /// Rows after the step, where they are known.
    pub height: Option<u32>,
}

/// A stored original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AssetDocument {
    /// Its id.
    pub id: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// The format's name.
    pub format: String,
    /// Columns as displayed.
    pub width: u32,
    /// Rows as displayed.
    pub height: u32,
    /// When it was stored, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Shows an asset.
pub fn asset(row: &AssetRow) -> AssetDocument {
    AssetDocument {
        id: row.id.clone(),
        sha256: row.sha256.clone(),
        bytes: row.bytes,
        format: row.format.clone(),
        width: row.width,
        height: row.height,
        created_at: rfc3339(row.created_at),
    }
}

/// A callback that is or was owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryDocument {
    /// Its id.
    pub id: Uuid,
    /// What the receiver sees as `webhook-id`: the id of the first delivery, also when repeated.
    pub webhook_id: Uuid,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where to.
    pub url: String,
    /// The job it tells of.
    pub job: Option<Uuid>,
    /// The batch it tells of.
    pub batch: Option<Uuid>,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When it is tried next, RFC 3339.
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
    /// The delivery that it repeats.
    pub replay_of: Option<Uuid>,
    /// Since when it is owed.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was accepted or given up.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// The last attempts, oldest first; only when one delivery is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<AttemptDocument>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AttemptDocument {
    /// Counted from 1.
    pub number: u32,
    /// When it began, RFC 3339.
    #[schema(format = DateTime)]
    pub at: String,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// The status of the answer; null when there was none.
    pub status: Option<u16>,
    /// The first bytes of the answer, or what went wrong.
    pub detail: String,
}

/// A page of deliveries.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    /// The deliveries, newest first.
    pub items: Vec<DeliveryDocument>,
    /// The cursor of the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A delivery that is owed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replayed {
    /// The new delivery.
    pub id: Uuid,
    /// The one that it repeats.
    pub replay_of: Uuid,
}

/// Shows a delivery.
pub fn delivery(row: &DeliveryRow) -> DeliveryDocument {
    let attempt = |attempt: &AttemptRow| AttemptDocument {
        number: attempt.number,
        at: rfc3339(attempt.at),
        ms: attempt.elapsed.as_secs_f64() * 1000.0,
        status: attempt.status,
        detail: attempt.detail.clone(),
    };
    DeliveryDocument {
        id: row.id,
        webhook_id: row.delivery.id,
        kind: row.delivery.kind.clone(),
        url: row.delivery.url.clone(),
        job: row.delivery.job,
        batch: row.delivery.batch,
        state: row.state,
        attempts: row.attempts,
        next_at: row.next_at.map(rfc3339),
        replay_of: row.replay_of,
        created_at: rfc3339(row.created_at),
        finished_at: row.finished_at.map(rfc3339),
        log: row.log.iter().map(attempt).collect(),
    }
}
