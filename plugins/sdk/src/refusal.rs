//! Ways to refuse a call.

use crate::Refusal;
use crate::bindings::safelight::plugin::types::InvalidParams;

impl Refusal {
    /// A parameter cannot be used. `field` is its name, or empty when it is about several together;
    /// `message` says what came and what was expected: "is -3, expected a number from 0 to 250".
    pub fn params(field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal::InvalidParams(InvalidParams { field: field.into(), message: message.into() })
    }

    /// The picture cannot be used, though it is a valid one.
    pub fn image(message: impl Into<String>) -> Self {
        Refusal::UnsupportedImage(message.into())
    }

    /// Anything else, in words for people.
    pub fn other(message: impl Into<String>) -> Self {
        Refusal::Other(message.into())
    }
}

/// As in "sigma_px: is 900, expected a number from 0.1 to 250".
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::UnknownTransform => f.write_str("unknown transform"),
            Refusal::InvalidParams(invalid) if invalid.field.is_empty() => f.write_str(&invalid.message),
            Refusal::InvalidParams(invalid) => write!(f, "{}: {}", invalid.field, invalid.message),
            Refusal::UnsupportedImage(message) | Refusal::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Refusal {}
