//! What clients send, as they send it; no defaults here. Members that are not known are ignored, as in the
//! original.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Renders that belong together.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchRequest {
    /// Echoed as `mediaBundleId`.
    pub media_bundle: Option<String>,
    /// Echoed as `mediaId`.
    pub media: Option<String>,
    /// Echoed as `artistId`.
    pub artist: Option<String>,
    /// What to make, in order.
    pub renders: Vec<RenderRequest>,
    /// Echoed in every webhook; at most 1024 bytes.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Echoed.
    pub service_params: Option<Map<String, Value>>,
    /// Echoed.
    pub effect_overrides: Option<Map<String, Value>>,
    /// Told every status of every render, then the end of the batch.
    pub webhook_url: Option<String>,
    /// Check everything, run nothing.
    pub dry_run: Option<bool>,
    /// Echoed.
    #[serde(rename = "useV3")]
    pub use_v3: Option<bool>,
}

/// One thing to make.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderRequest {
    /// A transform or a template.
    pub content_id: String,
    /// `src`, the picture to work on, and parameters.
    pub required_data: Option<Map<String, Value>>,
    /// What becomes of the result.
    pub video_settings: Option<VideoSettings>,
}

/// What becomes of the result; what concerns sound is ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoSettings {
    /// How many renders this one is.
    pub num_videos: Option<u32>,
    /// `16x9`: the middle of this shape is kept.
    pub aspect_ratio: Option<String>,
    /// `PREVIEW` for a small file.
    pub output_quality: Option<String>,
    /// A picture's format; one of a video (`mp4`) gives an animated WebP.
    pub format: Option<String>,
}

/// One render alone: a batch of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SingleRequest {
    /// The render.
    #[serde(flatten)]
    pub render: RenderRequest,
    /// As in a batch.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// As in a batch.
    pub webhook_url: Option<String>,
    /// As in a batch.
    pub dry_run: Option<bool>,
}

impl From<SingleRequest> for BatchRequest {
    fn from(single: SingleRequest) -> BatchRequest {
        BatchRequest {
            renders: vec![single.render],
            reference: single.reference,
            webhook_url: single.webhook_url,
            dry_run: single.dry_run,
            ..BatchRequest::default()
        }
    }
}
