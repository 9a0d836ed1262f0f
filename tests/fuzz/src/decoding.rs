//! Bytes to a decoder.

use safelight_codec::{DecodeOptions, Format, Limits, decode as decoded, probe};

/// Small, so that a mutation that makes a picture large costs no time.
const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1 << 18,
    max_frames: 8,
    max_total_pixels: 1 << 19,
    max_memory_bytes: 64 << 20,
};

/// Probes and decodes bytes of one format: whole, all frames, and reduced.
///
/// # Panics
/// When the decoder does, or when what it makes is not what the headers said.
pub fn decode(format: Format, bytes: &[u8]) {
    if Format::sniff(bytes) != Some(format) {
        return;
    }
    let info = probe(bytes, &LIMITS);
    for (enough, animated) in [(None, true), (Some((3, 2)), false)] {
        let options = DecodeOptions { limits: &LIMITS, enough, keep_metadata: true, animated };
        let Ok(picture) = decoded(bytes, &options) else { continue };
        let info = info.as_ref().expect("what can be decoded can be probed");
        assert!(!picture.frames.is_empty(), "a picture without frames");
        assert!(animated || picture.frames.len() == 1, "more frames than were asked for");
        for frame in &picture.frames {
            let size = (frame.raster.width(), frame.raster.height());
            if enough.is_none() {
                assert_eq!(size, (info.width, info.height), "size decoded against size probed");
            }
            assert!(size.0 <= info.width && size.1 <= info.height, "{size:?} is larger than the picture");
        }
    }
}
