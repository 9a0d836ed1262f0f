//! Sources from real sockets and a real folder.

use std::time::Duration;

use object_store::memory::InMemory;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::egress::testing::{egress, ok, redirect, serve, serve_bytes};

fn sources() -> Sources {
    let config = Config { max_bytes: 1000, connect_timeout_ms: 2000, timeout_ms: 300, max_redirects: 2 };
    Sources::new(egress(&["127.0.0.1"]), Blobs::in_object_store(std::sync::Arc::new(InMemory::new())), &config)
}

async fn read(sources: &Sources, url: impl Into<String>) -> Result<Loaded, Failure> {
    sources.read(&Source::Url { url: url.into() }).await
}

#[tokio::test]
async fn a_url_is_downloaded_and_hashed() {
    let server = serve_bytes(ok(b"abc")).await;
    let loaded = read(&sources(), format!("http://{server}/x.png")).await.unwrap();
    assert_eq!(&loaded.bytes[..], b"abc");
    // The example of FIPS 180-2, appendix B.1.
    assert_eq!(loaded.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[tokio::test]
async fn each_failure_has_its_code() {
    let sources = sources();
    let check = async |url: String, code: Code| {
        let failure = read(&sources, url.clone()).await.unwrap_err();
        assert_eq!(failure.code, code, "{url}: {failure}");
    };
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    check(format!("http://{closed}/"), Code::SourceUnreachable).await;
    check("http://127.0.0.2/".to_owned(), Code::AddressRefused).await;
    check("http://name.invalid/".to_owned(), Code::SourceUnreachable).await;
    check("nonsense".to_owned(), Code::InvalidRequest).await;
    for (status, code) in [
        (400, Code::SourceUnreachable),
        (403, Code::SourceUnreachable),
        (404, Code::SourceNotFound),
        (410, Code::SourceNotFound),
        (500, Code::SourceUnreachable),
        (503, Code::SourceUnreachable),
    ] {
        let server = serve_bytes(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        check(format!("http://{server}/"), code).await;
    }
    let cut = serve_bytes(&b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"[..]).await;
    check(format!("http://{cut}/"), Code::SourceUnreachable).await;
    let large = serve_bytes(ok(&[0; 1001])).await;
    check(format!("http://{large}/"), Code::SourceLimit).await;
    let circle = serve_bytes(redirect("/again")).await;
    check(format!("http://{circle}/"), Code::SourceLimit).await;
    let dripping = serve(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    check(format!("http://{dripping}/"), Code::SourceLimit).await;
}

#[tokio::test]
async fn kept_bytes_are_read_within_the_limit() {
    let sources = sources();
    let kept = sources.blobs.put(Bytes::from_static(b"kept")).await.unwrap();
    let blob = |sha256: &str| Source::Blob { sha256: sha256.to_owned(), asset: None };
    let loaded = sources.read(&blob(&kept.sha256)).await.unwrap();
    assert_eq!((&loaded.bytes[..], loaded.sha256), (&b"kept"[..], kept.sha256));
    let large = sources.blobs.put(Bytes::from(vec![1; 1001])).await.unwrap();
    assert_eq!(sources.read(&blob(&large.sha256)).await.unwrap_err().code, Code::SourceLimit);
    assert_eq!(sources.read(&blob(&"0".repeat(64))).await.unwrap_err().code, Code::SourceNotFound);
}
