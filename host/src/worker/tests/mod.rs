//! Jobs run to their end with the embedded store, transforms that run no Wasm, and sources and results
//! in memory. The clock is stepped.

mod endings;
mod failures;
mod handing_back;
mod library;
mod local;
mod open;
mod patient;
mod pictures;
mod uploads;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use safelight_codec::{EncodeOptions, Format, Picture, Raster};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::{
    clock::{Clock, from_micros},
    dialect::{Dialect, native::Native},
    job::{Callbacks, Destination, Group, Output, OutputState, Report, Spec, State},
    pipeline::{
        Component, Transforms,
        testing::{FakeTransforms, output, step},
    },
    source::Source,
    store::{Account, BlobRow, DeliveryFilter, JobRow, NewBatch, NewJob, Options, Sqlite, Store, Submission},
};

const LEASE: Duration = Duration::from_secs(30);

/// Pictures by URL; how often each was asked for; how often it fails first.
#[derive(Default)]
struct MemoryInputs {
    pictures: Mutex<HashMap<String, Result<Bytes, Failure>>>,
    reads: Mutex<Vec<String>>,
    failures_left: AtomicU32,
}

#[async_trait]
impl Inputs for MemoryInputs {
    async fn read(&self, source: &Source) -> Result<Input, Failure> {
        let name = match source {
            Source::Url { url } => url.clone(),
            Source::Blob { sha256, .. } => sha256.clone(),
            Source::Archive { .. } => "archive".to_owned(),
            Source::Canvas { .. } => panic!("a canvas is not read"),
        };
        self.reads.lock().unwrap().push(name.clone());
        if self.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(Failure::new(Code::SourceUnreachable, "no answer"));
        }
        let found = self.pictures.lock().unwrap().get(&name).cloned();
        let bytes = found.unwrap_or_else(|| Err(Failure::new(Code::SourceNotFound, format!("{name}: 404"))))?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Ok(Input { bytes, sha256 })
    }

    fn data(&self, uri: &str) -> Result<Bytes, Failure> {
        Ok(crate::source::parse_data_uri(uri, 1 << 20)?.bytes)
    }
}

#[derive(Default)]
struct MemoryResults {
    kept: Mutex<BTreeMap<String, Bytes>>,
    failures_left: AtomicU32,
    /// Where to, and as what.
    uploads: Mutex<Vec<(String, String)>>,
    /// How uploads end before they succeed.
    refusals: Mutex<Vec<Failure>>,
}

#[async_trait]
impl Results for MemoryResults {
    async fn put(&self, bytes: Bytes) -> Result<BlobRow, Failure> {
        if self.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(Failure::new(Code::StorageFailed, "the disk is full"));
        }
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let row = BlobRow { sha256: sha256.clone(), bytes: bytes.len() as u64 };
        self.kept.lock().unwrap().insert(sha256, bytes);
        Ok(row)
    }

    async fn upload(&self, to: &Destination, media_type: &str, _: Bytes) -> Result<(), Failure> {
        if let Some(failure) = self.refusals.lock().unwrap().pop() {
            return Err(failure);
        }
        self.uploads.lock().unwrap().push((format!("{to:?}"), media_type.to_owned()));
        Ok(())
    }
}

/// Every stored component is a plugin whose first transform is `sepia`, if its bytes are `sepia`.
struct FakeComponents;

impl Components for FakeComponents {
    fn at_hand(&self, _: &str) -> Option<Component> {
        None
    }

    fn load(&self, component: &[u8]) -> Result<Component, Failure> {
        match component {
            b"sepia" => {
                Ok(Component { transforms: Arc::new(FakeTransforms::default()), transform: "sepia".to_owned() })
            }
            _ => Err(Failure::new(Code::PluginInvalid, "this is no component")),
        }
    }
}

/// A store with one account, and what a worker needs beside it.
struct Room {
    dir: PathBuf,
    store: Sqlite,
    clock: Clock,
    inputs: Arc<MemoryInputs>,
    results: Arc<MemoryResults>,
    transforms: Arc<FakeTransforms>,
    changed: Arc<Mutex<BTreeSet<Uuid>>>,
    config: Config,
    /// Beside the native one.
    dialect: Option<Arc<dyn Dialect>>,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A worker that runs.
struct Running {
    worker: Worker,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

impl Room {
    async fn new() -> Room {
        Room::slow(Duration::ZERO).await
    }

    /// With a `slow` transform that takes this long.
    async fn slow(slow: Duration) -> Room {
        let dir = std::env::temp_dir().join(format!("safelight-worker-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let clock = Clock::stepped(from_micros(1_700_000_000_000_000));
        let options = Options::without_breaker([7; 32]);
        let store = Sqlite::open(&dir.join("db"), clock.clone(), options).await.unwrap();
        let account = Account {
            key: "demo".into(),
            secret: "secret".into(),
            webhook_secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".into(),
            previous_webhook_secret: None,
            previous_until: None,
            settings: Default::default(),
            created_at: clock.now(),
        };
        store.create_account(account).await.unwrap();
        let inputs = MemoryInputs::default();
        inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), Ok(png(80, 60)));
        let config = Config {
            slots: 2,
            lease_s: LEASE.as_secs(),
            heartbeat_s: 1,
            max_attempts: 3,
            retry_ms: 20,
            storage_patience_s: 0,
            memory_bytes: 64 << 20,
            max_steps: 100,
            max_outputs: 100,
        };
        Room {
            dir,
            store,
            clock,
            inputs: Arc::new(inputs),
            results: Arc::default(),
            transforms: Arc::new(FakeTransforms { slow, ..FakeTransforms::default() }),
            changed: Arc::default(),
            config,
            dialect: None,
        }
    }

