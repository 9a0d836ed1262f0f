//! Where plugins come from: a file, an https URL or an OCI registry; and how one gets into a registry.
//!
//! Reading order: a [`Reference`] says where; [`Distribution`] fetches and pushes, through [`crate::egress`]; what
//! came is believed by its digest ([`Lock`]) and by its signature ([`Trust`]). `registry` speaks the protocol of
//! registries, `manifest` and `cosign` know what lies in them.
//!
//! Nothing here installs: whoever does keeps what is there until all of this has succeeded.

mod challenge;
mod cosign;
mod credentials;
mod digest;
mod file;
mod keys;
mod lock;
mod manifest;
mod reference;
mod registry;
#[cfg(test)]
mod tests;
mod trust;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::io::AsyncReadExt;
use url::Url;

pub use digest::Digest;
pub use file::write_whole;
pub use keys::{PublicKey, SigningKey};
pub use lock::{Entry, Lock};
pub use reference::{Image, Reference};
pub use trust::{Trust, TrustConfig};

use crate::{
    egress::{Egress, Limits, Request},
    error::{Code, Failure},
    pipeline::PluginInfo,
    wasm::PluginsConfig,
};
use manifest::Manifest;
use registry::{Access, CONNECT_TIMEOUT, MAX_REDIRECTS, Repository};
use trust::Signed;

/// What the file with a detached signature is called after the component.
pub const SIGNATURE_SUFFIX: &str = ".sig";
/// The largest file with a detached signature.
const MAX_SIGNATURE_BYTES: u64 = 16 << 10;

/// Whether the settings go together; the error names the one that does not.
pub(crate) fn check(config: &PluginsConfig) -> Result<(), String> {
    for host in &config.insecure_registries {
        reference::check_host(host).map_err(|problem| format!("plugins.insecure_registries: {problem}"))?;
    }
    if config.trust.required && config.trust.keys.is_empty() {
        return Err(
            "plugins.trust.required: is true, but plugins.trust.keys has no key, so nothing could be installed"
                .to_owned(),
        );
    }
    Ok(())
}

/// Where the lock file is.
pub fn lock_path(config: &crate::config::Config) -> PathBuf {
    match config.plugins.lock_file.as_os_str() {
        path if path.is_empty() => config.server.data_dir.join("plugins.lock"),
        _ => config.plugins.lock_file.clone(),
    }
}

/// A component that was fetched, and passed all checks.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The component.
    pub component: Bytes,
    /// Its SHA-256 in lower-case hex.
    pub sha256: String,
    /// Where it is: what was asked for, in a registry with the manifest's digest.
    pub reference: Reference,
    /// The name of the key that signed it; none when no keys are set, or it is not signed and need not be.
    pub signed_by: Option<String>,
}

impl Fetched {
    /// The digest of its manifest, if it came from a registry.
    pub fn manifest(&self) -> Option<&Digest> {
        match &self.reference {
            Reference::Oci(image) => image.digest.as_ref(),
            Reference::Url(_) | Reference::File(_) => None,
        }
    }

    /// What a lock file says of it: asked for as `reference`, found to be `info`.
    pub fn lock_entry(&self, reference: &Reference, info: &PluginInfo) -> Entry {
        Entry {
            reference: reference.to_string(),
            name: info.name.clone(),
            version: info.version.clone(),
            sha256: self.sha256.clone(),
            manifest: self.manifest().cloned(),
            signed_by: self.signed_by.clone(),
        }
    }
}

/// Fetches and pushes components.
#[derive(Clone)]
pub struct Distribution {
    egress: Egress,
    trust: Arc<Trust>,
    max_bytes: u64,
    timeout: Duration,
    insecure: Arc<[String]>,
}

impl Distribution {
    /// Reads the trusted keys.
    ///
    /// Errors: a key that cannot be read.
    pub fn new(egress: Egress, config: &PluginsConfig) -> Result<Distribution, crate::config::Error> {
        let trust = Trust::new(&config.trust).map_err(crate::config::Error)?;
        Ok(Distribution {
            egress,
            trust: Arc::new(trust),
            max_bytes: config.max_component_bytes,
            timeout: Duration::from_secs(config.fetch_timeout_s),
            insecure: config.insecure_registries.clone().into(),
        })
    }

    /// The same with other keys.
    pub fn trusting(self, trust: Trust) -> Distribution {
        Distribution { trust: Arc::new(trust), ..self }
    }

