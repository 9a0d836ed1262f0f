//! Delivery: `GET /{cloud}/{resource type}/{type}/[s--sig--/][transformation/][v1/]{public id}[.ext]`.
//!
//! A request goes through these files in order: the address is read, [`access`] lets it in, [`plan`] works out what is to
//! be done, [`derive`] finds what was made before or has it made once, whoever asks at the same time, and [`reply`] puts
//! headers to it. [`ports`] is what the rest of the host has to offer; [`assets`] offers the native API's assets.

mod access;
mod among;
mod assets;
mod derive;
mod library;
mod making;
mod plan;
mod ports;
mod refusal;
mod remote;
mod reply;
#[cfg(test)]
pub(crate) mod tests;
mod widths;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};

use crate::{
    blob::Blobs,
    clock::Clock,
    dialect::cloudinary::{
        evaluate::Hints,
        geometry::Size,
        url::{Address, DeliveryType, Host, ResourceType},
    },
    http::Plugins,
};
use access::Credentials;
use making::Making;
use refusal::Refusal;

pub use assets::AssetResources;
pub use library::LibraryResources;
pub use ports::{Access, Cloud, Derivation, Derived, Fetching, Maker, Resource, ResourceId, Resources};
pub use remote::Functions;

/// `[delivery]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hosts whose addresses may leave the cloud's name out, with that name.
    pub hosts: BTreeMap<String, String>,
    /// Who may have remote files fetched.
    pub fetch: Fetching,
    /// Most pixels of a picture on the way.
    pub max_pixels: u64,
    /// Images being made at the same time.
    pub slots: u32,
    /// Images that may wait to be made.
    pub waiting: u32,
    /// How long a request waits for an image.
    pub wait_s: u64,
    /// How long an image may take.
    pub limit_s: u64,
    /// How long clients may keep an answer.
    pub max_age_s: u64,
}

impl Config {
    /// The longest wait for an image.
    fn wait(&self) -> Duration {
        Duration::from_secs(self.wait_s)
    }
}

/// First segments of paths that are never a cloud's name.
const OURS: [&str; 7] = ["v1", "v1_1", "o", "healthz", "readyz", "metrics", "favicon.ico"];

/// Second segments that tell a delivery address, whatever the first.
const KINDS: [&str; 9] =
    ["image", "video", "raw", "images", "private_images", "authenticated_images", "videos", "files", "iu"];

/// Answers delivery addresses.
pub struct Delivery {
    resources: Arc<dyn Resources>,
    maker: Arc<dyn Maker>,
    functions: Arc<dyn Functions>,
    plugins: Arc<dyn Plugins>,
    blobs: Blobs,
    clock: Clock,
    config: Config,
    deriving: Making<Derived>,
    fetching: Making<Resource>,
}

impl Delivery {
    /// Delivers these resources.
    pub fn new(
        resources: Arc<dyn Resources>,
        maker: Arc<dyn Maker>,
        functions: Arc<dyn Functions>,
        plugins: Arc<dyn Plugins>,
        blobs: Blobs,
        clock: Clock,
        config: Config,
    ) -> Delivery {
        let (slots, waiting) = (config.slots as usize, config.waiting as usize);
        Delivery {
            resources,
            maker,
            functions,
            plugins,
            blobs,
            clock,
            config,
            deriving: Making::new(slots, waiting),
            fetching: Making::new(slots, waiting),
        }
    }

    /// The answer to a request; none when its path is no delivery address, or the method no reading one.
    pub async fn answer(self: &Arc<Self>, head: &Parts) -> Option<Response> {
        let is_head = head.method == Method::HEAD;
        if !is_head && head.method != Method::GET {
            return None;
        }
        let path = head.uri.path();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let first = segments.next().filter(|first| !OURS.contains(first))?;
        let kind = segments.next();
        let host = self.host(head);
        let name = match host {
            Host::Of(cloud) => cloud,
            Host::Shared => first,
        };
        let cloud = match self.resources.cloud(name).await {
            Ok(Some(cloud)) => cloud,
            Ok(None) if kind.is_some_and(|kind| KINDS.contains(&kind)) => {
                let message = format!("cloud_name {name} is disabled");
                return Some(Refusal::new(StatusCode::NOT_FOUND, message).into_answer(is_head));
            }
            Ok(None) => return None,
            Err(failure) => return Some(Refusal::store(&failure).into_answer(is_head)),
        };
        let answer = self.deliver(&cloud, host, head).await;
        Some(answer.unwrap_or_else(|refusal| refusal.into_answer(is_head)))
    }

