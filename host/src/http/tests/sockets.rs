//! Connections: real sockets, slow clients, draining.

use std::time::{Duration, Instant};

use axum::{body::Body, http::Method};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::door::Door;
use crate::http::{Connections, serve};

async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn connections(door: &Door, stop: &CancellationToken) -> Connections {
    Connections::new(&door.state.config, stop.clone(), Duration::from_secs(5))
}

#[tokio::test]
async fn a_stopping_server_answers_what_it_has_begun_and_closes() {
    let door = Door::open().await;
    let job = door.submit(&json!({"source": {"canvas": {"width": 1, "height": 1}}})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, door.router.clone(), connections(&door, &stop)));

    let mut waiting = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/jobs/{}?wait=5 HTTP/1.1\r\nhost: here\r\nauthorization: Bearer demo:right\r\n\r\n",
        job["id"].as_str().unwrap()
    );
    waiting.write_all(request.as_bytes()).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut some = [0; 12];
    idle.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 200");

    let began = Instant::now();
    door.state.draining.cancel();
    stop.cancel();
    assert!(read_all(&mut waiting).await.starts_with("HTTP/1.1 200"));
    read_all(&mut idle).await;
    serving.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_one_to_close() {
    let door = Door::with(|config| config.server.max_connections = 1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, door.router.clone(), connections(&door, &stop)));
    let get = b"GET /healthz HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
    let first = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(get).await.unwrap();
    let mut some = [0; 1];
    assert!(tokio::time::timeout(Duration::from_millis(200), second.read(&mut some)).await.is_err());
    drop(first);
    assert!(read_all(&mut second).await.starts_with("HTTP/1.1 200"));
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn an_upload_larger_than_allowed_is_refused_from_its_length() {
    let door = Door::with(|config| config.server.max_body_bytes = 2048).await;
    let headers = [("content-type", "application/json"), ("content-length", "2049")];
    let pending = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let answer = door.ask(Method::POST, "/v1/jobs", &headers, pending).await;
    assert_eq!(answer.problem(), (413, "body_too_large".into()));
}

/// Takes nothing of a long answer: more than the buffers of both ends hold.
#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let door = Door::with(|config| config.server.write_timeout_s = 1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let long = axum::Router::new().fallback(|| async { vec![0_u8; 64 << 20] });
    let serving = tokio::spawn(serve(listener, long, connections(&door, &stop)));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut some = [0; 12];
    client.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 200");
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What was under way before arrives, the rest does not.
    let mut arrived = Vec::new();
    let _ = client.read_to_end(&mut arrived).await;
    assert!(arrived.len() < 64 << 20, "{}", arrived.len());
    stop.cancel();
    serving.await.unwrap();
}
