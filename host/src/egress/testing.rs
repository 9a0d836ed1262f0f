//! Real sockets for tests: servers that answer byte for byte what a test wants.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Config, Egress, Limits, Lookup};

/// An egress that may reach what `allow` says.
pub(crate) fn egress(allow: &[&str]) -> Egress {
    Egress::new(&config(allow)).unwrap()
}

pub(crate) fn config(allow: &[&str]) -> Config {
    Config {
        allow_private_addresses: false,
        allow: allow.iter().map(|entry| (*entry).to_owned()).collect(),
        user_agent: "Safelight/test".to_owned(),
    }
}

/// Limits that a test does not meet by chance.
pub(crate) fn limits() -> Limits {
    Limits {
        max_bytes: 1 << 20,
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(20),
        max_redirects: 3,
    }
}

/// Names with the answers of successive look-ups; the last one stays.
#[derive(Default)]
pub(crate) struct Names(pub(crate) std::sync::Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    pub(crate) fn new(names: &[(&str, &[&[&str]])]) -> Arc<Names> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let names =
            names.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(parse).collect())).collect();
        Arc::new(Names(std::sync::Mutex::new(names)))
    }
}

impl Lookup for Names {
    fn lookup(&self, host: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let mut names = self.0.lock().unwrap();
        let found = match names.get_mut(host) {
            Some(answers) if answers.len() > 1 => Ok(answers.remove(0)),
            Some(answers) => Ok(answers[0].clone()),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        };
        Box::pin(async move { found })
    }
}

/// Serves each connection with `handler`, which gets the head of the first request (and what came of
/// the body with it) and the socket.
pub(crate) async fn serve<F, R>(handler: F) -> SocketAddr
where
    F: Fn(String, TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let handler = Arc::new(handler);
        while let Ok((mut socket, _)) = listener.accept().await {
            let handler = handler.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    match socket.read(&mut buffer).await {
                        Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
                        _ => return,
                    }
                }
                handler(String::from_utf8_lossy(&head).into_owned(), socket).await;
            });
        }
    });
    address
}

/// Answers every request with these bytes and closes.
pub(crate) async fn serve_bytes(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = Arc::new(answer.into());
    serve(move |_, mut socket| {
        let answer = answer.clone();
        async move {
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
    })
    .await
}

/// A 200 with this body.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
}
