//! Where bytes are kept: content-addressed blobs behind the `object_store` crate.
//!
//! A blob's key is the SHA-256 of its bytes, so writing the same bytes twice is one blob, and a
//! half-written one is never seen: bytes are written beside and moved into place once they are on disk.
//! The order that keeps references whole: blob first, row after; [`sweep`] removes what nothing refers to, in two
//! steps with a grace between them, so that any number of nodes may put and sweep at the same time.

mod config;
mod local;
mod read;
mod redirect;
mod remote;
mod self_test;
mod sweep;
mod trash;
mod writer;

use std::{
    path::Path as FsPath,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, local::LocalFileSystem, path::Path};
use sha2::{Digest, Sha256};

pub use config::Config;
use config::Place;
pub use read::Pieces;
pub use redirect::Signed;
pub use sweep::sweep;
pub use writer::Writer;

use crate::clock::Clock;

/// What is written on the way to a blob lies below this, inside the place of blobs so that moving is a rename.
const TEMPORARY: &str = "tmp";

/// What was set aside lies below this.
const TRASH: &str = "trash";

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
/// longer ago than this, its time is renewed. It only has to be far below any grace. In an object store nothing is
/// renewed: that costs a copy, and what the sweeper sets aside meanwhile is found there.
const RENEW_AFTER: Duration = Duration::from_secs(60);

/// Blobs below this size are hashed where they are: a thread for it costs as much.
const HASH_HERE_BYTES: usize = 16 << 10;

/// Blobs from this size on are looked for in an object store before they are sent to it.
const LOOK_FIRST_BYTES: u64 = 256 << 10;

/// A key that no bytes have, to see whether blobs can be looked for.
const NO_BLOB: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How long a look may take that tells whether the store is there.
const LOOK: Duration = Duration::from_secs(2);

/// How long a store counts as there after its last answer to a look.
const STEADY: Duration = Duration::from_secs(10);

/// How often something is tried that others get in the way of.
const TRIES: u32 = 4;

/// The blob store. Clones are cheap and the same store.
#[derive(Clone)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// Set when the objects are files of ours: writing them takes fewer syncs than through the port.
    local: Option<Arc<local::Folder>>,
    /// Set when clients are sent to the object store.
    signer: Option<Arc<redirect::Signer>>,
    clock: Clock,
    /// When a look was last answered.
    answered: Arc<Mutex<Option<Instant>>>,
}

impl Blobs {
    /// The blobs where the settings say: in an object store, which is tried out before, or in the folder `dir`.
    ///
    /// Errors: the folder cannot be made; the object store cannot be reached, or does not do what is needed of it.
    pub async fn open(config: &Config, dir: &FsPath) -> Result<Blobs, Error> {
        let place = config.place().map_err(|problem| Error::failed("open the blobs", problem))?;
        let Place::Bucket(bucket) = place else { return Blobs::local(dir) };
        let (objects, signer) = remote::open(config, &bucket)?;
        self_test::run(objects.as_ref()).await?;
        Ok(Blobs { signer: signer.map(Arc::new), ..Blobs::in_object_store(objects) })
    }

    /// A folder, which is made if it is not there. Files that were half-written long ago are removed.
    pub fn local(dir: &FsPath) -> Result<Blobs, Error> {
        let folder = local::Folder::open(dir)?;
        let objects =
            LocalFileSystem::new_with_prefix(dir).map_err(|error| Error::failed("open the blob folder", error))?;
        let blobs = Blobs::in_object_store(Arc::new(objects.with_fsync(true)));
        Ok(Blobs { local: Some(Arc::new(folder)), ..blobs })
    }

    /// Any object store. What it acknowledges has to be durable, and seen by whoever reads or lists afterwards.
    pub fn in_object_store(objects: Arc<dyn ObjectStore>) -> Blobs {
        Blobs { objects, local: None, signer: None, clock: Clock::System, answered: Arc::default() }
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
        let hash = move || Ok(hex::encode(Sha256::digest(&content)));
        let sha256 = if bytes.len() < HASH_HERE_BYTES { hash()? } else { blocking("hash a blob", hash).await? };
        let blob = BlobRef { sha256, bytes: bytes.len() as u64 };
        self.create(&blob, bytes).await?;
        Ok(blob)
    }

