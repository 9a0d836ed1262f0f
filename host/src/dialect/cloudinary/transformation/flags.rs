//! Flags: `fl_progressive.lossy`.

use std::fmt;

use super::{
    Expected,
    words::{join, word, words},
};
use crate::dialect::cloudinary::escape;

words! {
    /// A flag without a value.
    pub enum Switch {
        /// Closes a layer.
        LayerApply = "layer_apply",
        /// Fractions relate to the base image.
        Relative = "relative",
        /// Fractions relate to the region that is covered.
        RegionRelative = "region_relative",
        /// The layer does not enlarge the canvas.
        NoOverflow = "no_overflow",
        /// The layer is repeated over the base.
        Tiled = "tiled",
        /// The layer's opacity cuts the base.
        Cutter = "cutter",
        /// Lossy GIF or PNG.
        Lossy = "lossy",
        /// A PNG with a palette.
        Png8 = "png8",
        /// A PNG without opacity.
        Png24 = "png24",
        /// A PNG with opacity.
        Png32 = "png32",
        /// Drops the colour profile.
        StripProfile = "strip_profile",
        /// Drops all metadata.
        ForceStrip = "force_strip",
        /// Keeps IPTC metadata.
        KeepIptc = "keep_iptc",
        /// Keeps copyright metadata.
        KeepAttribution = "keep_attribution",
        /// Adds a colour profile.
        ForceIcc = "force_icc",
        /// The answer never changes.
        ImmutableCache = "immutable_cache",
        /// Any format may be chosen.
        AnyFormat = "any_format",
        /// Formats without opacity are not chosen for images that have it.
        PreserveTransparency = "preserve_transparency",
        /// The side that is not given keeps its size.
        IgnoreAspectRatio = "ignore_aspect_ratio",
        /// Animated WebP.
        Awebp = "awebp",
        /// Animated PNG.
        Apng = "apng",
        /// Stays animated.
        Animated = "animated",
        /// JSON about the image in place of it.
        Getinfo = "getinfo",
        /// Vectors become pixels.
        Rasterize = "rasterize",
        /// Scripts are taken out of SVG.
        Sanitize = "sanitize",
        /// Clips to the stored path.
        Clip = "clip",
        /// Clips to the stored path by the even-odd rule.
        ClipEvenodd = "clip_evenodd",
        /// 8-bit TIFF.
        Tiff8Lzw = "tiff8_lzw",
        /// Ignores mask channels.
        IgnoreMaskChannels = "ignore_mask_channels",
        /// The original, untouched.
        Original = "original",
        /// Text keeps its margins.
        TextNoTrim = "text_no_trim",
        /// Text that does not fit is an error.
        TextDisallowOverflow = "text_disallow_overflow",
        /// The layer takes the place of the image.
        ReplaceImage = "replace_image",
        /// Videos: joins one to another.
        Splice = "splice",
        /// Videos: draws the sound.
        Waveform = "waveform",
        /// Videos: one sound channel.
        Mono = "mono",
        /// Videos: cuts time stamps.
        TruncateTs = "truncate_ts",
        /// Videos: not streamed.
        NoStream = "no_stream",
        /// Videos: streamed download.
        StreamingAttachment = "streaming_attachment",
        /// Videos: HLS version 3.
        Hlsv3 = "hlsv3",
        /// Videos: keeps the display aspect ratio.
        KeepDar = "keep_dar",
        /// Videos: alternates.
        Alternate = "alternate",
        /// Content credentials.
        C2pa = "c2pa",
    }
}

words! {
    /// How a progressive JPEG is laid out.
    pub enum Progressive {
        /// Few scans.
        Semi = "semi",
        /// Much early.
        Steep = "steep",
        /// Not progressive.
        None = "none",
    }
}

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Without a value.
    Switch(Switch),
    /// Answer as a download, under this name.
    Attachment(Option<String>),
    /// Progressive JPEG.
    Progressive(Option<Progressive>),
}

/// Flags in the order written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags(pub Vec<Flag>);

impl Flags {
    /// Reads the value of `fl`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let flags: Vec<Flag> = text.split('.').map(flag).collect::<Result<_, _>>()?;
        if flags.len() <= 32 { Ok(Self(flags)) } else { Err(Expected::new("at most 32 flags")) }
    }

    /// Whether this flag is among them.
    pub fn has(&self, switch: Switch) -> bool {
        self.0.contains(&Flag::Switch(switch))
    }
}

fn flag(text: &str) -> Result<Flag, Expected> {
    match text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value))) {
        ("attachment", None) => Ok(Flag::Attachment(None)),
        ("attachment", Some(name)) => {
            let name = escape::decode_twice(name).filter(|name| (1..=255).contains(&name.len()));
            name.map(|name| Flag::Attachment(Some(name))).ok_or(Expected::new("a file name after attachment:"))
        }
        ("progressive", None) => Ok(Flag::Progressive(None)),
        ("progressive", Some(mode)) => word(mode).map(|mode| Flag::Progressive(Some(mode))),
        _ => Switch::from_word(text).map(Flag::Switch).ok_or(Expected::new("the name of a flag")),
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(switch) => switch.fmt(f),
            Self::Attachment(None) => f.write_str("attachment"),
            Self::Attachment(Some(name)) => {
                write!(f, "attachment:{}", escape::encode_value(name, b".").replace("%25", "%2525"))
            }
            Self::Progressive(None) => f.write_str("progressive"),
            Self::Progressive(Some(mode)) => write!(f, "progressive:{mode}"),
        }
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.0, ".")
    }
}
