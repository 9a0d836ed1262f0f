//! Parameters of the upload API: form fields to typed values.

mod form;
mod grammar;
mod unsigned;
mod upload;

use super::transformation::Error;

pub use form::Form;
pub use grammar::{
    AccessRule, AccessType, Breakpoints, MetadataValue, coordinates, headers, metadata, pairs, print_pairs, tags,
};
pub use unsigned::{check_unsigned, with_preset};
pub use upload::{EagerItem, Incoming, UploadParams};

/// Characters of a value that are told, at most.
const QUOTED: usize = 100;

/// A parameter that cannot be taken. Its text is the message of the answer, 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A value does not fit.
    #[error("Invalid value for parameter {field}: {} (expected {expected})", quoted(.value))]
    Invalid {
        /// The field.
        field: &'static str,
        /// What was sent.
        value: String,
        /// What was expected.
        expected: String,
    },
    /// A transformation does not fit.
    #[error(transparent)]
    Transformation(#[from] Error),
    /// Something that has a message of its own.
    #[error("{0}")]
    Message(String),
}

impl ParamError {
    fn invalid(field: &'static str, value: &str, expected: impl Into<String>) -> Self {
        Self::Invalid { field, value: value.to_owned(), expected: expected.into() }
    }
}

fn quoted(value: &str) -> String {
    let mut quoted = String::new();
    for character in value.chars().take(QUOTED) {
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    if value.chars().nth(QUOTED).is_some() {
        quoted.push_str("...");
    }
    quoted
}

#[cfg(test)]
mod tests;
