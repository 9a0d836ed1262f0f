//! The wiring: which adapter stands behind which port. No other file names a concrete adapter.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use tokio::{
    net::TcpListener,
    sync::{Notify, broadcast},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    account,
    blob::{self, Blobs},
    clock::Clock,
    config::Config,
    dialect::{
        Dialect, blitline::Blitline, blurb::Blurb, cloudinary::Cloudinary, image_intelligence::ImageIntelligence,
        native::Native,
    },
    distribution::{Distribution, Reference, lock_path},
    egress::{self, Egress},
    error::{Code, Failure},
    http::{
        self, Changes, Documents, Metrics, Rates, State,
        cloudinary::delivery::{Delivery, Functions, LibraryResources},
    },
    job,
    node::{Node, Role},
    pipeline::{Component, TransformInfo, Transforms},
    plugins::{By, Decision, Listed, Manager, Rules, Supply},
    source::{self, Source, Sources},
    storage::Storage,
    store::{self, Account, BlobRow, Hint, Schema, Store},
    wasm::{Registry, StoredComponents, Usage},
    webhook::Relay,
    worker::{Catalogue, Components, Input, Inputs, Observer, Ports, Results, Worker},
};

/// What keeps a server from starting or running.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The embedded database in the data directory.
const DATABASE: &str = "safelight.db";

/// What clearing up is called among the nodes.
const TIDY: &str = "tidy";

/// How long a node clears up without a sign of life before another one does, in intervals.
const TIDY_LEASE: f64 = 2.5;

/// How long a node that has stopped tries to say so.
const SIGN_OUT: Duration = Duration::from_secs(2);

/// The longest time between two looks for old rows.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Opens the database that `store.url` names and brings its schema up to date. One in the data directory is made if it
/// is not there.
///
/// Errors: the directory cannot be made, the database cannot be reached, is newer than this program or damaged.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, Error> {
    let dir = data_dir(config)?;
    let options = store::Options {
        cursor_key: cursor_key(&dir.join("cursor.key"))?,
        breaker_failures: config.webhook.breaker_failures,
        breaker_pause: Duration::from_secs(config.webhook.breaker_pause_s),
        breaker_max_pause: Duration::from_secs(config.webhook.breaker_max_pause_s),
        level: store::Level::of_this_release(),
    };
    Ok(match config.store.place() {
        store::Place::Folder => Arc::new(store::Sqlite::open(&dir.join(DATABASE), Clock::System, options).await?),
        store::Place::Cluster { url, pool } => {
            Arc::new(store::Postgres::open(url, pool, Clock::System, options).await?)
        }
    })
}

/// How far the schema of the database is, without changing it.
///
/// Errors: as of [`open_store`].
pub async fn schema(config: &Config) -> Result<Schema, Error> {
    Ok(match config.store.place() {
        store::Place::Folder => store::Sqlite::schema(&data_dir(config)?.join(DATABASE)).await?,
        store::Place::Cluster { url, .. } => store::Postgres::schema(url).await?,
    })
}

/// Loads the plugins that were not installed. Blocks while components compile: not to be called on an async thread.
pub fn open_registry(config: &Config) -> Result<Registry, Error> {
    Ok(Registry::open(&config.plugins, &config.wasm, &data_dir(config)?)?)
}

/// Loads all plugins, the installed ones too.
pub async fn open_plugins(config: &Config) -> Result<Manager, Error> {
    let store = open_store(config).await?;
    plugins(config, store, open_blobs(config).await?).await
}

/// Loads all plugins for work without a server: the installed ones too, when there is a store that may have some.
pub async fn open_local(config: &Config) -> Result<Arc<Registry>, Error> {
    let embedded = config.store.url == store::SQLITE;
    if embedded && !data_dir(config)?.join(DATABASE).exists() {
        let config = config.clone();
        return Ok(Arc::new(tokio::task::spawn_blocking(move || open_registry(&config)).await??));
    }
    Ok(open_plugins(config).await?.registry().clone())
}

