//! What clients send, as they send it; no defaults here.
//!
//! The same types make the schemas of the OpenAPI document, and requests are checked against those
//! schemas, so that every mistake of form is told at once and the document is never wrong.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type},
};

/// A job: one picture in, any number of outputs.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
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
    /// Which page of a document, or which frame of an animation: a number from 1, or `all` for outputs that
    /// keep several. When absent: the first page, all frames of an animation.
    #[schema(schema_with = page_schema)]
    pub page: Option<PageRequest>,
    /// Pixels an inch at which a source is rendered that is not made of pixels, such as SVG (96 when absent)
    /// and PDF (150). A step that needs more or less gets it from the source without loss.
    #[schema(minimum = 1, maximum = 2400)]
    pub dpi: Option<f64>,
    /// Instead: the largest width in pixels; proportions are kept.
    #[schema(minimum = 1, maximum = 65535)]
    pub width: Option<u32>,
    /// The largest height in pixels.
    #[schema(minimum = 1, maximum = 65535)]
    pub height: Option<u32>,
    /// Leave the picture as it is stored: the orientation that a camera noted (EXIF) is not applied.
    #[serde(default)]
    pub as_stored: bool,
}

/// Pages or frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PageRequest {
    /// Counted from 1.
    One(u32),
    /// Every one.
    All(AllPages),
}

/// Every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum AllPages {
    /// As a word.
    #[serde(rename = "all")]
    All,
}

/// A number, or the word.
fn page_schema() -> impl Into<RefOr<Schema>> {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(number)
        .item(AllPages::schema())
        .description(Some(
            "Which page of a document, or which frame of an animation: a number from 1, or `all` for outputs that keep \
             several. When absent: the first page, all frames of an animation.",
        ))
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
    /// canvas). `auto` takes what suits the picture best of what `accept` names.
    pub format: Option<String>,
    /// For `"format": "auto"`: an HTTP `Accept` header, such as that of the browser which will show the result.
    /// `image/webp` when absent.
    #[schema(max_length = 1024)]
    pub accept: Option<String>,
    /// From 1 to 100; the format's default when absent. `auto` finds the smallest file that looks good.
    #[schema(schema_with = quality_schema)]
    pub quality: Option<QualityRequest>,
    /// JPEG: resolution of colour; `auto` when absent.
    pub chroma: Option<ChromaRequest>,
    /// 0 is fastest, 9 smallest; the format's default when absent.
    #[schema(minimum = 0, maximum = 9)]
    pub effort: Option<u8>,
    /// Without loss, where the format can.
    #[serde(default)]
    pub lossless: bool,
    /// Progressive JPEG.
    #[serde(default)]
    pub progressive: bool,
    /// PNG and GIF: most colours, 2 to 256. A PNG is then written with a palette; all its colours when absent. Other
    /// formats ignore it.
    #[schema(minimum = 2, maximum = 256)]
    pub colors: Option<u16>,
    /// PNG and GIF: spread colours that are too few for the picture over neighbours, which hides steps; `true` when
    /// absent.
    pub dither: Option<bool>,
    /// TIFF: how it is packed; `deflate` when absent.
    pub compression: Option<CompressionRequest>,
    /// Pixels an inch: written into JPEG, PNG and TIFF, and the scale of a PDF's pages; pixels stay as they are.
    #[schema(minimum = 1, maximum = 2400)]
    pub dpi: Option<f64>,
    /// Whether all frames of an animation are written. GIF and WebP do when absent; PNG does (as APNG) when `true`.
    pub animated: Option<bool>,
    /// What becomes of ICC, EXIF and XMP: `drop` when absent.
    pub metadata: Option<MetadataRequest>,
    /// What shows through where the format has no alpha: `#rgb` or `#rrggbb`, `white` or `black`.
    pub background: Option<String>,
}

/// How a TIFF is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompressionRequest {
    /// As in PNG.
    Deflate,
    /// As in GIF; older readers know it.
    Lzw,
    /// Runs of equal bytes.
    PackBits,
    /// Not at all.
    None,
}

/// How much of a picture lossy formats keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum QualityRequest {
    /// From 1 to 100.
    Fixed(u8),
    /// The smallest file that looks as wished.
    Auto(AutoQuality),
}

/// A number in its range, or one of the names.
fn quality_schema() -> impl Into<RefOr<Schema>> {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(100));
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(number)
        .item(AutoQuality::schema())
        .description(Some(
            "From 1 to 100; the format's default when absent. `auto` finds the smallest file that looks good, `auto:best`, \
             `auto:eco` and `auto:low` one that looks better or worse: SSIMULACRA2 scores of 75, 85, 65 and 50.",
        ))
}

/// How good a result of automatic quality has to look, by its SSIMULACRA2 score against the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum AutoQuality {
    /// As `auto:good`.
    #[serde(rename = "auto")]
    Auto,
    /// 85: hardly to be told from the original.
    #[serde(rename = "auto:best")]
    Best,
    /// 75: high quality.
    #[serde(rename = "auto:good")]
    Good,
    /// 65: small.
    #[serde(rename = "auto:eco")]
    Eco,
    /// 50: smallest.
    #[serde(rename = "auto:low")]
    Low,
}

/// Resolution of colour against brightness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ChromaRequest {
    /// 4:4:4 from quality 90 on, 4:2:0 below.
    #[serde(rename = "auto")]
    Auto,
    /// As many colour samples as pixels.
    #[serde(rename = "4:4:4")]
    Full,
    /// One colour sample for two by two pixels.
    #[serde(rename = "4:2:0")]
    Half,
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
