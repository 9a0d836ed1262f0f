//! Files that are there as a whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Writes a file in place of the one that may be there; after an error, and after a power cut, that one is.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = file.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)
        .and_then(|mut handle| handle.write_all(bytes).and_then(|()| handle.sync_all()))
        .and_then(|()| fs::rename(&part, file))
        .and_then(|()| fs::File::open(dir)?.sync_all());
    if written.is_err() {
        fs::remove_file(&part).ok();
    }
    written
}