async fn plugins(config: &Config, store: Arc<dyn Store>, blobs: Blobs) -> Result<Manager, Error> {
    let registry = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || open_registry(&config)).await??
    };
    let rules = Rules { config: config.plugins.clone(), admin_accounts: config.server.admin_accounts.clone() };
    Ok(Manager::open(Arc::new(registry), store, blobs, Clock::System, rules).await?)
}

/// What installs plugins from where they are published.
pub fn supply(config: &Config, egress: Egress) -> Result<Supply, Error> {
    let distribution = Distribution::new(egress, &config.plugins)?;
    Ok(Supply::new(distribution, lock_path(config), config.plugins.trust.required))
}

/// Opens the blobs, in the data directory or in an object store.
pub async fn open_blobs(config: &Config) -> Result<Blobs, Error> {
    Ok(Blobs::open(&config.blob, &data_dir(config)?.join("blobs")).await?)
}

fn data_dir(config: &Config) -> Result<PathBuf, Error> {
    let dir = &config.server.data_dir;
    fs::create_dir_all(dir)
        .and_then(|()| dir.canonicalize())
        .map_err(|error| format!("cannot use the data directory {}: {error}", dir.display()).into())
}

/// The key that authenticates cursors: made once, so that a cursor outlives the process.
fn cursor_key(path: &Path) -> Result<[u8; 32], Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let read = || -> Result<[u8; 32], Error> {
        let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        bytes.try_into().map_err(|_| format!("{} is damaged: remove it", path.display()).into())
    };
    if path.exists() {
        return read();
    }
    // Written beside and linked into place, so that of two processes that start at once both use the same.
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&rand::random::<[u8; 32]>())?;
    file.sync_all()?;
    let _ = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    read()
}

/// Calls functions on the web through egress.
struct Web {
    egress: Egress,
    max_bytes: u64,
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

/// A server that has everything and does not serve yet.
pub struct App {
    config: Config,
    store: Arc<dyn Store>,
    blobs: Blobs,
    plugins: Arc<Manager>,
    supply: Arc<Supply>,
    egress: Egress,
}

impl App {
    /// Opens the store, the blobs and the plugins.
    pub async fn open(config: Config) -> Result<App, Error> {
        let store = open_store(&config).await?;
        let blobs = open_blobs(&config).await?;
        let egress = Egress::new(&config.egress)?;
        let plugins = Arc::new(plugins(&config, store.clone(), blobs.clone()).await?);
        let supply = Arc::new(supply(&config, egress.clone())?);
        Ok(App { config, store, blobs, plugins, supply, egress })
    }

