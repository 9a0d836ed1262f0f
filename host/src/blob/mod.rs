//! Where bytes are kept: content-addressed blobs behind the `object_store` crate.
//!
//! A blob's key is the SHA-256 of its bytes, so writing the same bytes twice is one blob, and a
//! half-written one is never seen: bytes are written beside and moved into place once they are on disk.
//! The order that keeps references whole: blob first, row after; [`sweep`] removes what nothing refers to.

mod local;
mod sweep;
mod writer;

use std::{
    ops::Range,
    path::Path as FsPath,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use sha2::{Digest, Sha256};

pub use sweep::sweep;
pub use writer::Writer;

/// `[blob]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How often unused blobs are looked for.
    pub sweep_interval_s: u64,
    /// How old an unused blob must be.
    pub sweep_grace_s: u64,
}

/// What can go wrong with a blob.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such blob.
    #[error("there is no blob {sha256}")]
    NotFound {
        /// Its key.
        sha256: String,
    },
    /// The key is not 64 lower-case hex digits.
    #[error("{key:?} is no blob key, expected 64 lower-case hex digits")]
    BadKey {
        /// What was given.
        key: String,
    },
    /// More bytes came than the writer takes.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The range begins at or after the end, or is empty.
    #[error("no bytes {start} to {end} in a blob of {bytes} bytes")]
    BadRange {
        /// First byte asked for.
        start: u64,
        /// The byte after the last one asked for.
        end: u64,
        /// The size of the blob.
        bytes: u64,
    },
    /// The disk or the object store failed.
    #[error("cannot {attempt}: {message}")]
    Failed {
        /// What was attempted, as a verb phrase.
        attempt: &'static str,
        /// What the disk or the object store said.
        message: String,
    },
}

impl Error {
    fn failed(attempt: &'static str, error: impl std::fmt::Display) -> Error {
        Error::Failed { attempt, message: error.to_string() }
    }
}

/// A kept blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobRef {
    /// SHA-256 of the bytes in lower-case hex: the key.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

impl From<BlobRef> for crate::store::BlobRow {
    fn from(blob: BlobRef) -> crate::store::BlobRow {
        crate::store::BlobRow { sha256: blob.sha256, bytes: blob.bytes }
    }
}

/// A blob as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its key.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last put.
    pub put_at: SystemTime,
}

/// A put of bytes that are there already counts as a new one for the sweeper: if the blob was put
/// longer ago than this, its time is renewed. It only has to be far below any grace.
const RENEW_AFTER: Duration = Duration::from_secs(60);

/// The blob store. Clones are cheap and the same store.
#[derive(Clone)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// Set when the objects are files of ours: writing them takes fewer syncs than through the port.
    local: Option<Arc<local::Folder>>,
}

impl Blobs {
    /// A folder, which is made if it is not there. Files that were half-written long ago are removed; of the processes
    /// that use the folder only one may sweep it.
    pub fn local(dir: &FsPath) -> Result<Blobs, Error> {
        let folder = local::Folder::open(dir)?;
        let objects =
            LocalFileSystem::new_with_prefix(dir).map_err(|error| Error::failed("open the blob folder", error))?;
        Ok(Blobs { objects: Arc::new(objects.with_fsync(true)), local: Some(Arc::new(folder)) })
    }

    /// Any object store. What it acknowledges has to be durable.
    pub fn in_object_store(objects: Arc<dyn ObjectStore>) -> Blobs {
        Blobs { objects, local: None }
    }

