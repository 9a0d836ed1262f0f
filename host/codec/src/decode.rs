//! Bytes to pixels.

use crate::color::{self, Outcome};
use crate::read::{self, Content, Headers};
use crate::{Error, Limits, Metadata, Picture, exif};

/// How to decode.
#[derive(Clone, Debug)]
pub struct DecodeOptions<'a> {
    /// What the picture may cost.
    pub limits: &'a Limits,
    /// The smallest size, as displayed, that is still good enough. A JPEG is then decoded at 1/2,
    /// 1/4 or 1/8 if the result is not smaller than this on either side. Other formats ignore it.
    pub enough: Option<(u32, u32)>,
    /// Keep ICC profile, EXIF and XMP in [`Picture::metadata`].
    pub keep_metadata: bool,
    /// Decode all frames; otherwise the first only.
    pub animated: bool,
}

/// Decodes a picture. The crate's front page says what shape the result has.
///
/// Errors: unknown first bytes, damage, missing parts, kinds that are not read, and everything over
/// a limit; sizes and frames are checked before they are allocated. Frames after the first count
/// only when they are asked for.
///
/// A zero delay stays zero, and a loop count counts the plays in all.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, Error> {
    let headers = read::headers(bytes, options.limits)?;
    let frames = if options.animated { headers.frames } else { 1 };
    options.limits.check_frames(frames, headers.width, headers.height)?;
    options.limits.check_memory(memory(&headers, frames, options.enough))?;
    if let Some(what) = headers.ends_early {
        return Err(Error::truncated(headers.format, what));
    }
    let mut content = read::content(bytes, &headers, options)?;
    let icc = unify_color(&mut content);
    let all_opaque = content.frames.iter().all(|frame| frame.raster.is_opaque());
    let frames = content.frames.into_iter().map(|mut frame| {
        if all_opaque {
            frame.raster = frame.raster.drop_alpha();
        }
        frame.raster = headers.orientation.apply(frame.raster);
        frame
    });
    let frames = frames.collect();
    let metadata = if options.keep_metadata {
        let exif = content.exif.map(|block| {
            let mut block = exif::strip_prefix(&block).to_vec();
            exif::reset_orientation(&mut block);
            block
        });
        Metadata { icc, exif, xmp: content.xmp }
    } else {
        Metadata::default()
    };
    Ok(Picture { frames, loops: content.loops, metadata })
}

/// Converts all frames to sRGB; gives the profile back if it describes them still.
fn unify_color(content: &mut Content) -> Option<Vec<u8>> {
    let rasters = content.frames.iter_mut().map(|frame| &mut frame.raster);
    if let Some(icc) = content.icc.take() {
        let outcome = color::to_srgb(rasters, &icc);
        return (outcome == Outcome::AlreadySrgb).then_some(icc);
    }
    if let Some(profile) = content.profile.take() {
        color::to_srgb_from(rasters, &profile);
    }
    None
}

/// The largest of 8, 4, 2 and 1 by which the sides can be divided without getting below `enough`.
pub(crate) fn shrink_factor((width, height): (u32, u32), enough: Option<(u32, u32)>) -> u32 {
    let Some((enough_width, enough_height)) = enough else {
        return 1;
    };
    let fits = |factor: &u32| {
        width.div_ceil(*factor) >= enough_width.max(1) && height.div_ceil(*factor) >= enough_height.max(1)
    };
    [8, 4, 2].into_iter().find(fits).unwrap_or(1)
}

/// Bytes that decoding holds at its peak, the encoded bytes not counted.
pub(crate) fn memory(headers: &Headers, frames: u32, enough: Option<(u32, u32)>) -> u64 {
    let pixels = u64::from(headers.width) * u64::from(headers.height);
    let result = result_bytes(headers);
    // Beside the finished frames there is either the decoder's own memory, or a second buffer in
    // which one frame is turned or loses an alpha that it did not need.
    let second = if headers.orientation.transpose || headers.has_alpha { result } else { 0 };
    let scaled = pixels * (u64::from(frames) * result + headers.work.max(second));
    let factor = match headers.can_shrink {
        true => shrink_factor(headers.orientation.size(headers.width, headers.height), enough),
        false => 1,
    };
    pixels * headers.held + scaled / u64::from(factor * factor)
}

/// Bytes of one pixel of the result.
fn result_bytes(headers: &Headers) -> u64 {
    match (headers.has_alpha, headers.gray) {
        (true, _) => 4,
        (false, true) => 1,
        // Animations are composed with alpha.
        (false, false) if headers.frames > 1 => 4,
        (false, false) => 3,
    }
}
