//! Reads request bodies: within a limit of bytes, within a time, and JSON with bounded depth.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    http::header,
};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{
    runtime::RuntimeFlavor,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use super::{
    State,
    reply::{Issue, Problem},
};
use crate::error::Code;

/// How deep JSON may be nested. A job document needs eight levels; parameters may bring more.
const MAX_DEPTH: usize = 64;

/// How many values one JSON body may hold: a parsed value takes some 70 bytes, so that this is
/// about 70 MB at most beside the text itself.
const MAX_VALUES: usize = 1_000_000;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is over the limit of {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the body did not arrive within {seconds} s")]
    TooSlow { seconds: u64 },
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        let code = match error {
            BodyError::TooLarge { .. } => Code::BodyTooLarge,
            BodyError::TooSlow { .. } => Code::RequestTimeout,
        };
        Problem::new(code, error.to_string())
    }
}

/// Puts a limit of bytes and a time on a body that is read later; what remains unread of it can be had afterwards.
pub(crate) fn guard(body: Body, limit: u64, time: Duration) -> (Body, Rest) {
    let (give_back, rest) = oneshot::channel();
    let guarded = Guarded {
        stream: Some(body.into_data_stream()),
        begun: false,
        left: limit,
        limit,
        time,
        until: Instant::now() + time,
        give_back: Some(give_back),
    };
    let parts = futures_util::stream::unfold(guarded, |mut guarded| async move {
        let part = guarded.next().await?;
        Some((part, guarded))
    });
    (Body::from_stream(parts), Rest(rest))
}

struct Guarded {
    /// Until its end, or until it met a limit.
    stream: Option<BodyDataStream>,
    begun: bool,
    left: u64,
    limit: u64,
    time: Duration,
    until: Instant,
    give_back: Option<oneshot::Sender<(BodyDataStream, bool)>>,
}

impl Guarded {
    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        let stream = self.stream.as_mut()?;
        self.begun = true;
        let Ok(part) = tokio::time::timeout_at(self.until, stream.next()).await else {
            self.stream = None;
            return Some(Err(axum::Error::new(BodyError::TooSlow { seconds: self.time.as_secs() })));
        };
        let Some(Ok(bytes)) = part else {
            self.stream = None;
            return part;
        };
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.give_back();
            return Some(Err(axum::Error::new(BodyError::TooLarge { limit: self.limit })));
        };
        self.left = left;
        Some(Ok(bytes))
    }

    fn give_back(&mut self) {
        if let (Some(stream), Some(give_back)) = (self.stream.take(), self.give_back.take()) {
            let _ = give_back.send((stream, self.begun));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// How much of a body that nobody wants is still taken, and for how long: a client that is cut off while it
/// sends may never come to read why.
const LINGER_BYTES: usize = 64 << 20;
const LINGER_TIME: Duration = Duration::from_secs(10);

/// What a request's handler left unread of its body.
pub(crate) struct Rest(oneshot::Receiver<(BodyDataStream, bool)>);

impl Rest {
    /// Takes the rest and throws it away while the answer is on its way. A client that `waits` for leave to
    /// send is not given it now.
    pub(crate) fn discard(mut self, waits: bool) {
        let Ok((mut stream, begun)) = self.0.try_recv() else { return };
        if waits && !begun {
            return;
        }
        tokio::spawn(tokio::time::timeout(LINGER_TIME, async move {
            let mut taken = 0;
            while let Some(Ok(part)) = stream.next().await {
                taken += part.len();
                if taken > LINGER_BYTES {
                    return;
                }
            }
        }));
    }
}

/// The limit that a failed read met, found along the chain of causes.
pub(crate) fn known_cause(error: &(dyn std::error::Error + 'static)) -> Option<BodyError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(known) = error.downcast_ref::<BodyError>() {
            return Some(*known);
        }
        cause = error.source();
    }
    None
}

/// What a failed read of a guarded body means.
pub(crate) fn read_problem(error: &axum::Error) -> Problem {
    match known_cause(error) {
        Some(known) => known.into(),
        None => Problem::new(Code::MalformedBody, format!("the body broke off: {error}")),
    }
}

/// Refuses a body whose announced length is over the limit before it is read.
pub(crate) fn check_length(headers: &axum::http::HeaderMap, limit: u64) -> Result<(), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) { Err(BodyError::TooLarge { limit }.into()) } else { Ok(()) }
}

/// Reads a whole body into memory.
pub(crate) async fn collect(body: Body, limit: u64) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        add(&mut bytes, &part.map_err(|error| read_problem(&error))?, limit)?;
    }
    Ok(bytes.into())
}

