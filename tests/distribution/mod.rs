//! Components on their way: pushed to and pulled from a real registry, signed, pinned, tampered with.

pub(crate) mod registry;
mod signatures;

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::tools;
use registry::{Registry, cut_wire};

/// A folder with settings for a registry on loopback, and credentials of its own.
struct Bench(PathBuf);

impl Bench {
    fn new() -> Bench {
        let path = std::env::temp_dir().join(format!("safelight-distribution-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Bench(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Runs `safelight plugin ...`, with further settings.
    fn plugin_with(&self, settings: &[(&str, String)], arguments: &[&str]) -> (i32, String, String) {
        let mut environment = vec![
            ("DOCKER_CONFIG", self.file("docker")),
            ("SAFELIGHT__EGRESS__ALLOW", "127.0.0.1".to_owned()),
            ("SAFELIGHT__PLUGINS__INSECURE_REGISTRIES", "127.0.0.1".to_owned()),
        ];
        environment.extend_from_slice(settings);
        tools::safelight_with(&[&["plugin"], arguments].concat(), &self.0.join("data"), &environment)
    }

    /// The same with what it prints, when it succeeds.
    fn plugin(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.plugin_with(&[], arguments);
        assert_eq!(code, 0, "{arguments:?}: {out}{err}");
        out
    }

    /// The same for what has to fail.
    fn fails(&self, settings: &[(&str, String)], arguments: &[&str], expected: &[&str]) {
        let (code, out, err) = self.plugin_with(settings, arguments);
        assert_eq!(code, 1, "{arguments:?}: {out}{err}");
        for part in expected {
            assert!(err.contains(part), "{arguments:?}: {err:?} does not say {part:?}");
        }
    }

    /// Pushes a component; the reference with the digest.
    fn push(&self, program: &str, reference: &str, further: &[&str]) -> String {
        let component = tools::program(program);
        let out = self.plugin(&[&["push", component.to_str().unwrap(), reference], further].concat());
        out.lines().last().unwrap().to_owned()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sha256(file: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(file).unwrap()))
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    let reference = format!("oci://{}/acme/empty:1.0", registry.address);
    let pinned = bench.push("empty", &reference, &[]);
    assert!(pinned.starts_with(&format!("{reference}@sha256:")), "{pinned}");
    assert_eq!(bench.push("empty", &reference, &[]), pinned, "the same component has the same manifest");

    let component = tools::program("empty");
    for from in [&reference, &pinned, &pinned.replace(":1.0@", "@")] {
        let output = bench.file("pulled.wasm");
        let out = bench.plugin(&["pull", from, "-o", &output]);
        assert!(out.contains(&sha256(&component)), "{out}");
        assert_eq!(sha256(Path::new(&output)), sha256(&component));
        std::fs::remove_file(&output).unwrap();
    }

    // What other tools for components look for.
    let manifest = registry.get("acme/empty/manifests/1.0").await;
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], format!("sha256:{}", sha256(&component)));
    assert_eq!(manifest["annotations"]["org.opencontainers.image.title"], "empty");
    assert!(manifest["annotations"]["org.opencontainers.image.version"].is_string());
    let digest = manifest["config"]["digest"].as_str().unwrap();
    let config = registry.get(&format!("acme/empty/blobs/{digest}")).await;
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["layerDigests"], json!([manifest["layers"][0]["digest"]]));
    let exports = config["component"]["exports"].to_string();
    assert!(exports.contains("safelight:plugin/transform@"), "{exports}");
}

#[test]
fn credentials_are_those_of_docker_login() {
    let bench = Bench::new();
    let registry = Registry::with_user(&bench.0, "acme", "open sesame");
    let reference = format!("oci://{}/acme/empty:1", registry.address);
    let empty = tools::program("empty");
    let push = ["push", empty.to_str().unwrap(), &reference];
    let login = |password: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let auth = STANDARD.encode(format!("acme:{password}"));
        let config = json!({"auths": {registry.address.as_str(): {"auth": auth}}});
        std::fs::create_dir_all(bench.file("docker")).unwrap();
        std::fs::write(bench.file("docker/config.json"), config.to_string()).unwrap();
    };
    bench.fails(&[], &push, &["destination_failed", "answered 401", "docker login 127.0.0.1"]);
    login("wrong");
    bench.fails(&[], &push, &["answered 401 to the user \"acme\"", "the password is wrong"]);
    login("open sesame");
    bench.plugin(&push);
    bench.plugin(&["pull", &reference, "-o", &bench.file("pulled.wasm")]);
    assert_eq!(sha256(Path::new(&bench.file("pulled.wasm"))), sha256(&empty));
    login("wrong");
    bench.fails(&[], &["pull", &reference, "-o", &bench.file("other.wasm")], &["source_unreachable", "\"acme\""]);
}