    /// Fetches a component and checks it: its digest against `expected` ([`Lock::expected`]; none for whatever it is
    /// now), its signature against the trusted keys. Memory: the component.
    ///
    /// Errors: `plugin_untrusted` for another digest, a bad signature, or none where one is required;
    /// `source_not_found`, `source_unreachable`, `source_limit` and `address_refused` for the way there;
    /// `invalid_request` for a reference that may not be used.
    pub async fn fetch(&self, reference: &Reference, expected: Option<&str>) -> Result<Fetched, Failure> {
        let (component, sha256, found) = match reference {
            Reference::Oci(image) => return self.pull(image, expected).await,
            Reference::Url(url) => self.download(url).await?,
            Reference::File(path) => self.open(path).await?,
        };
        check_digest(reference, &sha256, expected)?;
        let signed_by = self.judge(reference.clone(), component.clone(), found).await?;
        Ok(Fetched { component, sha256, reference: reference.clone(), signed_by })
    }

    /// Judges a detached signature. Hashes the component again, so on a thread for such work.
    async fn judge(
        &self,
        reference: Reference,
        component: Bytes,
        found: Option<Vec<u8>>,
    ) -> Result<Option<String>, Failure> {
        let trust = self.trust.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let found = found.map(|file| Signed { message: component, signature: trust::detached(&file) });
            trust.judge(&reference, found.as_slice(), |_| Ok(()))
        });
        judged.await.unwrap_or_else(|error| Err(Failure::new(Code::Internal, error.to_string())))
    }

    async fn pull(&self, image: &Image, expected: Option<&str>) -> Result<Fetched, Failure> {
        let mut repository = self.repository(image, Access::Pull)?;
        let Some((digest, bytes)) = repository.manifest(&image.selector()).await? else {
            let (registry, name, selector) = (&image.registry, &image.repository, image.selector());
            let problem = format!("{registry} has no manifest {selector} in {name}, or no such repository");
            return Err(repository.of(Code::SourceNotFound, problem));
        };
        let invalid =
            |problem: String| Failure::new(Code::PluginInvalid, format!("cannot pull {image}: the manifest {problem}"));
        let manifest = Manifest::parse(&bytes).map_err(invalid)?;
        let layer = manifest.component().map_err(invalid)?;
        let reference = Reference::Oci(image.pinned(digest.clone()));
        // What is wrong already is not downloaded.
        check_digest(&reference, layer.digest.hex(), expected)?;
        let signed_by = if self.trust.has_keys() {
            let found = cosign::signatures(&mut repository, &digest).await?;
            self.trust.judge(&reference, &found, |payload| cosign::check(payload, &digest))?
        } else {
            None
        };
        let component = repository.blob(layer, self.max_bytes).await?;
        Ok(Fetched { component, sha256: layer.digest.hex().to_owned(), reference, signed_by })
    }

    fn repository<'a>(&'a self, image: &'a Image, access: Access) -> Result<Repository<'a>, Failure> {
        let plain = self.is_insecure(&image.registry);
        Repository::new(&self.egress, image, access, plain, self.timeout)
    }

    /// Whether plain HTTP is spoken with a host, written with or without its port.
    fn is_insecure(&self, host: &str) -> bool {
        let without_port = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.insecure.iter().any(|allowed| allowed == host || allowed == without_port)
    }

    /// Downloads a component, and its detached signature if keys are set.
    async fn download(&self, url: &Url) -> Result<(Bytes, String, Option<Vec<u8>>), Failure> {
        if url.scheme() != "https" {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = format!("{}{port}", url.host_str().unwrap_or_default());
            if !self.is_insecure(&host) {
                let problem = format!("{url} is plain http, expected https or a host of plugins.insecure_registries");
                return Err(Failure::new(Code::InvalidRequest, problem));
            }
        }
        let failed = |error: crate::egress::Error| Failure::new(error.code(), format!("cannot fetch {url}: {error}"));
        let mut sink = crate::egress::Hashing::default();
        let reply = self.egress.exchange(get(url), &self.limits(self.max_bytes)).await.map_err(failed)?;
        if !reply.status().is_success() {
            return Err(failed(reply.to_error()));
        }
        reply.read(&mut sink).await.map_err(failed)?;
        let (component, sha256) = sink.finish();
        let signature = if self.trust.has_keys() { self.download_signature(url).await? } else { None };
        Ok((component, sha256, signature))
    }

    /// The detached signature beside a URL; none if there is none. Buckets that nobody may list answer 403 for what
    /// is not there.
    async fn download_signature(&self, component: &Url) -> Result<Option<Vec<u8>>, Failure> {
        let mut url = component.clone();
        url.set_path(&format!("{}{SIGNATURE_SUFFIX}", component.path()));
        let failed = |error: crate::egress::Error| {
            Failure::new(error.code(), format!("cannot fetch the signature {url}: {error}"))
        };
        let reply = self.egress.exchange(get(&url), &self.limits(MAX_SIGNATURE_BYTES)).await.map_err(failed)?;
        match reply.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => return Ok(None),
            status if !status.is_success() => return Err(failed(reply.to_error())),
            _ => {}
        }
        let mut signature = BytesMut::new();
        reply.read(&mut signature).await.map_err(failed)?;
        Ok(Some(signature.to_vec()))
    }

    fn limits(&self, max_bytes: u64) -> Limits {
        Limits {
            max_bytes,
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: self.timeout,
            max_redirects: MAX_REDIRECTS,
        }
    }

    /// Reads a component, and its detached signature if keys are set.
    async fn open(&self, path: &Path) -> Result<(Bytes, String, Option<Vec<u8>>), Failure> {
        let component = read(path, self.max_bytes).await?.ok_or_else(|| {
            Failure::new(Code::SourceNotFound, format!("cannot read {}: there is no such file", path.display()))
        })?;
        let signature = if self.trust.has_keys() {
            let mut beside = path.as_os_str().to_owned();
            beside.push(SIGNATURE_SUFFIX);
            read(Path::new(&beside), MAX_SIGNATURE_BYTES).await?
        } else {
            None
        };
        let sha256 = Digest::of(&component).hex().to_owned();
        Ok((component.into(), sha256, signature))
    }

    /// Pushes a component to a registry, signed by `key` if there is one. `info` is what the component says of itself.
    /// The same component has the same manifest each time.
    ///
    /// Errors: `destination_failed` and `destination_refused` for the way there and the registry;
    /// `invalid_request` for a reference that nothing can be pushed to; `plugin_invalid` for bytes that are no
    /// component.
    pub async fn push(
        &self,
        reference: &Reference,
        component: Bytes,
        info: &PluginInfo,
        key: Option<&SigningKey>,
    ) -> Result<Pushed, Failure> {
        let image = match reference {
            Reference::Oci(image) if image.digest.is_none() => image,
            _ => {
                let problem = format!("cannot push to {reference}: expected oci://HOST/REPOSITORY[:TAG] and no digest");
                return Err(Failure::new(Code::InvalidRequest, problem));
            }
        };
        let mut repository = self.repository(image, Access::Push)?;
        let artifact = manifest::artifact(&component, info)
            .map_err(|problem| repository.of(Code::PluginInvalid, format!("the file {problem}")))?;
        let sha256 = repository.put_blob(component).await?.hex().to_owned();
        repository.put_blob(artifact.config.into()).await?;
        let manifest = Bytes::from(artifact.manifest);
        // The signature is there before the tag is: who asks by the tag never sees it unsigned.
        let digest = Digest::of(&manifest);
        if let Some(key) = key {
            cosign::sign(&mut repository, image, &digest, key).await?;
        }
        repository.put_manifest(image.tag(), manifest).await?;
        let tagged = Image { tag: Some(image.tag().to_owned()), ..image.pinned(digest) };
        Ok(Pushed { reference: Reference::Oci(tagged), sha256, signed: key.is_some() })
    }
}

/// A component that was pushed.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Where it is, with tag and digest.
    pub reference: Reference,
    /// SHA-256 of the component.
    pub sha256: String,
    /// Whether it was signed.
    pub signed: bool,
}

fn get(url: &Url) -> Request {
    Request { stay_secure: true, ..Request::get(url.as_str()) }
}

/// Refuses another digest than the lock file's.
fn check_digest(reference: &Reference, sha256: &str, expected: Option<&str>) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != sha256 => Err(Failure::new(
            Code::PluginUntrusted,
            format!(
                "{reference} is a component of sha256 {sha256}, but the lock file pins {expected}; if the change is meant, \
                 `safelight plugin lock` with this reference pins the new one"
            ),
        )),
        _ => Ok(()),
    }
}

/// A file of at most `limit` bytes; none if it is not there.
async fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    let failed =
        |error: io::Error| Failure::new(Code::StorageFailed, format!("cannot read {}: {error}", path.display()));
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 > limit {
        let problem = format!("cannot read {}: larger than {limit} bytes", path.display());
        return Err(Failure::new(Code::SourceLimit, problem));
    }
    Ok(Some(bytes))
}
