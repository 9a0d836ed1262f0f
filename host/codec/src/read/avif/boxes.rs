//! Boxes, and the numbers in them.
//!
//! Source: ISO/IEC 14496-12 (ISOBMFF) section 4.2.

use super::super::be32;

/// Big-endian numbers one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    /// A number of 0 to 8 bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        (bytes <= 8).then(|| number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// The version that starts a full box; its three bytes of flags are stepped over.
    pub(super) fn version(&mut self) -> Option<u8> {
        Some((self.number(4)? >> 24) as u8)
    }
}

/// One box.
pub(super) struct Found<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
    /// It says that it is longer than what is left; the data is what is left.
    pub(super) ends_early: bool,
}

/// The boxes in a slice.
pub(super) struct Boxes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let length = be32(self.0, 0)?;
        let kind = self.0.get(4..8)?.try_into().ok()?;
        let (header, length) = match length {
            // To the end of what is around it.
            0 => (8, self.0.len() as u64),
            1 => (16, u64::from(be32(self.0, 8)?) << 32 | u64::from(be32(self.0, 12)?)),
            length => (8, u64::from(length)),
        };
        let ends_early = length > self.0.len() as u64;
        let end = length.min(self.0.len() as u64) as usize;
        let data = self.0.get(header..end)?;
        self.0 = &self.0[end..];
        Some(Found { kind, data, ends_early })
    }
}
