//! A door on a temporary folder, and what a client and a worker do with it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use bytes::Bytes;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::plugins::Played;
use crate::{
    blob::Blobs,
    clock::Clock,
    config::Config,
    dialect::{
        blitline::Blitline, blurb::Blurb, cloudinary::Cloudinary, image_intelligence::ImageIntelligence, native::Native,
    },
    egress::Egress,
    error::{Code, Failure},
    http::{
        BlitlineSettings, BlurbSettings, Changes, CloudinaryDoor, Documents, ImageIntelligenceSettings, Limits,
        Measure, Metrics, Plugins as _, Rates, State,
        cloudinary::delivery::{AssetResources, Delivery, tests::FakeMaker},
        router,
    },
    job::{OutputState, Progress, Rendering, SourceReport},
    source::Source,
    store::{Account, Advance, BlobRow, ClaimedJob, Completion, Options, Sqlite, Store},
};

pub(super) const KEY: &str = "Bearer demo:right";
pub(super) const OTHER: &str = "Bearer other:right";

/// A 3 x 2 PNG.
pub(super) fn png() -> Vec<u8> {
    let raster = safelight_codec::Raster::filled(3, 2, [200, 100, 50, 255]);
    let picture = safelight_codec::Picture::still(raster);
    safelight_codec::encode(&picture, &safelight_codec::EncodeOptions::new(safelight_codec::Format::Png)).unwrap()
}

pub(super) struct Door {
    pub(super) state: Arc<State>,
    pub(super) router: Router,
    dir: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Nothing is downloaded here.
struct Unmeasured;

#[async_trait::async_trait]
impl Measure for Unmeasured {
    async fn measure(&self, _: &Source, _: &Rendering) -> Result<SourceReport, Failure> {
        Err(Failure::new(Code::SourceUnreachable, "there is no network"))
    }
}

/// An answer with its body read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the code of a problem document.
    #[track_caller]
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{:?}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:safelight:problem:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
        (self.status.as_u16(), code)
    }

    /// Pointers (or fields) and codes of a problem's list.
    pub(super) fn issues(&self) -> Vec<(String, String)> {
        let problem = self.json();
        let issues = problem["errors"].as_array().cloned().unwrap_or_default();
        let place = |issue: &Value| issue["pointer"].as_str().or(issue["field"].as_str()).unwrap_or("?").to_owned();
        issues.iter().map(|issue| (place(issue), issue["code"].as_str().unwrap().to_owned())).collect()
    }
}

