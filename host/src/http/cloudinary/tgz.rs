//! Writes a gzipped tape archive (POSIX.1-2017, pax interchange format).

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use crate::blob::{self, BlobRef, Writer};

/// Everything in an archive fills blocks of so many bytes.
const BLOCK: usize = 512;

/// Bytes of a name that stands in a header; longer ones have a header of their own.
const MAX_NAME: usize = 100;

/// An archive that grows.
pub(super) struct Archive {
    writer: Writer,
    encoder: GzEncoder<Vec<u8>>,
}

impl Archive {
    /// An empty archive.
    pub(super) fn new(writer: Writer) -> Archive {
        // Pictures do not get smaller: more effort is wasted.
        Archive { writer, encoder: GzEncoder::new(Vec::new(), Compression::fast()) }
    }

    /// Adds a file.
    pub(super) async fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), blob::Error> {
        if name.len() > MAX_NAME || !name.is_ascii() {
            let record = pax_record("path", name);
            self.entry("pax", b'x', record.as_bytes()).await?;
        }
        let short: String = name.chars().filter(char::is_ascii).take(MAX_NAME).collect();
        self.entry(&short, b'0', bytes).await
    }

    async fn entry(&mut self, name: &str, kind: u8, bytes: &[u8]) -> Result<(), blob::Error> {
        self.write(&header(name, kind, bytes.len() as u64)).await?;
        self.write(bytes).await?;
        self.write(&vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()]).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), blob::Error> {
        // Writing to memory does not fail.
        let _ = self.encoder.write_all(bytes);
        let packed = std::mem::take(self.encoder.get_mut());
        self.writer.write(&packed).await
    }

    /// Ends the archive.
    pub(super) async fn finish(mut self) -> Result<BlobRef, blob::Error> {
        self.write(&[0; 2 * BLOCK]).await?;
        let rest = self.encoder.finish().unwrap_or_default();
        self.writer.write(&rest).await?;
        self.writer.finish().await
    }
}

/// `LENGTH NAME=VALUE` and a line's end; the length counts itself.
fn pax_record(name: &str, value: &str) -> String {
    let rest = format!(" {name}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

fn header(name: &str, kind: u8, size: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    // Nobody's, of no time.
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_themselves() {
        assert_eq!(pax_record("path", "a"), "9 path=a\n");
        // Two digits, then three: the length of the length counts, too.
        for (letters, length) in [(90, 99), (91, 101)] {
            let record = pax_record("path", &"x".repeat(letters));
            assert!(record.len() == length && record.starts_with(&format!("{length} path=x")), "{record}");
        }
    }

    #[test]
    fn headers_sum_up() {
        let header = header("a.txt", b'0', 5);
        let mut blank = header;
        blank[148..156].fill(b' ');
        let sum: u32 = blank.iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(&header[148..154], format!("{sum:06o}").as_bytes());
        assert_eq!(&header[124..136], b"00000000005\0");
    }
}
