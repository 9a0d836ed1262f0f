//! One exchange: a request with all that belongs to it, and its answer while it is still arriving.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    Egress, Error, Fetched, Limits, Sink,
    client::{classify, host_of, is_redirect, parse, redirected, text_header},
};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method. Redirects are followed for GET and HEAD; to any other they are answers.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Headers that every host on the way may see.
    pub headers: HeaderMap,
    /// The body, kept so that it can be sent again.
    pub body: Bytes,
    /// The `Authorization` header: for the origin of `url` alone, never for one that it redirects to.
    pub authorization: Option<HeaderValue>,
    /// Whether a redirect may not lead from https to http.
    pub stay_secure: bool,
}

impl Request {
    /// A GET of the bytes as they are, with nothing else said.
    pub fn get(url: impl Into<String>) -> Request {
        let mut headers = HeaderMap::new();
        // A decompression here would be a bomb's way past the byte limit.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Request {
            method: Method::GET,
            url: url.into(),
            headers,
            body: Bytes::new(),
            authorization: None,
            stay_secure: false,
        }
    }
}

/// An answer whose body is still to be read.
pub struct Reply {
    answer: reqwest::Response,
    url: Url,
    deadline: Deadline,
    max_bytes: u64,
}

/// When an exchange has to be over.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Deadline {
        Deadline { at: Instant::now() + limit, limit }
    }

    /// Waits for `future` until the time is over.
    pub(super) async fn hold<F: Future>(self, host: &str, future: F) -> Result<F::Output, Error> {
        let late = || Error::Timeout { host: host.to_owned(), limit_ms: self.limit.as_millis() as u64 };
        timeout_at(self.at, future).await.map_err(|_| late())
    }
}

/// Collects in memory and hashes on the way.
#[derive(Default)]
pub struct Hashing {
    bytes: BytesMut,
    hash: Sha256,
}

impl Hashing {
    /// All bytes, and their SHA-256 in lower-case hex.
    pub fn finish(self) -> (Bytes, String) {
        (self.bytes.freeze(), hex::encode(self.hash.finalize()))
    }
}

impl Sink for Hashing {
    fn expect(&mut self, content_length: Option<u64>) {
        self.bytes.expect(content_length);
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.hash.update(&chunk);
        self.bytes.write(chunk).await
    }
}

impl Egress {
    /// Sends a request, follows redirects and answers with the head of what came in the end.
    ///
    /// Errors: each of [`Error`] but [`Error::Status`], [`Error::TooLarge`] and [`Error::Sink`].
    pub async fn exchange(&self, request: Request, limits: &Limits) -> Result<Reply, Error> {
        let Request { method, url, headers, body, authorization, stay_secure } = request;
        let mut current = parse(&url).map_err(|problem| Error::BadUrl { problem })?;
        let first = current.origin();
        let deadline = Deadline::after(limits.total_timeout);
        let mut followed = 0;
        loop {
            let host = host_of(&current);
            let client = self.permitted(&current, limits.connect_timeout)?;
            let mut sent = client.request(method.clone(), current.clone()).headers(headers.clone());
            if let Some(value) = authorization.as_ref().filter(|_| current.origin() == first) {
                sent = sent.header(header::AUTHORIZATION, value);
            }
            let is_read = matches!(method, Method::GET | Method::HEAD);
            if !is_read {
                sent = sent.body(body.clone());
            }
            let answer = deadline.hold(&host, sent.send()).await?.map_err(|error| classify(&host, error))?;
            if !(is_read && is_redirect(answer.status())) {
                return Ok(Reply { answer, url: current, deadline, max_bytes: limits.max_bytes });
            }
            if followed == limits.max_redirects {
                return Err(Error::TooManyRedirects { limit: limits.max_redirects });
            }
            followed += 1;
            current = redirected(&current, answer.headers(), stay_secure)
                .map_err(|problem| Error::BadRedirect { host, problem })?;
        }
    }
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// Where it came from in the end.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// This answer as an error, for whom it should have been a success.
    pub fn to_error(&self) -> Error {
        Error::Status { host: host_of(&self.url), status: self.status().as_u16() }
    }

    /// Reads the body, up to the limit of the exchange. After an error the sink may have got a part of it.
    ///
    /// Errors: [`Error::TooLarge`], at once when the length is announced; [`Error::Broken`] when it ends early;
    /// [`Error::Timeout`], [`Error::Sink`].
    pub async fn read<S: Sink>(mut self, sink: &mut S) -> Result<Fetched, Error> {
        let host = host_of(&self.url);
        let too_large = Error::TooLarge { limit: self.max_bytes };
        if self.answer.content_length().is_some_and(|length| length > self.max_bytes) {
            return Err(too_large);
        }
        sink.expect(self.answer.content_length());
        let content_type = text_header(self.answer.headers(), header::CONTENT_TYPE);
        let mut bytes: u64 = 0;
        loop {
            let chunk = self.deadline.hold(&host, self.answer.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| classify(&host, error))? else { break };
            bytes += chunk.len() as u64;
            if bytes > self.max_bytes {
                return Err(too_large);
            }
            self.deadline.hold(&host, sink.write(chunk)).await??;
        }
        Ok(Fetched { bytes, url: self.url, content_type })
    }

    /// The first bytes of the body, at most `most`; what broke off or did not end in time is left out.
    /// Longer answers are cut, and their connection is closed.
    pub async fn start(mut self, most: usize) -> Bytes {
        let mut start = BytesMut::new();
        let host = host_of(&self.url);
        while let Ok(Ok(Some(chunk))) = self.deadline.hold(&host, self.answer.chunk()).await {
            let room = most - start.len();
            start.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break;
            }
        }
        start.freeze()
    }
}
