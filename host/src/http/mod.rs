//! The door: routes, limits, and errors met before a dialect is known.
//!
//! [`router`] is the list of routes; each is documented where it is handled, and the OpenAPI document
//! is made from the same list. [`serve()`] brings connections to it.

mod accounts;
mod assets;
mod audit;
mod auth;
mod batches;
mod blitline;
mod blurb;
mod body;
mod changes;
pub mod cloudinary;
mod deliveries;
mod dry_run;
mod health;
mod image_intelligence;
mod jobs;
mod layers;
mod metrics;
mod mounts;
mod nodes;
mod openapi;
mod outputs;
mod plugins;
mod ports;
mod query;
mod rates;
mod reply;
pub(crate) mod serve;
mod stored;
mod submit;
mod upload;
mod wait;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    blob::Blobs,
    clock::Clock,
    dialect::{Dialect, native::lower::CheckAddress},
    store::Store,
};

pub use body::Documents;
pub(crate) use body::parse_json;
pub use changes::{Changes, Subscription};
pub use cloudinary::{CloudinaryDoor, Measure};
pub use metrics::Metrics;
pub use ports::Plugins;
pub use rates::{Hour, Rates};
pub use reply::{Issue, PROBLEM_JSON, Problem};
pub use serve::{Connections, serve};

/// `[server]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address to listen on.
    pub listen: String,
    /// Where everything is kept.
    pub data_dir: std::path::PathBuf,
    /// What clients reach the server under; empty for the address it listens on.
    pub public_url: String,
    /// The largest request body.
    pub max_body_bytes: u64,
    /// The largest job document.
    pub max_document_bytes: u64,
    /// Job documents that are being read and checked, together.
    pub documents_bytes: u64,
    /// How long a request may take to arrive.
    pub request_timeout_s: u64,
    /// How long a client may take nothing of an answer.
    pub write_timeout_s: u64,
    /// The longest `?wait=`.
    pub max_wait_s: u64,
    /// Connections at the same time.
    pub max_connections: u32,
    /// Requests of one account in a second; 0 for any number.
    pub requests_per_s: u32,
    /// Accounts that may install and remove plugins.
    pub admin_accounts: Vec<String>,
    /// How long a stopping server waits for running work.
    pub drain_s: u64,
}

impl Config {
    /// What the types leave open: the address and the URL.
    pub(crate) fn check(&self) -> Result<(), String> {
        let listen = &self.listen;
        let has_port =
            listen.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port {
            return Err(format!(
                "server.listen: is {listen:?}, expected an address and a port from 0 to 65535, such as 127.0.0.1:8080"
            ));
        }
        let is_base = |url: &url::Url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        };
        if !self.public_url.is_empty() && !url::Url::parse(&self.public_url).is_ok_and(|url| is_base(&url)) {
            return Err(format!(
                "server.public_url: is {:?}, expected an http or https URL without a query, such as \
                 https://pictures.example.com",
                self.public_url
            ));
        }
        Ok(())
    }
}

/// Limits that belong to other sections and are checked at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `worker.max_steps`
    pub max_steps: usize,
    /// `worker.max_outputs`
    pub max_outputs: usize,
    /// `codec.max_pixels`
    pub max_pixels: u64,
    /// `codec.max_total_pixels`
    pub max_total_pixels: u64,
    /// `codec.sandbox`
    pub sandbox: crate::pipeline::Sandbox,
    /// `codec.max_bytes`: the largest upload, data URI or asset.
    pub max_picture_bytes: u64,
    /// `plugins.max_component_bytes`
    pub max_component_bytes: u64,
    /// `store.queue_limit`
    pub queue_limit: u64,
    /// `store.idempotency_h`, as a time.
    pub idempotency: std::time::Duration,
}

impl Limits {
    /// Takes them from the settings.
    pub fn new(config: &crate::config::Config) -> Limits {
        Limits {
            max_steps: config.worker.max_steps,
            max_outputs: config.worker.max_outputs,
            max_pixels: config.codec.max_pixels,
            max_total_pixels: config.codec.max_total_pixels,
            sandbox: config.codec.sandbox,
            max_picture_bytes: config.codec.max_bytes,
            max_component_bytes: config.plugins.max_component_bytes,
            queue_limit: config.store.queue_limit,
            idempotency: std::time::Duration::from_secs(config.store.idempotency_h * 3600),
        }
    }
}

/// What the Blurb dialect's handlers work with.
#[derive(Clone, Debug)]
pub struct BlurbSettings {
    /// `[blurb]`
    pub config: crate::dialect::blurb::Config,
    /// What clients reach the dialect under, without a slash at the end.
    pub base_url: String,
}

/// What the Blitline dialect's handlers work with.
pub struct BlitlineSettings {
    /// `[blitline]`
    pub config: crate::dialect::blitline::Config,
    /// What clients reach results under, without a slash at the end.
    pub base_url: String,
    /// `[storage]`: where buckets are.
    pub storage: crate::storage::Config,
    /// Polls of the accounts.
    pub polls: Rates,
}

