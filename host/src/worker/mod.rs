//! Claims jobs and runs them; returns what was lost.
//!
//! One job from claim to commit is in `job.rs`; what blocks (headers, planning, decoding, the steps,
//! encoding) in `make.rs`, which knows no store. A job with one group of outputs costs one commit after
//! the claim; the end of the main group before eager outputs, and events that were asked for, cost one
//! more each.

mod admission;
mod components;
mod images;
mod job;
mod leases;
mod local;
mod make;
mod now;
mod picture;
mod ports;
pub mod report;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

pub use local::{LocalOutput, LocalProgress, LocalSource, run_local};
pub use now::{MadeNow, Now};
pub use ports::{Catalogue, Components, EVERYBODY, Input, Inputs, Observer, Ports, Results, Unobserved};

use crate::{
    error::{Code, Failure},
    pipeline::Sandbox,
    store::{self, BatchRow, ClaimedJob, Completion, JobRow},
};
use admission::Admission;
use leases::{Leases, Reason};

/// `[worker]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Jobs under way at the same time; 0 for four a core.
    pub slots: u32,
    /// How long a claim lasts.
    pub lease_s: u64,
    /// How often a sign of life is given.
    pub heartbeat_s: u64,
    /// How often a job may be lost.
    pub max_attempts: u32,
    /// Waiting time before the second try.
    pub retry_ms: u64,
    /// How old a job may be that is tried again because blobs cannot be kept or read.
    pub storage_patience_s: u64,
    /// What running jobs may plan to use together; 0 for half of the machine's.
    pub memory_bytes: u64,
    /// Steps of one output.
    pub max_steps: usize,
    /// Outputs of one job.
    pub max_outputs: usize,
}

/// `[codec]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecConfig {
    /// Which formats are decoded in the sandbox.
    pub sandbox: Sandbox,
    /// Largest encoded picture.
    pub max_bytes: u64,
    /// Most pixels of a frame.
    pub max_pixels: u64,
    /// Most pixels of all frames.
    pub max_total_pixels: u64,
    /// Most frames.
    pub max_frames: u32,
    /// Largest encoded result.
    pub max_output_bytes: u64,
    /// How long AVIF may take on one core.
    pub avif_seconds: u32,
}

/// How often the store is asked for jobs when nobody rings.
const POLL: Duration = Duration::from_secs(1);

/// Jobs under way for each core, by default: most wait for a download, a disk or a commit.
const SLOTS_PER_CORE: usize = 4;

/// The shortest sleep before a job that should be due, when a claim has just not found it.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);

/// How long a stopping worker waits for runs to give their jobs back after the drain.
const GIVE_BACK: Duration = Duration::from_secs(5);

/// How often a commit that ends a job is tried.
const COMMIT_TRIES: u32 = 5;

/// Runs jobs. Clones are the same worker.
#[derive(Clone)]
pub struct Worker {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    ports: Ports,
    config: Config,
    codec: CodecConfig,
    slots: Arc<Semaphore>,
    /// As many permits as there are cores: work on pixels holds one.
    cores: Arc<Semaphore>,
    admission: Admission,
    leases: Leases,
    wake: Arc<Notify>,
}

impl Worker {
    /// A worker that does nothing until it is run.
    pub fn new(ports: Ports, mut config: Config, codec: CodecConfig) -> Worker {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if config.slots == 0 {
            config.slots = (cores * SLOTS_PER_CORE) as u32;
        }
        let slots = config.slots as usize;
        let memory_bytes = match config.memory_bytes {
            0 => admission::machine_bytes() / 2,
            bytes => bytes,
        };
        Worker {
            inner: Arc::new(Inner {
                ports,
                config,
                codec,
                slots: Arc::new(Semaphore::new(slots)),
                cores: Arc::new(Semaphore::new(cores)),
                admission: Admission::new(memory_bytes),
                leases: Leases::default(),
                wake: Arc::new(Notify::new()),
            }),
        }
    }

    /// How many jobs it runs at the same time.
    pub fn slots(&self) -> u32 {
        self.inner.config.slots
    }

    /// Says that a job may be due: call it after a submission. A hint only.
    pub fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// What to call (`notify_one`) instead of [`Worker::wake`].
    pub fn wake_handle(&self) -> Arc<Notify> {
        self.inner.wake.clone()
    }

