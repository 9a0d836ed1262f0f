//! The pixels of a picture, as a stream of a document: with loss or without, whichever is smaller.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::Filter;
use safelight_sdk::codec::EncodeOptions;

/// How hard deflate tries, of 10: what zlib calls its default.
pub(crate) const LEVEL: u8 = 6;

/// The quality of JPEG where none is asked for.
const QUALITY: u8 = 85;

/// To guess how long a picture becomes without loss, strips of so many rows are tried, one in so many.
const STRIP_ROWS: usize = 16;
const STRIPS: usize = 8;

/// Packed rows of gray or RGB.
pub(crate) struct Samples<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// What stands in the document.
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    pub(crate) filter: Filter,
}

impl Samples<'_> {
    /// Deflated where every pixel has to stay, where a JPEG would not be smaller (drawings and text), and where
    /// JPEG has no such size. JPEG otherwise.
    pub(crate) fn encode(&self, options: &EncodeOptions) -> Stream {
        if !options.lossless
            && let Some(bytes) = self.jpeg(options.quality.unwrap_or(QUALITY))
            && bytes.len() < self.deflated_bytes()
        {
            return Stream { bytes, filter: Filter::DctDecode };
        }
        Stream { bytes: compress_to_vec_zlib(self.bytes, LEVEL), filter: Filter::FlateDecode }
    }

    fn channels(&self) -> usize {
        self.bytes.len() / (self.width as usize * self.height as usize)
    }

    fn jpeg(&self, quality: u8) -> Option<Vec<u8>> {
        let (width, height) = (u16::try_from(self.width).ok()?, u16::try_from(self.height).ok()?);
        let mut bytes = Vec::new();
        // One scan, with the usual Huffman tables: tables of its own would come with a scan for each channel,
        // which not all readers take.
        let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        let color = if self.channels() == 1 { ColorType::Luma } else { ColorType::Rgb };
        encoder.encode(self.bytes, width, height, color).ok()?;
        Some(bytes)
    }

    /// About how long the deflated pixels are.
    fn deflated_bytes(&self) -> usize {
        let line = self.width as usize * self.channels();
        let strips: Vec<u8> = self.bytes.chunks(line * STRIP_ROWS).step_by(STRIPS).flatten().copied().collect();
        let length = compress_to_vec_zlib(&strips, LEVEL).len() as u64;
        (length * self.bytes.len() as u64 / strips.len() as u64) as usize
    }
}
