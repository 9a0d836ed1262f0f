//! A server that is asked to stop.

use std::time::Duration;

use serde_json::json;

use crate::support::{Origin, Served, Server, png};

#[tokio::test]
async fn running_work_is_finished_before_the_end() {
    let mut server = Server::start().await;
    let origin = Origin::start().await;
    let picture = png(20, 20);
    let pause = Duration::from_millis(1500) / u32::try_from(picture.len()).unwrap();
    let slow = origin.serve("slow", Served::Dripping(picture.into(), pause));
    let job = server.submit(&json!({"source": {"url": slow}})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.terminate().await.success());
    server.start_again().await;
    let done = server.finished(job["id"].as_str().unwrap()).await;
    assert_eq!(done["state"], "succeeded");
    assert_eq!(origin.asked("slow"), 1, "it was finished, not begun again");
}

#[tokio::test]
async fn work_that_takes_too_long_goes_back_to_the_queue() {
    let mut server = Server::builder().set("server", "drain_s", 1).start().await;
    let origin = Origin::start().await;
    let slow = origin.serve("slow", Served::Dripping(png(40, 40).into(), Duration::from_millis(20)));
    let job = server.submit(&json!({"source": {"url": slow}})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.terminate().await.success());
    origin.bytes("slow", png(40, 40));
    server.start_again().await;
    assert_eq!(server.finished(job["id"].as_str().unwrap()).await["state"], "succeeded");
}
