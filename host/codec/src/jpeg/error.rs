//! What can be wrong with a JPEG file.

/// Why a JPEG file was not decoded. All but [`Error::OverLimit`] are properties of the file itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The data does not begin with the start-of-image marker.
    #[error("not a JPEG: the data does not begin with FF D8")]
    NotJpeg,
    /// The data ends before the picture does.
    #[error("truncated JPEG: the data ends at byte {offset}, inside {inside}")]
    Truncated {
        /// Where the data ended, in bytes from the start of the file.
        offset: usize,
        /// The part of the file that was being read.
        inside: &'static str,
    },
    /// Something the standard does not allow.
    #[error("corrupt JPEG near byte {offset}: {what}")]
    Corrupt {
        /// What was found and what was expected.
        what: String,
        /// Where, in bytes from the start of the file; inside entropy-coded data it is correct to a few bytes.
        offset: usize,
    },
    /// A legal file of a kind this decoder does not read.
    #[error("unsupported JPEG: {what}")]
    Unsupported {
        /// The feature in question.
        what: String,
    },
    /// Decoding would need more memory than the caller allows.
    #[error("decoding the JPEG needs {needed_bytes} bytes of memory, over the limit of {limit_bytes}")]
    OverLimit {
        /// Output, row buffers, and the coefficients of a progressive picture.
        needed_bytes: u64,
        /// The limit given by the caller.
        limit_bytes: u64,
    },
}

impl Error {
    pub(super) fn corrupt(what: impl Into<String>, offset: usize) -> Error {
        Error::Corrupt { what: what.into(), offset }
    }

    pub(super) fn unsupported(what: impl Into<String>) -> Error {
        Error::Unsupported { what: what.into() }
    }
}
