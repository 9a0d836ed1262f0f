//! Blobs that were taken out of their place because nothing referred to them.
//!
//! Any number of nodes put blobs and sweep at the same time, and no object store removes an object only if nobody has
//! put it again meanwhile. So a blob is first set aside: copied to `trash/KEY/UUID`, then removed from its place. A put
//! does not count what lies there; a reader that finds no blob looks there and puts it back. Only a later sweep, after
//! another grace, removes it for good, unless a row refers to it by then.
//!
//! Why nothing is lost: a request that found the blob in its place just before it was taken away commits its row
//! within the grace, thus before the second look. Every copy in the trash has a name of its own, so the one that the
//! second look found old cannot have become a fresh one of another sweeper.

use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{CopyOptions, ObjectStoreExt, path::Path};

use super::{Blobs, Error, TRASH, blocking, path_of};

/// What was set aside.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    pub(super) sha256: String,
    /// Where it lies.
    path: Path,
}

impl Blobs {
    /// Sets a blob aside unless it was put since `before`, which is `grace` ago. Answers whether it did.
    pub(super) async fn set_aside(&self, sha256: &str, before: SystemTime, grace: Duration) -> Result<bool, Error> {
        let path = path_of(sha256)?;
        if let Some(folder) = self.local.clone() {
            let sha256 = sha256.to_owned();
            return blocking("set a blob aside", move || folder.set_aside(&sha256, before)).await;
        }
        let failed = |error| Error::failed("set a blob aside", error);
        let began = (self.clock.now(), Instant::now());
        match self.objects.head(&path).await {
            Ok(meta) if SystemTime::from(meta.last_modified) <= before => {}
            Ok(_) | Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        let aside = folder_of(sha256).join(uuid::Uuid::new_v4().to_string());
        match self.objects.copy_opts(&path, &aside, CopyOptions::new()).await {
            Ok(()) => {}
            // Another sweeper was quicker.
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        // The copy keeps the bytes for one grace from now on. Who was held up for long must not take away what may have
        // been put anew since.
        let by_clock = self.clock.now().duration_since(began.0).unwrap_or(Duration::MAX);
        let held_up = by_clock.max(began.1.elapsed());
        if held_up > grace / 2 {
            tracing::warn!(
                sha256,
                ?held_up,
                "an unused blob is left for the next sweep: setting it aside took too long"
            );
            return Ok(false);
        }
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(failed(error)),
        }
    }

    /// Puts a blob back that was set aside. Answers whether there was one.
    pub(super) async fn put_back(&self, sha256: &str) -> Result<bool, Error> {
        let path = path_of(sha256)?;
        if let Some(folder) = self.local.clone() {
            let sha256 = sha256.to_owned();
            return blocking("put a blob back", move || folder.put_back(&sha256)).await;
        }
        let failed = |error| Error::failed("put a blob back", error);
        let mut copies = self.objects.list(Some(&folder_of(sha256)));
        while let Some(copy) = copies.try_next().await.map_err(failed)? {
            match self.objects.copy_opts(&copy.location, &path, CopyOptions::new()).await {
                Ok(()) => {
                    tracing::info!(sha256, "a blob that had been set aside is back in its place");
                    return Ok(true);
                }
                // Its time was over. There may be a younger one.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(false)
    }

    /// What was set aside at `before` or earlier.
    pub(super) fn trash(&self, before: SystemTime) -> BoxStream<'static, Result<Aside, Error>> {
        let entries = self.objects.list(Some(&Path::from(TRASH)));
        entries
            .filter_map(move |meta| async move {
                let meta = match meta {
                    Ok(meta) => meta,
                    Err(error) => return Some(Err(Error::failed("list what was set aside", error))),
                };
                let sha256 = meta.location.parts().nth(1)?.as_ref().to_owned();
                path_of(&sha256).ok()?;
                let since = SystemTime::from(meta.last_modified);
                (since <= before).then_some(Ok(Aside { sha256, path: meta.location }))
            })
            .boxed()
    }

    /// Removes what was set aside for good.
    pub(super) async fn discard(&self, aside: &Aside) -> Result<(), Error> {
        match self.objects.delete(&aside.path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::failed("remove a blob", error)),
        }
        if let Some(folder) = self.local.clone() {
            let sha256 = aside.sha256.clone();
            blocking("remove a blob", move || folder.tidy_trash(&sha256)).await?;
        }
        Ok(())
    }
}

fn folder_of(sha256: &str) -> Path {
    Path::from_iter([TRASH, sha256])
}