    /// Writes an object unless it is in its place.
    async fn create(&self, blob: &BlobRef, bytes: Bytes) -> Result<(), Error> {
        let failed = |error| Error::failed("write a blob", error);
        let path = path_of(&blob.sha256)?;
        if blob.bytes >= LOOK_FIRST_BYTES && self.is_whole(blob).await? {
            return Ok(());
        }
        for _ in 0..TRIES {
            match self.objects.put_opts(&path, bytes.clone().into(), PutMode::Create.into()).await {
                Ok(_) => return Ok(()),
                Err(object_store::Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
            // A store also says so of an object that somebody else is just writing, and may fail to.
            if self.is_whole(blob).await? {
                return Ok(());
            }
        }
        // It is not whole: nobody here writes such ones.
        self.objects.put(&path, bytes.into()).await.map_err(failed)?;
        Ok(())
    }

    /// A blob to write piece by piece, of at most `limit` bytes.
    pub fn writer(&self, limit: u64) -> Writer {
        Writer::new(self.clone(), limit)
    }

    /// Whether requests that need blobs should be sent here: they can be looked for, or could a short while ago.
    ///
    /// Errors: the disk or the object store failed, or did not answer in a few seconds.
    pub async fn ready(&self) -> Result<(), Error> {
        let looked = self.look().await;
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(()) => *answered = Some(Instant::now()),
            Err(_) if answered.is_some_and(|at| at.elapsed() < STEADY) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), Error> {
        let path = path_of(NO_BLOB)?;
        let looked = tokio::time::timeout(LOOK, self.objects.head(&path)).await;
        match looked.map_err(|_| Error::failed("look for a blob", format!("no answer within {LOOK:?}")))? {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::failed("look for a blob", error)),
        }
    }

    /// What is known of an object in its place, if it is there.
    async fn in_place(&self, sha256: &str) -> Result<Option<ObjectMeta>, Error> {
        match self.objects.head(&path_of(sha256)?).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::failed("look for a blob", error)),
        }
    }

    async fn is_in_place(&self, sha256: &str) -> Result<bool, Error> {
        Ok(self.in_place(sha256).await?.is_some())
    }

    /// Whether all bytes of a blob are in their place.
    async fn is_whole(&self, blob: &BlobRef) -> Result<bool, Error> {
        Ok(self.in_place(&blob.sha256).await?.is_some_and(|meta| meta.size == blob.bytes))
    }

    /// Removes a blob at once; one that is not there is no error. A server leaves that to [`sweep`].
    #[cfg(test)]
    pub(crate) async fn delete(&self, sha256: &str) -> Result<(), Error> {
        match self.objects.delete(&path_of(sha256)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::failed("remove a blob", error)),
        }
    }

    /// The blobs in their place that were last put at `before` or earlier, by the clock of the disk or object store.
    fn put_before(&self, before: SystemTime) -> BoxStream<'static, Result<BlobEntry, Error>> {
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

    /// The time by the clock that says when something was put.
    async fn now(&self) -> Result<SystemTime, Error> {
        if self.local.is_some() {
            return Ok(SystemTime::now());
        }
        let failed = |error| Error::failed("ask the object store for its time", error);
        let path = Path::from_iter([TEMPORARY.to_owned(), uuid::Uuid::new_v4().to_string()]);
        self.objects.put(&path, Bytes::new().into()).await.map_err(failed)?;
        let meta = self.objects.head(&path).await.map_err(failed)?;
        // What stays behind is removed as a left-over.
        let _ = self.objects.delete(&path).await;
        Ok(meta.last_modified.into())
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

fn is_missing<T>(found: &object_store::Result<T>) -> bool {
    matches!(found, Err(object_store::Error::NotFound { .. }))
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
