//! The one HTTP client.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;
use url::{Host, Url};

use super::{Config, Error, Request, policy::Policy};

/// How long a connection for [`Egress::post`] may take to come about.
const POST_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection stays open: longer than the pauses of a steady stream of callbacks,
/// shorter than the minute after which many servers close theirs (a request on a connection that is
/// being closed is lost).
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Unused connections kept for one receiver.
const IDLE_PER_HOST: usize = 64;
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;
/// The longest URL that is requested, in bytes.
const MAX_URL_BYTES: usize = 8192;

/// Resolves names: a port, so that tests can answer what they like.
pub trait Lookup: Send + Sync {
    /// The addresses of a host.
    fn lookup(&self, host: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// Asks the operating system.
struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// What one download may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of the body.
    pub max_bytes: u64,
    /// Time for one connection. Values come from the settings: each one gets its own pool.
    pub connect_timeout: Duration,
    /// Time for everything, redirects included.
    pub total_timeout: Duration,
    /// Redirects followed; 0 for none.
    pub max_redirects: u32,
}

/// Where the bytes of a download go to.
pub trait Sink: Send {
    /// Told once, before the first byte, what the answer says its length is.
    fn expect(&mut self, _content_length: Option<u64>) {}
    /// Takes the next bytes. An error ends the download.
    fn write(&mut self, chunk: Bytes) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Collects in memory.
impl Sink for BytesMut {
    fn expect(&mut self, content_length: Option<u64>) {
        // The length is only what the other side says: reserve no more than a usual picture takes.
        self.reserve(content_length.unwrap_or(0).min(16 << 20) as usize);
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.extend_from_slice(&chunk);
        Ok(())
    }
}

/// A finished download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// How many bytes the sink got.
    pub bytes: u64,
    /// Where they came from in the end.
    pub url: Url,
    /// What the server calls them.
    pub content_type: Option<String>,
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as sent: seconds or a date.
    pub retry_after: Option<String>,
    /// The first bytes of the body, at most as many as asked for.
    pub body_start: Bytes,
}

/// The way out. Clones share connections.
#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Arc<Policy>,
    lookup: Arc<dyn Lookup>,
    user_agent: HeaderValue,
    /// One for each connect timeout and each port that the allow list names, because the client's
    /// resolver hook is not told the port.
    clients: Mutex<HashMap<(Duration, Option<u16>), reqwest::Client>>,
}

impl Egress {
    /// Sets the policy up and makes the first client.
    ///
    /// Errors: an entry of `allow` or the user agent cannot be used; the message names it.
    pub fn new(config: &Config) -> Result<Egress, crate::config::Error> {
        Egress::with_lookup(config, Arc::new(SystemLookup))
    }

    /// The same with another resolver.
    pub fn with_lookup(config: &Config, lookup: Arc<dyn Lookup>) -> Result<Egress, crate::config::Error> {
        let policy = Arc::new(config.policy().map_err(crate::config::Error)?);
        let user_agent = config.user_agent().map_err(crate::config::Error)?;
        let egress =
            Egress { inner: Arc::new(Inner { policy, lookup, user_agent, clients: Mutex::new(HashMap::new()) }) };
        egress
            .client(POST_CONNECT_TIMEOUT, None)
            .map_err(|message| crate::config::Error(format!("cannot set up the HTTP client: {message}")))?;
        Ok(egress)
    }

    /// Downloads a URL into `sink`, following redirects.
    ///
    /// Only a 2xx answer's body reaches the sink; after an error it may have got a part of one. Bytes
    /// come as they are sent: no content encoding is asked for or undone. Memory: one chunk.
    ///
    /// Errors: each of [`Error`].
    pub async fn fetch<S: Sink>(&self, url: &str, limits: &Limits, sink: &mut S) -> Result<Fetched, Error> {
        let mut request = Request::get(url);
        request.headers.insert(header::ACCEPT, HeaderValue::from_static("image/*, */*;q=0.5"));
        let reply = self.exchange(request, limits).await?;
        if !reply.status().is_success() {
            return Err(reply.to_error());
        }
        reply.read(sink).await
    }

