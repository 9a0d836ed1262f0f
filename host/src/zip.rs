//! Writes a ZIP file (PKWARE APPNOTE 6.3.10): files are stored as they are, since pictures do not get smaller.

use crate::blob::{self, BlobRef, Writer};

/// The format's name.
pub const NAME: &str = "zip";

/// The media type of an archive.
pub const MEDIA_TYPE: &str = "application/zip";

/// The version that is needed to read it: 2.0, for folders.
const VERSION: u16 = 20;

/// Names are UTF-8.
const UTF8: u16 = 1 << 11;

/// The first of January 1980, the first day that the format knows: no file has a date of its own.
const DATE: u16 = 0x21;

/// The archive would have more than 4 GiB or 65535 files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an archive has at most 4 GiB and 65535 files")]
pub struct TooLarge;

/// What is known of an archive's files when they are written one after the other.
#[derive(Debug, Default)]
pub struct Directory {
    at: u32,
    files: u16,
    entries: Vec<u8>,
}

impl Directory {
    /// Adds a file; its header, which stands before its bytes.
    ///
    /// # Errors
    /// Too much.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, TooLarge> {
        let size = u32::try_from(bytes.len()).map_err(|_| TooLarge)?;
        let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
        // What stands in both headers of a file.
        let mut common = Vec::new();
        for field in [VERSION, UTF8, 0, 0, DATE] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc32fast::hash(bytes), size, size] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        let local = [b"PK\x03\x04", common.as_slice(), name].concat();
        self.entries.extend(b"PK\x01\x02");
        self.entries.extend(VERSION.to_le_bytes());
        self.entries.extend(&common);
        // No comment, first disk, no attributes.
        self.entries.extend([0; 10]);
        self.entries.extend(self.at.to_le_bytes());
        self.entries.extend(name);
        let more = u32::try_from(local.len() + bytes.len()).ok();
        self.at = more.and_then(|more| self.at.checked_add(more)).ok_or(TooLarge)?;
        self.files = self.files.checked_add(1).ok_or(TooLarge)?;
        Ok(local)
    }

    /// What stands behind the last file.
    ///
    /// # Errors
    /// Too much.
    pub fn finish(mut self) -> Result<Vec<u8>, TooLarge> {
        let size = u32::try_from(self.entries.len()).map_err(|_| TooLarge)?;
        self.entries.extend(b"PK\x05\x06\0\0\0\0");
        self.entries.extend(self.files.to_le_bytes());
        self.entries.extend(self.files.to_le_bytes());
        self.entries.extend(size.to_le_bytes());
        self.entries.extend(self.at.to_le_bytes());
        self.entries.extend(0u16.to_le_bytes());
        Ok(self.entries)
    }
}

/// An archive that grows into a blob.
pub struct Archive {
    writer: Writer,
    directory: Directory,
}

impl From<TooLarge> for blob::Error {
    fn from(_: TooLarge) -> blob::Error {
        blob::Error::TooLarge { limit: u64::from(u32::MAX) }
    }
}

impl Archive {
    /// An empty archive.
    pub fn new(writer: Writer) -> Archive {
        Archive { writer, directory: Directory::default() }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// Of the blobs; too much.
    pub async fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), blob::Error> {
        let header = self.directory.add(name, bytes)?;
        self.writer.write(&header).await?;
        self.writer.write(bytes).await
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Of the blobs; too much.
    pub async fn finish(mut self) -> Result<BlobRef, blob::Error> {
        self.writer.write(&self.directory.finish()?).await?;
        self.writer.finish().await
    }
}
