//! The documents that clients read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{batch_id, callback::RenderExtra, ids, render_id};
use crate::{
    clock::rfc3339,
    job::{OutputState, State},
    store::{BatchRow, JobRow},
};

/// What every answer is wrapped in.
#[derive(Clone, Debug, Serialize)]
pub struct Envelope<T> {
    /// Whether the request was carried out.
    pub success: bool,
    /// For people.
    pub message: Option<String>,
    /// The answer; details of what went wrong.
    pub data: T,
}

/// How far a render is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// `COLLECTING_ASSETS`, `RENDERING`, `COMPLETE` or `FAILED`.
    pub status: &'static str,
    /// 0 to 100.
    pub progress: u8,
    /// For people.
    pub message: String,
    /// Where the result is; empty until there is one.
    pub url: String,
}

impl Stage {
    /// Accepted, or the source is being read.
    pub fn collecting() -> Stage {
        let message = "Collecting assets for this render".to_owned();
        Stage { status: "COLLECTING_ASSETS", progress: 0, message, url: String::new() }
    }

    /// The source is there.
    pub fn rendering() -> Stage {
        Stage { status: "RENDERING", progress: 0, message: "Rendering.".to_owned(), url: String::new() }
    }
}

/// How far a render's job is.
pub fn stage(job: &JobRow, base_url: &str) -> Stage {
    let output = job.report.outputs.first();
    if output.is_some_and(|output| output.state == OutputState::Succeeded) {
        let url = format!("{base_url}/render/{}", ids::text(job.id));
        return Stage { status: "COMPLETE", progress: 100, message: "Render completed.".to_owned(), url };
    }
    if job.state.is_final() || output.is_some_and(|output| output.state == OutputState::Failed) {
        let error = output.and_then(|output| output.error.as_ref()).or(job.report.errors.first());
        let message = error.map_or_else(|| "Render failed.".to_owned(), |error| error.message.clone());
        return Stage { status: "FAILED", progress: 0, message, url: String::new() };
    }
    if job.report.source.is_some() { Stage::rendering() } else { Stage::collecting() }
}

/// `RENDERING` until the last render has ended; `COMPLETE` when all were made, else `FAILED`.
pub fn batch_status(batch: &BatchRow) -> &'static str {
    let any = |wanted: fn(State) -> bool| batch.counts.iter().any(|(state, count)| wanted(*state) && *count > 0);
    if any(|state| !state.is_final()) {
        "RENDERING"
    } else if any(|state| state != State::Succeeded) {
        "FAILED"
    } else {
        "COMPLETE"
    }
}

/// Renders in the order of the request.
pub fn in_order(jobs: &[JobRow]) -> Vec<&JobRow> {
    let mut jobs: Vec<&JobRow> = jobs.iter().collect();
    jobs.sort_by_key(|job| RenderExtra::of(job).index);
    jobs
}

/// What a batch's row keeps for the dialect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchExtra {
    /// As it was sent.
    pub media_bundle_id: Option<String>,
    /// As it was sent.
    pub media_id: Option<String>,
    /// As it was sent.
    pub artist_id: Option<String>,
    /// As it was sent.
    pub service_params: Map<String, Value>,
    /// As it was sent.
    pub effect_overrides: Map<String, Value>,
    /// As it was sent.
    #[serde(rename = "useV3")]
    pub use_v3: bool,
}

impl BatchExtra {
    /// Reads it back.
    pub fn of(batch: &BatchRow) -> BatchExtra {
        BatchExtra::deserialize(&batch.extra).unwrap_or_default()
    }
}

/// A batch as it stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchDocument {
    /// The account.
    pub org_id: String,
    /// Its id; of a dry run one that names nothing.
    pub batch_id: String,
    /// Whether nothing is run.
    pub dry_run: bool,
    /// None in a dry run.
    pub status: Option<&'static str>,
    /// Its renders, in order.
    pub renders: Vec<RenderDocument>,
    /// `RENDER`, as in the original.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it was accepted, RFC 3339.
    pub created_at: String,
    /// What was sent.
    #[serde(flatten)]
    pub extra: BatchExtra,
}

