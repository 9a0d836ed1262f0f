//! Three PostgreSQL servers that replicate with a quorum, led by Patroni, which asks etcd who leads.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Signal, kill_process};
use safelight_test_postgres::{as_user, free_port, tool};
use serde_json::Value;

use crate::{
    janitor::{Process, processes},
    support::{eventually, tools},
};

const USER: &str = "safelight";
const PASSWORD: &str = "secret";
const DATABASE: &str = "media";

/// How long a cluster may take to stand.
const START: Duration = Duration::from_secs(120);

/// The shortest times that Patroni takes: who was not heard of for 20 s leads no more. A server that crashes is not
/// waited for.
const DYNAMIC: &str = "
    ttl: 20
    loop_wait: 1
    retry_timeout: 5
    primary_start_timeout: 0
    synchronous_mode: quorum
    synchronous_mode_strict: true
    synchronous_node_count: 1
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 150
        shared_buffers: 32MB
        wal_log_hints: 'on'
        max_wal_size: 128MB
        min_wal_size: 32MB
        wal_keep_size: 64MB";

/// The cluster. What it started ends with the folder's janitor.
pub(crate) struct Cluster {
    dir: PathBuf,
    members: Vec<Member>,
    client: reqwest::Client,
    etcd: Child,
}

/// One server with its Patroni.
pub(crate) struct Member {
    name: String,
    dir: PathBuf,
    port: u16,
    api: u16,
    patroni: Child,
}

impl Cluster {
    /// Starts one in a folder; the log of what is to be committed is on a disk of this size, or on the common one.
    pub(crate) async fn start(dir: &Path, wal_mib: Option<u32>) -> Cluster {
        let packages = packages(dir);
        let (etcd_port, etcd_peer) = (free_port(), free_port());
        let etcd = start_etcd(dir, etcd_port, etcd_peer);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build().unwrap();
        let healthy = format!("http://127.0.0.1:{etcd_port}/health");
        eventually("etcd answers", START, async || client.get(&healthy).send().await.ok()).await;
        let mut members = Vec::new();
        for number in 1..=3 {
            members.push(Member::new(dir, &packages, number, etcd_port, wal_mib));
        }
        let cluster = Cluster { dir: dir.to_owned(), members, client, etcd };
        eventually("the cluster stands", START, async || {
            let (leader, followers) = cluster.roles().await?;
            (followers == 2).then_some(leader)
        })
        .await;
        cluster.query_in("postgres", &format!("CREATE DATABASE {DATABASE}")).await.expect("the database is made");
        cluster
    }

