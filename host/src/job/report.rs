//! What came out of a job, per output: a picture or a reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Group, State};
use crate::{
    error::{Code, Failure},
    metadata::SourceFacts,
};

/// Everything a job left behind; kept with its row and shown by every dialect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The source, once it was read.
    pub source: Option<SourceReport>,
    /// What was found in the source, when it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<SourceFacts>,
    /// One entry for each output of the spec, in its order.
    pub outputs: Vec<OutputReport>,
    /// Errors of the job as a whole (its source could not be read...). Errors of an output stand
    /// with the output.
    pub errors: Vec<JobError>,
    /// What the source's file says about the picture, by name, when it was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What the dialect wants to tell of the job's end; opaque to the engine.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub extra: serde_json::Value,
}

impl Report {
    /// The state that a finished job gets: by its outputs, or failed when it has errors and none.
    pub fn final_state(&self) -> State {
        let made = self.outputs.iter().filter(|output| output.state == OutputState::Succeeded).count();
        if made == self.outputs.len() && self.errors.is_empty() {
            State::Succeeded
        } else if made == 0 {
            State::Failed
        } else {
            State::PartiallyFailed
        }
    }

    /// The outputs of one group.
    pub fn group(&self, group: Group) -> impl Iterator<Item = &OutputReport> {
        self.outputs.iter().filter(move |output| output.group == group)
    }
}

/// What is known of the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceReport {
    /// Columns, after the orientation was applied.
    pub width: u32,
    /// Rows, after the orientation was applied.
    pub height: u32,
    /// The format's name, told by the first bytes; `canvas` for a blank one, `file` for what is no picture.
    pub format: String,
    /// Size of the encoded source.
    pub bytes: u64,
    /// SHA-256 of the encoded source, in lower-case hex.
    pub sha256: String,
    /// MD5 of the encoded source in lower-case hex, when it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Frames, when there is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
}

/// How far an output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputState {
    /// Not begun, or under way.
    #[default]
    Pending,
    /// Made and stored.
    Succeeded,
    /// Not made; its error says why.
    Failed,
}

/// One output's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputReport {
    /// The id of the spec.
    pub id: String,
    /// The group of the spec.
    pub group: Group,
    /// How far it is.
    pub state: OutputState,
    /// The unguessable part of its URL; known from the start, `/o/{token}/{id}.{extension}`.
    pub token: String,
    /// Columns of the result.
    pub width: Option<u32>,
    /// Rows of the result.
    pub height: Option<u32>,
    /// Frames, when there is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// The format's name.
    pub format: Option<String>,
    /// Size of the encoded result.
    pub bytes: Option<u64>,
    /// SHA-256 of the encoded result, in lower-case hex; also its key in the blob store.
    pub sha256: Option<String>,
    /// MD5 of the encoded result in lower-case hex, when it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// What the dialect finds the result again by ([`crate::dialect::Work::recipe`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// What `analyze` steps found, in the order of the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<serde_json::Value>,
    /// What ran, with its cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// Why it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// One step that ran for an output. Calls that ran together share their time and memory: the run's
/// figures stand with its last step, the others have none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StepReport {
    /// The transform's name.
    pub transform: String,
    /// The plugin that offered it.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// SHA-256 of the component, in lower-case hex.
    pub digest: String,
    /// Milliseconds of the run that ended with this step.
    pub ms: Option<f64>,
    /// Highest linear memory of the run that ended with this step, in bytes.
    pub peak_bytes: Option<u64>,
}

/// An error in a job's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The stable code.
    pub code: Code,
    /// For people.
    pub message: String,
    /// The output it concerns; none when it concerns the whole job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The index of the step in the output's path, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

impl JobError {
    /// An error of the job as a whole.
    pub fn whole(failure: Failure) -> JobError {
        JobError { code: failure.code, message: failure.message, output: None, step: None }
    }
}

/// How far a running job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Outputs that are made or failed.
    pub done: u32,
    /// Outputs in all.
    pub total: u32,
}
