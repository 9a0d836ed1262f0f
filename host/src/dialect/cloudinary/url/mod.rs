//! Delivery addresses: where the transformation ends and the public id begins.
//!
//! `/{cloud}/{resource type}/{type}/[s--SIG--/][component/...][v123/]{public id}[.ext]`, its search-engine
//! forms (`/images/{id}/{suffix}.ext`), the short `iu`, the root path, and the form without a cloud
//! name on hosts that belong to one cloud.

mod build;

use super::{
    escape,
    signature::{Algorithm, verify_delivery},
    transformation::{Error, FormatName, Transformation},
};

pub use build::Parts;

/// Bytes of a path, at most.
const MAX_PATH: usize = 32_768;

/// What kind of file an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceType {
    /// Images, PDF.
    Image,
    /// Videos, sound.
    Video,
    /// Anything.
    Raw,
}

impl ResourceType {
    /// The type that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "image" => Some(Self::Image),
            "video" => Some(Self::Video),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }

    /// The word in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Raw => "raw",
        }
    }
}

/// How an asset is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryType {
    /// Public.
    Upload,
    /// The original needs a signature.
    Private,
    /// All needs a signature.
    Authenticated,
    /// A remote file.
    Fetch,
    /// Many images in one.
    Sprite,
    /// Many images as frames or pages.
    Multi,
    /// A text as an image.
    Text,
    /// Of another service: `facebook`, `youtube`.
    Other(String),
}

impl DeliveryType {
    /// The type that a word names; none when it is not made of letters, digits, hyphens and underscores.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "upload" => Self::Upload,
            "private" => Self::Private,
            "authenticated" => Self::Authenticated,
            "fetch" => Self::Fetch,
            "sprite" => Self::Sprite,
            "multi" => Self::Multi,
            "text" => Self::Text,
            other => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                if other.is_empty() || other.len() > 64 || !other.bytes().all(plain) {
                    return None;
                }
                Self::Other(other.to_owned())
            }
        })
    }

    /// The word in addresses.
    pub fn word(&self) -> &str {
        match self {
            Self::Upload => "upload",
            Self::Private => "private",
            Self::Authenticated => "authenticated",
            Self::Fetch => "fetch",
            Self::Sprite => "sprite",
            Self::Multi => "multi",
            Self::Text => "text",
            Self::Other(word) => word,
        }
    }

    /// Whether the id may be an address, which has no extension of ours.
    const fn is_remote(&self) -> bool {
        matches!(self, Self::Fetch | Self::Other(_))
    }
}

/// Whose paths a host serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// Paths begin with the name of a cloud.
    Shared,
    /// Paths may leave out this cloud's name.
    Of(&'a str),
}

/// A delivery address in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whose asset.
    pub cloud: String,
    /// Of which kind.
    pub resource_type: ResourceType,
    /// Delivered how.
    pub delivery: DeliveryType,
    /// The text between `s--` and `--`.
    pub signature: Option<String>,
    /// What is done to it.
    pub transformation: Transformation,
    /// The same as it stands in the address, without leading and trailing slashes.
    pub transformation_text: String,
    /// The number after `v`, which only keeps caches apart.
    pub version: Option<u64>,
    /// The id, decoded; without extension, but for raw files. For remote files their address.
    pub public_id: String,
    /// The extension, if it is that of a known format.
    pub extension: Option<FormatName>,
    /// The last segment of search-engine forms, which means nothing.
    pub suffix: Option<String>,
    /// Id and extension as they stand in the address: what a signature is over.
    pub signed_id: String,
}

/// Why a path is no delivery address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of this form at all: 404.
    #[error("Resource not found - {0}")]
    NotFound(String),
    /// The transformation is wrong: 400.
    #[error(transparent)]
    Transformation(#[from] Error),
    /// Escapes that are not UTF-8, or a path that is too long: 400.
    #[error("Invalid path - {0}")]
    Malformed(&'static str),
}

/// What the first segments of a path say.
struct Form {
    resource_type: ResourceType,
    delivery: DeliveryType,
    suffix: Suffix,
}

/// Whether a suffix follows the id.
#[derive(Clone, Copy, PartialEq)]
enum Suffix {
    Never,
    /// The last segment, if there are two.
    Always,
    /// On the root path: the last one of two or more when there is no version, as clients write a
    /// version before every id with slashes.
    WithoutVersion,
}

impl Address {
    /// Reads the path of a request, undecoded, without its query.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(path: &str, host: Host<'_>) -> Result<Self, AddressError> {
        if path.len() > MAX_PATH {
            return Err(AddressError::Malformed("it is too long"));
        }
        let not_found = || AddressError::NotFound(path.trim_matches('/').to_owned());
        let mut rest = path;
        let cloud = cloud(&mut rest, host).ok_or_else(not_found)?;
        let form = form(&mut rest).ok_or_else(not_found)?;
        let (signature, transformation_text, version) = heading(&mut rest);
        let transformation = Transformation::parse(transformation_text)?;
        let (id, suffix, extension) = id(rest, &form, version.is_some());
        if id.is_empty() {
            return Err(not_found());
        }
        let signed_id = match extension {
            Some((text, _)) => format!("{id}.{text}"),
            None => id.to_owned(),
        };
        let decode = |text: &str| escape::decode(text).ok_or(AddressError::Malformed("its escapes are not UTF-8"));
        let public_id = decode(id)?;
        if public_id.chars().any(char::is_control) {
            return Err(AddressError::Malformed("it holds control characters"));
        }
        Ok(Self {
            cloud: decode(cloud)?,
            resource_type: form.resource_type,
            delivery: form.delivery,
            signature: signature.map(str::to_owned),
            transformation,
            transformation_text: transformation_text.trim_matches('/').to_owned(),
            version,
            public_id,
            extension: extension.map(|(_, format)| format),
            suffix: suffix.map(decode).transpose()?,
            signed_id,
        })
    }

    /// Whether the signature in the address fits; false when there is none.
    pub fn is_signed(&self, secret: &str, algorithm: Algorithm) -> bool {
        self.signature.as_deref().is_some_and(|signature| {
            verify_delivery(signature, &self.transformation_text, &self.signed_id, secret, algorithm)
        })
    }
}

