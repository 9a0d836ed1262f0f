//! Nodes that do a part of the work each, and what they have in common.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use safelight_test_postgres::Database;
use serde_json::{Value, json};

use super::{all_told, database, on};
use crate::{
    operators::version,
    support::{Origin, Receiver, Served, Server, eventually, jpeg, png},
};

/// A node with this role, beside another one if there is one.
async fn node(database: &Database, role: &str, beside: Option<&Server>) -> Server {
    let builder = on(database).set("node", "roles", role).set("node", "name", role);
    match beside {
        Some(other) => builder.start_beside(other).await,
        None => builder.start().await,
    }
}

/// The nodes, as the API lists them: names and roles.
async fn listed(server: &Server) -> Vec<(String, String)> {
    let list: Value = server.get("/v1/nodes").send().await.unwrap().json().await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let nodes = list["items"].as_array().unwrap_or_else(|| panic!("{list}")).iter();
    nodes
        .map(|node| {
            let roles = node["roles"].as_array().unwrap().iter().map(text).collect::<Vec<_>>();
            (text(&node["name"]), roles.join(","))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_does_what_its_role_is() {
    let database = database();
    let api = node(&database, "api", None).await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let source = origin.bytes("photo", png(64, 48));
    let job = json!({
        "source": {"url": source},
        "steps": [{"transform": "resize", "params": {"width": 20}}],
        "notification_url": receiver.url("told"),
    });
    let first = api.submit(&job).await["id"].as_str().unwrap().to_owned();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(api.job(&first).await["state"], "queued", "there is nobody to run it");
    let mut worker = node(&database, "worker", Some(&api)).await;
    assert_eq!(api.finished(&first).await["state"], "succeeded");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(receiver.received().is_empty(), "there is nobody to tell it");
    let sender = node(&database, "sender", Some(&api)).await;
    all_told(&receiver, std::slice::from_ref(&first)).await;
    let second = api.run(&job).await["id"].as_str().unwrap().to_owned();
    all_told(&receiver, &[first, second]).await;

    for quiet in [&worker, &sender] {
        for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/jobs", 404), ("/", 404)] {
            assert_eq!(quiet.get(path).send().await.unwrap().status(), status, "{path}");
        }
    }
    let names = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect::<Vec<_>>();
    eventually("all three are listed", Duration::from_secs(10), async || {
        (listed(&api).await == names(&["api", "sender", "worker"])).then_some(())
    })
    .await;
    assert!(worker.terminate().await.success());
    assert_eq!(listed(&api).await, names(&["api", "sender"]), "one that stops says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_runs_with_the_plugin_it_was_accepted_with() {
    let database = database();
    let api = node(&database, "api", None).await;
    let _worker = node(&database, "worker", Some(&api)).await;
    let noop = json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "noop"}]});
    for number in ["1.0.0", "1.0.1", "1.0.2", "1.0.3"] {
        let put = api.request(Method::PUT, "/v1/plugins/empty").body(version(number)).send().await.unwrap();
        assert_eq!(put.status(), StatusCode::OK, "{}", put.text().await.unwrap());
        // At once: the worker has not heard of it.
        let ended = api.run(&noop).await;
        assert_eq!(ended["outputs"][0]["steps"][0]["version"], number, "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_made_by_one_node_and_delivered_by_both() {
    let database = database();
    let first = on(&database).start().await;
    let second = on(&database).start_beside(&first).await;
    let origin = Origin::start().await;
    // Two seconds: both ask while it is being fetched.
    let photo = jpeg(400, 300);
    let pause = Duration::from_micros(2_000_000 / photo.len() as u64);
    let source = origin.serve("photo.jpg", Served::Dripping(photo.into(), pause));
    let path = format!("/demo/image/fetch/w_200,e_blur:300/{source}");
    let ask = async |server: &Server| {
        let answer = server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.headers().get("x-cld-error"));
        answer.bytes().await.unwrap()
    };
    let (one, other) = tokio::join!(ask(&first), ask(&second));
    assert_eq!(one, other);
    assert_eq!(origin.asked("photo.jpg"), 1, "it was fetched once");
    let mut runs = 0;
    for server in [&first, &second] {
        let usage: Value = server.get("/v1/plugins/filter/usage").send().await.unwrap().json().await.unwrap();
        runs += usage["transforms"]["blur"]["runs"].as_u64().unwrap_or(0);
    }
    assert_eq!(runs, 1, "it was made once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_one_for_all_nodes() {
    const LIMIT: u64 = 20;
    let database = database();
    let limited = || on(&database).set("server", "requests_per_s", LIMIT);
    let first = limited().start().await;
    let second = limited().start_beside(&first).await;
    let start = Instant::now();
    let mut asked = Vec::new();
    for number in 0..120 {
        let server = if number % 2 == 0 { &first } else { &second };
        asked.push(server.get("/v1/jobs").send());
    }
    let answers = futures_util::future::join_all(asked).await;
    let came = (start.elapsed().as_secs_f64() * LIMIT as f64).ceil() as u64;
    let statuses: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    let taken = statuses.iter().filter(|status| **status == 200).count() as u64;
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert!((LIMIT..=LIMIT + came).contains(&taken), "{taken} were taken, {came} came to it");
}