    /// The hosts, `127.0.0.1:PORT` each.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("127.0.0.1:{}", member.port)).collect()
    }

    /// The address that several hosts make.
    pub(crate) fn url(hosts: &[String]) -> String {
        format!("postgres://{USER}:{PASSWORD}@{}/{DATABASE}", hosts.join(","))
    }

    /// Who leads, and how many follow so that the quorum counts them; none while nobody leads.
    async fn roles(&self) -> Option<(usize, usize)> {
        for member in &self.members {
            let asked = self.client.get(format!("http://127.0.0.1:{}/cluster", member.api)).send().await;
            let Ok(answer) = asked else { continue };
            let Ok(told) = answer.json::<Value>().await else { continue };
            let members = told["members"].as_array()?;
            let leads = |member: &&Value| member["role"] == "leader" && member["state"] == "running";
            let leader = members.iter().find(leads)?["name"].as_str()?;
            let leader = self.members.iter().position(|member| member.name == leader)?;
            let followers = members.iter().filter(|member| member["role"] == "quorum_standby").count();
            return Some((leader, followers));
        }
        None
    }

    /// The place of the member that leads.
    pub(crate) async fn leader(&self) -> usize {
        eventually("somebody leads", START, async || self.roles().await).await.0
    }

    /// The place of another member that leads than this one.
    pub(crate) async fn leader_but(&self, former: usize) -> usize {
        eventually("somebody else leads", START, async || {
            self.roles().await.map(|(leader, _)| leader).filter(|leader| *leader != former)
        })
        .await
    }

    /// Returns when two members follow again.
    pub(crate) async fn whole(&self) {
        let followers = async || self.roles().await.filter(|(_, followers)| *followers == 2);
        eventually("two members follow", START, followers).await;
    }

    /// Asks the primary of the jobs' database; rows of columns. None when there is no primary.
    pub(crate) async fn query(&self, sql: &str) -> Option<Vec<Vec<String>>> {
        self.query_in(DATABASE, sql).await
    }

    async fn query_in(&self, database: &str, sql: &str) -> Option<Vec<Vec<String>>> {
        let (leader, _) = self.roles().await?;
        let output = tokio::process::Command::new(tool("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t"])
            .args(["--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username", USER, "--dbname", database])
            .arg(format!("--port={}", self.members[leader].port))
            .args(["--command", sql])
            .env("PGPASSWORD", PASSWORD)
            .env("PGCONNECT_TIMEOUT", "3")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(20), output).await.ok()?.ok()?;
        let rows = String::from_utf8_lossy(&output.stdout);
        let rows = rows.lines().map(|line| line.split('\t').map(str::to_owned).collect());
        output.status.success().then(|| rows.collect())
    }

    /// Stops the processes of the standbys that receive what is committed.
    pub(crate) fn stall(&self, leader: usize) {
        self.receivers(leader, &[Signal::STOP]);
    }

    /// Ends them, with what came to them and was not read.
    pub(crate) fn drop_stalled(&self, leader: usize) {
        self.receivers(leader, &[Signal::TERM, Signal::CONT]);
    }

    fn receivers(&self, leader: usize, signals: &[Signal]) {
        let standbys = self.members.iter().enumerate().filter(|(place, _)| *place != leader);
        let mut reached = 0;
        for process in standbys.flat_map(|(_, member)| member.servers()) {
            if process.line.contains("walreceiver") {
                reached += 1;
                signals.iter().for_each(|signal| kill_process(process.pid, *signal).expect("it runs"));
            }
        }
        assert_eq!(reached, 2, "both standbys receive");
    }

    /// Kills a member: its Patroni and all processes of its server.
    pub(crate) fn kill(&mut self, place: usize) {
        let member = &mut self.members[place];
        member.patroni.kill().unwrap();
        member.servers().iter().for_each(|process| _ = kill_process(process.pid, Signal::KILL));
        member.patroni.wait().unwrap();
        while !member.servers().is_empty() {
            member.servers().iter().for_each(|process| _ = kill_process(process.pid, Signal::KILL));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts a killed member again.
    pub(crate) fn start_again(&mut self, place: usize) {
        let member = &mut self.members[place];
        member.patroni = run_patroni(&member.dir, &self.dir.join("packages"));
    }

    /// The disk on which a member writes what is to be committed, if it has one for that.
    pub(crate) fn wal(&self, place: usize) -> PathBuf {
        self.members[place].dir.join("wal")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.members.iter_mut().map(|member| &mut member.patroni).chain([&mut self.etcd]) {
            // It may have ended; the servers are left to the janitor.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Member {
    fn new(dir: &Path, packages: &Path, number: u32, etcd: u16, wal_mib: Option<u32>) -> Member {
        let name = format!("pg{number}");
        let dir = dir.join(&name);
        owned_folder(&dir);
        let wal = wal_mib.map_or(String::new(), |mib| {
            let wal = dir.join("wal");
            small_disk(&wal, mib);
            succeed(Command::new("chown").arg("postgres:").arg(&wal));
            // Within the disk: Patroni removes the folder when it copies the leader anew.
            format!("waldir: {}", wal.join("log").display())
        });
        let (port, api) = (free_port(), free_port());
        let bin = tool("postgres");
        let bin = bin.parent().unwrap_or(Path::new(""));
        let initdb_wal = if wal.is_empty() { String::new() } else { format!(", {{{wal}}}") };
        let basebackup = if wal.is_empty() { String::new() } else { format!("\n  basebackup: [{{{wal}}}]") };
        let settings = format!(
            "scope: safelight
name: {name}
restapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}
etcd3: {{hosts: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:{DYNAMIC}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, data-checksums{initdb_wal}]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: {dir}/data
  bin_dir: {bin}
  pgpass: {dir}/pgpass{basebackup}
  pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']
  parameters: {{unix_socket_directories: '{dir}'}}
  authentication:
    superuser: {{username: {USER}, password: {PASSWORD}}}
    replication: {{username: replicator, password: {PASSWORD}}}
    rewind: {{username: {USER}, password: {PASSWORD}}}
",
            dir = dir.display(),
            bin = bin.display(),
        );
        fs::write(dir.join("patroni.yml"), settings).unwrap();
        let patroni = run_patroni(&dir, packages);
        Member { name, dir, port, api, patroni }
    }

    /// The processes of its server.
    fn servers(&self) -> Vec<Process> {
        let found = processes(&self.dir);
        found.into_iter().filter(|process| process.program.starts_with("postgres")).collect()
    }
}

/// Makes a file system of its own, which can be filled. Needs the right to mount.
pub(crate) fn small_disk(place: &Path, mib: u32) {
    fs::create_dir_all(place).unwrap();
    let size = format!("size={mib}m");
    succeed(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "safelight-test"]).arg(place));
}

fn run_patroni(dir: &Path, packages: &Path) -> Child {
    let mut command = as_user("/usr/bin/python3", &["-m", "patroni"]);
    command.arg(dir.join("patroni.yml")).current_dir(dir).env("PYTHONPATH", packages);
    spawn(command, &dir.join("patroni.log"))
}

fn start_etcd(dir: &Path, port: u16, peer: u16) -> Child {
    let dir = dir.join("etcd");
    owned_folder(&dir);
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    let mut command = as_user("etcd", &["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.arg(format!("--initial-cluster=default={peer}")).args(["--log-level", "error"]);
    command.arg("--data-dir").arg(dir.join("data")).current_dir(&dir);
    spawn(command, &dir.join("etcd.log"))
}

fn spawn(mut command: Command, log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().expect("`make test-cluster` installs it")
}

/// The Python packages, where the user of the servers can read them.
fn packages(dir: &Path) -> PathBuf {
    let venv = tools::release_dir().parent().unwrap().join("faults-venv/lib");
    let venv = tools::existing(venv, "make test-cluster");
    let version = fs::read_dir(venv).unwrap().next().expect("an environment has its packages").unwrap();
    let packages = dir.join("packages");
    succeed(Command::new("cp").arg("-r").arg(version.path().join("site-packages")).arg(&packages));
    packages
}

/// A folder of the user that the servers run as.
fn owned_folder(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    if rustix::process::geteuid().is_root() {
        succeed(Command::new("chown").arg("postgres:").arg(dir));
    }
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
