//! A blob written piece by piece: uploads and downloads.

use bytes::{Bytes, BytesMut};
use object_store::{ObjectStoreExt, WriteMultipart, path::Path};
use sha2::{Digest, Sha256};

use super::{BlobRef, Blobs, Error, blocking, local::Temporary, path_of};
use crate::egress;

/// Bytes gathered before they are hashed and written. Smaller blobs are never written twice, and cost
/// no more than a [`Blobs::put`].
const GATHER_BYTES: usize = 256 << 10;
/// Parts of an upload to an object store that are under way at the same time.
const MAX_PARTS: usize = 4;

/// A blob in the making. Dropped before [`Writer::finish`], it leaves nothing behind in a folder; an
/// object store removes unfinished uploads by its own rules.
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
    Upload { path: Path, upload: WriteMultipart },
}

impl Writer {
    pub(super) fn new(blobs: Blobs, limit: u64) -> Writer {
        Writer { blobs, limit, written: 0, gathered: BytesMut::new(), open: None }
    }

    /// Takes the next bytes. After an error the writer is of no more use.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.written += chunk.len() as u64;
        if self.written > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        self.gathered.extend_from_slice(chunk);
        if self.gathered.len() >= GATHER_BYTES { self.flush().await } else { Ok(()) }
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
            Target::Upload { path, upload } => {
                let failed = |error| Error::failed("write a blob", error);
                upload.finish().await.map_err(failed)?;
                let target = path_of(&blob.sha256)?;
                if !self.blobs.is_fresh(&target).await? {
                    self.blobs.objects.copy(&path, &target).await.map_err(failed)?;
                }
                self.blobs.objects.delete(&path).await.map_err(failed)?;
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
            Target::Upload { path, mut upload } => {
                upload.wait_for_capacity(MAX_PARTS).await.map_err(|error| Error::failed("write a blob", error))?;
                hash.update(&bytes);
                upload.put(bytes);
                Target::Upload { path, upload }
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
            let path = Path::from_iter(["tmp".to_owned(), uuid::Uuid::new_v4().to_string()]);
            let upload = blobs.objects.put_multipart(&path).await;
            let upload = upload.map_err(|error| Error::failed("write a blob", error))?;
            Target::Upload { path, upload: WriteMultipart::new(upload) }
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