impl Door {
    pub(super) async fn open() -> Door {
        Door::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Door {
        let dir = std::env::temp_dir().join(format!("safelight-http-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut config = Config::defaults();
        config.server.max_wait_s = 5;
        change(&mut config);
        let clock = Clock::System;
        let options = Options::without_breaker([7; 32]);
        let store = Sqlite::open(&dir.join("store.db"), clock.clone(), options).await.unwrap();
        for key in ["demo", "other"] {
            let account = Account {
                key: key.into(),
                secret: "right".into(),
                webhook_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
                previous_webhook_secret: None,
                previous_until: None,
                settings: Default::default(),
                created_at: clock.now(),
            };
            store.create_account(account).await.unwrap();
        }
        let egress = Egress::new(&config.egress).unwrap();
        let public_url = "http://here".to_owned();
        let (store, plugins) = (Arc::new(store), Arc::new(Played::new()));
        let blobs = Blobs::local(&dir.join("blobs")).unwrap();
        let cloudinary = Arc::new(Cloudinary {
            public_url: public_url.clone(),
            config: config.cloudinary,
            transforms: {
                let plugins = plugins.clone();
                Arc::new(move |account: &str| plugins.view(account))
            },
            blobs: blobs.clone(),
        });
        let delivery = Arc::new(Delivery::new(
            Arc::new(AssetResources::new(store.clone(), config.delivery.fetch)),
            Arc::new(FakeMaker::new(blobs.clone())),
            Arc::new(FakeMaker::new(blobs.clone())),
            plugins.clone(),
            blobs.clone(),
            clock.clone(),
            config.delivery.clone(),
        ));
        let state = Arc::new(State {
            limits: Limits::new(&config),
            rates: Rates::new("requests", config.server.requests_per_s),
            documents: Documents::new(config.server.documents_bytes),
            store,
            blobs,
            plugins,
            delivery,
            check_address: Arc::new(move |url| {
                let refused = |error: crate::egress::Error| Failure::new(Code::AddressRefused, error.to_string());
                egress.check_literal(url).map_err(refused)
            }),
            dialects: vec![
                Arc::new(Native { public_url: public_url.clone(), clock: clock.clone() }),
                cloudinary.clone(),
                Arc::new(Blitline {
                    public_url: public_url.clone(),
                    events: config.blitline.events.clone(),
                    region: config.webhook.aws.region.clone(),
                    storage: config.storage.clone(),
                    clock: clock.clone(),
                }),
                Arc::new(ImageIntelligence { base_url: "http://here".into(), sign_webhooks: false }),
                Arc::new(Blurb { base_url: "http://here/blurb".into(), sign_webhooks: false }),
            ],
            cloudinary: CloudinaryDoor { dialect: cloudinary, measure: Arc::new(Unmeasured) },
            blitline: BlitlineSettings {
                polls: Rates::new("polls", config.blitline.polls_per_s),
                config: config.blitline,
                base_url: "http://here".into(),
                storage: config.storage,
            },
            image_intelligence: ImageIntelligenceSettings {
                config: config.image_intelligence,
                base_url: "http://here".into(),
            },
            blurb: BlurbSettings { config: config.blurb, base_url: "http://here/blurb".into() },
            clock,
            changes: Changes::new(),
            metrics: Arc::new(Metrics::new()),
            job_ready: Arc::default(),
            cancel_requested: Arc::new(|_| {}),
            delivery_ready: Arc::default(),
            draining: CancellationToken::new(),
            config: config.server,
            public_url,
        });
        Door { router: router(Arc::clone(&state)), state, dir }
    }

    /// Where it keeps everything.
    pub(super) fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Sends a request of the account `demo`.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", KEY);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], Body::empty()).await
    }

    pub(super) async fn post(&self, path: &str, document: &Value) -> Answer {
        self.ask(Method::POST, path, &[("content-type", "application/json")], document.to_string()).await
    }

    /// Submits a job and answers its document.
    pub(super) async fn submit(&self, document: &Value) -> Value {
        let answer = self.post("/v1/jobs", document).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.json()
    }

    /// Claims the one job that waits, as a worker does.
    pub(super) async fn claim(&self) -> ClaimedJob {
        let mut claimed = self.state.store.claim_jobs(1, Duration::from_secs(30)).await.unwrap();
        claimed.pop().expect("a job waits")
    }

    /// Ends a claimed job as a worker does: the first outputs get these bytes, the others fail.
    pub(super) async fn complete(&self, claimed: ClaimedJob, made: &[&[u8]]) {
        let ClaimedJob { mut job, token } = claimed;
        let mut blobs = Vec::new();
        for (index, output) in job.report.outputs.iter_mut().enumerate() {
            if let Some(bytes) = made.get(index) {
                let blob = self.state.blobs.put(Bytes::copy_from_slice(bytes)).await.unwrap();
                output.state = OutputState::Succeeded;
                (output.width, output.height) = (Some(3), Some(2));
                output.format = Some("png".into());
                output.bytes = Some(blob.bytes);
                output.sha256 = Some(blob.sha256.clone());
                blobs.push(BlobRow::from(blob));
            } else {
                output.state = OutputState::Failed;
                output.error = Some(crate::job::JobError {
                    code: crate::error::Code::UnknownTransform,
                    message: "Unknown function named 'blu3r'".into(),
                    output: Some(output.id.clone()),
                    step: Some(0),
                });
            }
        }
        let total = job.report.outputs.len() as u32;
        let state = job.report.final_state();
        job.state = state;
        let dialect = self.state.dialect(&job.spec.dialect).unwrap();
        let deliveries = dialect.deliveries(&job, &crate::dialect::Event::MainFinished);
        let advance = Advance { report: job.report, progress: Progress { done: total, total }, deliveries, blobs };
        self.state.store.complete(job.id, token, Completion { state, advance, changes: Vec::new() }).await.unwrap();
        self.state.changes.changed(job.id);
    }
}
