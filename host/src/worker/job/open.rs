//! Jobs whose outputs are worked out when their source is known.

use super::{Interrupt, Run};
use crate::{
    dialect::Work,
    error::{Code, Failure},
    job::JobError,
    worker::make::{self, Material},
};

impl Run<'_> {
    /// Asks the dialect what the outputs of an open job are. Answers which of the pending ones can be made; the
    /// others have failed.
    pub(super) async fn work_out(&mut self, material: &Material, pending: Vec<usize>) -> Result<Vec<usize>, Interrupt> {
        let dialect = self.dialect.clone().ok_or_else(|| {
            let message = format!("there is no dialect {:?} to say what the outputs are", self.job.spec.dialect);
            Interrupt::Failed(Failure::new(Code::Internal, message))
        })?;
        let source = {
            let (transforms, material) = (self.transforms.clone(), material.clone());
            let codec = self.inner.codec.clone();
            let memory_bytes = self.inner.admission.bytes();
            let look = move || make::look(transforms.as_ref(), &codec, memory_bytes, &material);
            self.inner.compute(look).await?.map_err(Interrupt::Failed)?.0
        };
        let works = tokio::select! {
            reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
            works = dialect.outputs(&self.job, &source, self.inner.ports.store.as_ref()) => works.map_err(Interrupt::Failed)?,
        };
        if works.len() != self.job.spec.outputs.len() {
            let message = format!("{} outputs for a job of {}", works.len(), self.job.spec.outputs.len());
            return Err(Interrupt::Failed(Failure::new(Code::Internal, message)));
        }
        self.job.report.source = Some(source);
        let mut makeable = Vec::with_capacity(pending.len());
        for (index, work) in works.into_iter().enumerate() {
            match work {
                _ if !pending.contains(&index) => {}
                Ok(Work { steps, encoding, recipe }) => {
                    self.job.report.outputs[index].recipe = recipe;
                    let output = &mut self.job.spec.outputs[index];
                    (output.steps, output.encoding) = (steps, encoding);
                    makeable.push(index);
                }
                Err(failure) => self.note(index, Err(JobError::whole(failure)))?,
            }
        }
        Ok(makeable)
    }
}
