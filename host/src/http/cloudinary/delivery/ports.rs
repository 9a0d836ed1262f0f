//! What delivery needs of the rest of the host; `app.rs` plugs the adapters in.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    dialect::cloudinary::{
        geometry::{Rect, Size},
        lower::TextStyle,
        signature::Algorithm,
        transformation::Transformation,
        url::{DeliveryType, ResourceType},
    },
    error::Failure,
    job::{Rendering, SourceReport},
    source::Source,
    store::BlobRow,
    worker::{MadeNow, Now, Worker},
};

/// A cloud: an account, as addresses name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Whose resources.
    pub account: String,
    /// The API secrets that sign addresses; several while keys are rotated.
    pub secrets: Vec<String>,
    /// How short signatures are made.
    pub algorithm: Algorithm,
    /// Transformations need a signature, or have to be allowed ([`Resources::allows`]).
    pub strict: bool,
    /// The key of access tokens, in hex; none when the cloud has no tokens.
    pub token_key: Option<String>,
    /// Whether remote files are fetched, and for whom.
    pub fetch: Fetching,
}

/// Who may have remote files fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fetching {
    /// Everybody.
    #[default]
    Open,
    /// Signed addresses.
    Signed,
    /// Nobody.
    Off,
}

/// Who may have a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// As its type of delivery says.
    #[default]
    ByType,
    /// Those with a token or a signature, whatever its type (`access_mode: authenticated`).
    Restricted,
}

/// A stored asset, as far as delivery looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its row in the library, if it is kept there.
    pub row: Option<Uuid>,
    /// The key of its bytes.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
    /// Its tag, without quotes: MD5 of the bytes in lower-case hex.
    pub etag: String,
    /// The format as the engine calls it (`jpeg`, `pdf`); of raw files the extension, or nothing.
    pub format: String,
    /// Its size; none for raw files.
    pub size: Option<Size>,
    /// Pages or frames; none when they were not counted.
    pub frames: Option<u32>,
    /// When this version was stored.
    pub modified: SystemTime,
    /// Its tags.
    pub tags: Vec<String>,
    /// Contextual metadata.
    pub context: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// Stored face coordinates.
    pub faces: Vec<Rect>,
    /// Stored custom coordinates.
    pub custom: Vec<Rect>,
    /// Who may have it.
    pub access: Access,
}

/// Which resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceId {
    /// Of which kind.
    pub kind: ResourceType,
    /// Delivered how.
    pub delivery: DeliveryType,
    /// Its public id; the address of a remote file.
    pub public_id: String,
}

/// A derived image that was made before.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The key of its bytes.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
    /// Its tag, without quotes: MD5 of the bytes in lower-case hex.
    pub etag: String,
    /// The format's name.
    pub format: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// When it was made.
    pub made: SystemTime,
}

/// What a derived image belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// What it is found by: source, steps, encoding and plugins, hashed.
    pub key: String,
    /// The row of what it was made of, if that is kept in the library.
    pub of: Option<Uuid>,
    /// The transformation in canonical form.
    pub transformation: String,
    /// The extension of the address that asked for it; empty when it is that of the resource.
    pub extension: String,
}

/// Where resources are kept.
///
/// All errors are of the store: retryable, told as 503.
#[async_trait]
pub trait Resources: Send + Sync {
    /// The cloud of this name.
    async fn cloud(&self, name: &str) -> Result<Option<Cloud>, Failure>;

    /// A resource, if it is there and not a deleted one.
    async fn find(&self, account: &str, id: &ResourceId) -> Result<Option<Resource>, Failure>;

    /// A named transformation.
    async fn named(&self, account: &str, name: &str) -> Result<Option<Transformation>, Failure>;

    /// The style of a text asset.
    async fn style(&self, account: &str, public_id: &str) -> Result<Option<TextStyle>, Failure>;

    /// Whether a transformation may be used without a signature where transformations are strict.
    async fn allows(&self, account: &str, transformation: &Transformation) -> Result<bool, Failure>;

    /// A derived image that was made before, for this or for another address; for this one it is kept, too.
    async fn derived(&self, account: &str, derivation: &Derivation) -> Result<Option<Derived>, Failure>;

    /// Keeps a derived image; its bytes are in the blob store. One of the same key is replaced.
    async fn keep_derived(&self, account: &str, derivation: &Derivation, derived: &Derived) -> Result<(), Failure>;

    /// Takes it upon this node to make what `key` names, for as long as `lease`, or longer; answers false while another
    /// node has. Only spares work: what cannot be agreed about is made twice.
    async fn take(&self, key: &str, lease: Duration) -> bool {
        let _ = (key, lease);
        true
    }

    /// Tells that it is made, or cannot be.
    async fn give(&self, key: &str) {
        let _ = key;
    }

    /// Keeps a remote file that was fetched; its bytes are in the blob store. Answers it as it is kept.
    async fn keep_fetched(&self, account: &str, id: &ResourceId, resource: Resource) -> Result<Resource, Failure>;
}

/// What makes images.
#[async_trait]
pub trait Maker: Send + Sync {
    /// Makes one and keeps its bytes.
    async fn make(&self, now: Now) -> Result<MadeNow, Failure>;

    /// Tells what a source is when it is read so.
    async fn measure(&self, source: &Source, rendering: &Rendering) -> Result<SourceReport, Failure>;

    /// Downloads a file and keeps its bytes. With `picture` they have to be one.
    async fn fetch(&self, url: &str, picture: bool) -> Result<(BlobRow, Option<SourceReport>), Failure>;
}

#[async_trait]
impl Maker for Worker {
    async fn make(&self, now: Now) -> Result<MadeNow, Failure> {
        self.make_now(now).await
    }

    async fn measure(&self, source: &Source, rendering: &Rendering) -> Result<SourceReport, Failure> {
        Worker::measure(self, source, rendering).await
    }

    async fn fetch(&self, url: &str, picture: bool) -> Result<(BlobRow, Option<SourceReport>), Failure> {
        Worker::fetch(self, url, picture).await
    }
}
