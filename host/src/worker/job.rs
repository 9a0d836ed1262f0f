//! One job from claim to commit.

mod again;
mod as_sent;
mod check;
mod ending;
mod keeping;
mod open;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{
    Inner, Panicked, blocking,
    components::with_components,
    images,
    leases::{Lease, Reason},
    make::{self, Made, Material, Prepared},
    report,
};
use crate::{
    dialect::{Dialect, Event},
    error::Failure,
    job::{Accepts, FILE, Group, Output, OutputState, SourceReport},
    metadata,
    pipeline::{Images, Size, Stopped, Transforms},
    source::Source,
    store::{ClaimedJob, JobRow},
    webhook::NewDelivery,
};

/// How often the progress of a long job is written when nothing else is.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How many results may wait to be kept before no further one is encoded.
const KEEPING_AT_ONCE: usize = 8;

/// A commit under way; true when it owes callbacks.
type Commit = BoxFuture<'static, Result<bool, crate::store::Error>>;

/// Why a run has no ordinary end.
enum Interrupt {
    Stopped(Reason),
    /// The job cannot be done, perhaps only now.
    Failed(Failure),
    /// The lease or the store is gone in mid-run: the job comes back when its lease has run out.
    Abandoned,
    Panicked,
}

impl From<Panicked> for Interrupt {
    fn from(_: Panicked) -> Interrupt {
        Interrupt::Panicked
    }
}

/// Runs a claimed job to its end, or gives it back.
pub(super) async fn run(inner: Arc<Inner>, claimed: ClaimedJob, slot: OwnedSemaphorePermit) {
    let ClaimedJob { mut job, token } = claimed;
    report::complete_outputs(&mut job.report, &job.spec);
    job.report.errors.clear();
    if job.spec.patience.is_some() {
        report::forget_failures(&mut job.report);
    }
    let lease = inner.leases.hold(job.id, token);
    let dialect = inner.ports.dialects.get(job.spec.dialect.as_str()).cloned();
    if dialect.is_none() {
        tracing::error!(dialect = job.spec.dialect, "a job of a dialect that is not there: nobody is told of its end");
    }
    (inner.ports.changed)(job.id);
    let mut run = Run {
        inner: &inner,
        transforms: (inner.ports.transforms)(&job.account),
        job,
        lease,
        dialect,
        owed: Vec::new(),
        main_told: false,
        written: Instant::now(),
        source: None,
        md5: None,
    };
    let end = run.work(slot).await;
    run.finish(end).await;
}

struct Run<'a> {
    inner: &'a Arc<Inner>,
    /// The plugins in the versions that the job began with.
    transforms: Arc<dyn Transforms>,
    job: JobRow,
    lease: Lease,
    dialect: Option<Arc<dyn Dialect>>,
    /// Deliveries of events that happened since the last commit.
    owed: Vec<NewDelivery>,
    main_told: bool,
    /// When the row was last written.
    written: Instant,
    /// The source's bytes, while they may be kept.
    source: Option<Bytes>,
    /// Their MD5, if it was asked for.
    md5: Option<String>,
}

