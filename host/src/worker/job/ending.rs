//! The end of a job, with what it changes in the library.

use std::time::Duration;

use super::{
    super::{leases::Reason, report},
    Interrupt, Run,
};
use crate::{
    error::{Code, Failure},
    job::{SourceReport, State},
    source::Source,
    store::{AssetRow, BlobRow, Change, Completion},
};

/// How often the end of a job is worked out anew because somebody else was faster.
const ENDING_TRIES: u32 = 8;

impl Run<'_> {
    /// Ends the job, gives it back, or lets go of it.
    pub(super) async fn finish(self, end: Result<(), Interrupt>) {
        let now = self.inner.ports.clock.now();
        let dialect = self.dialect.clone();
        let dialect = dialect.as_deref();
        let completion = match end {
            Ok(()) => return self.end().await,
            Err(Interrupt::Stopped(Reason::Lost)) => {
                tracing::warn!("the lease of a running job was lost");
                return;
            }
            Err(Interrupt::Abandoned) => return,
            Err(Interrupt::Stopped(Reason::Draining)) => return self.release(Duration::ZERO, false).await,
            Err(Interrupt::Stopped(Reason::Cancelled)) => report::cancelled(dialect, &self.job, now),
            Err(Interrupt::Failed(failure)) if self.may_retry(failure.code) => return self.retry(&failure).await,
            Err(Interrupt::Failed(failure)) if self.is_patient() => return self.wait_and_retry(&failure.message).await,
            Err(Interrupt::Failed(failure)) => report::failed(dialect, &self.job, &failure, now),
            Err(Interrupt::Panicked) => {
                // A further try would end alike.
                let failure = Failure::new(Code::Internal, "a bug of the server ended the job");
                report::failed(dialect, &self.job, &failure, now)
            }
        };
        self.complete(completion).await;
    }

    /// Commits the end of the job; answers false when what it changes was changed by somebody else.
    async fn complete(&self, mut completion: Completion) -> bool {
        completion.advance.deliveries.splice(0..0, self.owed.iter().cloned());
        self.inner.complete(&self.job, self.lease.token, completion).await
    }

    /// Ends a job whose outputs are all made or failed, with what that changes in the library.
    async fn end(mut self) {
        if self.job.report.final_state() != State::Succeeded && self.is_patient() {
            return self.wait_and_retry("outputs failed").await;
        }
        for _ in 0..ENDING_TRIES {
            let completion = match self.ending().await {
                Ok(completion) => completion,
                Err(failure) if self.may_retry(failure.code) => return self.retry(&failure).await,
                Err(failure) => {
                    report::failed(self.dialect.as_deref(), &self.job, &failure, self.inner.ports.clock.now())
                }
            };
            let submits = completion
                .changes
                .iter()
                .any(|change| matches!(change, Change::Submit { .. } | Change::SubmitTogether(_)));
            if self.complete(completion).await {
                if submits {
                    self.inner.wake.notify_one();
                }
                return;
            }
        }
        let failure = Failure::new(Code::Unavailable, "what the job changes was changed by others, again and again");
        self.retry(&failure).await;
    }

    async fn ending(&mut self) -> Result<Completion, Failure> {
        let state = self.job.report.final_state();
        let kept = self.keep_source().await?;
        let now = self.inner.ports.clock.now();
        let mut changes = Vec::new();
        if let Some((id, source, blob)) = kept.as_ref().and_then(|(source, blob)| {
            let id = self.job.spec.store_as.as_ref()?;
            Some((id, source, blob))
        }) {
            changes.push(Change::PutAsset(AssetRow {
                account: self.job.account.clone(),
                id: id.clone(),
                sha256: blob.sha256.clone(),
                bytes: blob.bytes,
                format: source.format.clone(),
                width: source.width,
                height: source.height,
                created_at: now,
            }));
        }
        let mut job = self.job.clone();
        report::finalize(&mut job, state, now);
        if let Some(dialect) = &self.dialect {
            changes.extend(dialect.ending(&mut job, self.inner.ports.store.as_ref()).await?);
        }
        let mut completion = report::end(self.dialect.as_deref(), job);
        completion.advance.blobs.extend(kept.map(|(_, blob)| blob));
        completion.changes = changes;
        Ok(completion)
    }

    /// Keeps the source's bytes, when the job ends well and was to keep them.
    async fn keep_source(&mut self) -> Result<Option<(SourceReport, BlobRow)>, Failure> {
        let Some(source) = self.job.report.source.clone().filter(|_| self.wants_source()) else { return Ok(None) };
        if self.job.report.final_state() != crate::job::State::Succeeded {
            return Ok(None);
        }
        let blob = match (&self.job.spec.source, self.source.take()) {
            (Source::Blob { .. }, _) => BlobRow { sha256: source.sha256.clone(), bytes: source.bytes },
            (_, Some(bytes)) => self.inner.ports.results.put(bytes).await?,
            // An earlier run has made all outputs and was lost before the end.
            (_, None) => {
                let input = self.inner.ports.inputs.read(&self.job.spec.source).await?;
                self.inner.ports.results.put(input.bytes).await?
            }
        };
        Ok(Some((source, blob)))
    }
}
