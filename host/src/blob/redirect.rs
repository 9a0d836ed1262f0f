//! URLs under which clients fetch stored bytes from the object store themselves.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};
use object_store::{aws::AwsCredentialProvider, path::Path};
use url::Url;

use super::{
    Error,
    config::{Bucket, Config},
};
use crate::storage::{Signing, escape, presign};

/// What the object store is to say of the bytes, by the parameter that asks for it.
const SAID: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "response-cache-control"),
    (header::CONTENT_DISPOSITION, "response-content-disposition"),
    (header::CONTENT_TYPE, "response-content-type"),
];

/// A URL that works for a while.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The URL. Whoever has it may read the bytes.
    pub url: Url,
    /// For how long it works.
    pub lasts: Duration,
}

/// Signs URLs of objects in S3.
pub(super) struct Signer {
    /// Where the bucket's keys begin, without a slash at the end.
    base: String,
    region: String,
    credentials: AwsCredentialProvider,
    lasts: Duration,
}

impl Signer {
    pub(super) fn new(
        config: &Config,
        bucket: &Bucket,
        endpoint: Option<String>,
        region: String,
        credentials: AwsCredentialProvider,
    ) -> Signer {
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let mut base = format!("{}/{}", endpoint.trim_end_matches('/'), escape(&bucket.name, false));
        if !bucket.prefix.as_ref().is_empty() {
            base = format!("{base}/{}", escape(bucket.prefix.as_ref(), true));
        }
        Signer { base, region, credentials, lasts: Duration::from_secs(config.redirect_s) }
    }

    /// The URL of an object. Of the headers of our answer, the object store repeats those it can.
    pub(super) async fn url(&self, path: &Path, headers: &HeaderMap) -> Result<Signed, Error> {
        let failed = |problem: String| Error::Failed { attempt: "sign a URL", message: problem };
        let url = format!("{}/{}", self.base, escape(path.as_ref(), true));
        let mut url = Url::parse(&url).map_err(|error| failed(error.to_string()))?;
        let credential = self.credentials.get_credential().await.map_err(|error| failed(error.to_string()))?;
        {
            let mut query = url.query_pairs_mut();
            for (name, parameter) in SAID {
                if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
                    query.append_pair(parameter, value);
                }
            }
            if let Some(token) = &credential.token {
                query.append_pair("X-Amz-Security-Token", token);
            }
        }
        let by = Signing {
            access_key: &credential.key_id,
            secret_key: &credential.secret_key,
            region: &self.region,
            service: "s3",
            at: SystemTime::now(),
        };
        Ok(Signed { url: presign("GET", &url, self.lasts.as_secs(), by), lasts: self.lasts })
    }
}
