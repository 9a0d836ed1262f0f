//! Formats as constants.

use super::bindings::exports::safelight::plugin::codec as wire;

/// A format that a codec reads or writes; see `format` in `wit/codec.wit`.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Extensions without a dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Media types, the registered one first.
    pub media_types: &'static [&'static str],
    /// One of these is enough: all marks of it.
    pub signatures: &'static [&'static [Mark]],
    /// Whether it is read.
    pub reads: bool,
    /// Whether it is written.
    pub writes: bool,
    /// Whether all frames are written.
    pub writes_frames: bool,
}

impl Format {
    /// A format that is read and not written, to be amended.
    pub const fn reading(name: &'static str) -> Self {
        Format {
            name,
            extensions: &[],
            media_types: &[],
            signatures: &[],
            reads: true,
            writes: false,
            writes_frames: false,
        }
    }

    pub(super) fn to_wire(self) -> wire::Format {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let signature = |marks: &&[Mark]| wire::Signature { marks: marks.iter().copied().map(Mark::to_wire).collect() };
        wire::Format {
            name: self.name.to_owned(),
            extensions: texts(self.extensions),
            media_types: texts(self.media_types),
            signatures: self.signatures.iter().map(signature).collect(),
            reads: self.reads,
            writes: self.writes,
            writes_frames: self.writes_frames,
        }
    }
}

/// Bytes near the beginning by which a format is known.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    from: u32,
    to: u32,
    bytes: &'static [u8],
}

impl Mark {
    /// At a fixed offset.
    pub const fn at(offset: u32, bytes: &'static [u8]) -> Self {
        Mark { from: offset, to: offset, bytes }
    }

    /// Beginning anywhere from the first byte to the offset `to`, which is at most 4096.
    pub const fn within(to: u32, bytes: &'static [u8]) -> Self {
        Mark { from: 0, to, bytes }
    }

    fn to_wire(self) -> wire::Mark {
        wire::Mark { from: self.from, to: self.to, bytes: self.bytes.to_vec() }
    }
}
