//! The port that turns bytes into pictures and back: the decoders that are built in, or codec plugins.

use std::borrow::Cow;

use safelight_codec::{DecodeOptions, EncodeOptions, Format, Frame, Info, Orientation, Picture};

use super::{Sandbox, Size, Timeline};
use crate::{
    error::{Code, Failure},
    job::{Pages, Rendering},
};

/// What is asked about a source.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What it may cost.
    pub limits: &'a safelight_codec::Limits,
    /// Who decodes it.
    pub sandbox: Sandbox,
    /// Which page is wanted, and how large.
    pub rendering: &'a Rendering,
}

/// What is wanted of a source that was asked about.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// The smallest size that is as good as the source's own; none is the own size.
    pub enough: Option<Size>,
    /// Whether frames after the first are wanted, where there are several to be had.
    pub animated: bool,
    /// Whether ICC, EXIF and XMP are wanted.
    pub keep_metadata: bool,
}

/// In which sizes a source can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// Its own.
    Fixed,
    /// Its own, and a half, a quarter and an eighth of it.
    Halves,
    /// All.
    Free,
}

/// What a source is, before it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// The format's name.
    pub format: Cow<'static, str>,
    /// The size of what was asked for, upright.
    pub size: Size,
    /// How the stored picture is turned for that.
    pub orientation: Orientation,
    /// In which other sizes it can be had.
    pub scaling: Scaling,
    /// How many pages or frames were asked for: 1, or as many as there are.
    pub frames: u32,
    /// How many there are.
    pub count: u32,
    /// When those that were asked for are shown.
    pub timeline: Timeline,
    /// Bytes of memory that one of them takes in this size while it is decoded, and the part of these that
    /// a smaller size does not save.
    pub memory_bytes: u64,
    /// See `memory_bytes`.
    pub held_bytes: u64,
}

/// A format that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFormat {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its usual extension, without a dot.
    pub extension: Cow<'static, str>,
    /// Its media type.
    pub media_type: Cow<'static, str>,
    /// Whether all frames are written.
    pub frames: bool,
}

impl WrittenFormat {
    /// Whether all frames are written when this is said of it ([`crate::job::Encoding::animated`]).
    pub fn writes_frames(&self, animated: Option<bool>) -> bool {
        match animated {
            Some(true) => self.frames || self.name == Format::Png.name(),
            Some(false) => false,
            None => self.frames,
        }
    }
}

impl From<Format> for WrittenFormat {
    fn from(format: Format) -> WrittenFormat {
        WrittenFormat {
            name: format.name().into(),
            extension: format.extension().into(),
            media_type: format.media_type().into(),
            frames: format.supports_animation(),
        }
    }
}

/// As [`Codecs::probe`], of the picture as it is stored where that is wanted.
pub fn probe(codecs: &dyn Codecs, bytes: &[u8], ask: Ask<'_>) -> Result<SourceInfo, Failure> {
    let info = codecs.probe(bytes, ask)?;
    if !ask.rendering.as_stored {
        return Ok(info);
    }
    Ok(SourceInfo { size: turned(info.orientation, info.size), ..info })
}

/// As [`Codecs::decode`] of a source that was asked about by [`probe`].
pub fn decode(
    codecs: &dyn Codecs,
    bytes: &[u8],
    ask: Ask<'_>,
    info: &SourceInfo,
    want: Want,
) -> Result<Picture, Failure> {
    if !ask.rendering.as_stored || info.orientation == Orientation::UPRIGHT {
        return codecs.decode(bytes, ask, info, want);
    }
    // Decoders make all pictures upright; here that is taken back.
    let upright = SourceInfo { size: turned(info.orientation, info.size), ..info.clone() };
    let want = Want { enough: want.enough.map(|size| turned(info.orientation, size)), ..want };
    let mut picture = codecs.decode(bytes, ask, &upright, want)?;
    let back = info.orientation.inverse();
    let turn = |frame: Frame| Frame { raster: back.apply(frame.raster), ..frame };
    picture.frames = picture.frames.into_iter().map(turn).collect();
    Ok(picture)
}

