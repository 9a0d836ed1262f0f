//! Results: kept, uploaded, and noted in the order of the outputs.

use std::sync::Arc;

use futures_util::{StreamExt, stream::FuturesOrdered};
use tokio::sync::mpsc;

use super::{
    super::{Inner, make::Made, report},
    Commit, Interrupt, KEEPING_AT_ONCE, Run,
};
use crate::{
    dialect::Event,
    error::Failure,
    job::{Destination, Group, JobError, OutputState},
    pipeline::{Transforms, written_format},
    store::BlobRow,
    zip,
};

impl Run<'_> {
    /// Keeps results as they come and writes down what became of them. While one commit is under way the
    /// next results gather for the one after it.
    pub(super) async fn keep_all(
        &mut self,
        made: &mut mpsc::Receiver<(usize, Result<Made, JobError>)>,
        pending: &[usize],
    ) -> Result<(), Interrupt> {
        let (inner, transforms) = (self.inner, self.transforms.clone());
        let mut keeping = FuturesOrdered::new();
        let mut commit: Option<Commit> = None;
        let mut open = true;
        while open || !keeping.is_empty() || commit.is_some() {
            let end = tokio::select! {
                reason = self.lease.stop.stopped() => Err(Interrupt::Stopped(reason)),
                made = made.recv(), if open && keeping.len() < KEEPING_AT_ONCE => {
                    match made {
                        Some((output, made)) => {
                            let output = pending[output];
                            let to = self.job.spec.outputs[output].destination.clone();
                            keeping.push_back(keep(inner, transforms.clone(), output, to, made));
                        }
                        None => open = false,
                    }
                    Ok(())
                }
                Some((output, kept)) = keeping.next() => self.note(output, kept),
                committed = async { commit.as_mut().expect("there is one").await }, if commit.is_some() => {
                    commit = None;
                    self.committed(committed)
                }
            };
            if let Err(interrupt) = end {
                // A commit is never cut short: what follows comes after it.
                if let Some(commit) = commit {
                    let _ = commit.await;
                }
                return Err(interrupt);
            }
            if commit.is_none() && self.is_worth_writing() {
                commit = Some(self.commit());
            }
        }
        Ok(())
    }

    /// Notes what became of an output.
    pub(super) fn note(&mut self, output: usize, kept: Result<(Made, BlobRow), JobError>) -> Result<(), Interrupt> {
        let may_retry = kept.as_ref().is_err_and(|error| self.may_retry(error.code));
        let entry = &mut self.job.report.outputs[output];
        match kept {
            Ok((made, blob)) => {
                self.inner.ports.observer.output_made(&made.format, made.bytes.len() as u64);
                report::fill(entry, made, Some(&blob));
            }
            Err(mut error) => {
                if may_retry {
                    return Err(Interrupt::Failed(Failure::new(error.code, error.message)));
                }
                self.inner.ports.observer.output_failed(error.code);
                error.output.get_or_insert_with(|| entry.id.clone());
                entry.state = OutputState::Failed;
                entry.error = Some(error);
            }
        }
        let id = entry.id.clone();
        self.job.progress = report::progress(&self.job.report);
        self.happened(&Event::OutputFinished(id));
        if !self.main_told && self.job.progress.done < self.job.progress.total && self.is_done(Group::Main) {
            self.main_told = true;
            self.happened(&Event::MainFinished);
        }
        Ok(())
    }
}

/// Keeps an output's bytes, and uploads them if they are to go elsewhere too.
pub(super) async fn keep(
    inner: &Inner,
    transforms: Arc<dyn Transforms>,
    output: usize,
    to: Option<Destination>,
    made: Result<Made, JobError>,
) -> (usize, Result<(Made, BlobRow), JobError>) {
    let kept = async {
        let made = made?;
        let blob = inner.ports.results.put(made.bytes.clone()).await.map_err(JobError::whole)?;
        if let Some(to) = to {
            let format = written_format(transforms.codecs(), &made.format);
            let media_type = match format.as_ref() {
                Some(format) => &format.media_type,
                None if made.format == zip::NAME => zip::MEDIA_TYPE,
                None => "application/octet-stream",
            };
            inner.ports.results.upload(&to, media_type, made.bytes.clone()).await.map_err(JobError::whole)?;
        }
        Ok((made, blob))
    };
    (output, kept.await)
}