/// What the Image Intelligence dialect's handlers work with.
#[derive(Clone, Debug)]
pub struct ImageIntelligenceSettings {
    /// `[image_intelligence]`
    pub config: crate::dialect::image_intelligence::Config,
    /// What clients reach the dialect under, without a slash at the end.
    pub base_url: String,
}

/// What the handlers work with: ports, settings and signals.
pub struct State {
    /// `[server]`
    pub config: Config,
    /// Limits of other sections.
    pub limits: Limits,
    /// What clients reach the server under, without a slash at the end.
    pub public_url: String,
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Bytes.
    pub blobs: Blobs,
    /// Transforms and the plugins that offer them.
    pub plugins: Arc<dyn Plugins>,
    /// Checks addresses without resolving names.
    pub check_address: Arc<CheckAddress>,
    /// Every dialect: a job is cancelled in the words of its own.
    pub dialects: Vec<Arc<dyn Dialect>>,
    /// What answers calls of the Cloudinary API.
    pub cloudinary: CloudinaryDoor,
    /// The Blitline dialect's settings.
    pub blitline: BlitlineSettings,
    /// The Blurb dialect's settings.
    pub blurb: BlurbSettings,
    /// The Image Intelligence dialect's settings.
    pub image_intelligence: ImageIntelligenceSettings,
    /// The time.
    pub clock: Clock,
    /// Wakes those who wait for a job.
    pub changes: Changes,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Tokens of the accounts.
    pub rates: Rates,
    /// Room for the job documents that are being read and checked.
    pub documents: Documents,
    /// Notified when a job was accepted. A hint, as the next two.
    pub job_ready: Arc<Notify>,
    /// Called when a running job is to be cancelled.
    pub cancel_requested: Arc<dyn Fn(uuid::Uuid) + Send + Sync>,
    /// Notified when callbacks are owed.
    pub delivery_ready: Arc<Notify>,
    /// Answers addresses of images; the routes come first.
    pub delivery: Arc<cloudinary::delivery::Delivery>,
    /// Cancelled when the server begins to drain.
    pub draining: CancellationToken,
}

impl State {
    /// Whether an account may change the server itself.
    pub(crate) fn is_admin(&self, account: &crate::store::Account) -> bool {
        self.config.admin_accounts.contains(&account.key)
    }

    /// The dialect of this name.
    pub(crate) fn dialect(&self, name: &str) -> Option<&Arc<dyn Dialect>> {
        self.dialects.iter().find(|dialect| dialect.name() == name)
    }
}

/// Every route, then what surrounds all of them. Bodies are limited to `server.max_body_bytes` and
/// must arrive within `server.request_timeout_s`; JSON to `server.max_document_bytes`; pictures to
/// `codec.max_bytes`; components to `plugins.max_component_bytes`. Nobody waits longer than
/// `server.max_wait_s`.
/// All routes of a node that serves the API.
pub fn router(state: Arc<State>) -> axum::Router {
    let (routes, document) = routes().split_for_parts();
    // Foreign APIs are documented by those whose they are.
    let routes = routes.merge(cloudinary::routes());
    let (blitline, blurb) = (state.blitline.config.mount.clone(), state.blurb.config.mount.clone());
    let routes = mounts::below(routes, &blitline, blitline::routes());
    let routes = mounts::below(routes, &blurb, blurb::routes());
    let intelligence = state.image_intelligence.config.mount.clone();
    let routes = mounts::below(routes, &intelligence, image_intelligence::routes());
    mounts::by_host(layers::around(routes, &state, document).with_state(state), &[&blitline, &blurb, &intelligence])
}

/// The routes of a node that does not serve the API: whether it is well, and what it counts.
pub fn quiet_router(state: Arc<State>) -> axum::Router {
    let (own, document) = (own_routes().split_for_parts().0, routes().into_openapi());
    layers::around(own, &state, document).with_state(state)
}

fn routes() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(submit::submit, jobs::list))
        .routes(routes!(jobs::get, jobs::cancel))
        .routes(routes!(wait::events))
        .routes(routes!(batches::submit))
        .routes(routes!(batches::get))
        .routes(routes!(plugins::transforms))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::get, plugins::put, plugins::patch, plugins::delete))
        .routes(routes!(plugins::usage))
        .routes(routes!(plugins::rollback))
        .routes(routes!(audit::list))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::replay))
        .routes(routes!(assets::put, assets::get, assets::delete))
        .routes(routes!(accounts::own, accounts::change_own))
        .routes(routes!(accounts::get, accounts::patch))
        .routes(routes!(outputs::get))
        .routes(routes!(nodes::list))
        .routes(routes!(openapi::get))
        .merge(own_routes())
}

/// What every node answers.
fn own_routes() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new().routes(routes!(health::alive)).routes(routes!(health::ready)).routes(routes!(health::metrics))
}

#[cfg(test)]
mod tests;