/// A render as it stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderDocument {
    /// The account.
    pub org_id: String,
    /// Its id.
    pub render_id: String,
    /// Its batch.
    pub batch_id: String,
    /// What is made.
    pub content_id: String,
    /// What was sent.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Who is told.
    pub webhook_url: String,
    /// What was sent.
    pub video_settings: VideoSettingsDocument,
    /// The same.
    pub aspect_ratio: Option<String>,
    /// Whether nothing is run.
    pub dry_run: bool,
    /// What was sent.
    #[serde(rename = "useV3")]
    pub use_v3: bool,
    /// None in a dry run.
    pub status: Option<&'static str>,
    /// 0 to 100.
    pub progress: u8,
    /// For people.
    pub message: String,
    /// Where the result is; empty until there is one.
    pub render_url: String,
    /// The same: the result is a picture.
    pub thumbnail_url: String,
    /// When it was accepted, RFC 3339.
    pub created_at: String,
}

/// What is shown of the settings.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoSettingsDocument {
    /// As it was sent.
    pub aspect_ratio: Option<String>,
}

/// Shows a batch with its renders.
pub fn batch(row: &BatchRow, jobs: &[JobRow], base_url: &str) -> BatchDocument {
    let extra = BatchExtra::of(row);
    BatchDocument {
        org_id: row.account.clone(),
        batch_id: batch_id(row.id),
        dry_run: false,
        status: Some(batch_status(row)),
        renders: in_order(jobs).into_iter().map(|job| render(job, extra.use_v3, base_url)).collect(),
        kind: "RENDER",
        created_at: rfc3339(row.created_at),
        extra,
    }
}

/// Shows a render.
pub fn render(job: &JobRow, use_v3: bool, base_url: &str) -> RenderDocument {
    let extra = RenderExtra::of(job);
    let stage = stage(job, base_url);
    RenderDocument {
        org_id: job.account.clone(),
        render_id: render_id(job.id),
        batch_id: job.batch.map(batch_id).unwrap_or_default(),
        content_id: extra.content_id,
        reference: job.spec.reference.clone().unwrap_or_default(),
        webhook_url: job.spec.callbacks.notification_url.clone().unwrap_or_default(),
        video_settings: VideoSettingsDocument { aspect_ratio: extra.aspect_ratio.clone() },
        aspect_ratio: extra.aspect_ratio,
        dry_run: false,
        use_v3,
        status: Some(stage.status),
        progress: stage.progress,
        message: stage.message,
        thumbnail_url: stage.url.clone(),
        render_url: stage.url,
        created_at: rfc3339(job.created_at),
    }
}

/// The same for what is only checked.
pub fn dry(mut document: BatchDocument) -> BatchDocument {
    document.dry_run = true;
    document.status = None;
    for render in &mut document.renders {
        render.dry_run = true;
        render.status = None;
        render.message = String::new();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{ended, read},
        *,
    };

    #[test]
    fn a_render_goes_through_its_statuses() {
        let shown = |job: &JobRow| render(job, false, "http://here/blurb");
        assert_eq!(shown(&render_row(0)).status, Some("COLLECTING_ASSETS"));
        assert_eq!(shown(&read(render_row(0))).status, Some("RENDERING"));
        let made = shown(&ended(read(render_row(0)), None));
        assert_eq!((made.status, made.progress), (Some("COMPLETE"), 100));
        let id = made.render_id.strip_prefix("render_").unwrap();
        assert_eq!(made.render_url, format!("http://here/blurb/render/{id}"));
        let failed = shown(&ended(render_row(0), Some("it is cut off")));
        assert_eq!((failed.status, failed.message.as_str()), (Some("FAILED"), "it is cut off"));
    }

    fn render_row(index: u32) -> JobRow {
        super::super::tests::render(index)
    }
}
