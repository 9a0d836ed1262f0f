//! `[blob]`: where blobs are kept, and how an object store is reached.

use std::fmt;

use object_store::path::Path;
use url::Url;

/// `[blob]`; see `config.default.toml`.
#[derive(Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Empty for a folder in the data directory, or `s3://`, `gs://`, `az://` with a bucket and a prefix.
    pub url: String,
    /// Where the object store is; empty for the one of Amazon, Google or Microsoft.
    pub endpoint: String,
    /// The region of the bucket; empty for what the environment says.
    pub region: String,
    /// The access key's id, or the name of the Azure account; empty for the machine's own credentials.
    pub access_key: String,
    /// The secret that belongs to it.
    pub secret_key: String,
    /// How long the object store may say nothing during a request.
    pub timeout_s: u64,
    /// How long a connection to it may take.
    pub connect_timeout_s: u64,
    /// For how long a request that fails is tried again.
    pub retry_s: u64,
    /// Whether clients are sent to the object store for stored bytes.
    pub redirect: bool,
    /// How long the URL that they are sent to works.
    pub redirect_s: u64,
    /// How often unused blobs are looked for.
    pub sweep_interval_s: u64,
    /// How old an unused blob must be.
    pub sweep_grace_s: u64,
}

/// Keys are not for logs.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blob::Config({:?}, {:?}, {:?})", self.url, self.endpoint, self.region)
    }
}

/// Where blobs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A folder in the data directory.
    Folder,
    /// An object store.
    Bucket(Bucket),
}

/// Whose protocol an object store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    S3,
    Google,
    Azure,
}

/// A part of an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What all keys begin with; may be empty.
    pub(super) prefix: Path,
}

impl Config {
    /// Where blobs are kept.
    ///
    /// Errors: `blob.url` is none that is known.
    pub(super) fn place(&self) -> Result<Place, String> {
        if self.url.is_empty() {
            return Ok(Place::Folder);
        }
        let wrong = || {
            format!(
                "blob.url: is {:?}, expected \"\" or s3://BUCKET[/PREFIX], gs://BUCKET[/PREFIX] or az://CONTAINER[/PREFIX]",
                self.url
            )
        };
        let (scheme, rest) = self.url.split_once("://").ok_or_else(wrong)?;
        let kind = match scheme {
            "s3" => Kind::S3,
            "gs" => Kind::Google,
            "az" => Kind::Azure,
            _ => return Err(wrong()),
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let prefix = Path::parse(prefix).map_err(|_| wrong())?;
        if !is_name || rest.contains(['?', '#', '@']) {
            return Err(wrong());
        }
        Ok(Place::Bucket(Bucket { kind, name: name.to_owned(), prefix }))
    }

    /// The least `sweep_grace_s`: in an object store, a sweeper that was held up for half of it leaves a blob alone, and
    /// a request that it waits for must be over by then.
    pub(crate) fn least_grace_s(&self) -> u64 {
        if self.url.is_empty() { 0 } else { 2 * (self.timeout_s + self.retry_s) }
    }

    /// What the types and ranges leave open.
    pub(crate) fn check(&self) -> Result<(), String> {
        let place = self.place()?;
        let url = Url::parse(&self.endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let is_plain = |url: Url| url.has_host() && url.query().is_none() && url.password().is_none();
        if !self.endpoint.is_empty() && !url.is_some_and(is_plain) {
            return Err(format!("blob.endpoint: is {:?}, expected an http or https URL", self.endpoint));
        }
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            return Err("blob.secret_key: expected together with blob.access_key".to_owned());
        }
        let kind = match &place {
            Place::Folder => None,
            Place::Bucket(bucket) => Some(bucket.kind),
        };
        if self.redirect && kind != Some(Kind::S3) {
            return Err(format!(
                "blob.redirect: is true, expected false with blob.url {:?}: only URLs of s3:// are signed",
                self.url
            ));
        }
        if kind == Some(Kind::Google) && !self.access_key.is_empty() {
            return Err("blob.access_key: is set, expected none with gs://: a service account's file is named by the \
                        environment variable GOOGLE_APPLICATION_CREDENTIALS"
                .to_owned());
        }
        Ok(())
    }
}
