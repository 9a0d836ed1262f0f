//! What the result is written as: quality, format, pages, density of pixels.

use std::fmt;

use super::{
    Expected, Expression,
    decimal::whole,
    gravity::plain_word,
    words::{join, word, words},
};

words! {
    /// How far automatic quality goes.
    pub enum AutoQuality {
        /// Best looking.
        Best = "best",
        /// Good looking, the default.
        Good = "good",
        /// Smaller.
        Eco = "eco",
        /// Smallest.
        Low = "low",
        /// For people who are sensitive to artefacts.
        Sensitive = "sensitive",
    }
}

words! {
    /// Chroma subsampling.
    pub enum Chroma {
        /// Half in both directions.
        C420 = "420",
        /// None.
        C444 = "444",
    }
}

/// How lossy formats are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Chosen from the image.
    Auto(Option<AutoQuality>, Option<Chroma>),
    /// 1 to 100; with chroma, or for videos with the greatest quantiser.
    Value {
        /// 1 to 100; a fraction of 1 is read as percent by some clients, and kept as written.
        quality: Expression,
        /// Chroma subsampling.
        chroma: Option<Chroma>,
        /// `qmax_20`.
        qmax: Option<Expression>,
    },
    /// A good JPEG. `1` and `2` are better and best.
    Jpegmini(Option<u8>),
}

impl Quality {
    /// Reads the value of `q`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || Expected::new("1 to 100, \"auto\" or \"auto:\" with best, good, eco, low or sensitive");
        let mut words: Vec<&str> = text.split(':').collect();
        match words.remove(0) {
            "auto" => {
                let level = words.first().and_then(|word| AutoQuality::from_word(word));
                let chroma = &words[usize::from(level.is_some())..];
                match chroma {
                    [] => Ok(Self::Auto(level, None)),
                    [chroma] => Ok(Self::Auto(level, Some(Chroma::from_word(chroma).ok_or_else(expected)?))),
                    _ => Err(expected()),
                }
            }
            "jpegmini" => match words.as_slice() {
                [] => Ok(Self::Jpegmini(None)),
                [level] => whole(level, 0..=2).map(|level| Self::Jpegmini(Some(level as u8))),
                _ => Err(expected()),
            },
            quality => {
                let quality = Expression::parse_number(quality).map_err(|_| expected())?;
                if quality.as_number().is_some_and(|number| !(0.0..=100.0).contains(&number.value())) {
                    return Err(expected());
                }
                let (chroma, qmax) = match words.as_slice() {
                    [] => (None, None),
                    [word] => match word.strip_prefix("qmax_") {
                        Some(qmax) => (None, Some(Expression::parse_number(qmax)?)),
                        None => (Some(Chroma::from_word(word).ok_or_else(expected)?), None),
                    },
                    _ => return Err(expected()),
                };
                Ok(Self::Value { quality, chroma, qmax })
            }
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chroma = match self {
            Self::Auto(level, chroma) => {
                f.write_str("auto")?;
                if let Some(level) = level {
                    write!(f, ":{level}")?;
                }
                chroma
            }
            Self::Value { quality, chroma, qmax } => {
                quality.fmt(f)?;
                if let Some(qmax) = qmax {
                    write!(f, ":qmax_{qmax}")?;
                }
                chroma
            }
            Self::Jpegmini(level) => {
                f.write_str("jpegmini")?;
                return level.map_or(Ok(()), |level| write!(f, ":{level}"));
            }
        };
        chroma.map_or(Ok(()), |chroma| write!(f, ":{chroma}"))
    }
}

/// Names of formats that addresses and `f_` may ask for.
const FORMATS: [&str; 63] = [
    "jpg", "jpeg", "jpe", "png", "gif", "webp", "avif", "bmp", "ico", "tif", "tiff", "pdf", "svg", "jp2", "jxl", "jxr",
    "wdp", "heic", "heif", "psd", "eps", "ps", "ai", "djvu", "flif", "tga", "ept", "eps3", "hdp", "arw", "cr2", "cr3",
    "dng", "indd", "fbx", "glb", "gltf", "obj", "usdz", "css", "json", "mp4", "webm", "ogv", "mov", "avi", "flv",
    "m3u8", "mpd", "mkv", "mpeg", "ts", "wmv", "3gp", "m4v", "mp3", "ogg", "wav", "aac", "m4a", "aiff", "flac", "opus",
];

/// The name of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormatName(&'static str);

impl FormatName {
    /// The format with this name; case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        FORMATS.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|name| Self(name))
    }

    /// All names.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.into_iter().map(Self)
    }

    /// The name as written.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The one name under which it is reported: `jpeg` and `jpe` are `jpg`, `tiff` is `tif`.
    pub fn reported(self) -> &'static str {
        match self.0 {
            "jpeg" | "jpe" => "jpg",
            "tiff" => "tif",
            name => name,
        }
    }
}