#[tokio::test]
async fn what_cannot_be_pulled_is_named() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    let at = |name: &str| format!("oci://{}/{name}", registry.address);
    bench.push("empty", &at("acme/empty:1"), &[]);
    let manifest = registry.get("acme/empty/manifests/1").await;
    let text = registry.bytes("acme/empty/manifests/1").await;
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&text)));
    let descriptor = json!({"mediaType": manifest["mediaType"], "digest": digest, "size": text.len()});
    let index_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": index_type, "manifests": [descriptor]});
    registry.put("acme/empty/manifests/index", &index).await;
    let mut picture = manifest.clone();
    picture["layers"][0]["mediaType"] = "image/png".into();
    registry.put("acme/empty/manifests/picture", &picture).await;

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = bench.file("kept.wasm");
    std::fs::write(&output, "what was there").unwrap();
    for (reference, expected) in [
        (at("acme/empty:2"), &["source_not_found", "no manifest 2 in acme/empty"][..]),
        (at("acme/nothing"), &["source_not_found", "no manifest latest in acme/nothing"]),
        (at("acme/empty:index"), &["plugin_invalid", "is an index"]),
        (at("acme/empty:picture"), &["plugin_invalid", "image/png"]),
        (format!("oci://{closed}/acme/empty"), &["source_unreachable", "cannot connect"]),
        (format!("http://{closed}/x.wasm"), &["source_unreachable", "cannot connect"]),
        ("oci://10.0.0.1/acme/empty".to_owned(), &["address_refused", "10.0.0.1"]),
        (bench.file("none.wasm"), &["source_not_found", "none.wasm"]),
    ] {
        bench.fails(&[], &["pull", &reference, "-o", &output], expected);
    }
    let few = [("SAFELIGHT__PLUGINS__MAX_COMPONENT_BYTES", "1000".to_owned())];
    let size = manifest["layers"][0]["size"].to_string();
    bench.fails(&few, &["pull", &at("acme/empty:1"), "-o", &output], &["source_limit", &size, "the limit is 1000"]);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "what was there");

    let (code, _, err) = bench.plugin_with(&[], &["pull", "oci://Nowhere"]);
    assert!(code == 2 && err.contains("expected oci://HOST"), "{err}");
    let text = bench.file("text.wasm");
    std::fs::write(&text, "no component").unwrap();
    bench.fails(&[], &["push", &text, &at("acme/text:1")], &["text.wasm", "plugin_invalid"]);
    let empty = tools::program("empty");
    let empty = empty.to_str().unwrap();
    bench.fails(&[], &["push", empty, "https://127.0.0.1/x.wasm"], &["invalid_request", "expected oci://"]);
}

#[test]
fn a_component_that_was_changed_in_the_registry_is_refused() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    let reference = format!("oci://{}/acme/empty:1", registry.address);
    bench.push("empty", &reference, &[]);
    let digest = sha256(&tools::program("empty"));
    registry.tamper(&digest);
    let output = bench.file("kept.wasm");
    std::fs::write(&output, "what was there").unwrap();
    bench.fails(&[], &["pull", &reference, "-o", &output], &["plugin_untrusted", &format!("expected sha256:{digest}")]);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "what was there");
}

#[test]
fn a_manifest_that_was_changed_in_the_registry_is_refused() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    let pinned = bench.push("empty", &format!("oci://{}/acme/empty:1", registry.address), &[]);
    let (_, digest) = pinned.split_once("@sha256:").unwrap();
    registry.tamper(digest);
    bench.fails(&[], &["pull", &pinned, "-o", &bench.file("pulled.wasm")], &["cannot pull"]);
    assert!(!Path::new(&bench.file("pulled.wasm")).exists());
}

#[test]
fn a_registry_that_dies_half_way_leaves_the_old_file() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    bench.push("empty", &format!("oci://{}/acme/empty:1", registry.address), &[]);
    let bytes = std::fs::metadata(tools::program("empty")).unwrap().len() as usize;
    let cut = cut_wire(&registry.address, bytes / 2);
    let output = bench.file("kept.wasm");
    std::fs::write(&output, "what was there").unwrap();
    let pull = ["pull", &format!("oci://{cut}/acme/empty:1"), "-o", &output];
    bench.fails(&[], &pull, &["source_unreachable", "broke off"]);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "what was there");
    let files = std::fs::read_dir(&bench.0).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let parts: Vec<String> = files.filter(|name| name.contains(".part")).collect();
    assert_eq!(parts, [""; 0], "nothing half-written is left");
}

#[test]
fn the_lock_file_holds_a_reference_to_its_component() {
    let bench = Bench::new();
    let registry = Registry::start(&bench.0);
    let reference = format!("oci://{}/acme/tool:1", registry.address);
    let (old, new) = (sha256(&tools::program("empty")), sha256(&tools::program("hostile")));
    bench.push("empty", &reference, &[]);
    let file = bench.file("plugins.lock");
    let settings = [("SAFELIGHT__PLUGINS__LOCK_FILE", file.clone())];
    let plugin = |arguments: &[&str]| {
        let (code, out, err) = bench.plugin_with(&settings, arguments);
        assert_eq!(code, 0, "{err}");
        out
    };
    plugin(&["lock", &reference]);
    let locked = std::fs::read_to_string(&file).unwrap();
    for part in [&reference, "name = \"empty\"", &old, "manifest = \"sha256:"] {
        assert!(locked.contains(part), "{locked}");
    }
    let output = bench.file("tool.wasm");
    let pull = ["pull", &reference, "-o", &output];
    plugin(&pull);

    // Somebody moves the tag.
    bench.push("hostile", &reference, &[]);
    bench.fails(&settings, &pull, &["plugin_untrusted", &old, &new, "safelight plugin lock"]);
    assert_eq!(sha256(Path::new(&output)), old);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), locked);

    let out = plugin(&["lock", &reference]);
    assert!(out.contains(&format!("{new} (was {old})")), "{out}");
    plugin(&pull);
    assert_eq!(sha256(Path::new(&output)), new);

    std::fs::write(&file, "version = 1\n[[plugin]]\nreference = 1\n").unwrap();
    bench.fails(&settings, &pull, &["plugins.lock", "reference"]);
}
