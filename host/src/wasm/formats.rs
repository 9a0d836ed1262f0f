//! The formats that a codec plugin tells of, and how a source is found to be of one.

use std::{collections::HashSet, fmt};

use super::{
    bindings::codec::exports::safelight::plugin::codec as contract,
    manifest::{check_name, clip},
};

/// The rules for marks, as `wit/codec.wit` has them.
const MAX_MARK_OFFSET: u32 = 4096;
const MAX_MARK_BYTES: usize = 64;
/// A signature has a few marks, a format a few signatures; all of them are tried on every source.
const MAX_LIST: usize = 32;

/// A format of a codec plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// Its name.
    pub name: String,
    /// Extensions, the usual one first.
    pub extensions: Vec<String>,
    /// Media types, the registered one first.
    pub media_types: Vec<String>,
    /// Whether it is read.
    pub reads: bool,
    /// Whether it is written.
    pub writes: bool,
    /// Whether all frames are written.
    pub writes_frames: bool,
    signatures: Vec<Vec<Mark>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

/// For people: `reads svg (image/svg+xml; .svg)`.
impl fmt::Display for FormatInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match (self.reads, self.writes) {
            (true, true) => "reads and writes",
            (true, false) => "reads",
            _ => "writes",
        };
        write!(f, "{does} {} ({}; .{})", self.name, self.media_types.join(", "), self.extensions.join(", ."))
    }
}

impl FormatInfo {
    /// Sources that begin as this format does, and are nothing else.
    pub fn damaged_samples(&self) -> Vec<Vec<u8>> {
        let start = |marks: &Vec<Mark>| {
            let end = marks.iter().map(|mark| mark.from + mark.bytes.len()).max().unwrap_or(0);
            let mut bytes = vec![b' '; end];
            for mark in marks {
                bytes[mark.from..][..mark.bytes.len()].copy_from_slice(&mark.bytes);
            }
            bytes
        };
        let starts: Vec<Vec<u8>> = self.signatures.iter().map(start).collect();
        let followed = |fill: u8| starts.iter().map(move |start| [start.clone(), vec![fill; 5000]].concat());
        starts.iter().cloned().chain(followed(0)).chain(followed(0xff)).collect()
    }

    /// Whether a source begins as this format does.
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        let found = |mark: &Mark| {
            let end = bytes.len().min(mark.to + mark.bytes.len());
            let window = bytes.get(mark.from..end).unwrap_or_default();
            window.windows(mark.bytes.len()).any(|part| part == mark.bytes)
        };
        self.reads && self.signatures.iter().any(|marks| marks.iter().all(found))
    }
}

/// Checks what a manifest says of formats.
///
/// Errors: what breaks the contract, for the plugin's author.
pub(super) fn formats(wire: Vec<contract::Format>) -> Result<Vec<FormatInfo>, String> {
    if wire.is_empty() {
        return Err("formats: there are none, expected at least one".to_owned());
    }
    let mut names = HashSet::new();
    let mut formats = Vec::with_capacity(wire.len());
    for format in wire {
        check_name("a format's name", &format.name, false)?;
        if !names.insert(format.name.clone()) {
            return Err(format!("formats: two are named {:?}", format.name));
        }
        let name = format.name.clone();
        formats.push(one_format(format).map_err(|problem| format!("format {name}: {problem}"))?);
    }
    Ok(formats)
}

fn one_format(format: contract::Format) -> Result<FormatInfo, String> {
    let word = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-+./_".contains(&byte);
        (1..=100).contains(&text.len()) && text.bytes().all(fits)
    };
    for (what, words) in [("extensions", &format.extensions), ("media-types", &format.media_types)] {
        if !(1..=MAX_LIST).contains(&words.len()) {
            return Err(format!("{what}: there are {}, expected 1 to {MAX_LIST}", words.len()));
        }
        if let Some(wrong) = words.iter().find(|text| !word(text)) {
            return Err(format!("{what}: {:?} is none", clip(wrong)));
        }
    }
    if !format.reads && !format.writes {
        return Err("is neither read nor written".to_owned());
    }
    if format.reads && !(1..=MAX_LIST).contains(&format.signatures.len()) {
        return Err(format!("signatures: there are {}, expected 1 to {MAX_LIST}", format.signatures.len()));
    }
    let signatures = format.signatures.into_iter().map(|signature| signature_marks(signature.marks));
    Ok(FormatInfo {
        name: format.name,
        extensions: format.extensions,
        media_types: format.media_types,
        reads: format.reads,
        writes: format.writes,
        writes_frames: format.writes_frames,
        signatures: signatures.collect::<Result<_, _>>()?,
    })
}

fn signature_marks(marks: Vec<contract::Mark>) -> Result<Vec<Mark>, String> {
    if !(1..=MAX_LIST).contains(&marks.len()) {
        return Err(format!("a signature has {} marks, expected 1 to {MAX_LIST}", marks.len()));
    }
    let check = |mark: contract::Mark| {
        if mark.from > mark.to || mark.to > MAX_MARK_OFFSET {
            return Err(format!("a mark is from {} to {}, expected 0 to {MAX_MARK_OFFSET}", mark.from, mark.to));
        }
        if !(1..=MAX_MARK_BYTES).contains(&mark.bytes.len()) {
            return Err(format!("a mark has {} bytes, expected 1 to {MAX_MARK_BYTES}", mark.bytes.len()));
        }
        Ok(Mark { from: mark.from as usize, to: mark.to as usize, bytes: mark.bytes })
    };
    marks.into_iter().map(check).collect()
}
