//! Removes what nothing refers to.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStoreExt, path::Path};

use super::{Blobs, Error, TEMPORARY, chunked};
use crate::store::Store;

/// Blobs that one question to the store is about.
const CHUNK: usize = 500;

/// How old an object must be that was written on the way to a blob before it is taken for a left-over.
const LEFT_OVER: Duration = Duration::from_secs(24 * 3600);

/// Knows what is referred to.
#[async_trait]
pub(super) trait References: Sync {
    /// Those of the keys that nothing refers to.
    async fn unreferenced(&self, keys: &[String]) -> Result<Vec<String>, Error>;
}

#[async_trait]
impl References for &dyn Store {
    async fn unreferenced(&self, keys: &[String]) -> Result<Vec<String>, Error> {
        Store::unreferenced(*self, keys).await.map_err(|error| Error::failed("find unused blobs", error))
    }
}

/// Sets the blobs aside that were last put at least `grace` ago and that no row refers to, and removes those for good
/// that were set aside as long ago; answers how many it set aside. Any number of processes may sweep at the same time.
/// The grace has to be more than twice as long as any request takes from its first blob to its commit.
pub async fn sweep(blobs: &Blobs, store: &dyn Store, grace: Duration) -> Result<u64, Error> {
    run(blobs, &store, grace).await
}

pub(super) async fn run(blobs: &Blobs, rows: &dyn References, grace: Duration) -> Result<u64, Error> {
    let now = blobs.now().await?;
    let before = now - grace;
    let (removed, kept) = look_again(blobs, rows, before).await?;
    let mut aside = 0;
    let mut chunks = chunked(blobs.put_before(before), CHUNK);
    while let Some(chunk) = chunks.next().await {
        let keys = chunk.into_iter().map(|entry| Ok(entry?.sha256)).collect::<Result<Vec<_>, Error>>()?;
        for sha256 in rows.unreferenced(&keys).await? {
            // It may have been put again since it was listed.
            aside += u64::from(blobs.set_aside(&sha256, before, grace).await?);
        }
    }
    let left_over = remove_left_overs(blobs, now - LEFT_OVER).await?;
    if aside + removed + kept + left_over > 0 {
        tracing::info!(aside, removed, kept, left_over, "swept the blobs");
    }
    Ok(aside)
}

/// Removes what was set aside long ago, or puts it back if a row refers to it by now. Answers how many of each.
async fn look_again(blobs: &Blobs, rows: &dyn References, before: SystemTime) -> Result<(u64, u64), Error> {
    let (mut removed, mut kept) = (0, 0);
    let mut chunks = chunked(blobs.trash(before), CHUNK);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.into_iter().collect::<Result<Vec<_>, Error>>()?;
        let keys: Vec<String> = chunk.iter().map(|aside| aside.sha256.clone()).collect();
        let unused = rows.unreferenced(&keys).await?;
        for aside in &chunk {
            if unused.contains(&aside.sha256) {
                removed += 1;
            } else if !blobs.is_in_place(&aside.sha256).await? {
                kept += u64::from(blobs.put_back(&aside.sha256).await?);
            }
            blobs.discard(aside).await?;
        }
    }
    Ok((removed, kept))
}

/// Removes objects that were written on the way to a blob and stayed. In a folder, opening it does that.
async fn remove_left_overs(blobs: &Blobs, before: SystemTime) -> Result<u64, Error> {
    if blobs.local.is_some() {
        return Ok(0);
    }
    let failed = |error| Error::failed("remove what was left over", error);
    let mut removed = 0;
    let mut entries = blobs.objects.list(Some(&Path::from(TEMPORARY)));
    while let Some(meta) = entries.try_next().await.map_err(failed)? {
        if SystemTime::from(meta.last_modified) <= before {
            match blobs.objects.delete(&meta.location).await {
                Ok(()) => removed += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(removed)
}