    /// Binds the address.
    pub async fn listen(self) -> Result<Listening, Error> {
        let wanted = &self.config.server.listen;
        let listener =
            TcpListener::bind(wanted).await.map_err(|error| format!("cannot listen on {wanted}: {error}"))?;
        let address = listener.local_addr()?;
        Ok(Listening { app: self, listener, address })
    }
}

fn demo_key() -> String {
    std::env::var("SAFELIGHT_DEMO_KEY").ok().filter(|key| !key.is_empty()).unwrap_or_else(|| "demo".to_owned())
}

/// A server that has its address.
pub struct Listening {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// The address, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the `demo` account when there is no account yet, and answers it then.
    pub async fn ensure_demo_account(&self) -> Result<Option<Account>, Error> {
        if !self.app.store.accounts().await?.is_empty() {
            return Ok(None);
        }
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut made = account::generate(&demo_key(), Clock::System.now())?;
        if let Some(secret) = set("SAFELIGHT_DEMO_SECRET") {
            made.secret = secret;
        }
        match self.app.store.create_account(made.clone()).await {
            Ok(()) => Ok(Some(made)),
            // Another node of the same database has just started, too.
            Err(store::Error::Exists { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down what the settings say of single accounts.
    pub async fn set_accounts(&self) -> Result<(), Error> {
        for (key, update) in &self.app.config.accounts {
            let Some(account) = self.app.store.account(key).await? else {
                tracing::warn!(
                    key,
                    "accounts.{key} is set, but there is no such account: safelight account create {key}"
                );
                continue;
            };
            let changed = update.clone().apply(account.clone(), Clock::System.now());
            let changed = changed.map_err(|(member, problem)| format!("accounts.{key}.{member}: {problem}"))?;
            if changed != account {
                self.app.store.update_account(changed).await?;
            }
        }
        Ok(())
    }

    /// The `demo` account, if it is there.
    pub async fn demo_account(&self) -> Result<Option<Account>, Error> {
        Ok(self.app.store.account(&demo_key()).await?)
    }

    /// Serves until `stop` ends, then drains: no new requests, running work finished or given back,
    /// callbacks under way finished.
    ///
    /// Errors: one of the tasks that make up the server broke off. The others are drained before.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Listening { app, listener, address } = self;
        let App { config, store, blobs, plugins: manager, supply, egress } = app;
        let registry = manager.registry().clone();
        let public_url = match config.server.public_url.trim_end_matches('/') {
            "" => format!("http://{address}"),
            url => url.to_owned(),
        };
        let clock = Clock::System;
        let changes = Changes::new();
        let metrics = Arc::new(Metrics::new());
        let native: Arc<dyn Dialect> = Arc::new(Native { public_url: public_url.clone(), clock: clock.clone() });
        let transforms: Arc<Catalogue> = {
            let registry = registry.clone();
            Arc::new(move |account: &str| registry.view(account) as Arc<dyn Transforms>)
        };
        let cloudinary = Arc::new(Cloudinary {
            public_url: public_url.clone(),
            config: config.cloudinary,
            transforms: transforms.clone(),
            blobs: blobs.clone(),
        });
        let blurb_url = config.blurb.mount.base_url(&public_url);
        let blurb: Arc<dyn Dialect> =
            Arc::new(Blurb { base_url: blurb_url.clone(), sign_webhooks: config.blurb.sign_webhooks });
        let blitline_url = match config.blitline.mount.public_url.trim_end_matches('/') {
            "" => public_url.clone(),
            url => url.to_owned(),
        };
        let blitline: Arc<dyn Dialect> = Arc::new(Blitline {
            public_url: blitline_url.clone(),
            events: config.blitline.events.clone(),
            region: config.webhook.aws.region.clone(),
            storage: config.storage.clone(),
            clock: clock.clone(),
        });
        let intelligence_url = config.image_intelligence.mount.base_url(&public_url);
        let intelligence: Arc<dyn Dialect> = Arc::new(ImageIntelligence {
            base_url: intelligence_url.clone(),
            sign_webhooks: config.image_intelligence.sign_webhooks,
        });
        let dialects: Vec<Arc<dyn Dialect>> = vec![native, cloudinary.clone(), blitline, blurb, intelligence];
        let relay = Relay::new(store.clone(), egress.clone(), config.webhook.clone(), clock.clone()).observed({
            let metrics = metrics.clone();
            Arc::new(move |verdict, elapsed| metrics.attempt(verdict, elapsed))
        });
        let delivery_ready = relay.wake();

        let worker = Worker::new(
            Ports {
                store: store.clone(),
                inputs: Arc::new(SourceInputs {
                    sources: Sources::new(egress.clone(), blobs.clone(), &config.source),
                    max_bytes: config.codec.max_bytes,
                }),
                results: Arc::new(BlobResults {
                    blobs: blobs.clone(),
                    storage: Storage::new(egress.clone(), config.storage.clone(), clock.clone()),
                }),
                transforms,
                components: Arc::new(Stored(StoredComponents::new(registry.clone()))),
                dialects: dialects.iter().map(|dialect| (dialect.name(), dialect.clone())).collect(),
                clock: clock.clone(),
                changed: {
                    let changes = changes.clone();
                    Arc::new(move |job| changes.changed(job))
                },
                owed: {
                    let delivery_ready = delivery_ready.clone();
                    Arc::new(move || delivery_ready.notify_one())
                },
                observer: Arc::new(Observed(metrics.clone())),
            },
            config.worker.clone(),
            config.codec.clone(),
        );

        let plugins: Arc<dyn http::Plugins> = Arc::new(Offered { manager: manager.clone(), supply: supply.clone() });
        let delivery = Arc::new(Delivery::new(
            Arc::new(LibraryResources::new(store.clone(), config.delivery.fetch, config.cloudinary, clock.clone())),
            Arc::new(worker.clone()),
            Arc::new(Web { egress: egress.clone(), max_bytes: config.source.max_bytes }),
            plugins.clone(),
            blobs.clone(),
            clock.clone(),
            config.delivery.clone(),
        ));
        let draining = CancellationToken::new();
        let closing = CancellationToken::new();
        let state = Arc::new(State {
            limits: http::Limits::new(&config),
            public_url,
            store: store.clone(),
            blobs: blobs.clone(),
            plugins: plugins.clone(),
            check_address: {
                let egress = egress.clone();
                Arc::new(move |url| egress.check_literal(url).map_err(|error| refusal(&error)))
            },
            dialects,
            cloudinary: http::CloudinaryDoor { dialect: cloudinary, measure: Arc::new(worker.clone()) },
            blitline: http::BlitlineSettings {
                config: config.blitline.clone(),
                base_url: blitline_url,
                storage: config.storage.clone(),
                polls: Rates::new("polls", config.blitline.polls_per_s).shared(&store),
            },
            image_intelligence: http::ImageIntelligenceSettings {
                config: config.image_intelligence.clone(),
                base_url: intelligence_url,
            },
            blurb: http::BlurbSettings { config: config.blurb.clone(), base_url: blurb_url },
            clock,
            changes: changes.clone(),
            metrics,
            rates: Rates::new("requests", config.server.requests_per_s).shared(&store),
            documents: Documents::new(config.server.documents_bytes),
            job_ready: worker.wake_handle(),
            cancel_requested: {
                let worker = worker.clone();
                Arc::new(move |job| worker.cancel(job))
            },
            delivery_ready: delivery_ready.clone(),
            delivery,
            draining: draining.clone(),
            config: config.server.clone(),
        });
        let drain = Duration::from_secs(config.server.drain_s);
        let node = Arc::new(Node::new(store.clone(), &config.node, address, worker.slots()));
        let role = |role| config.node.has(role);

        let connections = http::Connections::new(&config.server, draining.clone(), drain);
        let router = if role(Role::Api) { http::router(state) } else { http::quiet_router(state) };
        let mut serving = tokio::spawn(http::serve(listener, router, connections));
        let mut working = tokio::spawn({
            let (worker, draining, is_ours) = (worker.clone(), draining.clone(), role(Role::Worker));
            async move {
                if is_ours {
                    worker.run(draining, drain).await;
                } else {
                    draining.cancelled().await;
                }
            }
        });
        let mut relaying = tokio::spawn({
            let (closing, is_ours) = (closing.clone(), role(Role::Sender));
            async move {
                if is_ours {
                    relay.run(closing).await;
                } else {
                    closing.cancelled().await;
                }
            }
        });
        let wanted = config.plugins.install.clone();
        let hearing = store.hints().map(|hints| tokio::spawn(heed(hints, worker, delivery_ready, changes)));
        let mut tidying = tokio::spawn({
            let (is_ours, process) = (role(Role::Worker), node.process());
            async move {
                if is_ours {
                    tidy(blobs, store, config, process).await;
                } else {
                    std::future::pending().await
                }
            }
        });
        let stopped = CancellationToken::new();
        let telling = tokio::spawn({
            let (node, draining, stopped) = (node.clone(), draining.clone(), stopped.clone());
            async move { node.tell(draining, stopped).await }
        });
        tokio::spawn({
            let (manager, stop) = (manager.clone(), draining.clone());
            async move { supply.provide(&manager, &wanted, stop).await }
        });
        let mut following = tokio::spawn({
            let draining = draining.clone();
            async move { manager.follow(draining).await }
        });

        // None of them ends by itself: one that does has panicked, and a server without it would accept
        // what it cannot do.
        let broken = tokio::select! {
            () = stop => None,
            ended = &mut serving => Some(("the HTTP server", ended)),
            ended = &mut working => Some(("the worker", ended)),
            ended = &mut relaying => Some(("the webhook relay", ended)),
            ended = &mut tidying => Some(("the sweeper", ended)),
            ended = &mut following => Some(("the watch over plugins", ended)),
        };
        let broken = broken.map(|(part, ended)| match ended {
            Ok(()) => format!("{part} ended"),
            Err(error) => format!("{part} broke off: {error}"),
        });
        match &broken {
            None => tracing::info!("stopping: finishing what runs"),
            Some(problem) => tracing::error!(problem, "stopping: finishing what runs"),
        }
        draining.cancel();
        for task in [serving, working, following] {
            if !task.is_finished() {
                let _ = task.await;
            }
        }
        // The last jobs' callbacks had their chance to begin; what is not delivered stays owed.
        closing.cancel();
        if !relaying.is_finished() {
            let _ = tokio::time::timeout(drain, relaying).await;
        }
        tidying.abort();
        stopped.cancel();
        let _ = tokio::time::timeout(SIGN_OUT, telling).await;
        if let Some(hearing) = hearing {
            hearing.abort();
        }
        tracing::info!("stopped");
        broken.map_or(Ok(()), |problem| Err(problem.into()))
    }
}

/// Wakes those whom it concerns when another process of the same store did something.
async fn heed(mut hints: broadcast::Receiver<Hint>, worker: Worker, delivery_ready: Arc<Notify>, changes: Changes) {
    loop {
        match hints.recv().await {
            Ok(Hint::JobsDue) => worker.wake(),
            Ok(Hint::DeliveriesDue) => delivery_ready.notify_one(),
            Ok(Hint::Changed(job)) => changes.changed(job),
            Ok(Hint::CancelRequested(job)) => worker.cancel(job),
            // Some are missed: whoever waits for a job looks again by himself.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                worker.wake();
                delivery_ready.notify_one();
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Removes what nothing needs: old rows, then blobs that nothing refers to. Of the nodes of a store one does at a time.
async fn tidy(blobs: Blobs, store: Arc<dyn Store>, config: Config, process: Uuid) {
    let every = Duration::from_secs(config.blob.sweep_interval_s).min(FORGET_EVERY);
    let grace = Duration::from_secs(config.blob.sweep_grace_s);
    loop {
        tokio::time::sleep(every).await;
        match store.hold(TIDY, process, every.mul_f64(TIDY_LEASE)).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot ask whether another node clears up");
                continue;
            }
        }
        if config.store.retention_h > 0 {
            match store.forget(Duration::from_secs(config.store.retention_h * 3600)).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "forgot finished work"),
                Err(error) => tracing::warn!(%error, "cannot forget finished work"),
            }
        }
        match blob::sweep(&blobs, store.as_ref(), grace).await {
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "cannot look for unused blobs"),
        }
    }
}

/// The worker's inputs: downloads, stored bytes, data URIs.
struct SourceInputs {
    sources: Sources,
    max_bytes: u64,
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
struct BlobResults {
    blobs: Blobs,
    storage: Storage,
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
fn refusal(error: &egress::Error) -> Failure {
    let code = match error {
        egress::Error::AddressRefused { .. } => Code::AddressRefused,
        _ => Code::InvalidRequest,
    };
    Failure::new(code, error.to_string())
}

/// The worker's stored components.
struct Stored(StoredComponents);

impl Components for Stored {
    fn at_hand(&self, sha256: &str) -> Option<Component> {
        self.0.at_hand(sha256)
    }

    fn load(&self, component: &[u8]) -> Result<Component, Failure> {
        self.0.load(component)
    }
}

/// The worker's events, counted.
struct Observed(Arc<Metrics>);

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
struct Offered {
    manager: Arc<Manager>,
    supply: Arc<Supply>,
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
