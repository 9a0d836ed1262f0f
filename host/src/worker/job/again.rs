//! Jobs that are given back to be tried again.

use std::time::Duration;

use super::Run;
use crate::error::{Code, Failure};

/// The longest waiting time before a further try.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// The same while blobs cannot be kept or read.
const LONGEST_STORAGE_DELAY: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// Whether a failure may be gone at the next try.
    pub(super) fn may_retry(&self, code: Code) -> bool {
        let is_told = self.job.spec.intake.waited && code == Code::SourceUnreachable;
        let is_left = self.job.attempt < self.inner.config.max_attempts || self.storage_delay(code).is_some();
        !is_told && code.is_retryable() && is_left
    }

    /// Whether a job that does not succeed is to be tried again, as it asked for.
    pub(super) fn is_patient(&self) -> bool {
        self.job.spec.patience.is_some_and(|patience| self.job.attempt <= patience.tries)
    }

    /// Gives the job back for the time that it asked for.
    pub(super) async fn wait_and_retry(&self, problem: &str) {
        let delay_s = self.job.spec.patience.map_or(0, |patience| patience.delay_s);
        tracing::info!(attempt = self.job.attempt, delay_s, "a job is tried again, as it asked for: {problem}");
        self.release(Duration::from_secs(delay_s.into()), true).await;
    }

    /// How long to wait for the store of blobs, if the job is young enough. A full disk or a server that is away is
    /// not of the job's making, so such tries are not counted.
    fn storage_delay(&self, code: Code) -> Option<Duration> {
        let age = self.inner.ports.clock.now().duration_since(self.job.created_at).unwrap_or_default();
        let config = &self.inner.config;
        let waits = code == Code::StorageFailed && age < Duration::from_secs(config.storage_patience_s);
        waits.then(|| (age / 8).min(LONGEST_STORAGE_DELAY).max(Duration::from_millis(config.retry_ms)))
    }

    /// Gives the job back after a failure that may be gone by then.
    pub(super) async fn retry(&self, failure: &Failure) {
        if let Some(delay) = self.storage_delay(failure.code) {
            tracing::warn!(?delay, "a job waits for the store of blobs: {failure}");
            return self.release(delay, false).await;
        }
        let doublings = self.job.attempt.saturating_sub(1).min(20);
        let delay = Duration::from_millis(self.inner.config.retry_ms.saturating_mul(1 << doublings)).min(LONGEST_DELAY);
        tracing::warn!(attempt = self.job.attempt, ?delay, "a job is tried again: {failure}");
        self.release(delay, true).await;
    }

    /// Gives the job back.
    pub(super) async fn release(&self, delay: Duration, counts: bool) {
        let released = self.inner.ports.store.release(self.job.id, self.lease.token, delay, counts).await;
        match released {
            Ok(()) => (self.inner.ports.changed)(self.job.id),
            Err(error) => tracing::warn!("cannot give a job back, it waits for its lease to run out: {error}"),
        }
    }
}