    /// Ends a job that runs here and whose cancellation the store knows of; others hear of it with
    /// their next sign of life.
    pub fn cancel(&self, job: Uuid) {
        self.inner.leases.stop(job, Reason::Cancelled);
    }

    /// Claims and runs jobs until `shutdown`, then waits up to `drain` for those that run; what is not
    /// done by then goes back to the queue, and its attempt does not count.
    ///
    /// Blocking work that does not end in time goes on in its thread; nothing is written for it.
    pub async fn run(&self, shutdown: CancellationToken, drain: Duration) {
        let inner = &self.inner;
        // Aborted when this function returns.
        let mut background = JoinSet::new();
        background.spawn({
            let inner = inner.clone();
            async move {
                let every = Duration::from_secs(inner.config.heartbeat_s);
                inner.leases.keep(inner.ports.store.as_ref(), every, inner.lease()).await;
            }
        });
        background.spawn({
            let inner = inner.clone();
            async move { inner.tidy().await }
        });
        let jobs = TaskTracker::new();
        inner.claim(&shutdown, &jobs).await;
        jobs.close();
        if tokio::time::timeout(drain, jobs.wait()).await.is_err() {
            tracing::info!(jobs = jobs.len(), "running jobs go back to the queue");
            inner.leases.stop_all(Reason::Draining);
            if tokio::time::timeout(GIVE_BACK, jobs.wait()).await.is_err() {
                tracing::warn!(
                    jobs = jobs.len(),
                    "jobs could not be given back, they wait for their leases to run out"
                );
            }
        }
    }
}

impl Inner {
    fn lease(&self) -> Duration {
        Duration::from_secs(self.config.lease_s)
    }

