//! Outputs that are the source's bytes as they came.

use bytes::Bytes;

use super::{Interrupt, Run, keeping::keep};
use crate::{
    job::{AS_SENT, FILE},
    pipeline::Size,
    source::Source,
    worker::{
        blocking,
        make::{self, Made, Material},
        report,
    },
    zip,
};

impl Run<'_> {
    /// Keeps these outputs. Answers which of the pending ones are still to be made.
    pub(super) async fn keep_as_sent(
        &mut self,
        material: &Material,
        pending: Vec<usize>,
    ) -> Result<Vec<usize>, Interrupt> {
        let Material::Encoded { bytes, .. } = material else { return Ok(pending) };
        let is_as_sent = |index: &usize| self.job.spec.outputs[*index].encoding.format.as_deref() == Some(AS_SENT);
        let (as_sent, rest): (Vec<usize>, Vec<usize>) = pending.into_iter().partition(is_as_sent);
        if as_sent.is_empty() {
            return Ok(rest);
        }
        let (format, size, frames) = self.look(material).await?;
        let wants_md5 = self.job.spec.intake.md5;
        for index in as_sent {
            let made = Made {
                bytes: bytes.clone(),
                size,
                frames,
                format: format.clone(),
                md5: match wants_md5 {
                    true => Some(self.md5_of(bytes.clone()).await?),
                    false => None,
                },
                data: Vec::new(),
                steps: Vec::new(),
            };
            let to = self.job.spec.outputs[index].destination.clone();
            let inner = self.inner;
            let (index, kept) = tokio::select! {
                reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
                kept = keep(inner, self.transforms.clone(), index, to, Ok(made)) => kept,
            };
            self.note(index, kept)?;
        }
        Ok(rest)
    }

    /// What the bytes are: an archive, a picture, or some file.
    async fn look(&self, material: &Material) -> Result<(String, Size, u32), Interrupt> {
        let nothing = Size { width: 0, height: 0 };
        if matches!(self.job.spec.source, Source::Archive { .. }) {
            return Ok((zip::NAME.to_owned(), nothing, 1));
        }
        let (transforms, material) = (self.transforms.clone(), material.clone());
        let (codec, memory_bytes) = (self.inner.codec.clone(), self.inner.admission.bytes());
        let look = move || make::look(transforms.as_ref(), &codec, memory_bytes, &material);
        Ok(match self.inner.compute(look).await? {
            Ok((source, _)) => {
                let size = Size { width: source.width, height: source.height };
                (source.format, size, source.frames.unwrap_or(1))
            }
            Err(_) => (FILE.to_owned(), nothing, 1),
        })
    }

    async fn md5_of(&self, bytes: Bytes) -> Result<String, Interrupt> {
        Ok(blocking(move || report::md5(&bytes)).await?)
    }
}
