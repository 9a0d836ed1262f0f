//! What stands behind the ports of the worker and of the door.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;

use crate::{
    blob::Blobs,
    distribution::Reference,
    egress::{self, Egress},
    error::{Code, Failure},
    http::{self, Metrics, cloudinary::delivery::Functions},
    job,
    pipeline::{Component, TransformInfo, Transforms},
    plugins::{By, Decision, Listed, Manager, Supply},
    source::{self, Source, Sources},
    storage::Storage,
    store::BlobRow,
    wasm::{StoredComponents, Usage},
    worker::{Components, Input, Inputs, Observer, Results},
};

/// Calls functions on the web through egress.
pub(super) struct Web {
    pub(super) egress: Egress,
    pub(super) max_bytes: u64,
}

#[async_trait]
impl Functions for Web {
    async fn call(&self, url: &str, headers: HeaderMap, body: Bytes, limit: Duration) -> Result<Bytes, Failure> {
        let most = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
        let answer = self.egress.post(url, headers, body, limit, most.saturating_add(1)).await;
        let answer = answer.map_err(|error| match error {
            error @ (egress::Error::BadUrl { .. } | egress::Error::AddressRefused { .. }) => refusal(&error),
            error => Failure::new(Code::SourceUnreachable, format!("cannot call the function: {error}")),
        })?;
        match answer.status {
            200 if answer.body_start.len() <= most => Ok(answer.body_start),
            200 => Err(Failure::new(Code::SourceLimit, format!("the function answered more than {most} bytes"))),
            status => Err(Failure::new(Code::SourceUnreachable, format!("the function answered {status}"))),
        }
    }
}

/// The worker's inputs: downloads, stored bytes, data URIs.
pub(super) struct SourceInputs {
    pub(super) sources: Sources,
    pub(super) max_bytes: u64,
}

#[async_trait]
impl Inputs for SourceInputs {
    async fn read(&self, source: &Source) -> Result<Input, Failure> {
        let loaded = self.sources.read(source).await?;
        Ok(Input { bytes: loaded.bytes, sha256: loaded.sha256 })
    }

    fn data(&self, uri: &str) -> Result<Bytes, Failure> {
        Ok(source::parse_data_uri(uri, self.max_bytes)?.bytes)
    }
}

/// The worker's results: blobs, and uploads.
pub(super) struct BlobResults {
    pub(super) blobs: Blobs,
    pub(super) storage: Storage,
}

#[async_trait]
impl Results for BlobResults {
    async fn put(&self, bytes: Bytes) -> Result<BlobRow, Failure> {
        let kept = self.blobs.put(bytes).await.map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?;
        Ok(BlobRow { sha256: kept.sha256, bytes: kept.bytes })
    }

    async fn upload(&self, to: &job::Destination, media_type: &str, bytes: Bytes) -> Result<(), Failure> {
        self.storage.upload(to, media_type, bytes).await
    }
}

/// Why an address in a request is refused.
pub(super) fn refusal(error: &egress::Error) -> Failure {
    let code = match error {
        egress::Error::AddressRefused { .. } => Code::AddressRefused,
        _ => Code::InvalidRequest,
    };
    Failure::new(code, error.to_string())
}

/// The worker's stored components.
pub(super) struct Stored(pub(super) StoredComponents);

impl Components for Stored {
    fn at_hand(&self, sha256: &str) -> Option<Component> {
        self.0.at_hand(sha256)
    }

    fn load(&self, component: &[u8]) -> Result<Component, Failure> {
        self.0.load(component)
    }
}

/// The worker's events, counted.
pub(super) struct Observed(pub(super) Arc<Metrics>);

impl Observer for Observed {
    fn job_finished(&self, state: job::State, ran: Duration) {
        self.0.job_finished(state, ran);
    }

    fn output_made(&self, format: &str, bytes: u64) {
        self.0.output_made(format, bytes);
    }

    fn output_failed(&self, code: Code) {
        self.0.output_failed(code);
    }
}

/// The door's plugins.
pub(super) struct Offered {
    pub(super) manager: Arc<Manager>,
    pub(super) supply: Arc<Supply>,
}

#[async_trait]
impl http::Plugins for Offered {
    fn snapshot(&self) -> Arc<dyn Transforms> {
        self.manager.registry().snapshot()
    }

    fn view(&self, account: &str) -> Arc<dyn Transforms> {
        self.manager.registry().view(account)
    }

    fn transforms(&self, account: &str) -> Vec<Arc<TransformInfo>> {
        self.manager.registry().view(account).transforms()
    }

    fn list(&self) -> Vec<Listed> {
        self.manager.all()
    }

    fn usage(&self) -> Vec<Usage> {
        self.manager.registry().usage()
    }

    fn unoptimised(&self) -> usize {
        self.manager.registry().unoptimised()
    }

    async fn install(&self, by: &By, name: &str, component: Bytes) -> Result<Listed, Failure> {
        self.supply.take(&self.manager, by, name, component).await
    }

    async fn install_from(&self, by: &By, name: &str, from: &Reference, update: bool) -> Result<Listed, Failure> {
        self.supply.install(&self.manager, by, Some(name), from, update).await
    }

    async fn decide(&self, by: &By, name: &str, decisions: Vec<Decision>) -> Result<Listed, Failure> {
        self.manager.decide(by, name, &decisions).await
    }

    async fn remove(&self, by: &By, name: &str) -> Result<(), Failure> {
        self.manager.remove(by, name).await
    }
}
