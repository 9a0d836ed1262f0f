//! Where the input of a job comes from.

mod archive;
mod data_uri;

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use archive::Part;
pub use data_uri::{DataUri, parse_data_uri};

use crate::{
    blob::{self, Blobs},
    egress::{self, Egress},
    error::{Code, Failure},
};

/// The source of a job, as it is kept in its spec. Bytes that came with the request (a data URI, an
/// upload) are put into the blob store before the job is accepted, so a row never holds pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Source {
    /// Downloaded when the job runs, through [`crate::egress`].
    Url {
        /// `http` or `https`.
        url: String,
    },
    /// Bytes that are in the blob store already.
    Blob {
        /// Their SHA-256 in lower-case hex: their key.
        sha256: String,
        /// The asset they were when the job was accepted, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset: Option<String>,
    },
    /// Files that are put into a ZIP archive when the job runs.
    Archive {
        /// Them, in order.
        parts: Vec<Part>,
    },
    /// A blank picture.
    Canvas {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Red, green, blue, alpha.
        color: [u8; 4],
    },
}

impl Source {
    /// The blob that holds it, if one does.
    pub fn blob(&self) -> Option<&str> {
        match self {
            Source::Blob { sha256, .. } => Some(sha256),
            Source::Url { .. } | Source::Archive { .. } | Source::Canvas { .. } => None,
        }
    }
}

/// `[source]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Largest download.
    pub max_bytes: u64,
    /// Time for the connection.
    pub connect_timeout_ms: u64,
    /// Time for the whole download.
    pub timeout_ms: u64,
    /// Redirects followed.
    pub max_redirects: u32,
}

impl Config {
    /// The limits of one download.
    pub fn limits(&self) -> egress::Limits {
        egress::Limits {
            max_bytes: self.max_bytes,
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            total_timeout: Duration::from_millis(self.timeout_ms),
            max_redirects: self.max_redirects,
        }
    }
}

/// The bytes of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// All of them.
    pub bytes: Bytes,
    /// Their SHA-256 in lower-case hex.
    pub sha256: String,
    /// What the server called them, if a server did; not to be relied on.
    pub content_type: Option<String>,
}

/// Reads sources. Clones are cheap.
#[derive(Clone)]
pub struct Sources {
    egress: Egress,
    blobs: Blobs,
    limits: egress::Limits,
}

impl Sources {
    /// Reads through this egress and from these blobs.
    pub fn new(egress: Egress, blobs: Blobs, config: &Config) -> Sources {
        Sources { egress, blobs, limits: config.limits() }
    }

    /// Reads the bytes of a source: at most `max_bytes` of the settings, all in memory.
    ///
    /// Errors by code: `address_refused`; `invalid_request` for a URL that cannot be requested;
    /// `source_not_found` for 404, 410 and a blob that is gone; `source_limit` for too many bytes or redirects
    /// and for a download that does not end in time; `source_unreachable` for everything else between here
    /// and there, and `storage_failed` for our own disk: both worth a retry. A canvas has no bytes and is
    /// never read: `internal`.
    pub async fn read(&self, source: &Source) -> Result<Loaded, Failure> {
        match source {
            Source::Url { url } => self.download(url).await,
            Source::Blob { sha256, .. } => self.kept(sha256).await,
            Source::Archive { parts } => self.archive(parts).await,
            Source::Canvas { .. } => Err(Failure::new(Code::Internal, "a canvas has no bytes to read")),
        }
    }

    async fn download(&self, url: &str) -> Result<Loaded, Failure> {
        let mut sink = egress::Hashing::default();
        let fetched = self.egress.fetch(url, &self.limits, &mut sink).await.map_err(failure)?;
        let (bytes, sha256) = sink.finish();
        Ok(Loaded { bytes, sha256, content_type: fetched.content_type })
    }

    async fn kept(&self, sha256: &str) -> Result<Loaded, Failure> {
        let read = async {
            let bytes = self.blobs.size(sha256).await?;
            if bytes > self.limits.max_bytes {
                return Err(blob::Error::TooLarge { limit: self.limits.max_bytes });
            }
            self.blobs.get(sha256).await
        };
        let bytes = read.await.map_err(|error| {
            let code = match &error {
                blob::Error::NotFound { .. } | blob::Error::BadKey { .. } => Code::SourceNotFound,
                blob::Error::TooLarge { .. } => Code::SourceLimit,
                blob::Error::BadRange { .. } | blob::Error::Failed { .. } => Code::StorageFailed,
            };
            Failure::new(code, format!("cannot read the source: {error}"))
        })?;
        Ok(Loaded { bytes, sha256: sha256.to_owned(), content_type: None })
    }
}

/// A failed download in the words and codes of the table.
fn failure(error: egress::Error) -> Failure {
    Failure::new(error.code(), format!("cannot fetch the source: {error}"))
}

#[cfg(test)]
mod tests;
