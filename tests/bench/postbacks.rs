//! "A million postbacks per hour, no problem": small Blitline jobs with a postback each, asked for at ten times that rate
//! for minutes, while the server is killed and started again in the middle.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode};
use serde_json::{Value, json};
use tokio::{sync::RwLock, time::sleep};

use crate::support::{SECRET, Server};

/// Ten times a million an hour.
const PER_SECOND: f64 = 2_800.0;
/// How long jobs are submitted.
const MINUTES: u64 = 3;
/// Jobs of one submission, and submissions at the same time.
const LIST: usize = 100;
const CLIENTS: usize = 8;

/// Jobs under way at the same time: tiny ones wait for commits nearly all of their time.
const SLOTS: usize = 128;

/// How often each job was told.
type Told = Arc<Mutex<HashMap<String, u32>>>;

async fn receiver() -> (String, Told) {
    let told = Told::default();
    async fn accept(State(told): State<Told>, body: String) -> StatusCode {
        let id = body.split("\"job_id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
        *told.lock().unwrap().entry(id.to_owned()).or_default() += 1;
        StatusCode::OK
    }
    let router = Router::new().fallback(accept).with_state(told.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, told)
}

/// Submits lists of jobs, no faster than the rate, until the time is up; the ids of those that were accepted.
async fn submit(server: &RwLock<Server>, list: &Value, begun: Instant, sent: &AtomicUsize) -> Vec<String> {
    let mut accepted = Vec::new();
    while begun.elapsed() < Duration::from_secs(60 * MINUTES) {
        let due = sent.fetch_add(LIST, Ordering::Relaxed) as f64 / PER_SECOND;
        sleep(Duration::from_secs_f64(due).saturating_sub(begun.elapsed())).await;
        let (client, url) = {
            let server = server.read().await;
            (server.client.clone(), format!("{}/job", server.url))
        };
        let answer = async { client.post(url).json(list).send().await.ok()?.json::<Value>().await.ok() };
        // What breaks off in the kill was not accepted, as far as the client knows.
        if let Some(answer) = answer.await {
            let ids = answer["results"].as_array().into_iter().flatten().filter_map(|job| job["job_id"].as_str());
            accepted.extend(ids.map(str::to_owned));
        }
    }
    accepted
}

pub(crate) async fn run() {
    let server = Server::builder()
        .set("store", "queue_limit", 10_000_000)
        .set("worker", "slots", SLOTS)
        .set("webhook", "per_receiver", 256)
        .set("webhook", "per_account", 256)
        .start()
        .await;
    let (url, told) = receiver().await;
    let job = json!({
        "application_id": format!("demo:{SECRET}"), "v": 1.22, "postback_url": url,
        "src": {"name": "canvas", "width": 8, "height": 8, "color": "#336699"},
        "functions": [{"name": "sepia_tone", "save": {"image_identifier": "a"}}]
    });
    let list = Value::from(vec![job; LIST]);
    let (server, sent, begun) = (RwLock::new(server), AtomicUsize::new(0), Instant::now());
    let restart = async {
        sleep(Duration::from_secs(30 * MINUTES)).await;
        let mut server = server.write().await;
        server.kill().await;
        let killed = Instant::now();
        server.start_again().await;
        killed.elapsed()
    };
    let clients = (0..CLIENTS).map(|_| submit(&server, &list, begun, &sent));
    let (accepted, away) = tokio::join!(futures_util::future::join_all(clients), restart);
    let accepted: Vec<String> = accepted.into_iter().flatten().collect();
    let submitted = begun.elapsed();
    let missing = || {
        let told = told.lock().unwrap();
        accepted.iter().filter(|id| !told.contains_key(*id)).count()
    };
    let end = Instant::now() + Duration::from_secs(1800);
    while missing() > 0 {
        assert!(Instant::now() < end, "{} of {} postbacks did not come", missing(), accepted.len());
        sleep(Duration::from_millis(200)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let told = told.lock().unwrap();
    let again: u32 = told.values().map(|times| times - 1).sum();
    println!(
        "postbacks\t{} jobs accepted in {:.0} s ({:.0} a second), all told after {seconds:.0} s: {:.0} a second = {:.1} million an hour",
        accepted.len(),
        submitted.as_secs_f64(),
        accepted.len() as f64 / submitted.as_secs_f64(),
        told.len() as f64 / seconds,
        told.len() as f64 / seconds * 3600.0 / 1e6,
    );
    println!(
        "postbacks\tkilled in the middle, back after {:.1} s; {} ids told, {again} of them once more after the kill, 0 lost",
        away.as_secs_f64(),
        told.len()
    );
}
