//! Tries an object store before anything is trusted to it.

use futures_util::TryStreamExt;
use object_store::{CopyOptions, ObjectStore, ObjectStoreExt, PutMode, path::Path};

use super::{Error, TEMPORARY};

const BYTES: &[u8] = b"safelight tries whether this object store does what it needs";

/// Writes a small object and checks that it is not replaced by a conditional put, that it can be read, in part, copied,
/// listed and removed.
///
/// Errors: the first thing that the object store does not do, and what to do about it.
pub(super) async fn run(objects: &dyn ObjectStore) -> Result<(), Error> {
    let folder = Path::from_iter([TEMPORARY.to_owned(), uuid::Uuid::new_v4().to_string()]);
    let (object, copy) = (folder.clone().join("object"), folder.clone().join("copy"));
    let tried = try_out(objects, &folder, &object, &copy).await;
    // What stays behind is removed by the sweeper.
    for path in [&object, &copy] {
        let removed = objects.delete(path).await;
        if let (Ok(()), Err(error)) = (&tried, removed) {
            return Err(failed("an object cannot be removed", &error.to_string()));
        }
    }
    tried
}

async fn try_out(objects: &dyn ObjectStore, folder: &Path, object: &Path, copy: &Path) -> Result<(), Error> {
    let says = |what: &'static str| move |error: object_store::Error| failed(what, &error.to_string());
    let create = |bytes: &'static [u8]| objects.put_opts(object, bytes.into(), PutMode::Create.into());
    create(BYTES)
        .await
        .map_err(says("an object cannot be written (are blob.url, blob.endpoint and the keys right?)"))?;
    match create(b"another").await {
        Err(object_store::Error::AlreadyExists { .. }) => {}
        Ok(_) => {
            return Err(failed(
                "it replaces an object though it was asked not to (If-None-Match: *)",
                "use one that honours conditional puts: Amazon S3, Google Cloud Storage, Azure Blob Storage, MinIO, \
                 Ceph or Cloudflare R2 in a present version",
            ));
        }
        Err(error) => return Err(says("a conditional put fails, but not as one of a key that is there")(error)),
    }
    let read = objects.get(object).await.map_err(says("an object cannot be read"))?;
    let read = read.bytes().await.map_err(says("an object cannot be read"))?;
    let part = objects.get_range(object, 10..15).await.map_err(says("a part of an object cannot be read"))?;
    if read != BYTES || part != BYTES[10..15] {
        return Err(failed("an object is not read as it was written", "its bytes differ"));
    }
    objects.copy_opts(object, copy, CopyOptions::new()).await.map_err(says("an object cannot be copied"))?;
    let listed: Vec<_> = objects.list(Some(folder)).try_collect().await.map_err(says("objects cannot be listed"))?;
    let is_listed = |path: &Path| listed.iter().any(|meta| meta.location == *path && meta.size == BYTES.len() as u64);
    if !is_listed(object) || !is_listed(copy) {
        return Err(failed("objects that were just written are not listed", "it has to be strongly consistent"));
    }
    Ok(())
}

fn failed(what: &str, detail: &str) -> Error {
    Error::Failed { attempt: "use the object store of blob.url", message: format!("{what}: {detail}") }
}