fn add(bytes: &mut Vec<u8>, part: &[u8], limit: u64) -> Result<(), Problem> {
    if (bytes.len() + part.len()) as u64 > limit {
        return Err(BodyError::TooLarge { limit }.into());
    }
    bytes.extend_from_slice(part);
    Ok(())
}

/// Documents up to this many bytes need no room, and are parsed where they are: a fraction of a millisecond.
const SMALL_BYTES: usize = 64 << 10;

/// Room for the large documents that are being read and checked at the same time.
#[derive(Clone, Debug)]
pub struct Documents(Arc<Semaphore>);

impl Documents {
    /// Room for this many bytes.
    pub fn new(bytes: u64) -> Documents {
        Documents(Arc::new(Semaphore::new(
            usize::try_from(bytes >> 10).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS),
        )))
    }

    /// Waits for room for a document of at most `limit` bytes.
    async fn admit(&self, limit: u64) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(limit.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        // It is never closed.
        Arc::clone(&self.0).acquire_many_owned(permits).await.ok()
    }
}

/// A document that was read: the bytes as they came, and what they say.
#[derive(Debug)]
pub(crate) struct Document {
    /// As it came.
    pub(crate) bytes: Bytes,
    /// What it says.
    pub(crate) value: Value,
    room: Option<OwnedSemaphorePermit>,
}

impl Document {
    /// Takes the value, and with it the room, which is given back when the second part is dropped.
    pub(crate) fn into_parts(self) -> (Value, Bytes, Option<OwnedSemaphorePermit>) {
        (self.value, self.bytes, self.room)
    }
}

/// A JSON document that arrives part by part. A large one waits for room as soon as it turns out to be one.
pub(crate) struct Arriving<'a> {
    documents: &'a Documents,
    limit: u64,
    bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Arriving<'_> {
    /// Nothing yet, of a document that must not be larger than `limit`.
    pub(crate) fn new(documents: &Documents, limit: u64) -> Arriving<'_> {
        Arriving { documents, limit, bytes: Vec::new(), room: None }
    }

    /// Takes the next part.
    pub(crate) async fn add(&mut self, part: &[u8]) -> Result<(), Problem> {
        if self.room.is_none() && self.bytes.len() + part.len() > SMALL_BYTES {
            self.room = self.documents.admit(self.limit).await;
        }
        add(&mut self.bytes, part, self.limit)
    }

    /// Ends it as it came, with the room that it takes.
    pub(crate) fn into_bytes(self) -> (Vec<u8>, Option<OwnedSemaphorePermit>) {
        (self.bytes, self.room)
    }

    /// Reads what came.
    pub(crate) fn finish(self) -> Result<Document, Problem> {
        let value = at_length(self.bytes.len(), || parse(&self.bytes))?;
        Ok(Document { bytes: self.bytes.into(), value, room: self.room })
    }
}

/// Does what takes long for large documents without holding up the other requests of this thread.
pub(crate) fn at_length<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let is_shared = || tokio::runtime::Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if bytes > SMALL_BYTES && is_shared() { tokio::task::block_in_place(work) } else { work() }
}

/// The media type of a request without its parameters, in lower case.
pub(crate) fn media_type(headers: &axum::http::HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether a media type says JSON.
pub(crate) fn is_json(media_type: Option<&str>) -> bool {
    media_type
        .is_some_and(|kind| kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a JSON body.
pub(crate) async fn json(documents: &Documents, request: Request, limit: u64) -> Result<Document, Problem> {
    let media_type = media_type(request.headers());
    if !is_json(media_type.as_deref()) {
        return Err(unsupported(media_type.as_deref(), "application/json"));
    }
    check_length(request.headers(), limit)?;
    // What is announced is all that comes.
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut arriving = Arriving::new(documents, length.unwrap_or(limit));
    let mut stream = request.into_body().into_data_stream();
    while let Some(part) = stream.next().await {
        arriving.add(&part.map_err(|error| read_problem(&error))?).await?;
    }
    arriving.finish()
}

/// The problem of a media type that the route does not take.
pub(crate) fn unsupported(found: Option<&str>, expected: &str) -> Problem {
    let found = found.map_or("missing".to_owned(), |kind| format!("{kind:?}"));
    Problem::new(Code::UnsupportedMediaType, format!("the content type is {found}, expected {expected}"))
}

/// Parses JSON; the problem names line and column. A whole number that is written as a fraction ("800.0") is
/// taken as the whole number that it is.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let malformed = |message: String| Problem::new(Code::MalformedBody, message);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place(bytes, error.valid_up_to());
        malformed(format!("the body is not UTF-8 at line {line} column {column}"))
    })?;
    bounded(bytes).map_err(malformed)?;
    let mut value = serde_json::from_str(text).map_err(|error| malformed(format!("the body is not JSON: {error}")))?;
    make_whole(&mut value);
    Ok(value)
}

