//! Blobs as files: written beside, synced, moved into place, the directory synced.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

use super::{BlobRef, Error, RENEW_AFTER, TEMPORARY, TRASH, TRIES};

/// How old a half-written file must be before it is taken for a left-over: a younger one may just be written by
/// another process, as a command does beside a server.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// A folder of blobs. Several processes may write to it and sweep.
pub(super) struct Folder {
    root: PathBuf,
    /// By the first byte of the key: keeps a put that finds its blob and one that sets it aside apart, within this
    /// process. Between processes the trash does, as it does in an object store.
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
        fs::create_dir_all(root.join(TRASH)).map_err(failed)?;
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
                match OpenOptions::new().write(true).open(&path) {
                    Ok(file) => file.set_modified(SystemTime::now()).map_err(write_error)?,
                    // Another process has just set it aside.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                    Err(error) => return Err(write_error(error)),
                }
            }
        }
        // The name may be so new that the put which made it has not synced it yet.
        self.sync_parent(&path)?;
        Ok(true)
    }

    /// Sets a blob aside that was last put at `before` or earlier; answers whether it did.
    pub(super) fn set_aside(&self, sha256: &str, before: SystemTime) -> Result<bool, Error> {
        let failed = |error: io::Error| Error::failed("set a blob aside", error);
        let path = self.path(sha256);
        let _apart = self.lock(sha256);
        match fs::metadata(&path).and_then(|meta| meta.modified()) {
            Ok(put_at) if put_at > before => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        let trash = self.trash(sha256);
        let aside = trash.join(uuid::Uuid::new_v4().to_string());
        for _ in 0..TRIES {
            fs::create_dir_all(&trash).map_err(failed)?;
            // Its time in the trash begins now.
            let moved = OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .and_then(|()| fs::rename(&path, &aside));
            match moved {
                Ok(()) => return Ok(true),
                // Another process has moved it, or has just removed the empty folder.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(false)
    }

    /// Puts a blob back that was set aside; answers whether there was one.
    pub(super) fn put_back(&self, sha256: &str) -> Result<bool, Error> {
        let failed = |error: io::Error| Error::failed("put a blob back", error);
        let path = self.path(sha256);
        let entries = match fs::read_dir(self.trash(sha256)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            match entry.and_then(|entry| fs::rename(entry.path(), &path)) {
                Ok(()) => {
                    self.sync_parent(&path)?;
                    self.tidy_trash(sha256)?;
                    tracing::info!(sha256, "a blob that had been set aside is back in its place");
                    return Ok(true);
                }
                // Another process has it, or it was removed for good.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(false)
    }

    /// Removes the folder of what was set aside when nothing is in it.
    pub(super) fn tidy_trash(&self, sha256: &str) -> Result<(), Error> {
        match fs::remove_dir(self.trash(sha256)) {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
            Err(error) => Err(Error::failed("remove a blob", error)),
        }
    }

    fn trash(&self, sha256: &str) -> PathBuf {
        self.root.join(TRASH).join(sha256)
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