    /// Keeps bytes; they are on disk when this returns. Bytes that are there already are not written again.
    ///
    /// Cost in a folder: one sync of the file and one of its directory. The work is done in a thread of
    /// its own and goes on when the caller is dropped.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobRef, Error> {
        if let Some(folder) = self.local.clone() {
            return blocking("write a blob", move || folder.put(&bytes)).await;
        }
        let content = bytes.clone();
        let sha256 = blocking("hash a blob", move || Ok(hex::encode(Sha256::digest(&content)))).await?;
        let blob = BlobRef { sha256, bytes: bytes.len() as u64 };
        let path = path_of(&blob.sha256)?;
        if !self.is_fresh(&path).await? {
            self.objects.put(&path, bytes.into()).await.map_err(|error| Error::failed("write a blob", error))?;
        }
        Ok(blob)
    }

    /// A blob to write piece by piece, of at most `limit` bytes.
    pub fn writer(&self, limit: u64) -> Writer {
        Writer::new(self.clone(), limit)
    }

    /// All bytes of a blob.
    pub async fn get(&self, sha256: &str) -> Result<Bytes, Error> {
        let found = self.objects.get(&path_of(sha256)?).await.map_err(|error| read_error(sha256, error))?;
        found.bytes().await.map_err(|error| read_error(sha256, error))
    }

    /// The bytes of a blob in pieces, with its size; for bodies that should not be in memory at once.
    pub async fn stream(&self, sha256: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error> {
        let found = self.objects.get(&path_of(sha256)?).await.map_err(|error| read_error(sha256, error))?;
        let (bytes, sha256) = (found.meta.size, sha256.to_owned());
        Ok((bytes, found.into_stream().map(move |chunk| chunk.map_err(|error| read_error(&sha256, error))).boxed()))
    }

    /// The bytes from `range.start` to before `range.end`, which is cut to the blob's end.
    pub async fn get_range(&self, sha256: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let bytes = self.size(sha256).await?;
        let end = range.end.min(bytes);
        if range.start >= end {
            return Err(Error::BadRange { start: range.start, end: range.end, bytes });
        }
        let found = self.objects.get_range(&path_of(sha256)?, range.start..end).await;
        found.map_err(|error| read_error(sha256, error))
    }

    /// The size of a blob.
    pub async fn size(&self, sha256: &str) -> Result<u64, Error> {
        let meta = self.objects.head(&path_of(sha256)?).await.map_err(|error| read_error(sha256, error))?;
        Ok(meta.size)
    }

    /// Removes a blob; one that is not there is no error.
    pub async fn delete(&self, sha256: &str) -> Result<(), Error> {
        match self.objects.delete(&path_of(sha256)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::failed("remove a blob", error)),
        }
    }

    /// The blobs that were last put at least `older_than` ago, by the clock of the disk or object store.
    pub fn list(&self, older_than: Duration) -> BoxStream<'static, Result<BlobEntry, Error>> {
        let before = SystemTime::now() - older_than;
        let entries = self.objects.list(None);
        entries
            .filter_map(move |meta| async move {
                let meta = match meta {
                    Ok(meta) => meta,
                    Err(error) => return Some(Err(Error::failed("list the blobs", error))),
                };
                // Other files (temporaries, something an operator left) are none of ours to touch.
                let sha256 = meta.location.filename()?.to_owned();
                if path_of(&sha256).ok()? != meta.location {
                    return None;
                }
                let put_at = SystemTime::from(meta.last_modified);
                (put_at <= before).then_some(Ok(BlobEntry { sha256, bytes: meta.size, put_at }))
            })
            .boxed()
    }

    /// Removes a blob unless it was put again since `before`.
    async fn delete_older(&self, sha256: &str, before: SystemTime) -> Result<bool, Error> {
        let path = path_of(sha256)?;
        if let Some(folder) = self.local.clone() {
            let sha256 = sha256.to_owned();
            return blocking("remove a blob", move || folder.delete_older(&sha256, before)).await;
        }
        match self.objects.head(&path).await {
            Ok(meta) if SystemTime::from(meta.last_modified) <= before => {
                self.delete(sha256).await?;
                Ok(true)
            }
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::failed("remove a blob", error)),
        }
    }

    /// Whether the object is there and young enough for the sweeper to leave it.
    async fn is_fresh(&self, path: &Path) -> Result<bool, Error> {
        match self.objects.head(path).await {
            Ok(meta) => {
                let age = SystemTime::now().duration_since(SystemTime::from(meta.last_modified));
                Ok(age.unwrap_or_default() < RENEW_AFTER)
            }
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::failed("look for a blob", error)),
        }
    }
}

/// The object of a key: `ab/abcd...`. One level of 256 folders, all made at the start: a put never has
/// to make, and sync, a folder.
fn path_of(sha256: &str) -> Result<Path, Error> {
    let is_key =
        sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_key {
        return Err(Error::BadKey { key: sha256.chars().take(80).collect() });
    }
    Ok(Path::from_iter([&sha256[..2], sha256]))
}

fn read_error(sha256: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound { sha256: sha256.to_owned() },
        error => Error::failed("read a blob", error),
    }
}

/// Runs work that blocks in a thread for such work.
async fn blocking<T: Send + 'static>(
    attempt: &'static str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::failed(attempt, error)),
    }
}

/// Cuts a stream into vectors of at most `size`.
fn chunked<T: Send + 'static>(items: BoxStream<'static, T>, size: usize) -> BoxStream<'static, Vec<T>> {
    stream::StreamExt::chunks(items, size).boxed()
}

#[cfg(test)]
mod tests;
