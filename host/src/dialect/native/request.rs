//! What clients send, as they send it; no defaults here.
//!
//! The same types make the schemas of the OpenAPI document, and requests are checked against those
//! schemas, so that every mistake of form is told at once and the document is never wrong.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A job: one picture in, any number of outputs.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "source": {"url": "https://example.org/photo.jpg"},
    "steps": [{"transform": "resize", "params": {"width": 800}}],
    "outputs": [{"id": "main", "format": "jpeg", "quality": 80}],
    "eager": [{
        "id": "thumb",
        "steps": [{"transform": "crop", "params": {"width": 150, "height": 100, "gravity": "center"}}],
        "format": "webp"
    }],
    "notification_url": "https://example.org/hooks/done",
    "eager_notification_url": "https://example.org/hooks/eager",
    "reference": "order 4711"
}))]
pub struct JobRequest {
    /// The picture to work on.
    pub source: SourceRequest,
    /// Steps that run once, before those of any output.
    #[serde(default)]
    pub steps: Vec<StepRequest>,
    /// What to make first. Without `outputs` and `eager`: one output `main` in the source's format.
    #[serde(default)]
    pub outputs: Vec<OutputRequest>,
    /// What to make after the outputs.
    #[serde(default)]
    pub eager: Vec<OutputRequest>,
    /// Called when the outputs are done, also when they failed (`job.finished`).
    pub notification_url: Option<String>,
    /// Called when the eager outputs are done, also when they failed (`job.eager_finished`).
    pub eager_notification_url: Option<String>,
    /// Further events to tell `notification_url`.
    #[serde(default)]
    pub events: Vec<EventRequest>,
    /// Echoed everywhere; at most 1024 bytes.
    #[schema(max_length = 1024)]
    pub reference: Option<String>,
    /// Higher runs first; 0 is usual.
    #[schema(minimum = -100, maximum = 100)]
    pub priority: Option<i32>,
    /// Keeps the source as an asset of this id when the job ends well.
    #[schema(min_length = 1, max_length = 255)]
    pub store_as: Option<String>,
}

/// Where the picture comes from: exactly one of these.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.org/photo.jpg"}))]
pub struct SourceRequest {
    /// Downloaded when the job runs; `http` or `https`.
    pub url: Option<String>,
    /// A data URI (RFC 2397): `data:image/png;base64,...`.
    pub data: Option<String>,
    /// The id of a stored asset.
    pub asset: Option<String>,
    /// The name of the part of a multipart request that holds the picture: `file`.
    pub upload: Option<String>,
    /// A blank picture.
    pub canvas: Option<CanvasRequest>,
}

/// A blank picture.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"width": 640, "height": 480, "color": "#ffffff"}))]
pub struct CanvasRequest {
    /// Columns.
    #[schema(minimum = 1)]
    pub width: u32,
    /// Rows.
    #[schema(minimum = 1)]
    pub height: u32,
    /// `#rgb`, `#rrggbb` or `#rrggbbaa`, or `white`, `black`, `transparent`; `white` when absent.
    pub color: Option<String>,
}

/// One call of a transform.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"transform": "resize", "params": {"width": 800}}))]
pub struct StepRequest {
    /// The transform's name, or `plugin/name`.
    #[schema(min_length = 1, max_length = 200)]
    pub transform: String,
    /// Its parameters, as the catalogue describes them.
    #[serde(default)]
    pub params: Map<String, Value>,
}

/// One result to keep.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "thumb", "format": "webp", "quality": 75, "steps": [{"transform": "grayscale"}]}))]
pub struct OutputRequest {
    /// Unique in the job: letters, digits, `_`, `-`, `.`, not beginning with a dot. When absent:
    /// `main` for the first output, `eager` for the first eager one, then `output-2`, `eager-2`...
    #[schema(min_length = 1, max_length = 64)]
    pub id: Option<String>,
    /// Steps on top of the job's.
    #[serde(default)]
    pub steps: Vec<StepRequest>,
    /// `jpeg`, `png`, `webp`, `gif`, `avif`, `tiff`, `bmp` or `ico`; the source's when absent (PNG for a
    /// canvas).
    pub format: Option<String>,
    /// From 1 to 100; the format's default when absent.
    #[schema(minimum = 1, maximum = 100)]
    pub quality: Option<u8>,
    /// Without loss, where the format can.
    #[serde(default)]
    pub lossless: bool,
    /// Progressive JPEG.
    #[serde(default)]
    pub progressive: bool,
    /// What becomes of ICC, EXIF and XMP: `drop` when absent.
    pub metadata: Option<MetadataRequest>,
    /// What shows through where the format has no alpha: `#rgb` or `#rrggbb`, `white` or `black`.
    pub background: Option<String>,
}

/// What becomes of the source's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetadataRequest {
    /// Left out; colours are converted to sRGB.
    Drop,
    /// ICC, EXIF and XMP are copied.
    Keep,
}

/// An event that is told when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum EventRequest {
    /// A worker has begun.
    #[serde(rename = "job.running")]
    JobRunning,
    /// One output is made or failed.
    #[serde(rename = "output.finished")]
    OutputFinished,
}

impl EventRequest {
    /// The name as it is sent and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            EventRequest::JobRunning => "job.running",
            EventRequest::OutputFinished => "output.finished",
        }
    }
}

/// Jobs submitted together: all are accepted or none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "jobs": [
        {"source": {"url": "https://example.org/1.jpg"}, "outputs": [{"format": "webp"}]},
        {"source": {"url": "https://example.org/2.jpg"}, "outputs": [{"format": "webp"}]}
    ],
    "notification_url": "https://example.org/hooks/batch"
}))]
pub struct BatchRequest {
    /// The jobs, in order.
    #[schema(min_items = 1, max_items = 1000)]
    pub jobs: Vec<JobRequest>,
    /// Called when the last job has ended (`batch.finished`).
    pub notification_url: Option<String>,
    /// Echoed everywhere; at most 1024 bytes.
    #[schema(max_length = 1024)]
    pub reference: Option<String>,
}
