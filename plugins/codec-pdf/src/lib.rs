//! Codec plugin `codec-pdf`: any page of a PDF document (ISO 32000) at any size, and pictures as the pages of
//! a new document.

mod read;
mod samples;
#[cfg(test)]
mod tests;
mod write;

use safelight_sdk::codec::{Codec, EncodeOptions, Error, Format, Frame, Limits, Mark};

/// Points an inch, the unit of a page (ISO 32000-1 section 8.3.2.3).
const POINTS: f32 = 72.0;

/// Pixels an inch at which a page is rendered, and at which a picture becomes one, unless told otherwise:
/// text of usual size can be read.
const DPI: f32 = 150.0;

/// The codec.
pub struct PdfCodec;

impl Codec for PdfCodec {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["pdf"],
        media_types: &["application/pdf"],
        // Readers accept the header anywhere in the first 1024 bytes (ISO 32000-1 annex H.3, note 13).
        signatures: &[&[Mark::within(1024, b"%PDF-")]],
        writes: true,
        writes_frames: true,
        ..Format::reading("pdf")
    }];
    type Document = read::Document;

    fn open(bytes: Vec<u8>, _format: &str, limits: &Limits) -> Result<read::Document, Error> {
        read::Document::open(bytes, limits)
    }

    fn encode(frames: Vec<Frame>, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
        write::write(&frames, options)
    }
}

pub use read::Document;

safelight_sdk::export_codec!(
    name: "codec-pdf",
    summary: "PDF documents: any page at any size, and pictures as pages of a new one.",
    codec: PdfCodec,
);