    /// Sends `body` as it is and reads at most `max_answer_bytes` of the answer. Redirects are answers
    /// like any other.
    ///
    /// An answer whose body breaks off or does not end in time keeps its status: the receiver has
    /// decided by then. Longer answers are cut, and their connection is closed.
    ///
    /// Errors: [`Error::BadUrl`], [`Error::AddressRefused`], [`Error::Unresolved`], [`Error::Connect`],
    /// [`Error::Tls`], [`Error::Timeout`], [`Error::Broken`].
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        time_limit: Duration,
        max_answer_bytes: usize,
    ) -> Result<Answer, Error> {
        self.send(Method::POST, url, headers, body, time_limit, max_answer_bytes).await
    }

    /// The same with another method.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        time_limit: Duration,
        max_answer_bytes: usize,
    ) -> Result<Answer, Error> {
        let request = Request { method, url: url.to_owned(), headers, body, authorization: None, stay_secure: false };
        let limits = Limits {
            max_bytes: max_answer_bytes as u64,
            connect_timeout: POST_CONNECT_TIMEOUT,
            total_timeout: time_limit,
            max_redirects: 0,
        };
        let reply = self.exchange(request, &limits).await?;
        let status = reply.status().as_u16();
        let retry_after = text_header(reply.headers(), header::RETRY_AFTER);
        Ok(Answer { status, retry_after, body_start: reply.start(max_answer_bytes).await })
    }

    /// Whether `url` could be requested as far as can be told now: well-formed, http or https, and each
    /// address it has at present permitted. For the submission of jobs, so that a refusal comes early; the
    /// request itself is checked again.
    pub async fn check(&self, url: &str) -> Result<(), Error> {
        let url = parse(url).map_err(|problem| Error::BadUrl { problem })?;
        self.permitted(&url, POST_CONNECT_TIMEOUT)?;
        if let Some(Host::Domain(name)) = url.host() {
            let port = self.named_port(&url);
            let found = timeout(POST_CONNECT_TIMEOUT, self.inner.lookup.lookup(name)).await;
            let addresses = found
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))
                .flatten()
                .map_err(|error| Error::Unresolved { host: name.to_owned(), message: error.to_string() })?;
            choose(&self.inner.policy, name, addresses, port).map_err(|stop| stop.into_error(name))?;
        }
        Ok(())
    }

    /// Whether `url` could be requested as far as can be told without resolving a name: http or https, and
    /// an address written as a literal is permitted.
    pub fn check_literal(&self, url: &Url) -> Result<(), Error> {
        let url = parse(url.as_str()).map_err(|problem| Error::BadUrl { problem })?;
        self.permitted(&url, POST_CONNECT_TIMEOUT).map(|_| ())
    }

    /// The client for this URL, once its literal address, if it is one, was found permitted.
    pub(super) fn permitted(&self, url: &Url, connect_timeout: Duration) -> Result<reqwest::Client, Error> {
        let port = self.named_port(url);
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let host = host_of(url);
        if let Some(address) = literal
            && !self.inner.policy.permits(&host, address, port)
        {
            return Err(Error::AddressRefused { host, address });
        }
        self.client(connect_timeout, port).map_err(|message| Error::Connect { host, message })
    }

    fn named_port(&self, url: &Url) -> Option<u16> {
        url.port_or_known_default().filter(|port| self.inner.policy.names_port(*port))
    }

    fn client(&self, connect_timeout: Duration, port: Option<u16>) -> Result<reqwest::Client, String> {
        let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(connect_timeout, port)) {
            return Ok(client.clone());
        }
        let resolver = PolicyResolver { policy: self.inner.policy.clone(), lookup: self.inner.lookup.clone(), port };
        let client = build(resolver, connect_timeout, &self.inner.user_agent)?;
        clients.insert((connect_timeout, port), client.clone());
        Ok(client)
    }
}

fn build(resolver: PolicyResolver, connect_timeout: Duration, agent: &HeaderValue) -> Result<reqwest::Client, String> {
    install_tls();
    let resolver = Arc::new(resolver);
    let builder = || {
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(agent.clone())
            .dns_resolver(resolver.clone())
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .tcp_nodelay(true)
    };
    // Without any root certificate on the machine the usual client cannot be made. Plain HTTP has to
    // work there all the same; HTTPS then fails with a certificate error.
    builder().build().or_else(|error| {
        tracing::warn!(error = describe(&error), "no root certificates found: no HTTPS server will be trusted");
        builder().tls_certs_only([]).build().map_err(|error| describe(&error))
    })
}

