//! What can go wrong, and who can mend it.

use crate::{Format, RasterError};

/// Why bytes could not be turned into pixels, or pixels into bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first bytes belong to no format we know.
    #[error("not a picture in a known format, it starts with {start}")]
    UnknownFormat {
        /// The first bytes, escaped.
        start: String,
    },
    /// The picture ends before its last part.
    #[error("{format} picture is cut short: {what}")]
    Truncated {
        /// The format it claims to be.
        format: Format,
        /// What is missing.
        what: String,
    },
    /// The picture contradicts its format.
    #[error("{format} picture is damaged: {what}")]
    Corrupt {
        /// The format it claims to be.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// A well-formed picture of a kind that is not read.
    #[error("{format} picture is of a kind that is not supported: {what}")]
    Unsupported {
        /// The format.
        format: Format,
        /// The feature.
        what: String,
    },
    /// A limit set by the operator.
    #[error("{what}: {value} is over the limit of {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The value met, with its unit.
        value: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The format cannot hold the picture that was to be written.
    #[error("cannot write {format}: {what}: {value}, at most {limit}")]
    TooLarge {
        /// The format to be written.
        format: Format,
        /// What is too large.
        what: &'static str,
        /// The value met, with its unit.
        value: String,
        /// What the format holds, with its unit.
        limit: String,
    },
    /// An option has a value that cannot be used.
    #[error("{option} is {value}, expected {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// The value given.
        value: String,
        /// What would do.
        expected: String,
    },
    /// An encoder failed for a reason of its own.
    #[error("cannot write {format}: {what}")]
    Encode {
        /// The format to be written.
        format: Format,
        /// What happened.
        what: String,
    },
}

/// Who can mend an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes that came in: another picture is needed.
    Source,
    /// The options that were asked for.
    Request,
    /// The limits, which the operator sets.
    Limit,
    /// This program.
    Host,
}

impl Error {
    /// Tells whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::UnknownFormat { .. }
            | Error::Truncated { .. }
            | Error::Corrupt { .. }
            | Error::Unsupported { .. } => Fault::Source,
            Error::Limit { .. } => Fault::Limit,
            Error::TooLarge { .. } | Error::Option { .. } => Fault::Request,
            Error::Encode { .. } => Fault::Host,
        }
    }

    pub(crate) fn unknown(bytes: &[u8]) -> Error {
        if bytes.is_empty() {
            return Error::UnknownFormat { start: "nothing (it is empty)".into() };
        }
        let start = &bytes[..bytes.len().min(12)];
        Error::UnknownFormat { start: format!("\"{}\"", start.escape_ascii()) }
    }

    pub(crate) fn truncated(format: Format, what: impl Into<String>) -> Error {
        Error::Truncated { format, what: what.into() }
    }

    pub(crate) fn corrupt(format: Format, what: impl Into<String>) -> Error {
        Error::Corrupt { format, what: what.into() }
    }

    pub(crate) fn unsupported(format: Format, what: impl Into<String>) -> Error {
        Error::Unsupported { format, what: what.into() }
    }

    #[cfg(feature = "write")]
    pub(crate) fn encode(format: Format, what: impl ToString) -> Error {
        Error::Encode { format, what: what.to_string() }
    }

    /// A raster made of what a decoder returned did not fit: the decoder broke its word.
    pub(crate) fn shape(format: Format) -> impl Fn(RasterError) -> Error {
        move |error| Error::corrupt(format, error.to_string())
    }
}

/// Runs code of other projects that may panic, and turns the panic into an error.
///
/// The panic hook still runs, so the log shows where it happened.
pub(crate) fn guard<T>(panicked: impl FnOnce() -> Error, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // The closure owns or only reads what it uses; nothing half-changed is seen afterwards.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

/// Sorts an error of the `image` crate, or of one below it, into ours.
pub(crate) fn from_image(format: Format, error: image::ImageError) -> Error {
    if is_early_end(&error) {
        return Error::truncated(format, "the data ends too early");
    }
    match error {
        image::ImageError::Limits(_) => Error::Limit {
            what: "memory for decoding",
            value: "what this picture needs".into(),
            limit: "max_memory_bytes".into(),
        },
        image::ImageError::Unsupported(error) => Error::unsupported(format, error.to_string()),
        error => Error::corrupt(format, error.to_string()),
    }
}

/// True when an I/O error "unexpected end" is among the causes.
pub(crate) fn is_early_end(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return true;
        }
        cause = error.source();
    }
    false
}
