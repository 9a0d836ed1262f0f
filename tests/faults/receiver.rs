//! Takes callbacks: checks signatures, writes ids down, and refuses some first tries.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How far the time of a callback may be from ours before it counts as off.
const TOLERANCE: u64 = 300;

/// What came for one job.
#[derive(Clone, Default)]
pub(crate) struct Told {
    /// Each id, with how often it was accepted and how often it came.
    pub(crate) ids: BTreeMap<String, (u32, u32)>,
}

/// What came in all.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) jobs: BTreeMap<String, Told>,
    /// Callbacks whose signature is wrong.
    pub(crate) forged: u32,
    /// Callbacks whose time is off.
    pub(crate) off: u32,
}

#[derive(Clone)]
struct Inner {
    book: Arc<Mutex<Book>>,
    secret: Arc<Vec<u8>>,
}

/// The receiver.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inner: Inner,
}

impl Receiver {
    /// One that knows this secret, `whsec_...`.
    pub(crate) async fn start(secret: &str) -> Receiver {
        let secret = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("the secret is base64");
        let inner = Inner { book: Arc::default(), secret: Arc::new(secret) };
        let router = Router::new().fallback(receive).with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, inner }
    }

    /// Looks at what came.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.inner.book.lock().unwrap())
    }
}

async fn receive(State(inner): State<Inner>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&inner.secret).expect("any length will do");
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(&body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let job = event["data"]["id"].as_str().unwrap_or_default().to_owned();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let (mood, is_slow) = (rand::random::<f32>(), rand::random::<f32>() < 0.05);
    let is_accepted = {
        let mut book = inner.book.lock().unwrap();
        if !header("webhook-signature").split(' ').any(|one| one == signature) {
            book.forged += 1;
            return StatusCode::UNAUTHORIZED;
        }
        book.off += u32::from(time.parse::<u64>().is_ok_and(|time| time.abs_diff(now) > TOLERANCE));
        let (accepted, came) = book.jobs.entry(job).or_default().ids.entry(id).or_default();
        *came += 1;
        // The second try comes after seconds, a third one after minutes.
        let is_accepted = *came > 1 || mood > 0.1;
        *accepted += u32::from(is_accepted);
        is_accepted
    };
    if is_slow {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    if is_accepted { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
}
