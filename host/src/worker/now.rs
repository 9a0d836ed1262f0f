//! Work that somebody waits for: made at once, outside of the queue, and not kept if it is cut off. It shares
//! cores and memory with the jobs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Inner, Input, Panicked, Worker,
    components::with_components,
    images,
    make::{self, Made, Material},
};
use crate::{
    error::{Code, Failure},
    job::{Encoding, Group, Output, Rendering, SourceReport, Step},
    source::Source,
    store::BlobRow,
};

/// One output to make now.
#[derive(Clone, Debug)]
pub struct Now {
    /// Whose assets steps may name.
    pub account: String,
    /// The picture to work on; not a canvas.
    pub source: Source,
    /// Which page of it, and how large.
    pub rendering: Rendering,
    /// All steps.
    pub steps: Vec<Step>,
    /// How to write it.
    pub encoding: Encoding,
    /// When to give up.
    pub limit: Duration,
}

/// What was made, and kept in the blob store.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeNow {
    /// The encoded result's key and size.
    pub blob: BlobRow,
    /// The encoded result.
    pub bytes: bytes::Bytes,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames that were written.
    pub frames: u32,
    /// The format's name.
    pub format: String,
}

impl Worker {
    /// Makes an output and keeps it in the blob store.
    ///
    /// Errors: as those of a job and of its output; `limit_time` when it takes longer than allowed. What blocks
    /// then ends soon, at its next step.
    pub async fn make_now(&self, now: Now) -> Result<MadeNow, Failure> {
        let inner = &self.inner;
        let limit = now.limit;
        let end = Instant::now() + limit;
        let late = || Failure::new(Code::LimitTime, format!("it was not made within {} s", limit.as_secs()));
        let made = match tokio::time::timeout(limit, make_now(inner, now, end)).await {
            Ok(made) => made,
            Err(_) => Err(late()),
        };
        let made = made?;
        let blob = inner.ports.results.put(made.bytes.clone()).await?;
        inner.ports.observer.output_made(&made.format, blob.bytes);
        Ok(MadeNow {
            blob,
            bytes: made.bytes,
            width: made.size.width,
            height: made.size.height,
            frames: made.frames,
            format: made.format,
        })
    }

    /// Reads a source and tells what it is.
    ///
    /// Errors: as those of a job's source.
    pub async fn measure(&self, source: &Source, rendering: &Rendering) -> Result<SourceReport, Failure> {
        let input = self.inner.ports.inputs.read(source).await?;
        self.look(input, rendering).await
    }

    /// Downloads a file and keeps it in the blob store. With `picture` it has to be one, and is told.
    ///
    /// Errors: as those of a job's source; nothing is kept then.
    pub async fn fetch(&self, url: &str, picture: bool) -> Result<(BlobRow, Option<SourceReport>), Failure> {
        let inner = &self.inner;
        let source = Source::Url { url: url.to_owned() };
        let input = inner.ports.inputs.read(&source).await?;
        let report = match picture {
            true => Some(self.look(input.clone(), &Rendering::default()).await?),
            false => None,
        };
        Ok((inner.ports.results.put(input.bytes).await?, report))
    }

    async fn look(&self, input: Input, rendering: &Rendering) -> Result<SourceReport, Failure> {
        let inner = &self.inner;
        let material = Material::Encoded { bytes: input.bytes, sha256: input.sha256, rendering: rendering.clone() };
        let (transforms, codec) = ((inner.ports.transforms)(super::EVERYBODY), inner.codec.clone());
        let memory_bytes = inner.admission.bytes();
        let look = move || make::look(transforms.as_ref(), &codec, memory_bytes, &material);
        Ok(inner.compute(look).await.map_err(panicked)??.0)
    }
}

fn panicked(_: Panicked) -> Failure {
    Failure::new(Code::Internal, "a bug of the server ended the work")
}

async fn make_now(inner: &Inner, now: Now, end: Instant) -> Result<Made, Failure> {
    let Now { account, source, rendering, steps, encoding, .. } = now;
    let outputs =
        Arc::new(vec![Output { id: "now".to_owned(), group: Group::Main, steps, encoding, destination: None }]);
    let transforms = (inner.ports.transforms)(&account);
    let transforms = with_components(inner, &transforms, &outputs).await.map_err(panicked)?;
    let input = inner.ports.inputs.read(&source).await?;
    let material = Material::Encoded { bytes: input.bytes, sha256: input.sha256, rendering };
    let stop: images::Stop = Arc::new(move || Instant::now() >= end);
    let images = images::load(inner, &account, &transforms, &outputs, &stop).await.map_err(panicked)?;
    let memory_bytes = inner.admission.bytes();
    let prepared = {
        let (transforms, outputs, codec) = (transforms.clone(), outputs.clone(), inner.codec.clone());
        let work = move || make::prepare(transforms.as_ref(), &codec, memory_bytes, material, &outputs, &images);
        inner.compute(work).await.map_err(panicked)??
    };
    let memory = inner.admission.acquire(prepared.memory_bytes).await?;
    let codec = inner.codec.clone();
    let work = move || {
        let _memory = memory;
        let mut result = None;
        let walked = make::make(transforms.as_ref(), &codec, memory_bytes, prepared, &|| stop(), &mut |_, made| {
            result = Some(made);
        })?;
        match (walked, result) {
            (Ok(()), Some(made)) => made.map_err(|error| Failure::new(error.code, error.message)),
            _ => Err(Failure::new(Code::LimitTime, "it was not made in time")),
        }
    };
    inner.compute(work).await.map_err(panicked)?
}
