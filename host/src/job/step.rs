//! One step of a job.

use serde::{Deserialize, Serialize};

/// The parameters of a step: a JSON object as the caller sent it.
pub type Params = serde_json::Map<String, serde_json::Value>;

/// A call of a transform. Steps are equal when name and parameters are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `name`, or `plugin/name` to be exact.
    pub transform: String,
    /// Checked against the transform's schema before the job is run.
    #[serde(default)]
    pub params: Params,
}

/// What the transform of a step begins with when it is a stored component: the SHA-256 of the component's
/// bytes in the blob store follows, in lower-case hex. For dialects, as blobs belong to no account.
pub const COMPONENT: &str = "component:";