    /// Whether the host of a request belongs to one cloud.
    fn host(&self, head: &Parts) -> Host<'_> {
        let named = head.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let named = named.or_else(|| head.uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
        let without_port = match named.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => named,
        };
        let hosts = &self.config.hosts;
        let cloud =
            hosts.iter().find(|(host, _)| host.eq_ignore_ascii_case(named) || host.eq_ignore_ascii_case(without_port));
        cloud.map_or(Host::Shared, |(_, cloud)| Host::Of(cloud))
    }

    /// The image of an address, for its own account: it is found or made, whoever may have it. An original is told
    /// like one that was made.
    ///
    /// Errors: the status and the message of the answer.
    pub async fn made(self: &Arc<Self>, path: &str) -> Result<Derived, (u16, String)> {
        self.find_or_make(path).await.map_err(|refusal| (refusal.status.as_u16(), refusal.message))
    }

    async fn find_or_make(self: &Arc<Self>, path: &str) -> Result<Derived, Refusal> {
        let address = Address::parse(path, Host::Shared)?;
        let cloud = self.resources.cloud(&address.cloud).await.map_err(|failure| Refusal::store(&failure))?;
        let cloud = cloud.ok_or_else(|| Refusal::not_found(&address.public_id))?;
        let given = Credentials { signed: true, token: false };
        let (head, ()) = axum::http::Request::new(()).into_parts();
        let (_, resource) = self.find(&cloud, &address, given, &head).await?;
        let plan = self.plan(&cloud, &address, &resource, given, (Hints::default(), None)).await?;
        if !reply::changes_nothing(&resource, &plan) {
            return self.derived(&cloud, &address, &resource, plan).await;
        }
        let size = resource.size.unwrap_or_else(|| Size::new(0, 0));
        Ok(Derived {
            sha256: resource.sha256,
            bytes: resource.bytes,
            etag: resource.etag,
            format: resource.format,
            width: size.width,
            height: size.height,
            made: resource.modified,
        })
    }

    async fn deliver(self: &Arc<Self>, cloud: &Cloud, host: Host<'_>, head: &Parts) -> Result<Response, Refusal> {
        let address = Address::parse(head.uri.path(), host)?;
        let given = Credentials::of(&address, cloud, head, &self.clock)?;
        let (id, resource) = self.find(cloud, &address, given, head).await?;
        access::check(self.resources.as_ref(), cloud, &address, &resource, given).await?;
        if id.kind == ResourceType::Image {
            return self.image(cloud, &address, &resource, given, head).await;
        }
        if !address.transformation.nodes.is_empty() {
            let message = format!(
                "Invalid transformation: {} (expected none: files of the type {} are delivered as they are)",
                address.transformation_text,
                id.kind.word()
            );
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        }
        self.original(&address, &resource, given, None, head).await
    }

    /// The resource of an address: stored, fetched, or the one in place of a missing one.
    async fn find(
        self: &Arc<Self>,
        cloud: &Cloud,
        address: &Address,
        given: Credentials,
        head: &Parts,
    ) -> Result<(ResourceId, Resource), Refusal> {
        let id = ResourceId {
            kind: address.resource_type,
            delivery: address.delivery.clone(),
            public_id: address.public_id.clone(),
        };
        let found = match &address.delivery {
            DeliveryType::Other(_) => None,
            DeliveryType::Fetch => match self.fetched(cloud, &id, given, head).await {
                Ok(resource) => Some(resource),
                Err(refusal) if refusal.status != StatusCode::NOT_FOUND => return Err(refusal),
                Err(refusal) if plan::default_image(&address.transformation).is_none() => return Err(refusal),
                Err(_) => None,
            },
            _ => self.stored(cloud, &id, address).await?,
        };
        if let Some(resource) = found {
            return Ok((id, resource));
        }
        if let Some(default) = plan::default_image(&address.transformation)
            && let Some(resource) = self.image_named(&cloud.account, DeliveryType::Upload, default).await?
        {
            let delivery = DeliveryType::Upload;
            return Ok((ResourceId { kind: ResourceType::Image, delivery, public_id: default.to_owned() }, resource));
        }
        Err(Refusal::not_found(&address.public_id))
    }

    /// A stored resource; its id may end like an extension.
    async fn stored(&self, cloud: &Cloud, id: &ResourceId, address: &Address) -> Result<Option<Resource>, Refusal> {
        let store = |failure| Refusal::store(&failure);
        if let Some(resource) = self.resources.find(&cloud.account, id).await.map_err(store)? {
            return Ok(Some(resource));
        }
        let Some(extension) = address.extension else { return Ok(None) };
        let public_id = format!("{}.{}", id.public_id, extension.name());
        let id = ResourceId { public_id, ..id.clone() };
        self.resources.find(&cloud.account, &id).await.map_err(store)
    }
}
