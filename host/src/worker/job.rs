//! One job from claim to commit.

mod again;
mod as_sent;
mod check;
mod open;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
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
    error::{Code, Failure},
    job::{Accepts, Destination, FILE, Group, JobError, Output, OutputState, SourceReport, State},
    metadata,
    pipeline::{Images, Size, Stopped, Transforms, written_format},
    source::Source,
    store::{AssetRow, BlobRow, Change, ClaimedJob, Completion, JobRow},
    webhook::NewDelivery,
    zip,
};

/// How often the progress of a long job is written when nothing else is.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How many results may wait to be kept before no further one is encoded.
const KEEPING_AT_ONCE: usize = 8;

/// How often the end of a job is worked out anew because somebody else was faster.
const ENDING_TRIES: u32 = 8;

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

    /// Keeps results as they come and writes down what became of them. While one commit is under way the
    /// next results gather for the one after it.
    async fn keep_all(
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
    fn note(&mut self, output: usize, kept: Result<(Made, BlobRow), JobError>) -> Result<(), Interrupt> {
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

    /// Ends the job, gives it back, or lets go of it.
    async fn finish(self, end: Result<(), Interrupt>) {
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

/// Keeps an output's bytes, and uploads them if they are to go elsewhere too.
async fn keep(
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