    fn worker(&self) -> Worker {
        let native: Arc<dyn Dialect> = Arc::new(Native { public_url: "http://here".into(), clock: self.clock.clone() });
        let (transforms, changed) = (self.transforms.clone(), self.changed.clone());
        let ports = Ports {
            store: Arc::new(self.store.clone()),
            inputs: self.inputs.clone(),
            results: self.results.clone(),
            transforms: Arc::new(move |_: &str| transforms.clone() as Arc<dyn Transforms>),
            components: Arc::new(FakeComponents),
            dialects: [Some(native), self.dialect.clone()].into_iter().flatten().map(|d| (d.name(), d)).collect(),
            clock: self.clock.clone(),
            changed: Arc::new(move |job| {
                changed.lock().unwrap().insert(job);
            }),
            owed: Arc::new(|| {}),
            observer: Arc::new(Unobserved),
        };
        Worker::new(ports, self.config.clone(), codec_config())
    }

    fn run(&self, drain: Duration) -> Running {
        let (worker, shutdown) = (self.worker(), CancellationToken::new());
        let task = tokio::spawn({
            let (worker, shutdown) = (worker.clone(), shutdown.clone());
            async move { worker.run(shutdown, drain).await }
        });
        Running { worker, shutdown, task }
    }

    async fn submit(&self, spec: Spec) -> Uuid {
        self.submit_all(vec![spec], None).await[0]
    }

    async fn submit_all(&self, specs: Vec<Spec>, batch: Option<NewBatch>) -> Vec<Uuid> {
        let jobs = specs.into_iter().map(|spec| {
            let outputs = spec
                .outputs
                .iter()
                .map(|output| report::pending(output, Uuid::new_v4().simple().to_string()))
                .collect();
            let report = Report { outputs, ..Report::default() };
            NewJob { id: crate::job::new_id(), priority: 0, spec, report, blobs: Vec::new() }
        });
        let submission =
            Submission { account: "demo".into(), jobs: jobs.collect(), batch, idempotency: None, queue_limit: 1000 };
        self.store.submit(submission).await.unwrap().jobs
    }

    async fn job(&self, id: Uuid) -> JobRow {
        self.store.job("demo", id).await.unwrap().unwrap()
    }

    /// Lets time pass until the job is as wished.
    async fn until(&self, id: Uuid, wish: impl Fn(&JobRow) -> bool) -> JobRow {
        for _ in 0..2000 {
            let job = self.job(id).await;
            if wish(&job) {
                return job;
            }
            self.clock.step(Duration::from_millis(10));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it did not come to pass: {:?}", self.job(id).await);
    }

    /// Runs a worker until the job has ended.
    async fn end(&self, id: Uuid) -> JobRow {
        let running = self.run(Duration::from_secs(5));
        let job = self.until(id, |job| job.state.is_final()).await;
        running.stop().await;
        job
    }

    /// What is owed for a job, in order: the kind, then the state that its body tells.
    async fn owed(&self, id: Uuid) -> Vec<String> {
        let filter = DeliveryFilter { job: Some(id), limit: 100, ..DeliveryFilter::default() };
        let mut rows = self.store.deliveries("demo", filter).await.unwrap().items;
        rows.sort_by_key(|row| row.delivery.sequence);
        let line = |row: &crate::store::DeliveryRow| {
            let body: serde_json::Value = serde_json::from_slice(&row.delivery.body).unwrap();
            let job = if body["data"]["job"].is_object() { &body["data"]["job"] } else { &body["data"] };
            format!("{} {}", row.delivery.kind, job["state"].as_str().unwrap())
        };
        rows.iter().map(line).collect()
    }
}

fn codec_config() -> CodecConfig {
    CodecConfig {
        sandbox: Default::default(),
        avif_seconds: 10,
        max_bytes: 1 << 20,
        max_pixels: 1_000_000,
        max_total_pixels: 4_000_000,
        max_frames: 100,
        max_output_bytes: 1 << 20,
    }
}

fn png(width: u32, height: u32) -> Bytes {
    let picture = Picture::still(Raster::filled(width, height, [9, 8, 7, 255]));
    safelight_codec::encode(&picture, &EncodeOptions::new(Format::Png)).unwrap().into()
}

/// A job on the picture of 80 x 60 px, with both callbacks.
fn spec(outputs: impl Into<Vec<Output>>) -> Spec {
    Spec {
        patience: None,
        rendering: Default::default(),
        dialect: "native".into(),
        source: Source::Url { url: "http://pictures/a".into() },
        outputs: outputs.into(),
        open: false,
        callbacks: Callbacks {
            notification_url: Some("http://receiver/main".into()),
            eager_notification_url: Some("http://receiver/eager".into()),
            events: Vec::new(),
        },
        reference: None,
        store_as: None,
        intake: Default::default(),
        extra: serde_json::Value::Null,
    }
}

/// `a succeeded 40x30`, or `a failed step 1 code: message`.
fn results(job: &JobRow) -> Vec<String> {
    let line = |output: &crate::job::OutputReport| match (&output.state, &output.error) {
        (OutputState::Succeeded, None) => {
            format!("{} succeeded {}x{}", output.id, output.width.unwrap(), output.height.unwrap())
        }
        (OutputState::Failed, Some(error)) => {
            assert_eq!(error.output.as_deref(), Some(output.id.as_str()));
            let step = error.step.map_or(String::new(), |step| format!("step {step} "));
            format!("{} failed {step}{}: {}", output.id, error.code, error.message)
        }
        (OutputState::Pending, None) => format!("{} pending", output.id),
        other => panic!("{}: {other:?}", output.id),
    };
    job.report.outputs.iter().map(line).collect()
}
