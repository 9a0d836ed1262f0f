//! Takes the body of a submission: JSON, or multipart with `job` and `file`.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};

use super::{
    State, body,
    reply::{Issue, Problem},
};
use crate::{
    blob::{self, BlobRef},
    error::Code,
    job::Rendering,
    pipeline::{self, Ask, SourceInfo},
};

/// How much of a file is kept in memory to read its headers.
const HEAD_BYTES: usize = 1 << 20;

/// What came with a submission.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The job document.
    pub(super) document: body::Document,
    /// The file.
    pub(super) file: Option<File>,
}

/// A file that came with a request.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// The blob it became; none when nothing is to be stored.
    pub(super) blob: Option<BlobRef>,
    /// Its first bytes.
    pub(super) head: Bytes,
    /// Whether these are all of them.
    pub(super) whole: bool,
}

/// Reads the body. `keep` says whether the file becomes a blob.
pub(super) async fn read(state: &Arc<State>, request: Request, keep: bool) -> Result<Incoming, Problem> {
    let media_type = body::media_type(request.headers());
    if media_type.as_deref() == Some("multipart/form-data") {
        return multipart(state, request, keep).await;
    }
    if !body::is_json(media_type.as_deref()) {
        return Err(body::unsupported(media_type.as_deref(), "application/json or multipart/form-data"));
    }
    let document = body::json(&state.documents, request, state.config.max_document_bytes).await?;
    Ok(Incoming { document, file: None })
}

async fn multipart(state: &Arc<State>, request: Request, keep: bool) -> Result<Incoming, Problem> {
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::new(Code::MalformedBody, rejection.body_text()))?;
    let (mut job, mut file) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(part_problem)? {
        match part.name() {
            Some("job") if job.is_none() => job = Some(document(state, part).await?),
            Some("file") if file.is_none() => file = Some(picture(state, part, keep).await?),
            Some(name @ ("job" | "file")) => return Err(Problem::field(name, "comes more than once")),
            name => {
                let name = name.unwrap_or_default();
                return Err(Problem::field(
                    name,
                    format!("is no part of a submission: {name:?}, expected job and file"),
                ));
            }
        }
    }
    let document = job.ok_or_else(|| Problem::field("job", "is missing: the part that holds the job document"))?;
    Ok(Incoming { document, file })
}

async fn document(state: &State, mut part: Field<'_>) -> Result<body::Document, Problem> {
    let mut arriving = body::Arriving::new(&state.documents, state.config.max_document_bytes);
    while let Some(chunk) = part.chunk().await.map_err(part_problem)? {
        arriving.add(&chunk).await?;
    }
    arriving.finish()
}

async fn picture(state: &Arc<State>, mut part: Field<'_>, keep: bool) -> Result<File, Problem> {
    let mut taker = Taker::new(state, keep);
    while let Some(chunk) = part.chunk().await.map_err(part_problem)? {
        taker.take(&chunk).await?;
    }
    taker.finish("file").await
}

/// Takes a picture bit by bit: into a blob, and its first bytes into memory.
pub(super) struct Taker {
    writer: Option<blob::Writer>,
    head: Vec<u8>,
    taken: u64,
    limit: u64,
}

impl Taker {
    /// Begins a picture.
    pub(super) fn new(state: &State, keep: bool) -> Taker {
        let limit = state.limits.max_picture_bytes;
        Taker { writer: keep.then(|| state.blobs.writer(limit)), head: Vec::new(), taken: 0, limit }
    }

    /// Takes the next bytes.
    pub(super) async fn take(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        self.taken += chunk.len() as u64;
        if self.taken > self.limit {
            return Err(body::BodyError::TooLarge { limit: self.limit }.into());
        }
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if let Some(writer) = &mut self.writer {
            writer.write(chunk).await?;
        }
        Ok(())
    }

    /// Ends the picture; an empty one is refused under the name of `field`.
    pub(super) async fn finish(self, field: &str) -> Result<File, Problem> {
        if self.taken == 0 {
            return Err(Problem::issues(vec![Issue::field(field, Code::InvalidRequest, "is empty")]));
        }
        let blob = match self.writer {
            Some(writer) => Some(writer.finish().await?),
            None => None,
        };
        let whole = self.taken == self.head.len() as u64;
        Ok(File { blob, head: self.head.into(), whole })
    }
}

/// What the headers of a picture say.
pub(super) async fn measure(state: &State, file: &File, rendering: &Rendering) -> Result<SourceInfo, Problem> {
    match probe(state, file.head.clone(), rendering).await {
        // Headers may stand behind a megabyte of metadata, or at the end; documents may need all of it.
        measured if !file.whole && file.blob.is_some() && !measured.as_ref().is_ok_and(is_picture) => {
            let sha256 = file.blob.as_ref().map(|blob| blob.sha256.clone()).unwrap_or_default();
            probe(state, state.blobs.get(&sha256).await?, rendering).await
        }
        measured => measured,
    }
}

fn is_picture(info: &SourceInfo) -> bool {
    safelight_codec::Format::from_name(&info.format).is_some()
}

/// What the headers of these bytes say, read on a thread that may block.
pub(super) async fn probe(state: &State, bytes: Bytes, rendering: &Rendering) -> Result<SourceInfo, Problem> {
    let limits = safelight_codec::Limits {
        max_bytes: state.limits.max_picture_bytes,
        max_pixels: state.limits.max_pixels,
        ..safelight_codec::Limits::default()
    };
    let (plugins, sandbox, rendering) = (state.plugins.snapshot(), state.limits.sandbox, rendering.clone());
    let probed = tokio::task::spawn_blocking(move || {
        pipeline::probe(plugins.codecs(), &bytes, Ask { limits: &limits, sandbox, rendering: &rendering })
    });
    let probed = probed.await;
    match probed {
        Ok(Ok(info)) => Ok(info),
        Ok(Err(failure)) => Err(failure.into()),
        Err(_) => Err(Problem::new(Code::Internal, "cannot read the headers of the picture")),
    }
}

fn part_problem(error: MultipartError) -> Problem {
    match body::known_cause(&error) {
        Some(known) => known.into(),
        None => Problem::new(Code::MalformedBody, format!("the body is not multipart: {}", error.body_text())),
    }
}