words! {
    /// What automatic formats are chosen among.
    pub enum AutoFormat {
        /// Still images.
        Image = "image",
        /// Videos.
        Video = "video",
        /// Animated images.
        Animated = "animated",
    }
}

/// The value of `f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// What the client accepts.
    Auto(Option<AutoFormat>),
    /// This one.
    Name(FormatName),
}

impl Format {
    /// Reads the value of `f`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto(None)),
            Some(("auto", kind)) => word(kind).map(|kind| Self::Auto(Some(kind))),
            _ => FormatName::from_name(text).map(Self::Name).ok_or(Expected::new("\"auto\" or the name of a format")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto(None) => f.write_str("auto"),
            Self::Auto(Some(kind)) => write!(f, "auto:{kind}"),
            Self::Name(name) => f.write_str(name.0),
        }
    }
}

/// The value of `dpr`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dpr {
    /// Told by the client's hints.
    Auto,
    /// Multiplies width and height.
    Value(Expression),
}

impl Dpr {
    /// Reads the value of `dpr`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let value = Expression::parse_number(text).ok();
        let in_range = |number: f64| number > 0.0 && number <= 100.0;
        value
            .filter(|value| value.as_number().is_none_or(|number| in_range(number.value())))
            .map(Self::Value)
            .ok_or(Expected::new("\"auto\" or a number above 0, up to 100"))
    }
}

impl fmt::Display for Dpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Value(value) => value.fmt(f),
        }
    }
}

/// One item of a page list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PageItem {
    /// One page, from 1.
    One(Expression),
    /// First and last page; up to the last one when open.
    Range(u32, Option<u32>),
}

/// Which pages, frames or layers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pages {
    /// Each for itself.
    All,
    /// These.
    List(Vec<PageItem>),
    /// Layers of a Photoshop file by name.
    Names(Vec<String>),
    /// An object embedded in a Photoshop file.
    Embedded(String),
}

impl Pages {
    /// Reads the value of `pg`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || Expected::new("a page number, a range like 1-3, a list like 1;3, \"all\" or name: and words");
        if text == "all" {
            return Ok(Self::All);
        }
        let plain = |name: &str| plain_word(&name.replace(' ', "_"));
        if let Some(names) = text.strip_prefix("name:") {
            let names: Vec<String> = names.split(':').map(str::to_owned).collect();
            let good = names.len() <= 50 && names.iter().all(|name| plain(name));
            return good.then_some(Self::Names(names)).ok_or_else(expected);
        }
        if let Some(name) = text.strip_prefix("embedded:") {
            return plain(name).then(|| Self::Embedded(name.to_owned())).ok_or_else(expected);
        }
        let number = |text: &str| whole(text, 1..=100_000).map(|page| page as u32).map_err(|_| expected());
        let item = |text: &str| match text.split_once('-') {
            Some((first, "")) => Ok(PageItem::Range(number(first)?, None)),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first <= last { Ok(PageItem::Range(first, Some(last))) } else { Err(expected()) }
            }
            None => {
                let page = Expression::parse_number(text).map_err(|_| expected())?;
                match page.as_number() {
                    Some(_) => number(text).map(|_| PageItem::One(page)),
                    None => Ok(PageItem::One(page)),
                }
            }
        };
        let items: Vec<PageItem> = text.split(';').map(item).collect::<Result<_, _>>()?;
        if items.len() <= 100 { Ok(Self::List(items)) } else { Err(expected()) }
    }
}

impl fmt::Display for PageItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(page) => page.fmt(f),
            Self::Range(first, None) => write!(f, "{first}-"),
            Self::Range(first, Some(last)) => write!(f, "{first}-{last}"),
        }
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::List(items) => join(f, items, ";"),
            Self::Names(names) => write!(f, "name:{}", names.join(":")),
            Self::Embedded(name) => write!(f, "embedded:{name}"),
        }
    }
}

words! {
    /// How colours are stored.
    pub enum SpaceName {
        /// sRGB.
        Srgb = "srgb",
        /// sRGB with a small profile.
        TinySrgb = "tinysrgb",
        /// CMYK.
        Cmyk = "cmyk",
        /// Never CMYK.
        NoCmyk = "no_cmyk",
        /// CMYK stays CMYK.
        KeepCmyk = "keep_cmyk",
        /// sRGB, never a palette.
        SrgbTruecolor = "srgb:truecolor",
    }
}

/// The value of `cs`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColorSpace {
    /// A known one.
    Name(SpaceName),
    /// A profile stored as a raw asset.
    Icc(String),
}

impl ColorSpace {
    /// Reads the value of `cs`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        match text.strip_prefix("icc:") {
            Some(id) => super::layer::public_id(id).map(Self::Icc),
            None => word(text).map(Self::Name),
        }
    }
}

impl fmt::Display for ColorSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Icc(id) => write!(f, "icc:{}", super::layer::printed_id(id)),
        }
    }
}
