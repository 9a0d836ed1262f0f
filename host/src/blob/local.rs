//! Blobs as files: written beside, synced, moved into place, the directory synced.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

use super::{BlobRef, Error, RENEW_AFTER};

/// The folder of half-written files, inside the blob folder so that moving is a rename.
const TEMPORARY: &str = "tmp";

/// How old a half-written file must be before it is taken for a left-over: a younger one may just be written by
/// another process, as a command does beside a server.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// A folder of blobs. Several processes may write to it; only one may sweep.
pub(super) struct Folder {
    root: PathBuf,
    /// By the first byte of the key: keeps a put that finds its blob and a removal of it apart.
    locks: Vec<Mutex<()>>,
}

impl Folder {
    /// Makes the folders, with everything on disk, and removes files that were half-written long ago.
    pub(super) fn open(root: &Path) -> Result<Folder, Error> {
        let failed = |error: io::Error| Error::Failed {
            attempt: "open the blob folder",
            message: format!("{}: {error}", root.display()),
        };
        fs::create_dir_all(root).map_err(failed)?;
        let temporary = root.join(TEMPORARY);
        fs::create_dir_all(&temporary).map_err(failed)?;
        remove_left_overs(&temporary).map_err(failed)?;
        for byte in 0..=255u8 {
            match fs::create_dir(root.join(hex::encode([byte]))) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        sync_dir(root).map_err(failed)?;
        if let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_dir(parent).map_err(failed)?;
        }
        let locks = (0..256).map(|_| Mutex::new(())).collect();
        Ok(Folder { root: root.to_owned(), locks })
    }

    /// Keeps bytes.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobRef, Error> {
        let blob = BlobRef { sha256: hex::encode(Sha256::digest(bytes)), bytes: bytes.len() as u64 };
        if self.renew(&blob)? {
            return Ok(blob);
        }
        let mut temporary = self.temporary()?;
        temporary.write(bytes)?;
        self.keep(temporary, &blob)?;
        Ok(blob)
    }

    /// An empty file to write to; removed when dropped.
    pub(super) fn temporary(&self) -> Result<Temporary, Error> {
        let path = self.root.join(TEMPORARY).join(uuid::Uuid::new_v4().to_string());
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(write_error)?;
        Ok(Temporary { path: Some(path), file })
    }

    /// Makes a written file the blob.
    pub(super) fn keep(&self, mut temporary: Temporary, blob: &BlobRef) -> Result<(), Error> {
        if self.renew(blob)? {
            return Ok(());
        }
        // The bytes and the size are on disk before the name can be.
        temporary.file.sync_data().map_err(write_error)?;
        let target = self.path(&blob.sha256);
        if let Some(path) = &temporary.path {
            fs::rename(path, &target).map_err(write_error)?;
            temporary.path = None;
        }
        self.sync_parent(&target)
    }

    /// Answers whether the blob is there, and if so keeps the sweeper off it for another while.
    fn renew(&self, blob: &BlobRef) -> Result<bool, Error> {
        let path = self.path(&blob.sha256);
        {
            let _apart = self.lock(&blob.sha256);
            let meta = match fs::metadata(&path) {
                Ok(meta) => meta,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(write_error(error)),
            };
            // Only a disk that lost bytes it had confirmed leaves another size: write them again.
            if meta.len() != blob.bytes {
                return Ok(false);
            }
            let age = meta.modified().map_err(write_error)?.elapsed().unwrap_or_default();
            if age >= RENEW_AFTER {
                let file = OpenOptions::new().write(true).open(&path).map_err(write_error)?;
                file.set_modified(SystemTime::now()).map_err(write_error)?;
            }
        }
        // The name may be so new that the put which made it has not synced it yet.
        self.sync_parent(&path)?;
        Ok(true)
    }

    /// Removes a blob that was last put at `before` or earlier; answers whether it did.
    pub(super) fn delete_older(&self, sha256: &str, before: SystemTime) -> Result<bool, Error> {
        let remove_error = |error: io::Error| Error::failed("remove a blob", error);
        let path = self.path(sha256);
        let _apart = self.lock(sha256);
        let put_at = match fs::metadata(&path).and_then(|meta| meta.modified()) {
            Ok(put_at) => put_at,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(remove_error(error)),
        };
        if put_at > before {
            return Ok(false);
        }
        fs::remove_file(&path).map_err(remove_error)?;
        Ok(true)
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.root.join(&sha256[..2]).join(sha256)
    }

    fn lock(&self, sha256: &str) -> std::sync::MutexGuard<'_, ()> {
        let index = usize::from_str_radix(&sha256[..2], 16).unwrap_or(0);
        self.locks[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync_parent(&self, path: &Path) -> Result<(), Error> {
        sync_dir(path.parent().unwrap_or(&self.root)).map_err(write_error)
    }
}

/// A half-written file.
pub(super) struct Temporary {
    /// None once it is a blob.
    path: Option<PathBuf>,
    file: File,
}

impl Temporary {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(write_error)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What stays behind is removed at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

fn remove_left_overs(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let removed = match entry.metadata().and_then(|meta| meta.modified()) {
            Ok(written) if written.elapsed().unwrap_or_default() >= LEFT_OVER => fs::remove_file(entry.path()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match removed {
            // Its writer has just moved it into place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn write_error(error: io::Error) -> Error {
    Error::failed("write a blob", error)
}
