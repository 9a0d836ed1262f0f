//! The nodes of Safelight: two that take requests, two that work.

use std::{
    fs,
    path::{Path, PathBuf},
};

use safelight_test_s3::{ACCESS_KEY, BUCKET, SECRET_KEY, Server as Bucket};

use crate::{
    kinds::Setup,
    patroni::Cluster,
    support::{Proxy, Server, ServerBuilder},
};

/// What shifts a program's clock.
const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

/// The nodes. Of each kind, the second is the one that is cut off, or whose clock jumps.
pub(crate) struct Nodes {
    pub(crate) api: Vec<Server>,
    pub(crate) workers: Vec<Server>,
    /// Between the second of each kind and what they are cut off from.
    pub(crate) proxies: Vec<Proxy>,
    clock: PathBuf,
    /// Where blobs are, if not in a folder.
    _bucket: Option<Bucket>,
}

/// What a node does.
#[derive(Clone, Copy)]
enum Role {
    Api,
    Worker,
}

impl Role {
    fn set(self, builder: ServerBuilder) -> ServerBuilder {
        match self {
            Role::Api => builder.set("node", "roles", "api"),
            Role::Worker => builder.set("node", "roles", "worker,sender").set("worker", "slots", 8),
        }
    }
}

impl Nodes {
    /// Starts them. `blobs` is the folder that they share, if there is no bucket.
    pub(crate) async fn start(dir: &Path, cluster: &Cluster, blobs: &Path, setup: &Setup) -> Nodes {
        let mut proxies = Vec::new();
        if setup.is_cut {
            for host in cluster.hosts() {
                proxies.push(Proxy::start(host).await);
            }
        }
        let bucket = setup.is_on_bucket.then(Bucket::start);
        if let Some(bucket) = &bucket {
            proxies.push(Proxy::start(bucket.endpoint().replace("http://", "")).await);
        }
        let through: Vec<String> = proxies.iter().map(Proxy::host).collect();
        let endpoints = bucket.as_ref().map(|bucket| (bucket.endpoint(), format!("http://{}", through[0])));
        let clock = dir.join("clock");
        let mut nodes = Nodes { api: Vec::new(), workers: Vec::new(), proxies, clock, _bucket: bucket };
        nodes.shift_clock("+0");
        for number in 1..=2 {
            for role in [Role::Api, Role::Worker] {
                let is_second = number == 2;
                let hosts = if is_second && setup.is_cut { through.clone() } else { cluster.hosts() };
                let mut builder = Server::builder()
                    .set("store", "url", Cluster::url(&hosts))
                    .set("worker", "lease_s", 10)
                    .set("worker", "heartbeat_s", 3)
                    .set("webhook", "lease_s", 30);
                if let Some((direct, cut)) = &endpoints {
                    builder = builder
                        .set("blob", "url", format!("s3://{BUCKET}"))
                        .set("blob", "endpoint", if is_second { cut } else { direct })
                        .set("blob", "access_key", ACCESS_KEY)
                        .set("blob", "secret_key", SECRET_KEY);
                }
                if is_second && setup.is_faked {
                    builder = builder
                        .variable("LD_PRELOAD", library().display())
                        .variable("FAKETIME_TIMESTAMP_FILE", nodes.clock.display())
                        .variable("FAKETIME_CACHE_DURATION", 1)
                        .variable("FAKETIME_DONT_FAKE_MONOTONIC", 1);
                }
                builder = role.set(builder);
                let (name, group) = match role {
                    Role::Api => ("api", &mut nodes.api),
                    Role::Worker => ("worker", &mut nodes.workers),
                };
                let name = format!("{name}{number}");
                let folder = dir.join(&name);
                fs::create_dir_all(&folder).unwrap();
                std::os::unix::fs::symlink(blobs, folder.join("blobs")).unwrap();
                group.push(builder.set("node", "name", name).start_at(folder).await);
            }
        }
        nodes
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Server> {
        self.api.iter().chain(&self.workers)
    }

    /// Shifts the clock of the second nodes: `+1h`, `-1h`, `+0`. They look every second.
    pub(crate) fn shift_clock(&self, shift: &str) {
        // Moved into place, so that nobody reads half of it.
        let new = self.clock.with_extension("new");
        fs::write(&new, format!("{shift}\n")).unwrap();
        fs::rename(new, &self.clock).unwrap();
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join(FAKETIME)).find(|path| path.exists());
    found.expect("`make test-cluster` installs faketime")
}
