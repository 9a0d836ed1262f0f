//! A receiver of callbacks that writes down everything it gets.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;

use super::eventually;

/// One request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }
}

type Behaviour = Arc<dyn Fn(usize) -> Answer + Send + Sync>;

/// What a receiver does with a request.
pub(crate) enum Answer {
    Status(u16),
    StatusWith(u16, &'static str, String),
    Hang,
}

#[derive(Clone)]
struct Inner {
    received: Arc<Mutex<Vec<Received>>>,
    behaviour: Behaviour,
}

/// The receiver. It ends with the test's runtime.
pub(crate) struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// One that accepts everything.
    pub(crate) async fn start() -> Receiver {
        Receiver::with(|_| Answer::Status(204)).await
    }

    /// One that answers the request of this index (from 0) so.
    pub(crate) async fn with(behaviour: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Receiver {
        let inner = Inner { received: Arc::default(), behaviour: Arc::new(behaviour) };
        let received = inner.received.clone();
        let router = Router::new().fallback(receive).with_state(inner);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until there are at least this many.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} callbacks"), Duration::from_secs(60), || async {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

async fn receive(State(inner): State<Inner>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let index = {
        let mut received = inner.received.lock().unwrap();
        received.push(Received { path: uri.path().to_owned(), headers, body, at: Instant::now() });
        received.len() - 1
    };
    let status = |status| StatusCode::from_u16(status).unwrap();
    match (inner.behaviour)(index) {
        Answer::Status(code) => status(code).into_response(),
        Answer::StatusWith(code, name, value) => (status(code), [(name, value)]).into_response(),
        Answer::Hang => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
    }
}