/// The access token of a query, decoded. All else in the query is ignored.
pub fn token_in_query(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("__cld_token__="))?;
    // The escapes of patterns belong to the token; only those of its separators are the query's.
    let separators = [("%7E", "~"), ("%7e", "~"), ("%3D", "="), ("%3d", "=")];
    let mut token = value.to_owned();
    if !token.contains('~') {
        for (escape, separator) in separators {
            token = token.replace(escape, separator);
        }
    }
    Some(token)
}

/// Takes the next segment that is not empty.
fn take<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let trimmed = rest.trim_start_matches('/');
    let (segment, after) = trimmed.split_once('/').unwrap_or((trimmed, ""));
    *rest = after;
    (!segment.is_empty()).then_some(segment)
}

fn cloud<'a>(rest: &mut &'a str, host: Host<'a>) -> Option<&'a str> {
    match host {
        Host::Shared => take(rest),
        Host::Of(cloud) => {
            let mut after = *rest;
            if take(&mut after) == Some(cloud) && !after.is_empty() {
                *rest = after;
            }
            Some(cloud)
        }
    }
}

/// Takes the segments that say what kind of asset follows; nothing on the root path.
fn form(rest: &mut &str) -> Option<Form> {
    let mut after = *rest;
    let first = take(&mut after)?;
    let (resource_type, delivery) = match first {
        "images" => (ResourceType::Image, DeliveryType::Upload),
        "private_images" => (ResourceType::Image, DeliveryType::Private),
        "authenticated_images" => (ResourceType::Image, DeliveryType::Authenticated),
        "videos" => (ResourceType::Video, DeliveryType::Upload),
        "files" => (ResourceType::Raw, DeliveryType::Upload),
        "iu" => {
            *rest = after;
            let delivery = DeliveryType::Upload;
            return Some(Form { resource_type: ResourceType::Image, delivery, suffix: Suffix::Never });
        }
        word => match ResourceType::from_word(word) {
            Some(resource_type) => {
                let delivery = DeliveryType::from_word(take(&mut after)?)?;
                *rest = after;
                return Some(Form { resource_type, delivery, suffix: Suffix::Never });
            }
            None => {
                let delivery = DeliveryType::Upload;
                return Some(Form { resource_type: ResourceType::Image, delivery, suffix: Suffix::WithoutVersion });
            }
        },
    };
    *rest = after;
    Some(Form { resource_type, delivery, suffix: Suffix::Always })
}

/// Takes signature, components and version, each of which is followed by something.
fn heading<'a>(rest: &mut &'a str) -> (Option<&'a str>, &'a str, Option<u64>) {
    *rest = rest.trim_start_matches('/');
    let signature = next(rest).and_then(|(segment, after)| {
        let signature = segment.strip_prefix("s--")?.strip_suffix("--")?;
        *rest = after;
        Some(signature)
    });
    let start = *rest;
    while let Some((segment, after)) = next(rest) {
        if !Transformation::claims(segment) {
            break;
        }
        *rest = after;
    }
    let transformation = &start[..start.len() - rest.len()];
    let version = next(rest).and_then(|(segment, after)| {
        let digits = segment.strip_prefix('v')?;
        let version = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        *rest = after;
        Some(version)
    });
    (signature, transformation, version)
}

/// The next segment and what follows it; none when it is the last one.
fn next(rest: &str) -> Option<(&str, &str)> {
    let (segment, after) = rest.split_once('/')?;
    let after = after.trim_start_matches('/');
    (!after.is_empty()).then_some((segment, after))
}

/// Id, suffix, and extension with its text.
type Named<'a> = (&'a str, Option<&'a str>, Option<(&'a str, FormatName)>);

fn id<'a>(rest: &'a str, form: &Form, versioned: bool) -> Named<'a> {
    if form.delivery.is_remote() {
        return (rest, None, None);
    }
    let rest = rest.trim_matches('/');
    let (stem, extension) = match rest.rsplit_once('.') {
        Some((stem, text)) if !stem.is_empty() && !stem.ends_with('/') => {
            match FormatName::from_name(text).filter(|_| form.resource_type != ResourceType::Raw) {
                Some(format) => (stem, Some((text, format))),
                None => (rest, None),
            }
        }
        _ => (rest, None),
    };
    let cut = match form.suffix {
        Suffix::Never => false,
        Suffix::Always => true,
        Suffix::WithoutVersion => !versioned,
    };
    match stem.rsplit_once('/').filter(|_| cut) {
        Some((id, suffix)) => (id, Some(suffix), extension),
        None => (stem, None, extension),
    }
}

#[cfg(test)]
mod tests;
