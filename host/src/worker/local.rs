//! The same work on a file's bytes, without store or server: `safelight apply`.

use bytes::Bytes;

use super::{
    CodecConfig,
    admission::machine_bytes,
    make::{self, Material},
    picture,
};
use crate::{
    error::Failure,
    job::{ImageSource, JobError, Output, OutputReport, OutputState, Rendering, SourceReport},
    pipeline::{Images, Size, Transforms, all_image_references},
};

/// An output that was made here.
#[derive(Debug)]
pub struct LocalOutput {
    /// What would stand in the job's result; without a token, SHA-256 and URL.
    pub report: OutputReport,
    /// The encoded result; none when it failed.
    pub bytes: Option<Bytes>,
}

/// How far local work is.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalProgress {
    /// The source's headers were read and the steps planned.
    Planned(SourceReport),
    /// So many outputs of so many are made or failed.
    Outputs {
        /// Made or failed.
        done: usize,
        /// In all.
        total: usize,
    },
}

/// Where local work begins.
#[derive(Clone, Debug)]
pub enum LocalSource {
    /// The bytes of a file, with their SHA-256 in lower-case hex if it is wanted in the report, and what is
    /// wanted of it.
    Bytes(Bytes, String, Rendering),
    /// A blank picture.
    Canvas {
        /// Columns and rows.
        size: Size,
        /// Red, green, blue, alpha.
        color: [u8; 4],
    },
}

/// Makes outputs of a source in this thread; blocks.
///
/// `read` gives the bytes of a picture that a parameter names, before its own steps. `progress` is called as work proceeds.
/// An error concerns the source; outputs that fail say so in their report.
pub fn run_local(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    source: LocalSource,
    outputs: &[Output],
    read: &dyn Fn(&ImageSource) -> Result<Bytes, Failure>,
    progress: &mut dyn FnMut(LocalProgress),
) -> Result<(SourceReport, Vec<LocalOutput>), Failure> {
    let memory_bytes = machine_bytes();
    let mut images = Images::new();
    for reference in all_image_references(transforms, outputs) {
        let raster = reference.image.and_then(|image| {
            let bytes = image.source.as_ref().map(read).transpose()?;
            let prepared = picture::prepare(transforms, codec, memory_bytes, &image, bytes, &images)?;
            picture::render(transforms, codec, memory_bytes, &prepared, codec.max_total_pixels, &|| false)
        });
        images.insert(reference.key, raster);
    }
    let material = match source {
        LocalSource::Bytes(bytes, sha256, rendering) => Material::Encoded { bytes, sha256, rendering },
        LocalSource::Canvas { size, color } => Material::Canvas { size, color },
    };
    let prepared = make::prepare(transforms, codec, memory_bytes, material, outputs, &images)?;
    let source = prepared.source.clone();
    progress(LocalProgress::Planned(source.clone()));
    let mut made: Vec<LocalOutput> = outputs.iter().map(pending).collect();
    let (mut done, total) = (0, outputs.len());
    let walked = make::make(transforms, codec, memory_bytes, prepared, &|| false, &mut |output, result| {
        made[output] = finished(&outputs[output], result);
        done += 1;
        progress(LocalProgress::Outputs { done, total });
    })?;
    debug_assert!(walked.is_ok(), "nothing stops a local walk");
    Ok((source, made))
}

fn pending(output: &Output) -> LocalOutput {
    LocalOutput { report: super::report::pending(output, String::new()), bytes: None }
}

fn finished(output: &Output, result: Result<make::Made, JobError>) -> LocalOutput {
    let mut local = pending(output);
    match result {
        Ok(made) => {
            local.bytes = Some(made.bytes.clone());
            super::report::fill(&mut local.report, made, None);
        }
        Err(error) => {
            local.report.state = OutputState::Failed;
            local.report.error = Some(error);
        }
    }
    local
}
