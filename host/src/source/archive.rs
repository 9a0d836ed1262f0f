//! Several files as one: a ZIP archive.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Loaded, Source, Sources};
use crate::{
    error::{Code, Failure},
    zip::{self, Directory},
};

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name in the archive.
    pub name: String,
    /// Where it is.
    pub url: String,
}

impl Sources {
    /// Downloads the files one after the other.
    pub(super) async fn archive(&self, parts: &[Part]) -> Result<Loaded, Failure> {
        let too_large = |message: String| Failure::new(Code::SourceLimit, message);
        let of_format = |error: zip::TooLarge| too_large(error.to_string());
        let (mut archive, mut directory) = (BytesMut::new(), Directory::default());
        for part in parts {
            let source = Source::Url { url: part.url.clone() };
            let file = Box::pin(self.read(&source)).await?;
            archive.extend_from_slice(&directory.add(&part.name, &file.bytes).map_err(of_format)?);
            archive.extend_from_slice(&file.bytes);
            let limit = self.limits.max_bytes;
            if archive.len() as u64 > limit {
                return Err(too_large(format!("the archive has more than {limit} bytes with {}", part.url)));
            }
        }
        archive.extend_from_slice(&directory.finish().map_err(of_format)?);
        let bytes: Bytes = archive.freeze();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Ok(Loaded { bytes, sha256, content_type: Some(zip::MEDIA_TYPE.to_owned()) })
    }
}
