//! Downloads with bad manners.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Origin, Served, Server, png};

fn job(url: &str) -> Value {
    json!({"source": {"url": url}, "outputs": [{"id": "o", "format": "png"}]})
}

/// The only error of a job that must fail as a whole.
fn error(job: &Value) -> &Value {
    assert_eq!(job["state"], "failed", "{job}");
    &job["errors"][0]
}

#[tokio::test]
async fn bad_manners_end_in_a_code() {
    let server = Server::builder()
        .set("source", "timeout_ms", 1500)
        .set("source", "max_bytes", 1_000_000)
        .set("source", "max_redirects", 3)
        .set("worker", "max_attempts", 2)
        .set("worker", "retry_ms", 10)
        .start()
        .await;
    let origin = Origin::start().await;
    let loop_url = origin.serve("loop", Served::Status(500));
    origin.serve("loop", Served::Redirect(loop_url.clone()));
    let cases = [
        (origin.serve("gone", Served::Status(404)), "source_not_found"),
        (origin.serve("broken", Served::Status(500)), "source_unreachable"),
        (loop_url, "source_limit"),
        (origin.serve("drip", Served::Dripping(vec![0; 5000].into(), Duration::from_millis(50))), "source_limit"),
        (origin.serve("endless", Served::Endless), "source_limit"),
        (origin.serve("cut", Served::CutOff(png(50, 50).into())), "source_unreachable"),
        (origin.bytes("text", "hello, I am not a picture"), "unknown_format"),
        (origin.bytes("nothing", ""), "unknown_format"),
        ("http://127.0.0.1:1/refused".to_owned(), "source_unreachable"),
    ];
    for (url, code) in cases {
        let begun = Instant::now();
        let done = server.run(&job(&url)).await;
        assert_eq!(error(&done)["code"], code, "{url}: {done}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{url}");
    }
}

#[tokio::test]
async fn a_source_that_fails_for_a_while_is_tried_again() {
    let server = Server::builder().set("worker", "retry_ms", 20).start().await;
    let origin = Origin::start().await;
    let url = origin.serve("later", Served::FailsFirst(2, png(20, 20).into()));
    let done = server.run(&job(&url)).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    assert_eq!(origin.asked("later"), 3);
}

#[tokio::test]
async fn redirects_within_the_limit_are_followed() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let end = origin.bytes("end", png(20, 20));
    let middle = origin.serve("middle", Served::Redirect(end));
    let start = origin.serve("start", Served::Redirect(middle));
    assert_eq!(server.run(&job(&start)).await["state"], "succeeded");
}