/// The size after a turn, or before it.
fn turned(orientation: Orientation, size: Size) -> Size {
    let (width, height) = orientation.size(size.width, size.height);
    Size { width, height }
}

/// Reads and writes pictures. All calls block: never call them on an async thread.
pub trait Codecs: Send + Sync {
    /// Tells what a source is; nothing is decoded.
    ///
    /// Errors: bytes of no known format, damage that shows at once, limits, a page that is not there.
    fn probe(&self, bytes: &[u8], ask: Ask<'_>) -> Result<SourceInfo, Failure>;

    /// Decodes a source that was asked about in the same way before.
    fn decode(&self, bytes: &[u8], ask: Ask<'_>, info: &SourceInfo, want: Want) -> Result<Picture, Failure>;

    /// A format that is written beside those that are built in; by name or extension.
    fn writes(&self, name: &str) -> Option<WrittenFormat>;

    /// The names of all formats that are written beside those that are built in.
    fn written(&self) -> Vec<String>;

    /// The [identities](super::PluginInfo::identity) of the plugins that may read or write a format.
    fn identities(&self, format: &str) -> Vec<String> {
        let _ = format;
        Vec::new()
    }

    /// Writes a picture in such a format. Of the options, the format is not looked at.
    fn encode(
        &self,
        format: &str,
        picture: &Picture,
        quality: Option<u8>,
        options: &EncodeOptions,
    ) -> Result<Vec<u8>, Failure>;
}

/// A format that can be written, built in or not; by name or extension.
pub fn written_format(codecs: &dyn Codecs, name: &str) -> Option<WrittenFormat> {
    Format::from_name(name).map(WrittenFormat::from).or_else(|| codecs.writes(name))
}

/// The decoders of this program, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn;

impl Codecs for BuiltIn {
    fn probe(&self, bytes: &[u8], ask: Ask<'_>) -> Result<SourceInfo, Failure> {
        let info = safelight_codec::probe(bytes, ask.limits)?;
        let count = info.frames.unwrap_or(1);
        let frames = match ask.rendering.page {
            Some(page) => frames_of(page, count)?,
            None => count,
        };
        Ok(SourceInfo {
            format: info.format.name().into(),
            size: Size { width: info.width, height: info.height },
            orientation: info.orientation,
            scaling: if info.can_shrink { Scaling::Halves } else { Scaling::Fixed },
            frames,
            count,
            memory_bytes: frame_bytes(&info, count),
            held_bytes: info.held_bytes,
            timeline: match ask.rendering.page {
                Some(Pages::One(_)) => Timeline::still(),
                _ => Timeline { delays_ms: info.delays_ms, loops: info.loops },
            },
        })
    }

    fn decode(&self, bytes: &[u8], ask: Ask<'_>, _: &SourceInfo, want: Want) -> Result<Picture, Failure> {
        let page = match ask.rendering.page {
            Some(Pages::One(page)) => Some(page),
            _ => None,
        };
        let options = DecodeOptions {
            limits: ask.limits,
            enough: want.enough.map(|size| (size.width, size.height)),
            keep_metadata: want.keep_metadata,
            animated: match page {
                Some(page) => page > 1,
                None => want.animated,
            },
        };
        let mut picture = safelight_codec::decode(bytes, &options)?;
        if let Some(page) = page {
            let index = page.saturating_sub(1) as usize;
            if index >= picture.frames.len() {
                return Err(no_such_page(page, picture.frames.len() as u32));
            }
            let frame = picture.frames.swap_remove(index);
            picture.frames = vec![Frame { delay_ms: 0, ..frame }];
            picture.loops = safelight_codec::Loops::Times(1);
        }
        Ok(picture)
    }

    fn writes(&self, _: &str) -> Option<WrittenFormat> {
        None
    }

    fn written(&self) -> Vec<String> {
        Vec::new()
    }

    fn encode(&self, format: &str, _: &Picture, _: Option<u8>, _: &EncodeOptions) -> Result<Vec<u8>, Failure> {
        Err(Failure::new(Code::EncodeFailed, format!("there is no format named '{format}'")))
    }
}

/// What decoding one of several frames takes: all but the results of the others.
fn frame_bytes(info: &Info, count: u32) -> u64 {
    let whole_frame = u64::from(info.width) * u64::from(info.height) * 4;
    if count > 1 {
        // The canvas, one composed frame, and as much to work with.
        info.decoded_bytes.min(info.held_bytes + 4 * whole_frame)
    } else {
        info.decoded_bytes
    }
}

/// How many pages or frames are meant.
pub(crate) fn frames_of(page: Pages, count: u32) -> Result<u32, Failure> {
    match page {
        Pages::All => Ok(count),
        Pages::One(page) if (1..=count).contains(&page) => Ok(1),
        Pages::One(page) => Err(no_such_page(page, count)),
    }
}

pub(crate) fn no_such_page(page: u32, count: u32) -> Failure {
    Failure::new(Code::InvalidParams, format!("page: is {page}, the source has {count}"))
}

impl SourceInfo {
    /// Bytes of memory that decoding holds at its peak, `frames` frames of it, for a picture that is at least
    /// `enough`.
    pub fn estimate(&self, enough: Option<Size>, frames: u32) -> u64 {
        let size = self.decoded_size(enough);
        let area = |size: Size| u64::from(size.width) * u64::from(size.height);
        let part = area(size) as f64 / area(self.size).max(1) as f64;
        let scaled = self.memory_bytes.saturating_sub(self.held_bytes) as f64 * part;
        let further = area(size).saturating_mul(4).saturating_mul(u64::from(frames.saturating_sub(1)));
        self.held_bytes.saturating_add(scaled as u64).saturating_add(further)
    }

    /// The size that a decoder gives when one of at least `enough` is asked for.
    pub fn decoded_size(&self, enough: Option<Size>) -> Size {
        let Some(enough) = enough else { return self.size };
        match self.scaling {
            Scaling::Fixed => self.size,
            Scaling::Halves => {
                let divided = |factor: u32| Size {
                    width: self.size.width.div_ceil(factor),
                    height: self.size.height.div_ceil(factor),
                };
                let fits = |size: &Size| size.width >= enough.width && size.height >= enough.height;
                [8, 4, 2].map(divided).into_iter().find(fits).unwrap_or(self.size)
            }
            Scaling::Free => {
                let scale = (f64::from(enough.width) / f64::from(self.size.width))
                    .max(f64::from(enough.height) / f64::from(self.size.height));
                scaled(self.size, scale)
            }
        }
    }
}

/// A size times a factor, rounded, at least 1 x 1.
pub(crate) fn scaled(size: Size, factor: f64) -> Size {
    let side = |length: u32| ((f64::from(length) * factor).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(scaling: Scaling) -> SourceInfo {
        SourceInfo {
            format: "x".into(),
            size: Size { width: 401, height: 300 },
            orientation: Orientation::UPRIGHT,
            scaling,
            frames: 1,
            count: 1,
            timeline: Timeline::still(),
            memory_bytes: 1000,
            held_bytes: 200,
        }
    }

    #[test]
    fn a_smaller_size_is_one_that_the_source_has() {
        let size = |scaling, width, height| {
            let size = info(scaling).decoded_size(Some(Size { width, height }));
            (size.width, size.height)
        };
        assert_eq!(size(Scaling::Fixed, 10, 10), (401, 300));
        assert_eq!(size(Scaling::Halves, 101, 75), (101, 75));
        assert_eq!(size(Scaling::Halves, 102, 75), (201, 150));
        assert_eq!(size(Scaling::Halves, 402, 1), (401, 300));
        assert_eq!(size(Scaling::Free, 802, 1), (802, 600));
        assert_eq!(size(Scaling::Free, 1, 3), (4, 3));
    }

    #[test]
    fn memory_shrinks_with_the_area_down_to_what_is_held() {
        assert_eq!(info(Scaling::Fixed).estimate(None, 1), 1000);
        assert_eq!(info(Scaling::Fixed).estimate(None, 3), 1000 + 2 * 401 * 300 * 4);
        assert_eq!(info(Scaling::Free).estimate(Some(Size { width: 802, height: 600 }), 1), 200 + 3200);
        assert_eq!(info(Scaling::Free).estimate(Some(Size { width: 1, height: 1 }), 1), 200);
    }
}
