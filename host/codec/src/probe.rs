//! What the headers say, without decoding.

use crate::decode::{memory, shrink_factor};
use crate::read;
use crate::{Error, Format, Limits, Loops, Orientation};

/// What a picture is, as far as its headers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The format, by the first bytes.
    pub format: Format,
    /// Width in pixels as displayed, that is after the orientation is applied.
    pub width: u32,
    /// Height in pixels as displayed.
    pub height: u32,
    /// How the stored picture is turned for that.
    pub orientation: Orientation,
    /// Number of frames; `Some(1)` for a still picture, `None` where the headers do not tell.
    pub frames: Option<u32>,
    /// How long each frame is shown, in milliseconds: one entry a frame, 0 for a still picture and where the headers
    /// do not tell. Of more frames than the limit lets through, those within it.
    pub delays_ms: Vec<u32>,
    /// How often an animation is played; `Times(1)` for a still picture.
    pub loops: Loops,
    /// The picture has an alpha channel or a transparent colour. It may still be opaque all over;
    /// [`decode`](crate::decode) then drops it.
    pub has_alpha: bool,
    /// The picture has one colour channel.
    pub gray: bool,
    /// [`decode`](crate::decode) can make it smaller on the way at a lower price.
    pub can_shrink: bool,
    /// Estimate of the bytes that decoding all frames at full size holds at its peak.
    pub decoded_bytes: u64,
    /// The part of `decoded_bytes` that a smaller decode does not save.
    pub held_bytes: u64,
}

/// Reads headers only: no pixel is decoded, and nothing larger than a header is allocated.
///
/// Errors: unknown first bytes, damaged headers, and the limits on input size and on pixels of one
/// frame. Frames and memory are told here and refused by [`decode`](crate::decode), which knows how
/// many frames are wanted. A picture whose end is missing can be probed as long as its headers are
/// there.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Info, Error> {
    let headers = read::headers(bytes, limits)?;
    let (width, height) = headers.orientation.size(headers.width, headers.height);
    // No more than the limit lets through: what is over it is never decoded.
    let told = headers.frames.min(limits.max_frames) as usize;
    let mut delays_ms = if headers.frames > 1 { headers.delays_ms.clone() } else { Vec::new() };
    delays_ms.resize(told.max(1), 0);
    Ok(Info {
        format: headers.format,
        width,
        height,
        orientation: headers.orientation,
        frames: Some(headers.frames),
        delays_ms,
        loops: if headers.frames > 1 { headers.loops } else { Loops::Times(1) },
        has_alpha: headers.has_alpha,
        gray: headers.gray,
        can_shrink: headers.can_shrink,
        decoded_bytes: memory(&headers, headers.frames, None),
        held_bytes: u64::from(width) * u64::from(height) * headers.held,
    })
}

/// Bytes that decoding will hold at its peak, all frames included and the encoded bytes not; for
/// admission control.
///
/// `enough` as in [`DecodeOptions`](crate::DecodeOptions).
pub fn estimate(info: &Info, enough: Option<(u32, u32)>) -> u64 {
    let factor = if info.can_shrink { shrink_factor((info.width, info.height), enough) } else { 1 };
    let scaled = info.decoded_bytes.saturating_sub(info.held_bytes);
    info.held_bytes + scaled / u64::from(factor * factor)
}
