//! Writes a ZIP file (PKWARE APPNOTE 6.3.10): files are stored as they are, since pictures do not get smaller.

use crate::blob::{self, BlobRef, Writer};

/// The version that is needed to read it: 2.0, for folders.
const VERSION: u16 = 20;

/// Names are UTF-8.
const UTF8: u16 = 1 << 11;

/// The first of January 1980, the first day that the format knows: no file has a date of its own.
const DATE: u16 = 0x21;

/// An archive that grows; at most 4 GiB and 65535 files.
pub(super) struct Archive {
    writer: Writer,
    at: u32,
    files: u16,
    directory: Vec<u8>,
}

impl Archive {
    /// An empty archive.
    pub(super) fn new(writer: Writer) -> Archive {
        Archive { writer, at: 0, files: 0, directory: Vec::new() }
    }

    /// Adds a file.
    pub(super) async fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), blob::Error> {
        let too_large = || blob::Error::TooLarge { limit: u64::from(u32::MAX) };
        let size = u32::try_from(bytes.len()).map_err(|_| too_large())?;
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
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&common);
        // No comment, first disk, no attributes.
        self.directory.extend([0; 10]);
        self.directory.extend(self.at.to_le_bytes());
        self.directory.extend(name);
        self.at = u32::try_from(local.len() + bytes.len())
            .ok()
            .and_then(|more| self.at.checked_add(more))
            .ok_or_else(too_large)?;
        self.files = self.files.checked_add(1).ok_or_else(too_large)?;
        self.writer.write(&local).await?;
        self.writer.write(bytes).await
    }

    /// Ends the archive.
    pub(super) async fn finish(mut self) -> Result<BlobRef, blob::Error> {
        let too_large = || blob::Error::TooLarge { limit: u64::from(u32::MAX) };
        let size = u32::try_from(self.directory.len()).map_err(|_| too_large())?;
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend(self.files.to_le_bytes());
        end.extend(self.files.to_le_bytes());
        end.extend(size.to_le_bytes());
        end.extend(self.at.to_le_bytes());
        end.extend(0u16.to_le_bytes());
        self.writer.write(&self.directory).await?;
        self.writer.write(&end).await?;
        self.writer.finish().await
    }
}
