//! Callbacks that are not accepted at once.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Receiver, Server, eventually, tools};

fn job(url: &str) -> Value {
    json!({"source": {"canvas": {"width": 4, "height": 4}}, "notification_url": url})
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_under_the_same_id_with_a_new_signature() {
    let server = Server::start().await;
    let receiver = Receiver::with(|index| match index {
        0 => Answer::StatusWith(503, "retry-after", "2".to_owned()),
        _ => Answer::Status(200),
    })
    .await;
    server.run(&job(&receiver.url("x"))).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(received[0].header("webhook-timestamp"), received[1].header("webhook-timestamp"));
    assert_ne!(received[0].header("webhook-signature"), received[1].header("webhook-signature"));
    assert!(received[1].at - received[0].at >= Duration::from_millis(1900), "Retry-After is respected");

    let delivery = eventually("the delivery is done", Duration::from_secs(10), async || {
        let list: Value = server.get("/v1/deliveries?state=delivered").send().await.ok()?.json().await.ok()?;
        list["items"].get(0).cloned()
    })
    .await;
    let path = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let shown: Value = server.get(&path).send().await.unwrap().json().await.unwrap();
    let log = shown["log"].as_array().or(shown["attempts_log"].as_array()).or(shown["attempts"].as_array()).unwrap();
    assert_eq!(log.len(), 2, "{shown}");
    assert_eq!((&log[0]["status"], &log[1]["status"]), (&json!(503), &json!(200)));
}

#[tokio::test]
async fn gone_ends_the_tries_and_a_dead_callback_can_be_replayed() {
    let server = Server::start().await;
    let receiver = Receiver::with(|index| Answer::Status(if index == 0 { 410 } else { 204 })).await;
    server.run(&job(&receiver.url("x"))).await;
    let dead = eventually("the delivery is dead", Duration::from_secs(10), async || {
        let list: Value = server.get("/v1/deliveries?state=dead").send().await.ok()?.json().await.ok()?;
        list["items"].get(0).cloned()
    })
    .await;
    let id = dead["id"].as_str().unwrap();
    let replayed = server.post(&format!("/v1/deliveries/{id}/replay")).send().await.unwrap();
    assert_eq!(replayed.status(), StatusCode::ACCEPTED);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[0].body, received[1].body);

    let (code, out, err) = tools::safelight(&["delivery", "replay", "demo", id], &server.data_dir);
    assert_eq!(code, 0, "{out}{err}");
    receiver.wait_for(3).await;
}

#[tokio::test]
async fn dead_receivers_do_not_delay_the_others() {
    let server = Server::start().await;
    let hanging = Receiver::with(|_| Answer::Hang).await;
    let failing = Receiver::with(|_| Answer::Status(500)).await;
    let good = Receiver::start().await;
    for _ in 0..60 {
        server.submit(&job(&hanging.url("x"))).await;
        server.submit(&job(&failing.url("x"))).await;
        server.submit(&job("http://127.0.0.1:1/refused")).await;
    }
    let begun = Instant::now();
    for _ in 0..20 {
        server.submit(&job(&good.url("x"))).await;
    }
    good.wait_for(20).await;
    // An attempt at the hanging receiver takes 20 s; nothing of that is seen here.
    assert!(begun.elapsed() < Duration::from_secs(15), "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn the_callbacks_of_a_job_come_in_order_even_when_the_first_fails() {
    let server = Server::start().await;
    let receiver = Receiver::with(|index| match index {
        0 => Answer::StatusWith(503, "retry-after", "1".to_owned()),
        _ => Answer::Status(204),
    })
    .await;
    server
        .run(&json!({
            "source": {"canvas": {"width": 4, "height": 4}},
            "outputs": [{"id": "a"}, {"id": "b"}],
            "events": ["job.running", "output.finished"],
            "notification_url": receiver.url("x"),
        }))
        .await;
    let received = receiver.wait_for(5).await;
    let types: Vec<String> = received.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["job.running", "job.running", "output.finished", "output.finished", "job.finished"]);
    let ids: HashSet<&str> = received.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn both_callbacks_go_out_when_everything_failed() {
    let server = Server::builder().set("worker", "max_attempts", 1).start().await;
    let receiver = Receiver::start().await;
    let done = server
        .run(&json!({
            "source": {"url": "http://127.0.0.1:1/nothing"},
            "outputs": [{"id": "a"}],
            "eager": [{"id": "b"}],
            "notification_url": receiver.url("main"),
            "eager_notification_url": receiver.url("eager"),
        }))
        .await;
    assert_eq!(done["state"], "failed");
    let received = receiver.wait_for(2).await;
    let mut types: Vec<String> = received.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect();
    types.sort();
    assert_eq!(types, ["job.eager_finished", "job.finished"]);
    assert!(received.iter().all(|one| one.json()["data"]["errors"][0]["code"] == "source_unreachable"));
}
