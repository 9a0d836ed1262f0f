//! The vocabulary of accepted work. No I/O.
//!
//! A [`Spec`] is what a dialect makes of a request: the engine knows nothing else of it. A [`Report`]
//! is what came out.

mod destination;
mod image;
mod rendering;
mod report;
mod state;
mod step;

pub use destination::Destination;
pub use image::{ImageRef, ImageSource, MAX_IMAGE_DEPTH, MAX_IMAGE_STEPS, MAX_IMAGES};
pub use rendering::{MAX_DPI, Pages, Rendering};
pub use report::{JobError, OutputReport, OutputState, Progress, Report, SourceReport, StepReport};
pub use state::State;
pub use step::{COMPONENT, Params, Step};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use safelight_codec::{Chroma, Look, TiffCompression};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::source::Source;

/// Accepted work, as it is kept in the store. Everything in it has been checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The dialect that took the job and that tells its events ("native").
    pub dialect: String,
    /// The picture to work on.
    pub source: Source,
    /// Which page of it, and how large.
    #[serde(default, skip_serializing_if = "Rendering::is_default")]
    pub rendering: Rendering,
    /// What to keep: those of the first group, then the eager ones. Ids are unique in the job.
    pub outputs: Vec<Output>,
    /// The outputs have ids, groups and nothing else yet: the dialect says what they are once the source was read
    /// ([`crate::dialect::Dialect::outputs`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Who is told what.
    pub callbacks: Callbacks,
    /// Echoed everywhere; at most 1024 bytes.
    pub reference: Option<String>,
    /// Keep the source under this public id when the job ends well.
    pub store_as: Option<String>,
    /// How the source is taken in.
    #[serde(default)]
    pub intake: Intake,
    /// How often a job that does not succeed is tried again, whatever the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Patience>,
    /// What the dialect wants to find again when it shows the job; opaque to the engine.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub extra: serde_json::Value,
}

/// How often and when a job is tried again that failed for reasons that are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// Tries after the first one.
    pub tries: u32,
    /// The waiting time before each of them.
    pub delay_s: u32,
}

/// How a source is taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intake {
    /// Its bytes become a blob when the job ends well, for the dialect to refer to.
    pub keep: bool,
    /// The MD5 of its bytes, and of those of the outputs, stands in the report.
    pub md5: bool,
    /// What it may be.
    pub accepts: Accepts,
    /// When and where it was taken, its density and its CRC stand in the report.
    pub facts: bool,
    /// So does every text of its EXIF and IPTC.
    pub texts: bool,
    /// A picture is decoded even when no output asks for its pixels: a damaged one fails the job.
    pub checked: bool,
    /// What its file says about the picture stands in the report.
    pub metadata: bool,
    /// Somebody waits for the end: a source that cannot be had is told at once, not tried again.
    pub waited: bool,
}

/// What a source may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accepts {
    /// A picture.
    #[default]
    Pictures,
    /// A picture, or any other file if the job has no outputs.
    Anything,
    /// Any file; the job has no outputs, and nobody looks into it.
    Unread,
}

/// The format of a source that is no picture, or that nobody has looked into.
pub const FILE: &str = "file";

/// One result to keep: the path of steps from the source to it, and how to write it.
///
/// A tree of steps is kept as one path for each of its leaves; the pipeline merges equal prefixes
/// again, so shared steps run once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Unique within the job: letters, digits, `_`, `-`, `.`; at most 64 bytes.
    pub id: String,
    /// Which callback waits for it.
    pub group: Group,
    /// All steps from the source on, in order.
    pub steps: Vec<Step>,
    /// How to write the picture.
    pub encoding: Encoding,
    /// Where it goes beside our own store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
}

/// The group of an output. Main outputs are made first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// `outputs`: told to `notification_url`.
    Main,
    /// `eager`: told to `eager_notification_url`.
    Eager,
}

/// The format of an output without steps that is the source's bytes, as they came.
pub const AS_SENT: &str = "as_sent";

/// The name of the format that suits client and picture best.
pub const AUTO: &str = "auto";

/// What browsers of today show: for [`AUTO`] when no `Accept` header is given.
pub const ACCEPT: &str = "image/webp";

/// How much of a picture lossy formats keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Quality {
    /// 1 to 100.
    Fixed(u8),
    /// The smallest file that looks so.
    Auto(Look),
}

impl std::str::FromStr for Quality {
    type Err = String;

    /// `80`, `auto`, `auto:best`, `auto:good`, `auto:eco`, `auto:low`.
    fn from_str(text: &str) -> Result<Quality, String> {
        let found = match text.strip_prefix(AUTO) {
            Some("") => Some(Quality::Auto(Look::default())),
            Some(look) => look.strip_prefix(':').and_then(Look::from_name).map(Quality::Auto),
            None => text.parse().ok().filter(|quality| (1..=100).contains(quality)).map(Quality::Fixed),
        };
        found.ok_or_else(|| format!("is {text:?}, expected 1 to 100, auto, auto:best, auto:good, auto:eco or auto:low"))
    }
}

/// How a result is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// The format's name as [`safelight_codec::Format`] knows it, [`AUTO`] or [`AS_SENT`]; none keeps the source's format
    /// (PNG for a canvas).
    pub format: Option<String>,
    /// An HTTP `Accept` header: what [`AUTO`] may choose from.
    #[serde(default)]
    pub accept: Option<String>,
    /// None is the format's default.
    pub quality: Option<Quality>,
    /// JPEG: resolution of colour.
    #[serde(default)]
    pub chroma: Chroma,
    /// 0 is fastest, 9 smallest; none is the format's default.
    #[serde(default)]
    pub effort: Option<u8>,
    /// Without loss, where the format can.
    #[serde(default)]
    pub lossless: bool,
    /// Progressive JPEG.
    #[serde(default)]
    pub progressive: bool,
    /// PNG and GIF: most colours, 2 to 256.
    #[serde(default)]
    pub colors: Option<u16>,
    /// PNG and GIF: spread colours that are too few over neighbours; none is yes.
    #[serde(default)]
    pub dither: Option<bool>,
    /// TIFF: how it is packed.
    #[serde(default)]
    pub tiff_compression: TiffCompression,
    /// Pixels an inch, written into JPEG, PNG and TIFF, and the scale of a PDF's pages.
    #[serde(default)]
    pub dpi: Option<f32>,
    /// Whether all frames are written; none is the format's habit: GIF, WebP and documents do, PNG does not.
    #[serde(default)]
    pub animated: Option<bool>,
    /// JPEG, WebP, AVIF: the largest file; quality is lowered until it fits.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Texts that are written as EXIF, by name: those of [`crate::metadata::EXIF_TEXTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exif: Vec<(String, String)>,
    /// Keep ICC, EXIF and XMP.
    #[serde(default)]
    pub keep_metadata: bool,
    /// What shows through where the format has no alpha: red, green, blue.
    #[serde(default)]
    pub background: Option<[u8; 3]>,
}

/// Who is told, and of what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Called when the main outputs are done, also when they failed.
    pub notification_url: Option<String>,
    /// Called when the eager outputs are done, also when they failed.
    pub eager_notification_url: Option<String>,
    /// Further events wished for ("job.running", "output.finished").
    #[serde(default)]
    pub events: Vec<String>,
}

/// 32 random bytes in base64url: nobody guesses the URL of an output.
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// A new job's id: a version 7 UUID, so that ids sort by time.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
