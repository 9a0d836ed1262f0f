//! Bytes to pixels and back: the picture formats Safelight reads and writes.
//!
//! [`probe`] reads headers only, [`decode`] gives a [`Picture`], [`encode`] writes one. Formats are
//! told apart by their first bytes. Everything here is pure: no files, no network, no clock.
//!
//! What decoding promises, whatever the source was: 8 bits, sRGB, straight alpha, upright (the
//! orientation a camera noted is applied), every frame composed to the full canvas. Grey pictures
//! stay [`PixelFormat::Gray8`], opaque ones are [`PixelFormat::Rgb8`], the rest
//! [`PixelFormat::Rgba8`]; all frames of one picture have the same size and format.
//!
//! Damaged, truncated and oversized input gives an [`Error`]. Where a decoder of another project
//! panics on damage, the panic is caught here and becomes [`Error::Corrupt`].

#[cfg(feature = "write")]
mod auto;
mod color;
mod decode;
#[cfg(feature = "write")]
mod encode;
mod error;
mod exif;
mod format;
pub mod jpeg;
mod limits;
mod orient;
mod probe;
mod raster;
mod read;
#[cfg(feature = "write")]
mod write;

#[cfg(feature = "write")]
pub use auto::Look;
pub use decode::{DecodeOptions, decode};
#[cfg(feature = "write")]
pub use encode::{Chroma, EncodeOptions, MAX_DPI, TiffCompression, encode};
pub use error::{Error, Fault};
pub use format::Format;
pub use limits::Limits;
pub use orient::Orientation;
pub use probe::{Info, estimate, probe};
pub use raster::{PixelFormat, Raster, RasterError};

/// One picture of an animation, or the only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The full canvas.
    pub raster: Raster,
    /// How long it is shown, in milliseconds; 0 for a still picture.
    pub delay_ms: u32,
}

/// How often an animation is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loops {
    /// Without end.
    Forever,
    /// This many times in all, at least 1.
    Times(u32),
}

/// A decoded picture: one frame, or several of the same size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Never empty.
    pub frames: Vec<Frame>,
    /// `Times(1)` for a still picture.
    pub loops: Loops,
    /// Empty unless asked for.
    pub metadata: Metadata,
}

impl Picture {
    /// A picture of one frame, without metadata.
    pub fn still(raster: Raster) -> Picture {
        Picture { frames: vec![Frame { raster, delay_ms: 0 }], loops: Loops::Times(1), metadata: Metadata::default() }
    }
}

/// What a picture says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// ICC profile that describes the pixels as they are now. Decoding converts to sRGB, so this is
    /// kept only where it was an sRGB profile from the start.
    pub icc: Option<Vec<u8>>,
    /// EXIF as a TIFF structure, without the `Exif\0\0` that JPEG puts in front. Its orientation is
    /// 1, since decoding applied it.
    pub exif: Option<Vec<u8>>,
    /// XMP packet, UTF-8 XML.
    pub xmp: Option<Vec<u8>>,
}
