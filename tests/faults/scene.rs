//! One run: everything started, the fault, rest, the audit.

use std::{
    collections::HashSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    janitor::Janitor,
    kinds::{Fault, Setup},
    ledger::Account,
    load::{Acknowledged, Load},
    nodes::Nodes,
    patroni::{Cluster, small_disk},
    receiver::Receiver,
    support::{eventually, tools},
};

/// How long there is load before the fault, and after it.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(10);

/// How long it may take until everything is final, and until everything is told: a callback that was refused twice
/// waits for five minutes.
const FINAL: Duration = Duration::from_secs(180);
const TOLD: Duration = Duration::from_secs(420);

/// How long a question to the database may take while there is none.
const ASK: Duration = Duration::from_secs(120);

/// What a run consists of. The order is that of the end.
pub(crate) struct Scene {
    pub(crate) load: Load,
    pub(crate) nodes: Nodes,
    pub(crate) receiver: Receiver,
    pub(crate) cluster: Cluster,
    /// The folder of blobs.
    pub(crate) blobs: PathBuf,
    dir: PathBuf,
    _janitor: Janitor,
}

impl Scene {
    pub(crate) async fn start(setup: Setup) -> Scene {
        let dir = std::env::temp_dir().join(format!("safelight-faults-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&dir).unwrap();
        let janitor = Janitor::of(&dir);
        let cluster = Cluster::start(&dir, setup.wal_mib).await;
        let blobs = dir.join("blobs");
        match setup.blobs_mib {
            Some(mib) => small_disk(&blobs, mib),
            None => std::fs::create_dir_all(&blobs).unwrap(),
        }
        let nodes = Nodes::start(&dir, &cluster, &blobs, &setup).await;
        let url = Cluster::url(&cluster.hosts());
        let variables = [("SAFELIGHT__STORE__URL", url)];
        let told = tools::safelight_with(&["account", "list", "--secrets"], &dir.join("command"), &variables);
        let secret = told.1.split_whitespace().find(|word| word.starts_with("whsec_"));
        let receiver = Receiver::start(secret.unwrap_or_else(|| panic!("no secret: {told:?}"))).await;
        let doors = nodes.api.iter().map(|node| node.url.clone()).collect();
        let load = Load::start(doors, receiver.url.clone()).await;
        tokio::time::sleep(BEFORE).await;
        Scene { load, nodes, receiver, cluster, blobs, dir, _janitor: janitor }
    }

    /// The rows of an answer of the database, asked for until there is one.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        eventually(sql, ASK, async || self.cluster.query(sql).await).await
    }

    /// Lets everything come to rest, and compares.
    pub(crate) async fn audit(mut self, name: &'static str, run: u32, fault: Fault) -> Account {
        let mut account = Account { fault: name, run, notes: fault.notes, ..Account::default() };
        let before = self.load.read(|ledger| ledger.acknowledged.clone());
        if self.all_final(&before).await {
            account.recovered = fault.ended.elapsed();
        } else {
            account.complaints.push(format!("what was acknowledged is not final after {} s", FINAL.as_secs()));
        }
        if let Some(place) = fault.killed {
            self.cluster.start_again(place);
        }
        self.cluster.whole().await;
        for found in fault.later {
            account.notes.push(found.await.expect("it is found out"));
        }
        tokio::time::sleep((fault.ended + AFTER).saturating_duration_since(Instant::now())).await;
        self.load.stop().await;
        let promised = self.load.read(|ledger| ledger.acknowledged.clone());
        self.all_final(&promised).await;
        self.all_told(&promised).await;
        self.load.read(|ledger| {
            account.complaints.extend(ledger.complaints.iter().cloned());
            let answers = ledger.answers.iter().filter(|(status, _)| **status != 202);
            account.notes.extend(answers.map(|(status, times)| match status {
                0 => format!("{times} requests without an answer"),
                status => format!("{times} times {status}"),
            }));
        });
        account.audit(&self, &promised).await;
        if !account.complaints.is_empty() {
            self.keep_logs(&format!("{name}-{run}"));
        }
        account
    }

    /// Keeps what was logged, below `target/faults`.
    fn keep_logs(&self, name: &str) {
        let to = tools::release_dir().with_file_name("faults").join(name);
        std::fs::create_dir_all(&to).unwrap();
        for folder in ["api1", "api2", "worker1", "worker2", "pg1", "pg2", "pg3", "etcd"] {
            for log in ["server.log", "patroni.log", "etcd.log"] {
                // Each has one of them.
                let _ = std::fs::copy(self.dir.join(folder).join(log), to.join(format!("{folder}-{log}")));
            }
        }
        eprintln!("  the logs are in {}", to.display());
    }

    /// Waits until these jobs are final; false if they never are.
    async fn all_final(&self, jobs: &[Acknowledged]) -> bool {
        let end = Instant::now() + FINAL;
        while Instant::now() < end {
            let open = self.cluster.query("SELECT id FROM jobs WHERE finished_at IS NULL").await;
            if let Some(open) = open {
                let open: HashSet<String> = open.into_iter().flatten().collect();
                if !jobs.iter().any(|job| open.contains(&job.id)) {
                    return true;
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        false
    }

    async fn all_told(&self, jobs: &[Acknowledged]) {
        let end = Instant::now() + TOLD;
        let is_told = |job: &Acknowledged| {
            self.receiver.read(|book| {
                book.jobs.get(&job.id).is_some_and(|told| told.ids.values().any(|(accepted, _)| *accepted > 0))
            })
        };
        while Instant::now() < end && !jobs.iter().all(is_told) {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}