/// Makes ring the process's TLS provider; the only place that does. Harmless when called again.
pub fn install_tls() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The resolver hook: asked for each new connection to a name, never for literals.
struct PolicyResolver {
    policy: Arc<Policy>,
    lookup: Arc<dyn Lookup>,
    port: Option<u16>,
}

/// Why a name gives no address to connect to; travels through the client inside its error.
#[derive(Clone, Debug, thiserror::Error)]
enum Stop {
    #[error("the address {0} is refused")]
    Refused(IpAddr),
    #[error("{0}")]
    Unresolved(String),
}

impl Stop {
    fn into_error(self, host: &str) -> Error {
        let host = host.to_owned();
        match self {
            Stop::Refused(address) => Error::AddressRefused { host, address },
            Stop::Unresolved(message) => Error::Unresolved { host, message },
        }
    }
}

impl Resolve for PolicyResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, port) = (self.policy.clone(), self.port);
        let found = self.lookup.lookup(name.as_str());
        Box::pin(async move {
            let addresses = found.await.map_err(|error| Stop::Unresolved(error.to_string()))?;
            let chosen = choose(&policy, name.as_str(), addresses, port)?;
            // The client replaces port 0 by the URL's.
            Ok(Box::new(chosen.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The addresses that pass, in the resolver's order.
fn choose(policy: &Policy, host: &str, addresses: Vec<IpAddr>, port: Option<u16>) -> Result<Vec<IpAddr>, Stop> {
    let Some(first) = addresses.first().copied() else {
        return Err(Stop::Unresolved("the name has no address".to_owned()));
    };
    let mut passing: Vec<IpAddr> =
        addresses.into_iter().filter(|address| policy.permits(host, *address, port)).collect();
    passing.truncate(MAX_ADDRESSES);
    if passing.is_empty() { Err(Stop::Refused(first)) } else { Ok(passing) }
}

/// Reads a URL; the error continues "the URL ...".
pub(super) fn parse(text: &str) -> Result<Url, String> {
    if text.len() > MAX_URL_BYTES {
        return Err(format!("is {} bytes long, the limit is {MAX_URL_BYTES}", text.len()));
    }
    check_scheme(Url::parse(text).map_err(|error| format!("cannot be read: {error}"))?)
}

fn check_scheme(url: Url) -> Result<Url, String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("has the scheme {:?}, expected http or https", url.scheme()));
    }
    // A port of 0 is no place to connect to, and the resolver hook would take it for "none".
    if url.port() == Some(0) {
        return Err("has the port 0".to_owned());
    }
    Ok(url)
}

pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Statuses that send a GET elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where an answer sends the client; not from https to http if it is to `stay_secure`. User and password of the
/// present URL stay at its own origin.
pub(super) fn redirected(from: &Url, headers: &HeaderMap, stay_secure: bool) -> Result<Url, String> {
    let location = headers.get(header::LOCATION).ok_or("the Location header is missing")?;
    let location =
        std::str::from_utf8(location.as_bytes()).map_err(|_| "the Location header is not UTF-8".to_owned())?;
    if location.len() > MAX_URL_BYTES {
        return Err(format!("the Location header is over {MAX_URL_BYTES} bytes long"));
    }
    let to = from.join(location).map_err(|error| format!("the Location header cannot be read: {error}"))?;
    if stay_secure && from.scheme() == "https" && to.scheme() == "http" {
        return Err("its target is plain http".to_owned());
    }
    check_scheme(to).map_err(|problem| format!("its target {problem}"))
}

pub(super) fn text_header(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Sorts a client error. Our own reasons are found by type in the chain of causes.
pub(super) fn classify(host: &str, error: reqwest::Error) -> Error {
    let host = host.to_owned();
    if let Some(stop) = find::<Stop>(&error) {
        return stop.clone().into_error(&host);
    }
    let message = describe(&error);
    if find::<rustls::Error>(&error).is_some() {
        Error::Tls { host, message }
    } else if error.is_connect() {
        Error::Connect { host, message }
    } else {
        Error::Broken { host, message }
    }
}

/// The first cause of a type. An `io::Error` hides the error that it wraps from `source`.
fn find<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    if let Some(found) = error.downcast_ref::<E>() {
        return Some(found);
    }
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
        && let Some(found) = find::<E>(inner)
    {
        return Some(found);
    }
    error.source().and_then(find::<E>)
}

/// The innermost cause in words: the outer ones repeat the URL.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request failed".to_owned(),
        None => innermost.to_string(),
    }
}
