//! Why a command did not come through, before it is known what it was to do.

use crate::store::Error;

/// A failure inside a command; [`Fail::at`] makes the port's error of it.
#[derive(Debug)]
pub(in crate::store) enum Fail {
    /// One that the port knows.
    Told(Error),
    /// The database refused.
    Sql(sqlx::Error),
    /// A value that does not fit: from the caller, or a damaged row.
    Value(String),
}

impl Fail {
    /// With what was attempted.
    pub(in crate::store) fn at(self, attempt: &'static str) -> Error {
        match self {
            Fail::Told(error) => error,
            Fail::Sql(error) => Error::Failed { attempt, message: error.to_string() },
            Fail::Value(message) => Error::Failed { attempt, message },
        }
    }

    /// Whether something that has to be unique is there already.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Fail::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        Fail::Told(error)
    }
}

impl From<sqlx::Error> for Fail {
    fn from(error: sqlx::Error) -> Fail {
        Fail::Sql(error)
    }
}

impl From<serde_json::Error> for Fail {
    fn from(error: serde_json::Error) -> Fail {
        Fail::Value(error.to_string())
    }
}
