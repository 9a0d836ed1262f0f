//! What registries and servers do on real sockets that a real registry does not: move credentials elsewhere, lie,
//! ask for tokens. The rest is in the acceptance tests, against a real one.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::{
    config::Config,
    egress::testing::{egress, ok, redirect, serve, serve_bytes},
};

/// Speaks plain HTTP with everything on loopback.
fn distribution(max_bytes: u64) -> Distribution {
    let mut config = Config::defaults().plugins;
    config.insecure_registries = vec!["127.0.0.1".to_owned()];
    config.max_component_bytes = max_bytes;
    Distribution::new(egress(&["127.0.0.1"]), &config).unwrap()
}

fn reference(server: SocketAddr) -> Reference {
    format!("oci://{server}/acme/sepia:1").parse().unwrap()
}

fn manifest(component: &[u8], size: u64) -> String {
    let layer = json!({"mediaType": "application/wasm", "digest": Digest::of(component), "size": size});
    let config = json!({"mediaType": "application/vnd.wasm.config.v0+json", "digest": Digest::of(b"{}"), "size": 2});
    json!({"schemaVersion": 2, "config": config, "layers": [layer]}).to_string()
}

/// A registry with one component, whose blob is answered by `blob`.
async fn registry(manifest: String, blob: Vec<u8>) -> SocketAddr {
    let (manifest, blob) = (Arc::new(manifest), Arc::new(blob));
    serve(move |head, mut socket| {
        let (manifest, blob) = (manifest.clone(), blob.clone());
        async move {
            let answer = match head.split(' ').nth(1).unwrap() {
                "/v2/acme/sepia/manifests/1" => ok(manifest.as_bytes()),
                path if path.starts_with("/v2/acme/sepia/blobs/") => blob.to_vec(),
                _ => b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".to_vec(),
            };
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_component_is_pulled_and_pinned() {
    let server = registry(manifest(b"component", 9), ok(b"component")).await;
    let fetched = distribution(9).fetch(&reference(server), None).await.unwrap();
    assert_eq!(fetched.component, "component");
    assert_eq!(fetched.sha256, Digest::of(b"component").hex());
    let digest = Digest::of(manifest(b"component", 9).as_bytes());
    assert_eq!(fetched.manifest(), Some(&digest));
    assert_eq!(fetched.reference.to_string(), format!("oci://{server}/acme/sepia:1@{digest}"));
    assert_eq!(fetched.signed_by, None);
}

#[tokio::test]
async fn a_blob_that_is_not_as_the_manifest_says_is_refused() {
    let code = |server: SocketAddr| async move { distribution(9).fetch(&reference(server), None).await.unwrap_err() };
    for blob in [&b"componenT"[..], b"compone", b"component and more"] {
        let failure = code(registry(manifest(b"component", 9), ok(blob)).await).await;
        assert_eq!(failure.code, Code::PluginUntrusted, "{failure}");
    }
    // The size is refused by the manifest already: the blob, which would be cut off, is not asked for.
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncomp".to_vec();
    let failure = code(registry(manifest(b"component", 10), cut.clone()).await).await;
    assert_eq!(failure.code, Code::SourceLimit, "{failure}");
    let failure = code(registry(manifest(b"component", 9), cut).await).await;
    assert_eq!(failure.code, Code::SourceUnreachable, "{failure}");
    assert!(failure.message.contains("broke off"), "{failure}");
}

#[tokio::test]
async fn another_manifest_than_was_asked_for_is_refused() {
    let server = serve(move |_, mut socket| async move {
        let _ = socket.write_all(&ok(manifest(b"component", 9).as_bytes())).await;
    })
    .await;
    let pinned = format!("oci://{server}/acme/sepia@{}", Digest::of(b"other")).parse().unwrap();
    let failure = distribution(9).fetch(&pinned, None).await.unwrap_err();
    assert_eq!(failure.code, Code::PluginUntrusted);
    assert!(failure.message.contains(&Digest::of(b"other").to_string()), "{failure}");
}

#[tokio::test]
async fn a_token_is_fetched_and_goes_nowhere_else() {
    let has = |head: &str, text: &str| head.to_lowercase().contains(text);
    let storage = serve(move |head, mut socket| async move {
        let answer = if has(&head, "authorization") { ok(b"leaked!!!") } else { ok(b"component") };
        let _ = socket.write_all(&answer).await;
    })
    .await;
    let tokens = serve(move |head, mut socket| async move {
        let expected = "GET /token?service=a.example&scope=repository%3Aacme%2Fsepia%3Apull HTTP/1.1";
        let answer = if head.starts_with(expected) { ok(br#"{"token": "open"}"#) } else { ok(b"{}") };
        let _ = socket.write_all(&answer).await;
    })
    .await;
    let server = serve(move |head, mut socket| async move {
        let answer = if !has(&head, "authorization: bearer open\r\n") {
            format!(
                "HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer realm=\"http://{tokens}/token\",service=\"a.example\",\
                 scope=\"repository:acme/sepia:pull\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .into_bytes()
        } else if head.contains("/manifests/") {
            ok(manifest(b"component", 9).as_bytes())
        } else {
            redirect(&format!("http://{storage}/blob"))
        };
        let _ = socket.write_all(&answer).await;
        let _ = socket.shutdown().await;
    })
    .await;
    let fetched = distribution(9).fetch(&reference(server), None).await.unwrap();
    assert_eq!(fetched.component, "component");
}

#[tokio::test]
async fn another_digest_than_the_lock_files_is_refused_before_the_blob_is_fetched() {
    let server = registry(manifest(b"component", 9), Vec::new()).await;
    let expected = Digest::of(b"locked");
    let failure = distribution(9).fetch(&reference(server), Some(expected.hex())).await.unwrap_err();
    assert_eq!(failure.code, Code::PluginUntrusted);
    for part in [expected.hex(), Digest::of(b"component").hex(), "safelight plugin lock"] {
        assert!(failure.message.contains(part), "{failure}");
    }
}

#[tokio::test]
async fn urls_are_fetched_with_their_signature() {
    let (key, _) = SigningKey::generate().unwrap();
    let signature = key.sign(b"component").unwrap();
    let server = serve(move |head, mut socket| {
        let signature = signature.clone();
        async move {
            let answer = match head.split(' ').nth(1).unwrap() {
                "/good.wasm?v=1" | "/changed.wasm" | "/unsigned.wasm" => ok(b"component"),
                "/good.wasm.sig?v=1" => ok(&signature),
                "/changed.wasm.sig" => ok(b"AAAA"),
                _ => b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".to_vec(),
            };
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
    })
    .await;
    let url = |path: &str| format!("http://{server}/{path}").parse::<Reference>().unwrap();
    let trusting = distribution(9).trusting(Trust::only("acme", key.public()));
    let fetched = trusting.fetch(&url("good.wasm?v=1"), None).await.unwrap();
    assert_eq!((fetched.signed_by.as_deref(), &fetched.component), (Some("acme"), &Bytes::from_static(b"component")));
    for path in ["changed.wasm", "unsigned.wasm"] {
        assert_eq!(trusting.fetch(&url(path), None).await.unwrap_err().code, Code::PluginUntrusted, "{path}");
    }
    assert_eq!(trusting.fetch(&url("none.wasm"), None).await.unwrap_err().code, Code::SourceNotFound);
    assert_eq!(distribution(8).fetch(&url("unsigned.wasm"), None).await.unwrap_err().code, Code::SourceLimit);
}

#[tokio::test]
async fn plain_http_is_for_hosts_of_the_settings() {
    let mut config = Config::defaults().plugins;
    let server = serve_bytes(ok(b"component")).await;
    let url: Reference = format!("http://{server}/x.wasm").parse().unwrap();
    let fetch = async |config: &PluginsConfig| {
        Distribution::new(egress(&["127.0.0.1"]), config).unwrap().fetch(&url, None).await
    };
    let failure = fetch(&config).await.unwrap_err();
    assert_eq!(failure.code, Code::InvalidRequest);
    assert!(failure.message.contains("plugins.insecure_registries"), "{failure}");
    config.insecure_registries = vec!["127.0.0.1:1".to_owned()];
    assert_eq!(fetch(&config).await.unwrap_err().code, Code::InvalidRequest);
    config.insecure_registries = vec![server.to_string()];
    assert_eq!(fetch(&config).await.unwrap().component, "component");
    // A registry that is not listed is spoken to in TLS, which this one does not know.
    let failure = Distribution::new(egress(&["127.0.0.1"]), &Config::defaults().plugins)
        .unwrap()
        .fetch(&reference(server), None)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::SourceUnreachable, "{failure}");
}

#[tokio::test]
async fn private_addresses_are_the_matter_of_egress() {
    let mut config = Config::defaults().plugins;
    config.insecure_registries = vec!["127.0.0.1".to_owned()];
    let distribution = Distribution::new(egress(&[]), &config).unwrap();
    let server = serve_bytes(ok(b"secret")).await;
    for text in [format!("oci://{server}/a"), format!("http://{server}/a.wasm")] {
        let failure = distribution.fetch(&text.parse().unwrap(), None).await.unwrap_err();
        assert_eq!(failure.code, Code::AddressRefused, "{failure}");
    }
}

#[test]
fn settings_that_do_not_go_together_are_named() {
    let mut config = Config::defaults().plugins;
    config.insecure_registries = vec!["http://a.example".to_owned()];
    assert!(check(&config).unwrap_err().contains("plugins.insecure_registries: the host is \"http://a.example\""));
    config.insecure_registries.clear();
    config.trust.required = true;
    assert!(check(&config).unwrap_err().contains("plugins.trust.keys has no key"));
}
