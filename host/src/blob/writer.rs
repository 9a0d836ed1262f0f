//! A blob written piece by piece: uploads and downloads.

use bytes::{Bytes, BytesMut};
use object_store::{CopyOptions, ObjectStore, ObjectStoreExt, WriteMultipart, path::Path};
use sha2::{Digest, Sha256};

use super::{BlobRef, Blobs, Error, TEMPORARY, blocking, local::Temporary, path_of};
use crate::egress;

/// Bytes gathered before they are hashed and written. Smaller blobs are never written twice, and cost
/// no more than a [`Blobs::put`].
const GATHER_BYTES: usize = 256 << 10;
/// The size of a part of an upload to an object store, but the last: S3 takes none below 5 MiB, and some stores want
/// them alike. Blobs below this size are put at once.
const PART_BYTES: usize = 5 << 20;
/// Parts that are under way at the same time.
const MAX_PARTS: usize = 2;
/// The most bytes of a blob in an object store: S3 copies no larger object to its key.
const MAX_OBJECT_BYTES: u64 = 5_000_000_000;

/// A blob in the making. Dropped before [`Writer::finish`], it leaves nothing behind in a folder; an upload to an object
/// store is given up, as far as the store can be reached.
pub struct Writer {
    blobs: Blobs,
    limit: u64,
    written: u64,
    gathered: BytesMut,
    /// None while everything still fits into `gathered`.
    open: Option<Open>,
}

struct Open {
    hash: Sha256,
    target: Target,
}

enum Target {
    File(Temporary),
    Upload(Upload),
}

/// An upload under way; given up when dropped.
struct Upload {
    path: Path,
    /// None once it is complete.
    parts: Option<WriteMultipart>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(parts), Ok(runtime)) = (self.parts.take(), tokio::runtime::Handle::try_current()) else { return };
        let path = self.path.clone();
        runtime.spawn(async move {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%path, %error, "an unfinished upload stays in the object store until its own rules remove it");
            }
        });
    }
}

impl Writer {
    pub(super) fn new(blobs: Blobs, limit: u64) -> Writer {
        let limit = if blobs.local.is_some() { limit } else { limit.min(MAX_OBJECT_BYTES) };
        Writer { blobs, limit, written: 0, gathered: BytesMut::new(), open: None }
    }

    /// Takes the next bytes. After an error the writer is of no more use.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.written += chunk.len() as u64;
        if self.written > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        self.gathered.extend_from_slice(chunk);
        let enough = if self.open.is_none() && self.blobs.local.is_none() { PART_BYTES } else { GATHER_BYTES };
        if self.gathered.len() >= enough { self.flush().await } else { Ok(()) }
    }

    /// How many bytes came so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Makes the bytes a blob, which is on disk when this returns.
    pub async fn finish(mut self) -> Result<BlobRef, Error> {
        if self.open.is_none() {
            return self.blobs.put(self.gathered.freeze()).await;
        }
        self.flush().await?;
        let Some(Open { hash, target }) = self.open.take() else {
            return Err(Error::failed("write a blob", "the writer failed before"));
        };
        let blob = BlobRef { sha256: hex::encode(hash.finalize()), bytes: self.written };
        match target {
            Target::File(file) => {
                let Some(folder) = self.blobs.local.clone() else {
                    return Err(Error::failed("write a blob", "the blob folder is gone"));
                };
                let kept = blob.clone();
                blocking("write a blob", move || folder.keep(file, &kept)).await?;
            }
            Target::Upload(mut upload) => {
                let failed = |error| Error::failed("write a blob", error);
                if let Some(parts) = upload.parts.take() {
                    parts.finish().await.map_err(failed)?;
                }
                if !self.blobs.is_whole(&blob).await? {
                    let target = path_of(&blob.sha256)?;
                    let copied = self.blobs.objects.copy_opts(&upload.path, &target, CopyOptions::new()).await;
                    copied.map_err(failed)?;
                }
                if let Err(error) = self.blobs.objects.delete(&upload.path).await {
                    tracing::warn!(path = %upload.path, %error, "a written upload is left for the sweeper");
                }
            }
        }
        Ok(blob)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let bytes = self.gathered.split().freeze();
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.blobs).await?,
        };
        let Open { mut hash, target } = open;
        // Hashing and file writes take a thread for such work; both come back with the state.
        let target = match target {
            Target::File(mut file) => {
                let (hash_back, file) = blocking("write a blob", move || {
                    hash.update(&bytes);
                    file.write(&bytes)?;
                    Ok((hash, file))
                })
                .await?;
                hash = hash_back;
                Target::File(file)
            }
            Target::Upload(mut upload) => {
                hash.update(&bytes);
                if let Some(parts) = &mut upload.parts {
                    let failed = |error| Error::failed("write a blob", error);
                    parts.wait_for_capacity(MAX_PARTS).await.map_err(failed)?;
                    parts.put(bytes);
                }
                Target::Upload(upload)
            }
        };
        self.open = Some(Open { hash, target });
        Ok(())
    }
}

impl Open {
    async fn new(blobs: &Blobs) -> Result<Open, Error> {
        let target = if let Some(folder) = blobs.local.clone() {
            Target::File(blocking("write a blob", move || folder.temporary()).await?)
        } else {
            let path = Path::from_iter([TEMPORARY.to_owned(), uuid::Uuid::new_v4().to_string()]);
            let parts = blobs.objects.put_multipart(&path).await;
            let parts = parts.map_err(|error| Error::failed("write a blob", error))?;
            let parts = WriteMultipart::new_with_chunk_size(parts, PART_BYTES);
            Target::Upload(Upload { path, parts: Some(parts) })
        };
        Ok(Open { hash: Sha256::new(), target })
    }
}

/// Downloads go into the blob store without being in memory as a whole.
impl egress::Sink for Writer {
    async fn write(&mut self, chunk: Bytes) -> Result<(), egress::Error> {
        Writer::write(self, &chunk).await.map_err(|error| match error {
            Error::TooLarge { limit } => egress::Error::TooLarge { limit },
            error => egress::Error::Sink { message: error.to_string() },
        })
    }
}
