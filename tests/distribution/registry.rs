//! A real OCI registry as a process of its own, on loopback, and a wire to it that can be cut.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use bytes::Bytes;
use serde_json::Value;

/// The registry. It is killed when it is dropped.
pub(crate) struct Registry {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    root: PathBuf,
    client: reqwest::Client,
}

impl Registry {
    /// Starts one that keeps its files in `folder`.
    pub(crate) fn start(folder: &Path) -> Registry {
        Registry::launch(folder, "")
    }

    /// The same for one user.
    pub(crate) fn with_user(folder: &Path, user: &str, password: &str) -> Registry {
        let made = Command::new("htpasswd").args(["-nbB", user, password]).output();
        let made = made.expect("htpasswd is missing: run `make test-tools`");
        assert!(made.status.success());
        let file = folder.join("htpasswd");
        std::fs::write(&file, made.stdout).unwrap();
        Registry::launch(folder, &format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", file.display()))
    }

    fn launch(folder: &Path, further: &str) -> Registry {
        let root = folder.join("registry");
        let settings = folder.join("registry.yml");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:0\n{further}",
            root.display()
        );
        std::fs::write(&settings, text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("docker-registry is missing: run `make test-tools`");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            log.push_str(&line);
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(['"', ' ']).next()?.to_owned())
        });
        let address = address.unwrap_or_else(|| panic!("the registry ended at its start: {log}"));
        // What is logged later must not fill the pipe.
        thread::spawn(move || lines.map_while(Result::ok).count());
        safelight::egress::install_tls();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Registry { child, address, root, client }
    }

    /// The file of a blob, named by its SHA-256.
    fn blob(&self, sha256: &str) -> PathBuf {
        self.root.join("docker/registry/v2/blobs/sha256").join(&sha256[..2]).join(sha256).join("data")
    }

    /// Changes one byte in the middle of a blob on the disk.
    pub(crate) fn tamper(&self, sha256: &str) {
        let file = self.blob(sha256);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }

    /// The bytes of a manifest or blob.
    pub(crate) async fn bytes(&self, path: &str) -> Bytes {
        let request = self.client.get(self.url(path)).header("accept", "application/vnd.oci.image.manifest.v1+json");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap()
    }

    /// The same as JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path).await).unwrap()
    }

    /// Writes a manifest, as whoever may push can.
    pub(crate) async fn put(&self, path: &str, manifest: &Value) {
        let media_type = manifest["mediaType"].as_str().unwrap();
        let request = self.client.put(self.url(path)).header("content-type", media_type).body(manifest.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes connections on to `address`, and cuts each after so many bytes of answers; the address to use instead.
pub(crate) fn cut_wire(address: &str, after: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let address = address.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&address).unwrap();
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            thread::spawn(move || pass(server, client, after));
        }
    });
    here
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut left: usize) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let passed = read.min(left);
        left -= passed;
        if to.write_all(&buffer[..passed]).is_err() || left == 0 {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
