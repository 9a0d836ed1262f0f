//! Nodes on a PostgreSQL database and an S3 bucket, each with a data directory of its own.

use std::time::Duration;

use reqwest::{Method, StatusCode, header, redirect};
use safelight_test_postgres::Database;
use safelight_test_s3::Server as Bucket;
use serde_json::{Value, json};

use super::{all_told, database, job};
use crate::support::{Origin, Receiver, Server, ServerBuilder, eventually, png, tools};

/// A node that notices soon that something is away.
fn node(database: &Database, bucket: &Bucket) -> ServerBuilder {
    let node = Server::builder().cluster(database, bucket).set("worker", "lease_s", 3).set("worker", "heartbeat_s", 1);
    node.set("worker", "retry_ms", 100).set("blob", "retry_s", 1).set("blob", "timeout_s", 5)
}

/// The bytes behind the URL of an output, from this node.
async fn fetched(server: &Server, output: &Value) -> bytes::Bytes {
    let url = output["url"].as_str().unwrap();
    let path = &url[url.find("/o/").unwrap()..];
    let answer = server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{output}");
    answer.bytes().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_what_is_uploaded_made_and_installed() {
    let (database, bucket) = (database(), Bucket::start());
    let (first, second) = (node(&database, &bucket).start().await, node(&database, &bucket).start().await);
    let sent = first.request(Method::PUT, "/v1/assets/cat").body(png(60, 40)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK, "{}", sent.text().await.unwrap());
    let resized = json!({"source": {"asset": "cat"}, "steps": [{"transform": "resize", "params": {"width": 30}}]});
    for server in [&first, &second] {
        let done = server.run(&resized).await;
        assert_eq!(done["state"], "succeeded", "{done}");
        let output = &done["outputs"][0];
        let (one, other) = (fetched(&first, output).await, fetched(&second, output).await);
        assert!(one == other && one.len() as u64 == output["bytes"].as_u64().unwrap());
    }
    let component = std::fs::read(tools::program("empty")).unwrap();
    let installed = first.request(Method::PUT, "/v1/plugins/empty").body(component).send().await.unwrap();
    assert!(installed.status().is_success(), "{}", installed.text().await.unwrap());
    let noop = json!({"source": {"asset": "cat"}, "steps": [{"transform": "noop"}]});
    // Whoever has it may run it: the other one is to have it itself.
    drop(first);
    eventually("the other node has the plugin, too", Duration::from_secs(30), || async {
        (second.run(&noop).await["state"] == "succeeded").then_some(())
    })
    .await;
    assert!(!second.data_dir.join("blobs").exists(), "nothing is kept beside the bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_sent_to_the_bucket() {
    let (database, bucket) = (database(), Bucket::start());
    let server = node(&database, &bucket).set("blob", "redirect", true).set("blob", "redirect_s", 60).start().await;
    let done =
        server.run(&json!({"source": {"canvas": {"width": 5, "height": 4}}, "outputs": [{"format": "png"}]})).await;
    let (url, bytes) = (done["outputs"][0]["url"].as_str().unwrap(), done["outputs"][0]["bytes"].as_u64().unwrap());
    let client = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    let sent = client.get(url).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::FOUND);
    assert_eq!(sent.headers()[header::CACHE_CONTROL], "private, max-age=30");
    assert!(!sent.headers().contains_key(header::ETAG));
    let location = sent.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with(&format!("{}/", bucket.endpoint())), "{location}");
    // Questions that need no bytes are answered here.
    let head = client.head(url).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()[header::CONTENT_LENGTH], bytes.to_string());
    let known = client.get(url).header(header::IF_NONE_MATCH, &head.headers()[header::ETAG]).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    // A client that follows has what it would have had.
    let whole = server.client.get(url).send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    for name in [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CACHE_CONTROL] {
        assert_eq!(whole.headers()[&name], head.headers()[&name], "{name}");
    }
    let whole = whole.bytes().await.unwrap();
    assert_eq!(whole.len() as u64, bytes);
    let part = server.client.get(url).header(header::RANGE, "bytes=2-5").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.unwrap(), whole[2..6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_bucket_costs_nothing_that_was_accepted() {
    const JOBS: usize = 40;
    let (database, bucket) = (database(), Bucket::start());
    let nodes = [node(&database, &bucket).start().await, node(&database, &bucket).start().await];
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let photo = png(64, 48);
    let source = origin.bytes("photo", photo.clone());
    nodes[0].request(Method::PUT, "/v1/assets/cat").body(photo.clone()).send().await.unwrap();
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        if number == JOBS / 4 {
            bucket.stop();
        }
        let mut job = job(&source, &receiver, number);
        if number % 2 == 0 {
            job["source"] = json!({"asset": "cat"});
        }
        let accepted = nodes[number % 2].submit(&job).await;
        jobs.push(accepted["id"].as_str().unwrap().to_owned());
    }
    // Bytes that would have to be kept now are refused for now.
    let refused = nodes[0].request(Method::PUT, "/v1/assets/dog").body(photo.clone()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    let ready = async |server: &Server| server.get("/readyz").send().await.unwrap().status();
    for server in &nodes {
        let told = eventually("it is told", Duration::from_secs(60), || async {
            let status = ready(server).await;
            (status != StatusCode::OK).then_some(status)
        });
        assert_eq!(told.await, StatusCode::SERVICE_UNAVAILABLE);
    }
    bucket.start_again();
    for id in &jobs {
        let ended = nodes[1].finished(id).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
        assert!(!fetched(&nodes[0], &ended["outputs"][0]).await.is_empty());
    }
    all_told(&receiver, &jobs).await;
    for server in &nodes {
        assert_eq!(ready(server).await, StatusCode::OK);
    }
    let sent = nodes[0].request(Method::PUT, "/v1/assets/dog").body(photo).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
}
