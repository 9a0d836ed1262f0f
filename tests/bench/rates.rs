//! Jobs and callbacks a second with durability on, and memory over many jobs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode};
use serde_json::{Value, json};

use crate::settled;
use crate::support::Server;

/// Counts callbacks and accepts each.
pub(crate) async fn counter() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    async fn accept(State(count): State<Arc<AtomicUsize>>, _body: bytes::Bytes) -> StatusCode {
        count.fetch_add(1, Ordering::Relaxed);
        StatusCode::NO_CONTENT
    }
    let router = Router::new().fallback(accept).with_state(count.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, count)
}

/// Submits `jobs` jobs over `connections` connections.
async fn submit(server: &Server, job: &Value, jobs: usize, connections: usize) {
    let left = AtomicUsize::new(jobs);
    let clients = (0..connections).map(|_| async {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            server.submit(job).await;
        }
    });
    futures_util::future::join_all(clients).await;
}

pub(crate) async fn reach(count: &AtomicUsize, goal: usize) {
    let end = Instant::now() + Duration::from_secs(600);
    while count.load(Ordering::Relaxed) < goal {
        assert!(Instant::now() < end, "{} of {goal} callbacks came", count.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Jobs that tell of everything: fifty outputs, each with a callback of its own.
pub(crate) async fn callbacks() {
    const JOBS: usize = 1000;
    const EACH: usize = 52;
    let server = Server::builder().set("webhook", "per_receiver", 128).set("webhook", "per_account", 128).start().await;
    let server = settled(server).await;
    let (url, count) = counter().await;
    let outputs: Vec<Value> = (0..50).map(|id| json!({"id": format!("o{id}"), "format": "bmp"})).collect();
    let job = json!({"source": {"canvas": {"width": 1, "height": 1}}, "outputs": outputs,
        "events": ["job.running", "output.finished"], "notification_url": url});
    let begun = Instant::now();
    submit(&server, &job, JOBS, 8).await;
    reach(&count, JOBS * EACH).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "callbacks\t{} in {seconds:.1} s: {:.0} a second, from submission to the last delivery",
        JOBS * EACH,
        (JOBS * EACH) as f64 / seconds
    );
}

/// Tiny jobs with a transform, an encoded result and one callback each.
pub(crate) async fn jobs() {
    const JOBS: usize = 10_000;
    let server = settled(Server::start().await).await;
    let (url, count) = counter().await;
    let begun = Instant::now();
    submit(&server, &tiny(&url), JOBS, 32).await;
    reach(&count, JOBS).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("jobs\t{JOBS} with one callback each in {seconds:.1} s: {:.0} a second", JOBS as f64 / seconds);
}

/// Resident memory while 100,000 jobs pass.
pub(crate) async fn memory() {
    const STEP: usize = 10_000;
    let server = settled(Server::start().await).await;
    let (url, count) = counter().await;
    for step in 1..=10 {
        submit(&server, &tiny(&url), STEP, 32).await;
        reach(&count, step * STEP).await;
        println!("memory\t{} jobs\t{:.1} MB resident", step * STEP, server.resident() as f64 / 1e6);
    }
}

pub(crate) fn tiny(url: &str) -> Value {
    json!({"source": {"canvas": {"width": 8, "height": 8, "color": "#336699"}},
        "outputs": [{"id": "o", "format": "png", "steps": [{"transform": "invert"}]}], "notification_url": url})
}