    /// Claims as many jobs as there are free slots, until `shutdown`.
    async fn claim(self: &Arc<Self>, shutdown: &CancellationToken, jobs: &TaskTracker) {
        loop {
            let mut slots = tokio::select! {
                () = shutdown.cancelled() => return,
                slots = self.free_slots() => slots,
            };
            if shutdown.is_cancelled() {
                return;
            }
            // Not cut short by a shutdown: jobs that were claimed have to be known here.
            let sleep = match self.ports.store.claim_jobs(slots.len() as u32, self.lease()).await {
                Ok(claimed) => {
                    let wanted = slots.len();
                    let count = claimed.len();
                    for (job, slot) in claimed.into_iter().zip(slots.drain(..)) {
                        self.start(job, slot, jobs);
                    }
                    if count >= wanted {
                        continue;
                    }
                    self.until_due().await
                }
                Err(error) => {
                    tracing::error!("cannot claim jobs: {error}");
                    POLL
                }
            };
            drop(slots);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Runs work on pixels in a blocking thread, once a core is free for it.
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
        let core = self.core().await;
        blocking(move || {
            let _core = core;
            work()
        })
        .await
    }

    /// A core to work on pixels with. The semaphore is never closed.
    async fn core(&self) -> Option<OwnedSemaphorePermit> {
        self.cores.clone().acquire_owned().await.ok()
    }

    /// All slots that are free, at least one.
    async fn free_slots(&self) -> Vec<OwnedSemaphorePermit> {
        let first = self.slots.clone().acquire_owned().await;
        let more = std::iter::from_fn(|| self.slots.clone().try_acquire_owned().ok());
        first.into_iter().chain(more).collect()
    }

    fn start(self: &Arc<Self>, claimed: ClaimedJob, slot: OwnedSemaphorePermit, jobs: &TaskTracker) {
        let span = tracing::info_span!(
            "job",
            job = %claimed.job.id,
            account = claimed.job.account,
            attempt = claimed.job.attempt
        );
        jobs.spawn(job::run(self.clone(), claimed, slot).instrument(span));
    }

    /// How long to sleep when nothing was found.
    async fn until_due(&self) -> Duration {
        match self.ports.store.next_due().await {
            Ok(due) => due.job.map_or(POLL, |at| {
                let wait = at.duration_since(self.ports.clock.now()).unwrap_or_default();
                wait.clamp(SHORTEST_SLEEP, POLL)
            }),
            Err(error) => {
                tracing::error!("cannot ask when the next job is due: {error}");
                POLL
            }
        }
    }

    /// Commits the end of a job and announces its batch if it was the last one. Answers false when what the
    /// end changes was changed by somebody else: it has to be worked out anew.
    async fn complete(&self, job: &JobRow, token: Uuid, completion: Completion) -> bool {
        let state = completion.state;
        for attempt in 1..=COMMIT_TRIES {
            match self.ports.store.complete(job.id, token, completion.clone()).await {
                Ok(completed) => {
                    let now = self.ports.clock.now();
                    let ran = job.started_at.and_then(|start| now.duration_since(start).ok()).unwrap_or_default();
                    tracing::info!(state = state.as_str(), ran_ms = ran.as_millis() as u64, "job finished");
                    self.ports.observer.job_finished(state, ran);
                    (self.ports.changed)(job.id);
                    (self.ports.owed)();
                    if let Some(batch) = completed.batch {
                        self.announce_finished(&job.account, batch).await;
                    }
                    return true;
                }
                Err(store::Error::LeaseLost { .. }) => {
                    tracing::warn!("the lease of a job was lost before its end was written");
                    return true;
                }
                Err(store::Error::Conflict { .. }) => return false,
                // Perhaps it was committed, perhaps not.
                Err(error @ store::Error::Unknown { .. }) => {
                    tracing::warn!("{error}");
                    if let Ok(Some(row)) = self.ports.store.job(&job.account, job.id).await
                        && row.state.is_final()
                    {
                        (self.ports.changed)(job.id);
                        (self.ports.owed)();
                        return true;
                    }
                }
                Err(error) => tracing::error!("cannot write the end of a job: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100) * attempt).await;
        }
        tracing::error!("the end of a job could not be written, it runs again when its lease has run out");
        true
    }

    async fn announce_finished(&self, account: &str, batch: Uuid) {
        match self.ports.store.batch(account, batch).await {
            Ok(Some(row)) => self.announce(&row).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(%batch, "cannot read a finished batch, it is announced later: {error}"),
        }
    }

    async fn announce(&self, batch: &BatchRow) {
        let dialect = self.ports.dialects.get(batch.dialect.as_str());
        let deliveries = match dialect {
            Some(dialect) => dialect.batch_deliveries(batch, self.ports.store.as_ref()).await,
            None => Ok(Vec::new()),
        };
        let deliveries = match deliveries {
            Ok(deliveries) => deliveries,
            Err(failure) => {
                return tracing::warn!(batch = %batch.id, "a batch cannot be told of, it is tried again: {failure}");
            }
        };
        match self.ports.store.announce_batch(batch.id, deliveries).await {
            Ok(()) => (self.ports.owed)(),
            Err(error) => tracing::warn!(batch = %batch.id, "cannot announce a batch, it is tried again: {error}"),
        }
    }

    /// Returns lost jobs to the queue, ends those lost too often, announces batches that a crash has
    /// kept from it. Does not return.
    async fn tidy(&self) {
        loop {
            self.reap().await;
            self.announce_missed().await;
            // Several nodes should not all come at the same moment.
            let jitter = 0.5 + rand::random::<f64>();
            tokio::time::sleep(self.lease().mul_f64(0.5 * jitter)).await;
        }
    }

    async fn reap(&self) {
        let lost = match self.ports.store.reap_jobs(self.config.max_attempts, self.lease()).await {
            Ok(lost) => lost,
            Err(error) => return tracing::error!("cannot look for lost jobs: {error}"),
        };
        for ClaimedJob { mut job, token } in lost {
            report::complete_outputs(&mut job.report, &job.spec);
            let message = format!("the job was lost {} times by its workers", job.attempt);
            let failure = Failure::new(Code::WorkerLost, message);
            let dialect = self.ports.dialects.get(job.spec.dialect.as_str()).map(AsRef::as_ref);
            let completion = report::failed(dialect, &job, &failure, self.ports.clock.now());
            self.complete(&job, token, completion).await;
        }
    }

    async fn announce_missed(&self) {
        match self.ports.store.unannounced_batches(100).await {
            Ok(batches) => {
                for batch in batches {
                    self.announce(&batch).await;
                }
            }
            Err(error) => tracing::error!("cannot look for finished batches: {error}"),
        }
    }
}

/// Blocking work has panicked; the message went to the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

/// Runs work that blocks in a thread for such work. It begins now, not when the answer is awaited. A
/// panic of it stays there.
fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = Result<T, Panicked>> {
    let span = tracing::Span::current();
    let thread = tokio::task::spawn_blocking(move || span.in_scope(work));
    async move {
        thread.await.map_err(|error| {
            tracing::error!("blocking work of a job ended in a panic: {error}");
            Panicked
        })
    }
}
