//! Where a result goes beside our own store.

use serde::{Deserialize, Serialize};

/// A place that a result is uploaded to when it is made. The job is not done before; a place that cannot be reached
/// is tried again with the job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Destination {
    /// `PUT` to a URL that carries its own permission: a signed one, or an Azure blob's with its signature.
    Url {
        /// `http` or `https`.
        url: String,
        /// Further headers, names in lower case.
        headers: Vec<(String, String)>,
    },
    /// An object of a bucket, signed with the operator's keys.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Its region; the operator's when absent.
        region: Option<String>,
        /// The object's name, without a slash at the beginning.
        key: String,
        /// Further headers, names in lower case.
        headers: Vec<(String, String)>,
    },
}

impl Destination {
    /// The further headers.
    pub fn headers(&self) -> &[(String, String)] {
        match self {
            Destination::Url { headers, .. } | Destination::S3 { headers, .. } => headers,
        }
    }
}

impl std::fmt::Debug for Destination {
    /// The permission in a URL stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Url { url, .. } => write!(f, "Url({})", url.split('?').next().unwrap_or_default()),
            Destination::S3 { bucket, key, .. } => write!(f, "S3({bucket}/{key})"),
        }
    }
}
