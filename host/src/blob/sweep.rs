//! Removes what nothing refers to.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;

use super::{Blobs, Error, chunked};
use crate::store::Store;

/// Blobs that one question to the store is about.
const CHUNK: usize = 500;

/// Removes the blobs that were last put at least `grace` ago and that no row refers to; answers how
/// many. The grace has to be longer than any request takes from its first blob to its commit.
pub async fn sweep(blobs: &Blobs, store: &dyn Store, grace: Duration) -> Result<u64, Error> {
    let before = SystemTime::now() - grace;
    let mut removed = 0;
    let mut chunks = chunked(blobs.list(grace), CHUNK);
    while let Some(chunk) = chunks.next().await {
        let mut keys = Vec::with_capacity(chunk.len());
        for entry in chunk {
            keys.push(entry?.sha256);
        }
        let unused = store.unreferenced(&keys).await;
        for sha256 in unused.map_err(|error| Error::failed("find unused blobs", error))? {
            // It may have been put again since it was listed.
            removed += u64::from(blobs.delete_older(&sha256, before).await?);
        }
    }
    if removed > 0 {
        tracing::info!(removed, "removed blobs that nothing refers to");
    }
    Ok(removed)
}
