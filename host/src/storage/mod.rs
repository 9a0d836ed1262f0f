//! Uploads results to the places that callers name.

mod sigv4;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use url::Url;

pub use sigv4::{Signing, escape, presign, sign};

use crate::{
    clock::Clock,
    egress::{self, Egress},
    error::{Code, Failure},
    job::Destination,
};

/// How much of an answer is looked at, in bytes.
const ANSWER_BYTES: usize = 500;

/// How long a signed object may wait to be read or written, in seconds: as long as S3 allows.
const SOURCE_SECONDS: u64 = 7 * 24 * 3600;

/// Why a bucket cannot be written to.
const NO_KEYS: &str = "the server has no keys for S3: storage.s3_access_key is empty";

/// `[storage]`; see `config.default.toml`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where buckets are; empty for Amazon's.
    pub s3_endpoint: String,
    /// The region of buckets that do not say theirs.
    pub s3_region: String,
    /// The access key's id; empty for none.
    pub s3_access_key: String,
    /// The secret access key.
    pub s3_secret_key: String,
    /// How long one upload may take.
    pub timeout_ms: u64,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "storage::Config({:?}, {:?})", self.s3_endpoint, self.s3_region)
    }
}

impl Config {
    /// What the types leave open.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.s3_endpoint.is_empty() && Url::parse(&self.s3_endpoint).is_err() {
            return Err(format!("storage.s3_endpoint: is {:?}, expected an http or https URL", self.s3_endpoint));
        }
        if self.s3_access_key.is_empty() != self.s3_secret_key.is_empty() {
            return Err("storage.s3_secret_key: expected together with s3_access_key".to_owned());
        }
        Ok(())
    }

    /// Whether there are keys to sign with.
    pub fn has_keys(&self) -> bool {
        !self.s3_access_key.is_empty()
    }

    /// The URL of an object, without a signature.
    ///
    /// Errors: no URL comes of these names.
    pub fn object_url(&self, bucket: &str, key: &str) -> Result<Url, String> {
        let base = if self.s3_endpoint.is_empty() { "https://s3.amazonaws.com" } else { &self.s3_endpoint };
        let text = format!("{}/{}/{}", base.trim_end_matches('/'), escape(bucket, false), escape(key, true));
        Url::parse(&text).map_err(|error| format!("{bucket}/{key} cannot be reached: {error}"))
    }

    /// The URL of an object to read it under for a while; without keys the plain one.
    ///
    /// Errors: no URL comes of these names.
    pub fn source_url(&self, bucket: &str, region: Option<&str>, key: &str, now: SystemTime) -> Result<Url, String> {
        let url = self.object_url(bucket, key)?;
        Ok(if self.has_keys() { presign("GET", &url, SOURCE_SECONDS, self.signing(region, now)) } else { url })
    }

    /// The URL of an object to write it under for a while.
    ///
    /// Errors: no keys; no URL comes of these names.
    pub fn write_url(&self, bucket: &str, region: Option<&str>, key: &str, now: SystemTime) -> Result<Url, String> {
        if !self.has_keys() {
            return Err(NO_KEYS.to_owned());
        }
        Ok(presign("PUT", &self.object_url(bucket, key)?, SOURCE_SECONDS, self.signing(region, now)))
    }

    fn signing<'a>(&'a self, region: Option<&'a str>, at: SystemTime) -> Signing<'a> {
        Signing {
            access_key: &self.s3_access_key,
            secret_key: &self.s3_secret_key,
            region: region.unwrap_or(&self.s3_region),
            service: "s3",
            at,
        }
    }
}

/// Uploads. Clones are cheap.
#[derive(Clone)]
pub struct Storage {
    egress: Egress,
    config: Config,
    clock: Clock,
}

impl Storage {
    /// Uploads through this egress, with the keys of these settings.
    pub fn new(egress: Egress, config: Config, clock: Clock) -> Storage {
        Storage { egress, config, clock }
    }

    /// Uploads a result. The same bytes may be uploaded again.
    ///
    /// Errors: `destination_refused` when the other side says no, `destination_failed`, worth a retry, when it cannot
    /// be reached or has a problem of its own; `address_refused`.
    pub async fn upload(&self, to: &Destination, media_type: &str, bytes: Bytes) -> Result<(), Failure> {
        let refused = |message: String| Failure::new(Code::DestinationRefused, message);
        let mut headers = vec![("content-type".to_owned(), media_type.to_owned())];
        for (name, value) in to.headers() {
            headers.retain(|(known, _)| known != name);
            // An empty one takes a header away.
            if !value.is_empty() {
                headers.push((name.clone(), value.clone()));
            }
        }
        let url = match to {
            Destination::Url { url, .. } => Url::parse(url).map_err(|error| refused(error.to_string()))?,
            Destination::S3 { bucket, region, key, .. } => {
                if !self.config.has_keys() {
                    return Err(refused(NO_KEYS.to_owned()));
                }
                let url = self.config.object_url(bucket, key).map_err(refused)?;
                let signing = self.config.signing(region.as_deref(), self.clock.now());
                let signed = sign("PUT", &url, &headers, &bytes, signing);
                headers.extend(signed.into_iter().map(|(name, value)| (name.to_owned(), value)));
                url
            }
        };
        let place = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
        let time = Duration::from_millis(self.config.timeout_ms);
        let answer = self.egress.send(Method::PUT, url.as_str(), header_map(&headers), bytes, time, ANSWER_BYTES).await;
        let answer = answer.map_err(|error| {
            let code = match error {
                egress::Error::AddressRefused { .. } => Code::AddressRefused,
                egress::Error::BadUrl { .. } => Code::DestinationRefused,
                _ => Code::DestinationFailed,
            };
            Failure::new(code, format!("cannot upload to {place}: {error}"))
        })?;
        match answer.status {
            200..=299 => Ok(()),
            status => {
                let code =
                    if status == 429 || status >= 500 { Code::DestinationFailed } else { Code::DestinationRefused };
                let said: String =
                    String::from_utf8_lossy(&answer.body_start).chars().filter(|c| !c.is_control()).collect();
                Err(Failure::new(
                    code,
                    format!("cannot upload to {place}: status {status} {said}").trim_end().to_owned(),
                ))
            }
        }
    }
}

/// Names and values were checked when the job was accepted; one that is none is left out.
fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let pair = |(name, value): &(String, String)| {
        Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
    };
    headers.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests;