/// The same for a document that is not the whole body; the problem in words.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, String> {
    parse(bytes).map_err(|problem| problem.detail)
}

/// The largest number up to which every whole number has a float of its own, 2^53.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() <= MAX_WHOLE {
                *value = (float as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(members) => members.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// Looks over the text once, so that neither depth nor number of values can cost more than they may.
fn bounded(bytes: &[u8]) -> Result<(), String> {
    let (mut depth, mut values, mut in_string, mut escaped) = (0usize, 1usize, false, false);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                (depth, values) = (depth + 1, values + 1);
                if depth > MAX_DEPTH {
                    let (line, column) = place(bytes, index);
                    return Err(format!("the body nests deeper than {MAX_DEPTH} at line {line} column {column}"));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b':' => values += 1,
            _ => {}
        }
    }
    if values > MAX_VALUES {
        return Err(format!("the body holds {values} values, the limit is {MAX_VALUES}"));
    }
    Ok(())
}

/// Line and column of a byte, both counted from 1; columns are bytes.
fn place(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = at - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1) + 1;
    (line, column)
}

/// Reads a JSON document of this type; what is wrong with it is named by its place.
pub(super) async fn read<T: DeserializeOwned>(state: &State, request: Request) -> Result<T, Problem> {
    let incoming = json(&state.documents, request, state.config.max_document_bytes).await?;
    let (value, _, _room) = incoming.into_parts();
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let pointer = if path == "." { String::new() } else { format!("/{path}") };
        Problem::issues(vec![Issue::at(pointer, Code::InvalidRequest, error.inner().to_string())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_text_is_placed() {
        let check = |bytes: &[u8], expected: &str| {
            let problem = parse(bytes).unwrap_err();
            assert_eq!((problem.code, problem.status), (Code::MalformedBody, 400));
            assert!(problem.detail.contains(expected), "{:?} does not say {expected:?}", problem.detail);
        };
        check(b"", "EOF while parsing");
        check(b"{\n  \"a\": x}", "line 2 column 8");
        check(b"{\n\"\xff\": 1}", "not UTF-8 at line 2 column 2");
        check("[".repeat(65).as_bytes(), "deeper than 64 at line 1 column 65");
        check(format!("[{}]", "0,".repeat(MAX_VALUES)).as_bytes(), "the limit is 1000000");
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let text = serde_json::to_vec(&format!("\"\\{}", "[".repeat(1000))).unwrap();
        assert!(parse(&text).is_ok());
    }

    fn request(body: Body) -> Request {
        Request::builder().header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
    }

    #[tokio::test]
    async fn a_guarded_body_ends_at_its_limit_and_at_its_time() {
        let documents = Documents::new(1 << 20);
        let body = guard(Body::from(vec![0; 11]), 10, Duration::from_secs(5)).0;
        assert_eq!(json(&documents, request(body), 1000).await.unwrap_err().code, Code::BodyTooLarge);
        let endless = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let body = guard(endless, 10, Duration::from_millis(20)).0;
        assert_eq!(json(&documents, request(body), 1000).await.unwrap_err().code, Code::RequestTimeout);
    }

    #[test]
    fn whole_numbers_may_be_written_as_fractions() {
        let read = parse(b"[800.0, -2e2, 0.5, 1e300, 9007199254740993.0]").unwrap();
        assert_eq!(read.to_string(), "[800,-200,0.5,1e+300,9007199254740992]");
    }

    #[tokio::test]
    async fn large_documents_wait_for_room_and_small_ones_do_not() {
        let documents = Documents::new(100 << 10);
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        let read = |bytes: usize| {
            let documents = documents.clone();
            async move { json(&documents, request(Body::from(text(bytes))), 100 << 10).await.unwrap() }
        };
        let first = read(SMALL_BYTES + 1).await;
        assert_eq!(first.bytes.len(), SMALL_BYTES + 1);
        let mut second = Box::pin(read(SMALL_BYTES + 1));
        assert!(futures_util::poll!(&mut second).is_pending());
        read(SMALL_BYTES).await;
        drop(first);
        second.await;
    }
}
