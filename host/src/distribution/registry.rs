//! A client of the OCI Distribution Specification 1.1: manifests and blobs of one repository, pulled and pushed.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::{
    Digest, Image,
    challenge::Challenge,
    credentials::{self, Found, Login},
    manifest::{ACCEPT, Descriptor, MANIFEST_TYPE, MAX_MANIFEST_BYTES},
};
use crate::{
    egress::{self, Egress, Hashing, Limits, Reply, Request},
    error::{Code, Failure},
};

/// How long a connection may take to come about.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a registry may send elsewhere: blobs usually lie one redirect away.
pub(super) const MAX_REDIRECTS: u32 = 5;
/// How much of an answer that is an error is read.
const ERROR_BYTES: usize = 8 << 10;
/// How much of such an answer is repeated, in characters.
const ERROR_CHARACTERS: usize = 300;
/// The largest answer with a token.
const MAX_TOKEN_BYTES: u64 = 1 << 20;

/// What is done at a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    Push,
}

/// One repository of a registry, with what was shown to get in.
pub(super) struct Repository<'a> {
    egress: &'a Egress,
    image: &'a Image,
    access: Access,
    /// The API of this repository, with a slash at the end.
    base: Url,
    timeout: Duration,
    authorization: Option<HeaderValue>,
    /// Who was shown.
    shown: Shown,
}

/// Who a registry was told that asks.
enum Shown {
    Nobody,
    User(String),
    /// Nobody, because a program keeps the credentials that is not run here.
    Helper(String),
}

