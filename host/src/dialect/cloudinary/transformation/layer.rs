//! Layers: `l_folder:logo`, `u_private:logo`, `l_text:Arial_20:Hi`, `l_fetch:aHR0c...`.

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    Expected,
    expression::variable_name,
    text::{FontStyle, Style, Text},
    words::words,
};
use crate::dialect::cloudinary::escape;

/// Bytes of a public id, at most.
const MAX_ID: usize = 512;
/// Bytes of a remote address, at most.
const MAX_URL: usize = 2048;

words! {
    /// How a layer's asset is delivered.
    pub enum Delivery {
        /// Public.
        Upload = "upload",
        /// The original is private.
        Private = "private",
        /// Signed addresses only.
        Authenticated = "authenticated",
    }
}

/// The public id of a layer's asset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// With slashes, decoded, with an extension if one is written.
    Public(String),
    /// The value of a variable, named without its sign.
    Variable(String),
}

/// What is laid over or under the image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// A stored asset.
    Asset {
        /// Whether it is a video.
        video: bool,
        /// How it is delivered.
        delivery: Delivery,
        /// Which one.
        id: Id,
    },
    /// A remote file.
    Fetch {
        /// Whether it is a video.
        video: bool,
        /// Its address, decoded.
        url: String,
    },
    /// Text.
    Text {
        /// What it looks like.
        style: Style,
        /// What it says.
        text: Text,
    },
    /// A picture of a text made before, by its public id.
    TextAsset(String),
    /// Subtitles, a raw asset.
    Subtitles {
        /// What they look like.
        style: Option<FontStyle>,
        /// Which ones.
        id: Id,
    },
    /// A table of colours, a raw asset.
    Lut(Id),
}

/// Words that cannot be the first folder of an id without `upload:` in front.
const RESERVED: [&str; 8] = ["text", "subtitles", "lut", "fetch", "video", "private", "authenticated", "upload"];

impl Layer {
    /// Reads the value of `l` or `u`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let (first, rest) = text.split_once(':').map_or((text, None), |(first, rest)| (first, Some(rest)));
        match (first, rest) {
            ("text", Some(rest)) => match rest.split_once(':') {
                Some((style, text)) => Ok(Self::Text { style: Style::parse(style)?, text: Text::parse(text)? }),
                None => plain_id(rest).map(Self::TextAsset),
            },
            ("subtitles", Some(rest)) => {
                let styled = rest.split_once(':').and_then(|(style, id)| Some((FontStyle::parse(style)?.ok()?, id)));
                match styled {
                    Some((style, rest)) => Ok(Self::Subtitles { style: Some(style), id: id(rest)? }),
                    None => Ok(Self::Subtitles { style: None, id: id(rest)? }),
                }
            }
            ("lut", Some(rest)) => id(rest).map(Self::Lut),
            ("fetch", Some(rest)) => remote(rest).map(|url| Self::Fetch { video: false, url }),
            ("video", Some(rest)) => match rest.strip_prefix("fetch:") {
                Some(rest) => remote(rest).map(|url| Self::Fetch { video: true, url }),
                None => asset(rest, true),
            },
            _ => asset(text, false),
        }
    }
}

fn asset(text: &str, video: bool) -> Result<Layer, Expected> {
    let prefixed = text.split_once(':').and_then(|(first, rest)| Some((Delivery::from_word(first)?, rest)));
    let (delivery, text) = prefixed.unwrap_or((Delivery::Upload, text));
    Ok(Layer::Asset { video, delivery, id: id(text)? })
}

fn id(text: &str) -> Result<Id, Expected> {
    match text.strip_prefix('$') {
        Some(name) => variable_name(name).map(Id::Variable),
        None => public_id(text).map(Id::Public),
    }
}

/// Reads a public id whose slashes are written as colons.
pub(super) fn public_id(text: &str) -> Result<String, Expected> {
    plain_id(&text.replace(':', "/"))
}

/// Reads a public id without folders.
pub(super) fn plain_id(text: &str) -> Result<String, Expected> {
    let id = escape::decode(text).filter(|id| {
        let good = !id.is_empty() && id.len() <= MAX_ID && !id.chars().any(char::is_control);
        good && !id.starts_with('/') && !id.ends_with('/')
    });
    id.ok_or(Expected::new("a public id"))
}

/// Prints a public id with its slashes as colons.
pub(super) fn printed_id(id: &str) -> String {
    escape::encode_value(id, b":$").replace("%2F", ":")
}

/// Engines that take both paddings, as clients differ, and the last bits that a cut text leaves over.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads a remote address in base64 of either alphabet.
pub(super) fn remote(text: &str) -> Result<String, Expected> {
    let text = text.replace("%3D", "=").replace("%3d", "=").replace('+', "-");
    let decoded = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let plain = |url: &String| !url.is_empty() && url.len() <= MAX_URL && !url.chars().any(char::is_control);
    decoded.filter(plain).ok_or(Expected::new("an address in URL-safe base64"))
}

/// Prints a remote address.
pub(super) fn printed_remote(url: &str) -> String {
    BASE64.encode(url)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(id) => f.write_str(&printed_id(id)),
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset { video, delivery, id } => {
                if *video {
                    f.write_str("video:")?;
                }
                let folder = match id {
                    Id::Public(id) => id.split_once('/').map(|(folder, _)| folder),
                    Id::Variable(_) => None,
                };
                if *delivery != Delivery::Upload || folder.is_some_and(|folder| RESERVED.contains(&folder)) {
                    write!(f, "{delivery}:")?;
                }
                id.fmt(f)
            }
            Self::Fetch { video, url } => {
                write!(f, "{}fetch:{}", if *video { "video:" } else { "" }, printed_remote(url))
            }
            Self::Text { style, text } => write!(f, "text:{style}:{text}"),
            Self::TextAsset(id) => write!(f, "text:{}", escape::encode_value(id, b":")),
            Self::Subtitles { style: Some(style), id } => write!(f, "subtitles:{style}:{id}"),
            Self::Subtitles { style: None, id } => write!(f, "subtitles:{id}"),
            Self::Lut(id) => write!(f, "lut:{id}"),
        }
    }
}
