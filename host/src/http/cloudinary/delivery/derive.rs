//! Images that are found again or made: derived ones, and remote files.

use std::{sync::Arc, time::Duration};

use axum::http::{StatusCode, header, request::Parts};
use md5::{Digest, Md5};

use super::{
    Access, Cloud, Delivery, Derivation, Derived, Resource, ResourceId,
    access::{Credentials, may_fetch},
    among,
    plan::Plan,
    refusal::Refusal,
    remote::Signed,
};
use crate::{
    blob,
    dialect::{
        cloudinary::{
            geometry::Size,
            intake::extension_of,
            recipe::{key, recipe},
            url::{Address, ResourceType},
        },
        native::lower::web_url,
    },
    error::{Code, Failure},
    source::Source,
    worker::Now,
};

impl Delivery {
    /// The derived image of a plan.
    pub(super) async fn derived(
        self: &Arc<Self>,
        cloud: &Cloud,
        address: &Address,
        resource: &Resource,
        plan: Plan,
    ) -> Result<Derived, Refusal> {
        let recipe = recipe(self.plugins.view(&cloud.account).as_ref(), &plan.lowered, &resource.format);
        let key = key(&resource.sha256, &recipe);
        let account = cloud.account.clone();
        let extension = address.extension.filter(|extension| extension.reported() != extension_of(&resource.format));
        let derivation = Derivation {
            key: key.clone(),
            of: resource.row,
            transformation: address.transformation.to_string(),
            extension: extension.map(|extension| extension.name().to_owned()).unwrap_or_default(),
        };
        let known = self.resources.derived(&account, &derivation).await.map_err(|failure| Refusal::store(&failure))?;
        if let Some(derived) = known {
            match self.blobs.size(&derived.sha256).await {
                Ok(_) => return Ok(derived),
                // It was cleared away: it is made again.
                Err(blob::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let now = Now {
            account: account.clone(),
            source: Source::Blob { sha256: resource.sha256.clone(), asset: None },
            rendering: plan.lowered.rendering,
            steps: plan.lowered.steps,
            encoding: plan.lowered.encoding,
            limit: Duration::from_secs(self.config.limit_s),
        };
        let (this, signed) = (self.clone(), Signed::new(cloud, resource));
        let key = format!("{}/{key}", cloud.account);
        let shared = key.clone();
        let work = move || async move {
            let make = async {
                let made = this.make(now, &signed).await?;
                let derived = Derived {
                    sha256: made.blob.sha256,
                    bytes: made.blob.bytes,
                    etag: hex::encode(Md5::digest(&made.bytes)),
                    format: made.format,
                    width: made.width,
                    height: made.height,
                    made: this.clock.now(),
                };
                this.resources.keep_derived(&account, &derivation, &derived).await?;
                Ok(derived)
            };
            among::once(&this.resources, &shared, || this.resources.derived(&account, &derivation), make).await
        };
        let making = self.deriving.once(&key, work);
        match tokio::time::timeout(self.config.wait(), making).await {
            Ok(made) => made.map_err(|failure| Refusal::making(&failure)),
            Err(_) => Err(still(&address.public_id)),
        }
    }

    /// A remote file: the one that was fetched before, or a new one.
    pub(super) async fn fetched(
        self: &Arc<Self>,
        cloud: &Cloud,
        id: &ResourceId,
        given: Credentials,
        head: &Parts,
    ) -> Result<Resource, Refusal> {
        may_fetch(cloud, given)?;
        let url = id.public_id.as_str();
        let invalid = |message: String| Refusal::new(StatusCode::BAD_REQUEST, format!("Invalid url: {message}"));
        let parsed = web_url(url).map_err(invalid)?;
        // An address of ours that fetches, and so on, would hold a place for each of them.
        let here = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let theirs = parsed.port().map_or_else(
            || parsed.host_str().unwrap_or_default().to_owned(),
            |port| format!("{}:{port}", parsed.host_str().unwrap_or_default()),
        );
        if here.is_some_and(|here| here.eq_ignore_ascii_case(&theirs)) && parsed.path().contains("/fetch/") {
            return Err(invalid(format!("is {url:?}, expected one that does not fetch from here again")));
        }
        let known = self.resources.find(&cloud.account, id).await.map_err(|failure| Refusal::store(&failure))?;
        if let Some(resource) = known
            && self.blobs.size(&resource.sha256).await.is_ok()
        {
            return Ok(resource);
        }
        let (this, account, wanted) = (self.clone(), cloud.account.clone(), id.clone());
        let key = format!("{}/{}/{url}", cloud.account, id.kind.word());
        let shared = key.clone();
        let work = move || async move {
            let make = this.fetch(&account, &wanted);
            among::once(&this.resources, &shared, || this.resources.find(&account, &wanted), make).await
        };
        match tokio::time::timeout(self.config.wait(), self.fetching.once(&key, work)).await {
            Ok(fetched) => fetched.map_err(|failure| Refusal::fetching(url, &failure)),
            Err(_) => Err(still(url)),
        }
    }

    async fn fetch(&self, account: &str, id: &ResourceId) -> Result<Resource, Failure> {
        let picture = id.kind == ResourceType::Image;
        let (blob, report) = self.maker.fetch(&id.public_id, picture).await?;
        let bytes = self.blobs.get(&blob.sha256).await;
        let bytes = bytes.map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?;
        let resource = Resource {
            row: None,
            sha256: blob.sha256,
            bytes: blob.bytes,
            etag: hex::encode(Md5::digest(&bytes)),
            format: report.as_ref().map_or_else(String::new, |report| report.format.clone()),
            size: report.as_ref().map(|report| Size::new(report.width, report.height)),
            frames: report.as_ref().map(|report| report.frames.unwrap_or(1)),
            modified: self.clock.now(),
            tags: Vec::new(),
            context: Default::default(),
            metadata: Default::default(),
            faces: Vec::new(),
            custom: Vec::new(),
            access: Access::ByType,
        };
        self.resources.keep_fetched(account, id, resource).await
    }
}

/// It takes longer than a request waits, and goes on.
fn still(id: &str) -> Refusal {
    Refusal::new(StatusCode::LOCKED, format!("{id} is still being made, try again"))
}
