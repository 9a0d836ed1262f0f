//! Plugins that a running server installs from a real registry.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{noop, running, runs_with, version};
use crate::{
    distribution::registry::{Registry, cut_wire},
    support::{Server, ServerBuilder, eventually, tools},
};

fn builder() -> ServerBuilder {
    Server::builder().set("plugins", "insecure_registries", "127.0.0.1")
}

/// Pushes a version to a registry.
async fn push(server: &Server, registry: &Registry, number: &str, tag: &str) -> String {
    let file = server.data_dir.join(format!("push-{number}.wasm"));
    std::fs::write(&file, version(number)).unwrap();
    let reference = format!("oci://{}/acme/empty:{tag}", registry.address);
    let (to, data_dir) = (reference.clone(), server.data_dir.clone());
    let ran = tokio::task::spawn_blocking(move || {
        let environment = [
            ("SAFELIGHT__EGRESS__ALLOW", "127.0.0.1".to_owned()),
            ("SAFELIGHT__PLUGINS__INSECURE_REGISTRIES", "127.0.0.1".to_owned()),
        ];
        tools::safelight_with(&["plugin", "push", file.to_str().unwrap(), &to], &data_dir, &environment)
    });
    let (code, out, err) = ran.await.unwrap();
    assert_eq!(code, 0, "{out}{err}");
    reference
}

async fn install(server: &Server, body: Value) -> (StatusCode, Value) {
    let put = server.request(Method::PUT, "/v1/plugins/empty").json(&body).send().await.unwrap();
    (put.status(), put.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_installs_from_a_registry_and_keeps_what_it_has_when_that_fails() {
    let server = builder().start().await;
    let registry = Registry::start(&server.data_dir);
    let one = push(&server, &registry, "1.0.0", "stable").await;
    let (status, plugin) = install(&server, json!({"reference": one})).await;
    assert_eq!(status, StatusCode::OK, "{plugin}");
    assert!(plugin["versions"][0]["source"].as_str().unwrap().starts_with(&format!("{one}@sha256:")), "{plugin}");
    assert_eq!(running(&server).await.as_deref(), Some("1.0.0"));

    // The tag moves: the lock file knows better, until it is told to update.
    push(&server, &registry, "2.0.0", "stable").await;
    let (status, problem) = install(&server, json!({"reference": one})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("plugin_untrusted")), "{problem}");
    assert_eq!(running(&server).await.as_deref(), Some("1.0.0"));
    let (status, plugin) = install(&server, json!({"reference": one, "update": true})).await;
    assert_eq!((status, &plugin["version"]), (StatusCode::OK, &json!("2.0.0")), "{plugin}");

    // A registry that dies half-way, one that sends something else, and one that is gone.
    push(&server, &registry, "3.0.0", "next").await;
    let cut = cut_wire(&registry.address, version("3.0.0").len() / 2);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    registry.tamper(&hex::encode(Sha256::digest(version("3.0.0"))));
    for (address, code) in [
        (cut, "source_unreachable"),
        (registry.address.clone(), "plugin_untrusted"),
        (gone.to_string(), "source_unreachable"),
    ] {
        let (_, problem) = install(&server, json!({"reference": format!("oci://{address}/acme/empty:next")})).await;
        assert_eq!(problem["code"], code, "{address}: {problem}");
        assert_eq!(running(&server).await.as_deref(), Some("2.0.0"), "{address}");
    }
    let plugin: Value = server.get("/v1/plugins/empty").send().await.unwrap().json().await.unwrap();
    assert_eq!(plugin["versions"].as_array().unwrap().len(), 2, "{plugin}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_settings_name_is_installed_at_the_start_and_only_then() {
    let mut server = builder().start().await;
    let registry = Registry::start(&server.data_dir);
    let reference = push(&server, &registry, "1.0.0", "1").await;
    assert!(server.terminate().await.success());
    server.set("plugins", "install__empty", &reference);
    server.start_again().await;
    runs_with(&server, "1.0.0").await;
    let removed = server.request(Method::DELETE, "/v1/plugins/empty").send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(server.run(&noop()).await["state"], "failed");
    assert!(server.terminate().await.success());
    server.start_again().await;
    runs_with(&server, "1.0.0").await;
    let log: Value = server.get("/v1/audit?subject=empty").send().await.unwrap().json().await.unwrap();
    let actors: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["actor"].as_str().unwrap()).collect();
    assert_eq!(actors, ["configuration", "demo", "configuration"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_signatures_required_an_upload_is_refused() {
    let server = builder().start().await;
    let data_dir = server.data_dir.clone();
    let made = tokio::task::spawn_blocking(move || {
        let name = data_dir.join("acme");
        tools::safelight(&["plugin", "keygen", name.to_str().unwrap()], &data_dir)
    });
    assert_eq!(made.await.unwrap().0, 0);
    let public = std::fs::read_to_string(server.data_dir.join("acme.pub")).unwrap();
    let strict = builder().set("plugins", "trust__required", true).set("plugins", "trust__keys__acme", &public);
    let strict = strict.start().await;
    let put = strict.request(Method::PUT, "/v1/plugins/empty").body(version("1.0.0")).send().await.unwrap();
    assert_eq!(put.json::<Value>().await.unwrap()["code"], "plugin_untrusted");

    let file = strict.data_dir.join("empty.wasm");
    std::fs::write(&file, version("1.0.0")).unwrap();
    let (data_dir, key) = (strict.data_dir.clone(), server.data_dir.join("acme.key"));
    let install = async |signed: bool| {
        let (file, data_dir, key, public) = (file.clone(), data_dir.clone(), key.clone(), public.clone());
        let ran = tokio::task::spawn_blocking(move || {
            let environment = [
                ("SAFELIGHT__PLUGINS__TRUST__REQUIRED", "true".to_owned()),
                ("SAFELIGHT__PLUGINS__TRUST__KEYS__ACME", public),
            ];
            let file = file.to_str().unwrap();
            if signed {
                assert_eq!(tools::safelight(&["plugin", "sign", file, "--key", key.to_str().unwrap()], &data_dir).0, 0);
            }
            tools::safelight_with(&["plugin", "install", file], &data_dir, &environment)
        });
        ran.await.unwrap()
    };
    let (code, _, err) = install(false).await;
    assert!(code == 1 && err.contains("plugin_untrusted"), "{err}");
    let (code, out, err) = install(true).await;
    assert!(code == 0 && out.trim_end().ends_with("signed by acme"), "{out}{err}");
    eventually("it runs", Duration::from_secs(20), || async { running(&strict).await }).await;
}
