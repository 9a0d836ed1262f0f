//! What cameras and editors write into files beside pixels: read from sources, written into results.

mod exif;
mod iptc;
mod jpeg;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use exif::{TEXTS as EXIF_TEXTS, write as write_exif};

/// Entries of one kind that are kept, at most, and bytes of one's text.
const MAX_ENTRIES: usize = 500;
const MAX_TEXT: usize = 1000;

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceFacts {
    /// CRC-32 of the whole file, eight digits of hex.
    pub crc32: String,
    /// EXIF by name, values as people read them.
    pub exif: Vec<(String, String)>,
    /// IPTC by name; names may come again.
    pub iptc: Vec<(String, String)>,
    /// When the picture was taken, as EXIF writes it: `2014:06:12 10:20:30`.
    pub taken_at: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Pixels an inch, across and down.
    pub density: Option<(f64, f64)>,
}

impl SourceFacts {
    /// Without the lists of texts.
    pub fn without_texts(self) -> SourceFacts {
        SourceFacts { exif: Vec::new(), iptc: Vec::new(), ..self }
    }
}

/// Looks into a file of any format. What is damaged counts as not there.
pub fn read(bytes: &[u8]) -> SourceFacts {
    let mut facts = SourceFacts { crc32: format!("{:08x}", crc32fast::hash(bytes)), ..SourceFacts::default() };
    exif::read(bytes, &mut facts);
    facts.iptc = iptc::read(bytes);
    facts.density = facts.density.or_else(|| jpeg::density(bytes));
    facts
}

/// The text, cut at a character if it is too long.
fn bounded(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}
