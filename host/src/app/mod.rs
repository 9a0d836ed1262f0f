//! The wiring: which adapter stands behind which port. No other file names a concrete adapter.

mod open;
mod ports;
mod tidy;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Notify, broadcast},
};
use tokio_util::sync::CancellationToken;

pub use self::open::{open_blobs, open_local, open_plugins, open_registry, open_store, schema, supply};
use self::{
    open::plugins,
    ports::{BlobResults, Observed, Offered, SourceInputs, Stored, Web, refusal},
    tidy::tidy,
};
use crate::{
    account,
    blob::Blobs,
    clock::Clock,
    config::Config,
    dialect::{
        Dialect, blitline::Blitline, blurb::Blurb, cloudinary::Cloudinary, image_intelligence::ImageIntelligence,
        native::Native,
    },
    egress::Egress,
    http::{
        self, Changes, Documents, Metrics, Rates, State,
        cloudinary::delivery::{Delivery, LibraryResources},
    },
    node::{Node, Role},
    pipeline::Transforms,
    plugins::{Manager, Supply},
    source::Sources,
    storage::Storage,
    store::{self, Account, Hint, Store},
    wasm::StoredComponents,
    webhook::Relay,
    worker::{Catalogue, Ports, Worker},
};

/// What keeps a server from starting or running.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long a node that has stopped tries to say so.
const SIGN_OUT: Duration = Duration::from_secs(2);

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
        let [is_api, is_worker, is_sender] = [Role::Api, Role::Worker, Role::Sender].map(|role| config.node.has(role));

        let connections = http::Connections::new(&config.server, draining.clone(), drain);
        let router = if is_api { http::router(state) } else { http::quiet_router(state) };
        let mut serving = tokio::spawn(http::serve(listener, router, connections));
        let working = {
            let (worker, draining) = (worker.clone(), draining.clone());
            async move { worker.run(draining, drain).await }
        };
        let mut working = tokio::spawn(part(is_worker, working, draining.clone().cancelled_owned()));
        let relaying = {
            let closing = closing.clone();
            async move { relay.run(closing).await }
        };
        let mut relaying = tokio::spawn(part(is_sender, relaying, closing.clone().cancelled_owned()));
        let wanted = config.plugins.install.clone();
        let hearing = store.hints().map(|hints| tokio::spawn(heed(hints, worker, delivery_ready, changes)));
        let tidying = tidy(blobs, store, config, node.process());
        let mut tidying = tokio::spawn(part(is_worker, tidying, std::future::pending()));
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

/// Does a part of a node's work if that is among its roles; else waits for the end.
async fn part(is_ours: bool, work: impl Future<Output = ()>, end: impl Future<Output = ()>) {
    if is_ours { work.await } else { end.await }
}
