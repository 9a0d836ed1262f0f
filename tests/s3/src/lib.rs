//! A private S3 server for tests, in the process that uses it.
//!
//! It speaks the protocol over a port of its own on loopback, checks signatures, and keeps its objects in a folder of
//! its own, which goes with it. It can be stopped and started again on the same port and folder.

mod bucket;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::sync::oneshot;

/// The one bucket.
pub const BUCKET: &str = "safelight";
/// The id of the one access key.
pub const ACCESS_KEY: &str = "TESTKEY";
/// Its secret.
pub const SECRET_KEY: &str = "a/secret+key=";

/// How long the port may be held by connections that are just ending.
const START: Duration = Duration::from_secs(20);

/// A server with one empty bucket. It ends, and its objects are removed, when it is dropped.
pub struct Server {
    dir: PathBuf,
    address: SocketAddr,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts one.
    #[must_use]
    pub fn start() -> Server {
        let dir = std::env::temp_dir().join(format!("safelight-s3-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(dir.join(BUCKET)).expect("the folder of the bucket can be made");
        let (address, running) = run(&dir, None);
        Server { dir, address, running: Mutex::new(Some(running)) }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it: connections are cut and new ones refused. What was written stays.
    pub fn stop(&self) {
        if let Some(running) = self.lock().take() {
            running.end();
        }
    }

    /// Starts it again after [`Server::stop`], on the same port.
    pub fn start_again(&self) {
        let mut running = self.lock();
        if running.is_none() {
            *running = Some(run(&self.dir, Some(self.address)).1);
        }
    }

    /// The keys of all objects, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let root = self.dir.join(BUCKET);
        let mut keys = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(key) = path.strip_prefix(&root) {
                    keys.push(key.to_string_lossy().into_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// The file that an object is kept in.
    #[must_use]
    pub fn file(&self, key: &str) -> PathBuf {
        self.dir.join(BUCKET).join(key)
    }

    /// How many files stand for uploads that are not complete.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".upload")).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Running {
    fn end(self) {
        // A thread that has ended is not there to be told.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Serves in a thread of its own, so that it does not end with the runtime of one test.
fn run(dir: &Path, address: Option<SocketAddr>) -> (SocketAddr, Running) {
    let service = {
        let files = FileSystem::new(dir).expect("the folder is there");
        let mut builder = S3ServiceBuilder::new(bucket::Bucket::new(files));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        builder.build()
    };
    let (stop, mut stopped) = oneshot::channel();
    let (tell, told) = mpsc::channel();
    let listener = bind(address);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async move {
            listener.set_nonblocking(true).expect("a socket can be non-blocking");
            let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
            tell.send(listener.local_addr().expect("it has an address")).expect("the other end waits");
            loop {
                let connection = tokio::select! {
                    _ = &mut stopped => return,
                    connection = listener.accept() => connection,
                };
                let Ok((socket, _)) = connection else { continue };
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client that goes away is its own affair.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
    });
    (told.recv().expect("the server starts"), Running { stop, thread })
}

fn bind(address: Option<SocketAddr>) -> TcpListener {
    let wanted = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let end = Instant::now() + START;
    loop {
        match TcpListener::bind(wanted) {
            Ok(listener) => return listener,
            Err(error) => assert!(Instant::now() < end, "cannot listen on {wanted}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
