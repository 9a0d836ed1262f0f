//! What clients send, as they send it; no defaults here. Members that are not known are ignored.

use serde::{Deserialize, Serialize};

/// `POST /v2/detect`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetectRequest {
    /// Where to look.
    pub images: Vec<ImageRequest>,
    /// What to look for.
    pub classes: Vec<ClassRequest>,
    /// Echoed, and who is told.
    #[serde(flatten)]
    pub about: About,
}

/// `POST /v2/match`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchRequest {
    /// Where to look.
    pub images: Vec<ImageRequest>,
    /// What to look for.
    pub target: TargetRequest,
    /// Echoed, and who is told.
    #[serde(flatten)]
    pub about: About,
}

/// `POST /v2/ask`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskRequest {
    /// Where to look.
    pub images: Vec<ImageRequest>,
    /// Echoed.
    pub question: String,
    /// Pictures for which it is known.
    pub examples: Option<Examples>,
    /// Echoed, and who is told.
    #[serde(flatten)]
    pub about: About,
}

/// Pictures for which the answer to a question is known: 1 to 3 of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Examples {
    /// Where it is yes.
    pub yes: Vec<String>,
    /// Where it is no.
    pub no: Vec<String>,
}

/// What all have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct About {
    /// Told when the whole job is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// Echoed, and a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Echoed, and a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed_id: Option<String>,
}

/// A picture: one of `url` and `blob`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageRequest {
    /// Where it is.
    pub url: Option<String>,
    /// The file in base64.
    pub blob: Option<String>,
    /// Echoed.
    pub custom_id: Option<String>,
}

/// A class of objects. `verify` and `hitl` ask for people, of whom there are none here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassRequest {
    /// Its name.
    pub class: String,
    /// Where not to look.
    pub exclusion_zones: Option<ExclusionZones>,
}

/// A grid over the picture.
#[derive(Clone, Debug, Deserialize)]
pub struct ExclusionZones {
    /// `GRID`
    #[serde(rename = "type")]
    pub kind: String,
    /// Rows of cells; 1 for those that do not count.
    pub zones: Vec<Vec<u8>>,
}

/// What pictures are to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetRequest {
    /// Echoed.
    pub class: String,
    /// Echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Where pictures of it are: 1 to 3.
    pub images: Vec<String>,
}

/// `POST /v2/feedback`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackRequest {
    /// The job.
    pub job_id: uuid::Uuid,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// What was wrong.
    pub classes: Vec<FeedbackClass>,
}

/// A class that was seen or not seen by mistake.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedbackClass {
    /// Its name.
    pub class: String,
    /// Which mistake.
    pub code: Mistake,
}

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mistake {
    /// It is not there.
    FalsePositive,
    /// It is there.
    FalseNegative,
}
