//! The server under test: the real binary as a process of its own, on loopback, with a data directory of
//! its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use reqwest::{Method, RequestBuilder, StatusCode};
use safelight_test_postgres::Database;
use safelight_test_s3::Server as Bucket;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{
    eventually,
    place::{self, Place},
    tools,
};

pub(crate) const KEY: &str = "demo";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef01234567";

/// How a server is started.
pub(crate) struct ServerBuilder {
    environment: BTreeMap<String, String>,
    plugins: Option<PathBuf>,
    /// Where it keeps things, when the server has that for itself and not in its data directory.
    place: Option<Arc<Place>>,
}

/// A running server. It is killed, and its data removed, when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) client: reqwest::Client,
    builder: ServerBuilder,
    owns_data: bool,
}

impl ServerBuilder {
    /// Sets one key: `set("worker", "slots", 1)`.
    pub(crate) fn set(mut self, section: &str, key: &str, value: impl ToString) -> ServerBuilder {
        self.environment.insert(variable(section, key), value.to_string());
        self
    }

    /// Sets a variable of the environment that is not a setting.
    #[allow(dead_code, reason = "the faults of a cluster need it")]
    pub(crate) fn variable(mut self, name: &str, value: impl ToString) -> ServerBuilder {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    /// Loads a further folder of plugins.
    pub(crate) fn plugins(mut self, dir: PathBuf) -> ServerBuilder {
        self.plugins = Some(dir);
        self
    }

    /// Keeps rows in this database and bytes in this bucket: a node of a cluster.
    pub(crate) fn cluster(mut self, database: &Database, bucket: &Bucket) -> ServerBuilder {
        self.environment.extend(place::environment(database, bucket));
        self
    }

    pub(crate) async fn start(mut self) -> Server {
        self.place = Place::of_its_own(&mut self.environment);
        let data_dir = std::env::temp_dir().join(format!("safelight-test-{}", uuid::Uuid::now_v7()));
        self.start_in(data_dir, true).await
    }

    /// A further process with the files of another one.
    pub(crate) async fn start_beside(mut self, other: &Server) -> Server {
        place::copy(&other.builder.environment, &mut self.environment);
        self.place = other.builder.place.clone();
        self.start_in(other.data_dir.clone(), false).await
    }

    /// In a folder that outlives the server.
    #[allow(dead_code, reason = "the faults of a cluster need it")]
    pub(crate) async fn start_at(self, data_dir: PathBuf) -> Server {
        self.start_in(data_dir, false).await
    }

    async fn start_in(self, data_dir: PathBuf, owns_data: bool) -> Server {
        std::fs::create_dir_all(&data_dir).unwrap();
        place::write_down(&self.environment, &data_dir);
        let (child, url) = launch(&self, &data_dir).await;
        Server {
            child,
            url,
            data_dir,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            builder: self,
            owns_data,
        }
    }
}

/// The variable that sets a key.
fn variable(section: &str, key: &str) -> String {
    format!("SAFELIGHT__{}__{}", section.to_uppercase(), key.to_uppercase())
}

async fn launch(builder: &ServerBuilder, data_dir: &Path) -> (Child, String) {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data_dir.join("server.log")).unwrap();
    let mut command = Command::new(tools::binary());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .envs(&builder.environment)
        .env("SAFELIGHT_DEMO_KEY", KEY)
        .env("SAFELIGHT_DEMO_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    if let Some(dir) = &builder.plugins {
        command.arg("--plugins").arg(dir);
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reading = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(url) = line.strip_prefix("listening on ") {
                return Some(url.to_owned());
            }
        }
        None
    };
    // The first start on a machine compiles the plugins.
    let url = tokio::time::timeout(Duration::from_secs(120), reading).await.expect("the server starts in time");
    match url {
        Some(url) => {
            // What is printed later must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            (child, url)
        }
        None => panic!(
            "the server ended at its start: {}",
            std::fs::read_to_string(data_dir.join("server.log")).unwrap_or_default()
        ),
    }
}

impl Server {
    /// A server with short waits, on which loopback may be reached.
    pub(crate) fn builder() -> ServerBuilder {
        safelight::egress::install_tls();
        let builder = ServerBuilder { environment: BTreeMap::new(), plugins: None, place: None };
        // All test servers share one cache of compiled plugins: it is keyed by content.
        builder.set("egress", "allow", "127.0.0.1,localhost").set(
            "plugins",
            "cache_dir",
            tools::compiled_cache().display(),
        )
    }

    pub(crate) async fn start() -> Server {
        Server::builder().start().await
    }

    /// A request with the demo account's credentials.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).basic_auth(KEY, Some(SECRET))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Submits a job that must be accepted.
    pub(crate) async fn submit(&self, job: &Value) -> Value {
        let answer = self.post("/v1/jobs").json(job).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::ACCEPTED, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Submits a job that must be refused; the status and the problem document.
    pub(crate) async fn refused(&self, job: &Value) -> (StatusCode, Value) {
        let answer = self.post("/v1/jobs").json(job).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The job's document, as it is now.
    pub(crate) async fn job(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/jobs/{id}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// Waits until a job is final.
    pub(crate) async fn finished(&self, id: &str) -> Value {
        eventually(&format!("job {id} is final"), Duration::from_secs(60), || async {
            let answer = self.get(&format!("/v1/jobs/{id}?wait=10")).send().await.ok()?;
            let job: Value = answer.json().await.ok()?;
            let state = job["state"].as_str()?;
            (state != "queued" && state != "running").then_some(job.clone())
        })
        .await
    }

    /// Submits a job and waits for its end.
    pub(crate) async fn run(&self, job: &Value) -> Value {
        let accepted = self.submit(job).await;
        self.finished(accepted["id"].as_str().unwrap()).await
    }

    /// Downloads an output.
    pub(crate) async fn download(&self, output: &Value) -> bytes::Bytes {
        let url = output["url"].as_str().expect("the output has a URL");
        let answer = self.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{output}");
        answer.bytes().await.unwrap()
    }

    /// Kills the process without a warning, as a power cut would.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks the process to stop, and waits for it.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let id = self.pid();
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await.unwrap();
        assert!(asked.success());
        tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.expect("it stops in time").unwrap()
    }

    /// Sets one key for when it is started again.
    pub(crate) fn set(&mut self, section: &str, key: &str, value: impl ToString) {
        self.builder.environment.insert(variable(section, key), value.to_string());
    }

    /// Starts the process again on the same data, after it was killed or stopped.
    pub(crate) async fn start_again(&mut self) {
        let (child, url) = launch(&self.builder, &self.data_dir).await;
        self.child = child;
        self.url = url;
    }

    /// What the server logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("server.log")).unwrap_or_default()
    }

    /// The bucket that it has for itself, if its bytes are not in its data directory.
    pub(crate) fn bucket(&self) -> Option<&Bucket> {
        self.builder.place.as_ref().map(|place| &place.bucket)
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// Resident memory of the process in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            println_err(&format!("the last lines of the server's log, newest first:\n{}", tail.join("\n")));
        }
        if self.owns_data {
            let _ = std::fs::remove_dir_all(&self.data_dir);
        }
    }
}

#[expect(clippy::print_stderr, reason = "the log of a server belongs to the failure of its test")]
fn println_err(text: &str) {
    eprintln!("{text}");
}