impl<'a> Repository<'a> {
    /// Talks to the registry of `image`, over plain HTTP if `plain`.
    pub(super) fn new(
        egress: &'a Egress,
        image: &'a Image,
        access: Access,
        plain: bool,
        timeout: Duration,
    ) -> Result<Repository<'a>, Failure> {
        // Docker's own registry answers at another place than its images are named after.
        let host = if image.registry == "docker.io" { "registry-1.docker.io" } else { &image.registry };
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/{}/", image.repository)).map_err(|error| {
            Failure::new(Code::InvalidRequest, format!("the reference {image} cannot be used: {error}"))
        })?;
        Ok(Repository { egress, image, access, base, timeout, authorization: None, shown: Shown::Nobody })
    }

    /// The manifest of a tag or digest, and its digest; none if there is none.
    ///
    /// Errors: besides those of the way there, `plugin_untrusted` for bytes of another digest than was asked
    /// for, or than the registry says.
    pub(super) async fn manifest(&mut self, selector: &str) -> Result<Option<(Digest, Bytes)>, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
        let url = self.url(&format!("manifests/{selector}"))?;
        let reply = self.request(Method::GET, url, headers, Bytes::new(), MAX_MANIFEST_BYTES).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let reply = self.successful(reply).await?;
        let said =
            reply.headers().get("docker-content-digest").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut bytes = BytesMut::new();
        reply.read(&mut bytes).await.map_err(|error| self.failure(&error))?;
        let digest = Digest::of(&bytes);
        let asked = Some(selector).filter(|selector| selector.starts_with("sha256:"));
        for expected in [asked, said.as_deref().filter(|said| said.starts_with("sha256:"))].into_iter().flatten() {
            if expected != digest.to_string() {
                return Err(self.untrusted(format!("the manifest that came is {digest}, expected {expected}")));
            }
        }
        Ok(Some((digest, bytes.freeze())))
    }

    /// A blob, if it is what the manifest says.
    ///
    /// Errors: besides those of the way there, `plugin_untrusted` for other bytes, `source_limit` for more than
    /// `max_bytes`, before anything is asked for.
    pub(super) async fn blob(&mut self, descriptor: &Descriptor, max_bytes: u64) -> Result<Bytes, Failure> {
        let Descriptor { digest, size, .. } = descriptor;
        if *size > max_bytes {
            return Err(
                self.of(Code::SourceLimit, format!("the blob {digest} has {size} bytes, the limit is {max_bytes}"))
            );
        }
        let url = self.url(&format!("blobs/{digest}"))?;
        let reply = self.request(Method::GET, url, HeaderMap::new(), Bytes::new(), *size).await?;
        let reply = self.successful(reply).await?;
        let mut sink = Hashing::default();
        match reply.read(&mut sink).await {
            Ok(_) => {}
            Err(egress::Error::TooLarge { .. }) => {
                return Err(
                    self.untrusted(format!("the blob {digest} is larger than the {size} bytes of its manifest"))
                );
            }
            Err(error) => return Err(self.failure(&error)),
        }
        let (bytes, sha256) = sink.finish();
        if sha256 != digest.hex() {
            return Err(self.untrusted(format!("the blob that came is sha256:{sha256}, expected {digest}")));
        }
        Ok(bytes)
    }

    /// Uploads a blob, unless it is there.
    pub(super) async fn put_blob(&mut self, bytes: Bytes) -> Result<Digest, Failure> {
        let digest = Digest::of(&bytes);
        let url = self.url(&format!("blobs/{digest}"))?;
        let reply = self.request(Method::HEAD, url, HeaderMap::new(), Bytes::new(), 0).await?;
        if reply.status() == StatusCode::OK {
            return Ok(digest);
        }
        if reply.status() != StatusCode::NOT_FOUND {
            return Err(self.refused(reply).await);
        }
        let url = self.url("blobs/uploads/")?;
        let reply = self.request(Method::POST, url, HeaderMap::new(), Bytes::new(), 0).await?;
        let reply = self.successful(reply).await?;
        let location = reply.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.and_then(|location| reply.url().join(location).ok());
        // What is uploaded may be read on the way only where everything may.
        let location = location.filter(|to| to.scheme() == "https" || to.scheme() == self.base.scheme());
        let Some(mut location) = location else {
            return Err(self.of(Code::DestinationFailed, "the registry does not say where to upload to".to_owned()));
        };
        location.query_pairs_mut().append_pair("digest", &digest.to_string());
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let reply = self.request(Method::PUT, location, headers, bytes, 0).await?;
        self.successful(reply).await?;
        Ok(digest)
    }

    /// Uploads a manifest under a tag or its digest.
    pub(super) async fn put_manifest(&mut self, selector: &str, bytes: Bytes) -> Result<Digest, Failure> {
        let digest = Digest::of(&bytes);
        let url = self.url(&format!("manifests/{selector}"))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MANIFEST_TYPE));
        let reply = self.request(Method::PUT, url, headers, bytes, 0).await?;
        self.successful(reply).await?;
        Ok(digest)
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|error| self.of(Code::InvalidRequest, error.to_string()))
    }

    /// Sends a request; when the registry wants to know who asks, shows that and sends it again.
    async fn request(
        &mut self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
        max_bytes: u64,
    ) -> Result<Reply, Failure> {
        let ours = url.origin() == self.base.origin();
        let limits = self.limits(max_bytes);
        let mut request = Request { method, headers, body, stay_secure: true, ..Request::get(url) };
        request.authorization = self.authorization.clone().filter(|_| ours);
        let reply = self.egress.exchange(request.clone(), &limits).await.map_err(|error| self.failure(&error))?;
        if reply.status() != StatusCode::UNAUTHORIZED || reply.url().origin() != self.base.origin() {
            return Ok(reply);
        }
        let Some(authorization) = self.authorize(&reply).await? else { return Ok(reply) };
        self.authorization = Some(authorization);
        request.authorization.clone_from(&self.authorization);
        self.egress.exchange(request, &limits).await.map_err(|error| self.failure(&error))
    }

    fn limits(&self, max_bytes: u64) -> Limits {
        Limits {
            max_bytes,
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: self.timeout,
            max_redirects: MAX_REDIRECTS,
        }
    }

    /// What to show in answer to a challenge; none if there is nothing to show.
    async fn authorize(&mut self, reply: &Reply) -> Result<Option<HeaderValue>, Failure> {
        let Some(challenge) = Challenge::of(reply.headers()) else { return Ok(None) };
        let found = credentials::find(&self.image.registry).map_err(|problem| self.of(self.unreachable(), problem))?;
        let login = match found {
            Found::Login(login) => {
                self.shown = Shown::User(login.username().to_owned());
                Some(login)
            }
            // What is open to everybody is open without them.
            Found::Helper(name) => {
                self.shown = Shown::Helper(name);
                None
            }
            Found::Nothing => None,
        };
        match challenge {
            Challenge::Basic => Ok(login.as_ref().map(Login::basic)),
            Challenge::Bearer { realm, service, scope } => {
                self.token(&realm, service, scope, login.as_ref()).await.map(Some)
            }
        }
    }

    /// Fetches a token: "Token Authentication Specification" of the Distribution project.
    async fn token(
        &self,
        realm: &str,
        service: Option<String>,
        scope: Option<String>,
        login: Option<&Login>,
    ) -> Result<HeaderValue, Failure> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let bad = |problem: String| self.of(self.unreachable(), format!("no token from {realm:?}: {problem}"));
        let mut url = Url::parse(realm).map_err(|error| bad(error.to_string()))?;
        if self.base.scheme() == "https" && url.scheme() != "https" {
            return Err(bad("a password is not sent over plain http".to_owned()));
        }
        let scope = scope.unwrap_or_else(|| {
            let actions = if self.access == Access::Push { "pull,push" } else { "pull" };
            format!("repository:{}:{actions}", self.image.repository)
        });
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        url.query_pairs_mut().append_pair("scope", &scope);
        let request = Request { authorization: login.map(Login::basic), stay_secure: true, ..Request::get(url) };
        let reply = self.egress.exchange(request, &self.limits(MAX_TOKEN_BYTES)).await;
        let reply = reply.map_err(|error| bad(error.to_string()))?;
        if reply.status() == StatusCode::UNAUTHORIZED || reply.status() == StatusCode::FORBIDDEN {
            return Err(self.of(self.unreachable(), self.unwelcome(reply.status())));
        }
        if !reply.status().is_success() {
            return Err(bad(format!("it answered {}", reply.status().as_u16())));
        }
        let mut body = BytesMut::new();
        reply.read(&mut body).await.map_err(|error| bad(error.to_string()))?;
        let token: Token = serde_json::from_slice(&body).map_err(|_| bad("it answered something else".to_owned()))?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| bad("its answer has none".to_owned()))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| bad("its answer has one that no header can hold".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Passes what is a success.
    async fn successful(&self, reply: Reply) -> Result<Reply, Failure> {
        if reply.status().is_success() { Ok(reply) } else { Err(self.refused(reply).await) }
    }

    /// What an answer that is no success comes to.
    async fn refused(&self, reply: Reply) -> Failure {
        let status = reply.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return self.of(self.unreachable(), self.unwelcome(status));
        }
        let code = match self.access {
            Access::Pull if status == StatusCode::NOT_FOUND => Code::SourceNotFound,
            Access::Push if status.is_client_error() => Code::DestinationRefused,
            _ => self.unreachable(),
        };
        let said = said(&reply.start(ERROR_BYTES).await);
        self.of(code, format!("{} answered {}{said}", self.image.registry, status.as_u16()))
    }

    fn unwelcome(&self, status: StatusCode) -> String {
        let registry = &self.image.registry;
        let status = status.as_u16();
        match &self.shown {
            Shown::User(name) => format!(
                "{registry} answered {status} to the user {name:?}: the password is wrong, or the user may not do this \
                 with {}, or there is no such repository",
                self.image.repository
            ),
            Shown::Helper(name) => format!(
                "{registry} answered {status}, and its credentials are kept by docker-credential-{name}, which is not \
                 run here: put them into auths of a config.json whose folder DOCKER_CONFIG names"
            ),
            Shown::Nobody => format!(
                "{registry} answered {status}, and there are no credentials for it: `docker login {registry}` makes some, \
                 in the config.json that DOCKER_CONFIG names the folder of (without it, ~/.docker)"
            ),
        }
    }

    fn unreachable(&self) -> Code {
        match self.access {
            Access::Pull => Code::SourceUnreachable,
            Access::Push => Code::DestinationFailed,
        }
    }

    fn failure(&self, error: &egress::Error) -> Failure {
        let code = match (self.access, error.code()) {
            (Access::Push, Code::SourceUnreachable | Code::SourceLimit) => Code::DestinationFailed,
            (_, code) => code,
        };
        self.of(code, error.to_string())
    }

    /// Something that is not what it should be.
    pub(super) fn untrusted(&self, problem: String) -> Failure {
        self.of(Code::PluginUntrusted, problem)
    }

    /// A failure with what was attempted.
    pub(super) fn of(&self, code: Code, problem: String) -> Failure {
        let attempt = if self.access == Access::Push { "push" } else { "pull" };
        Failure::new(code, format!("cannot {attempt} {}: {problem}", self.image))
    }
}

/// What a registry says in the body of an error, as the end of a sentence.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Error {
        code: String,
        message: String,
    }
    let Ok(Errors { errors }) = serde_json::from_slice(body) else { return String::new() };
    let words = errors.iter().map(|error| format!("{} {}", error.code, error.message).trim().to_owned());
    let text = words.collect::<Vec<_>>().join("; ");
    let text: String = text.chars().filter(|character| !character.is_control()).take(ERROR_CHARACTERS).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