impl Run<'_> {
    /// Makes every output that is still pending.
    async fn work(&mut self, slot: OwnedSemaphorePermit) -> Result<(), Interrupt> {
        // A job that runs again keeps what an earlier run has written: it was told to the caller.
        self.main_told = self.is_done(Group::Main);
        self.happened(&Event::Running);
        if !self.owed.is_empty() {
            self.write().await?;
        }
        let pending = self.job.report.outputs.iter().enumerate();
        let pending: Vec<usize> =
            pending.filter(|(_, output)| output.state == OutputState::Pending).map(|(index, _)| index).collect();
        let reads = self.wants_source() && self.job.report.source.is_none() || self.job.spec.intake.metadata;
        if pending.is_empty() && !reads {
            return Ok(());
        }
        let material = self.read().await?;
        let pending = self.keep_as_sent(&material, pending).await?;
        if self.is_file(&material).await? {
            return Ok(());
        }
        self.check(&material, pending.is_empty()).await?;
        let pending = match self.job.spec.open {
            true => self.work_out(&material, pending).await?,
            false => pending,
        };
        if pending.is_empty() && self.job.report.source.is_some() {
            return Ok(());
        }
        let outputs: Arc<Vec<Output>> =
            Arc::new(pending.iter().map(|&index| self.job.spec.outputs[index].clone()).collect());
        let transforms = with_components(self.inner, &self.transforms, &outputs).await?;
        let images = self.read_images(&transforms, &outputs).await?;
        let prepared = self.prepare(&transforms, &outputs, material, images).await?;
        self.job.report.source = Some(SourceReport { md5: self.md5.clone(), ..prepared.source.clone() });
        self.happened(&Event::SourceRead);
        if !self.owed.is_empty() {
            self.write().await?;
        }
        let memory = {
            let admission = self.inner.admission.acquire(prepared.memory_bytes);
            tokio::select! {
                reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
                permit = admission => permit.map_err(Interrupt::Failed)?,
            }
        };
        self.make(transforms, prepared, &pending, (slot, memory)).await
    }

    async fn read(&mut self) -> Result<Material, Interrupt> {
        if let Source::Canvas { width, height, color } = self.job.spec.source {
            return Ok(Material::Canvas { size: Size { width, height }, color });
        }
        let input = tokio::select! {
            reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
            input = self.inner.ports.inputs.read(&self.job.spec.source) => input.map_err(Interrupt::Failed)?,
        };
        if self.wants_source() {
            self.source = Some(input.bytes.clone());
        }
        if self.job.spec.intake.md5 {
            let bytes = input.bytes.clone();
            self.md5 = Some(blocking(move || report::md5(&bytes)).await?);
        }
        if self.job.spec.intake.facts {
            let (bytes, texts) = (input.bytes.clone(), self.job.spec.intake.texts);
            let read = move || if texts { metadata::read(&bytes) } else { metadata::read(&bytes).without_texts() };
            self.job.report.facts = Some(blocking(read).await?);
        }
        let rendering = self.job.spec.rendering.clone();
        Ok(Material::Encoded { bytes: input.bytes, sha256: input.sha256, rendering })
    }

    /// Whether the source's bytes are kept.
    fn wants_source(&self) -> bool {
        self.job.spec.store_as.is_some() || self.job.spec.intake.keep
    }

    /// Whether the source is taken as a file that nobody looks into; it is noted then.
    async fn is_file(&mut self, material: &Material) -> Result<bool, Interrupt> {
        let Material::Encoded { bytes, sha256, rendering } = material else { return Ok(false) };
        let is_file = match self.job.spec.intake.accepts {
            Accepts::Pictures => false,
            Accepts::Anything if !self.job.spec.outputs.is_empty() => false,
            Accepts::Unread => true,
            Accepts::Anything => {
                let (transforms, bytes, rendering) = (self.transforms.clone(), bytes.clone(), rendering.clone());
                let (codec, memory_bytes) = (self.inner.codec.clone(), self.inner.admission.bytes());
                let probe = move || make::is_picture(transforms.as_ref(), &codec, memory_bytes, &bytes, &rendering);
                !self.inner.compute(probe).await?
            }
        };
        if is_file {
            let source = SourceReport {
                width: 0,
                height: 0,
                format: FILE.to_owned(),
                bytes: bytes.len() as u64,
                sha256: sha256.clone(),
                md5: self.md5.clone(),
                frames: None,
            };
            self.job.report.source = Some(source);
        }
        Ok(is_file)
    }

    async fn read_images(&self, transforms: &Arc<dyn Transforms>, outputs: &[Output]) -> Result<Images, Interrupt> {
        let stop: images::Stop = {
            let stop = self.lease.stop.clone();
            Arc::new(move || stop.reason().is_some())
        };
        let images = tokio::select! {
            reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
            images = images::load(self.inner, &self.job.account, transforms, outputs, &stop) => images?,
        };
        let retryable =
            images.values().filter_map(|image| image.as_ref().err()).find(|failure| self.may_retry(failure.code));
        match retryable {
            Some(failure) => Err(Interrupt::Failed(failure.clone())),
            None => Ok(images),
        }
    }

    async fn prepare(
        &self,
        transforms: &Arc<dyn Transforms>,
        outputs: &Arc<Vec<Output>>,
        material: Material,
        images: Images,
    ) -> Result<Prepared, Interrupt> {
        let (transforms, outputs, codec) = (transforms.clone(), outputs.clone(), self.inner.codec.clone());
        let memory_bytes = self.inner.admission.bytes();
        let work = self
            .inner
            .compute(move || make::prepare(transforms.as_ref(), &codec, memory_bytes, material, &outputs, &images));
        work.await?.map_err(Interrupt::Failed)
    }

    /// Decodes, walks and encodes in a blocking thread, while results are kept and written down here.
    async fn make(
        &mut self,
        transforms: Arc<dyn Transforms>,
        prepared: Prepared,
        pending: &[usize],
        held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    ) -> Result<(), Interrupt> {
        let core = tokio::select! {
            reason = self.lease.stop.stopped() => return Err(Interrupt::Stopped(reason)),
            core = self.inner.core() => core,
        };
        let (sender, mut receiver) = mpsc::channel(KEEPING_AT_ONCE);
        let wants_md5 = self.job.spec.intake.md5;
        let (codec, memory_bytes, stop) =
            (self.inner.codec.clone(), self.inner.admission.bytes(), self.lease.stop.clone());
        let work = blocking(move || {
            // Slot, memory and core are free when this thread is, not when somebody stops waiting for it.
            let _held = (held, core);
            let stop = || stop.reason().is_some() || sender.is_closed();
            make::make(transforms.as_ref(), &codec, memory_bytes, prepared, &stop, &mut |output, made| {
                let digest = |made: Made| Made { md5: wants_md5.then(|| report::md5(&made.bytes)), ..made };
                let made = made.map(digest);
                // Nobody listens any more after a stop.
                let _ = sender.blocking_send((output, made));
            })
        });
        let kept = self.keep_all(&mut receiver, pending).await;
        // A stopped thread sees the closed channel at its next result.
        drop(receiver);
        kept?;
        match work.await? {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Stopped)) => Err(Interrupt::Stopped(self.lease.stop.reason().unwrap_or(Reason::Lost))),
            Err(failure) => Err(Interrupt::Failed(failure)),
        }
    }

    /// Whether somebody waits for what was noted. When all is done it goes into the commit that ends the job.
    fn is_worth_writing(&self) -> bool {
        self.job.progress.done < self.job.progress.total
            && (!self.owed.is_empty() || self.written.elapsed() >= PROGRESS_EVERY)
    }

    /// Whether the group has outputs and all are made or failed.
    fn is_done(&self, group: Group) -> bool {
        let mut outputs = self.job.report.group(group).peekable();
        outputs.peek().is_some() && outputs.all(|output| output.state != OutputState::Pending)
    }

    fn happened(&mut self, event: &Event) {
        if let Some(dialect) = &self.dialect {
            self.owed.extend(dialect.deliveries(&self.job, event));
        }
    }

    /// Commits what was achieved so far, and waits for it.
    async fn write(&mut self) -> Result<(), Interrupt> {
        let committed = self.commit().await;
        self.committed(committed)
    }

    /// Begins to commit what was achieved so far. It goes on whether it is waited for or not.
    fn commit(&mut self) -> Commit {
        let owed = std::mem::take(&mut self.owed);
        let tells = !owed.is_empty();
        let advance = report::advance(&self.job, owed);
        let (store, id, token) = (self.inner.ports.store.clone(), self.job.id, self.lease.token);
        self.written = Instant::now();
        Box::pin(async move { store.advance(id, token, advance).await.map(|()| tells) })
    }

    /// What follows from a commit.
    fn committed(&mut self, result: Result<bool, crate::store::Error>) -> Result<(), Interrupt> {
        match result {
            Ok(tells) => {
                (self.inner.ports.changed)(self.job.id);
                if tells {
                    (self.inner.ports.owed)();
                }
                Ok(())
            }
            Err(crate::store::Error::LeaseLost { .. }) => Err(Interrupt::Stopped(Reason::Lost)),
            Err(error) => {
                // It may have been committed; the run that follows finds out from the row.
                tracing::error!("cannot write the progress of a job: {error}");
                Err(Interrupt::Abandoned)
            }
        }
    }
}
