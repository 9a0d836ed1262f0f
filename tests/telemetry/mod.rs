//! Logs and traces, as those get them who collect them.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{SECRET, Server, eventually};

/// A span as it came over the wire: its name and its attributes that are text.
#[derive(Debug)]
struct Span {
    name: String,
    attributes: BTreeMap<String, String>,
}

/// The field `number` of a protobuf message, as often as it is there, where its content has a length.
///
/// Source: Protocol Buffers, "Encoding".
fn fields(mut message: &[u8], number: u64) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let length = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            5 => 4,
            other => panic!("there is no wire type {other}"),
        };
        let (content, rest) = message.split_at(length);
        if tag >> 3 == number {
            found.push(content);
        }
        message = rest;
    }
    found
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().expect("a number is not cut off");
        *message = rest;
        value |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return value;
        }
    }
    panic!("a number has at most ten bytes");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The spans of an `ExportTraceServiceRequest`.
///
/// Source: opentelemetry-proto, `trace/v1/trace.proto` and `common/v1/common.proto`, for the numbers.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in fields(request, 1) {
        for scope_spans in fields(resource_spans, 2) {
            for span in fields(scope_spans, 2) {
                let attributes = fields(span, 9).into_iter().filter_map(|attribute| {
                    let value = fields(fields(attribute, 2).first()?, 1).first().map(|bytes| text(bytes))?;
                    Some((text(fields(attribute, 1).first()?), value))
                });
                spans.push(Span { name: text(fields(span, 5)[0]), attributes: attributes.collect() });
            }
        }
    }
    spans
}

async fn take(State(sender): State<mpsc::UnboundedSender<Bytes>>, body: Bytes) -> StatusCode {
    sender.send(body).unwrap();
    StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_with_the_id_of_the_job_reach_the_collector() {
    let (sender, mut received) = mpsc::unbounded_channel();
    let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let mut server = Server::builder().set("telemetry", "otlp_endpoint", endpoint).start().await;
    let job = server
        .run(&json!({
            "source": {"canvas": {"width": 32, "height": 24}},
            "steps": [{"transform": "invert"}],
            "outputs": [{"format": "png"}]
        }))
        .await;
    assert_eq!(job["state"], "succeeded", "{job}");
    // A server that stops sends what it still has.
    assert!(server.terminate().await.success());

    let mut all = Vec::new();
    while let Ok(request) = received.try_recv() {
        all.extend(spans(&request));
    }
    let id = job["id"].as_str().unwrap();
    let of_job: Vec<&Span> =
        all.iter().filter(|span| span.attributes.get("job").is_some_and(|job| job == id)).collect();
    assert!(of_job.iter().any(|span| span.name == "job" && span.attributes["account"] == "demo"), "{all:?}");
    assert!(
        all.iter().any(|span| span.name == "request" && span.attributes["route"] == "/v1/jobs"),
        "the request that submitted it: {all:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_stops_nothing() {
    // Nobody listens on port 9 (discard) of a test machine.
    let mut server = Server::builder().set("telemetry", "otlp_endpoint", "http://127.0.0.1:9").start().await;
    let job = server.run(&json!({"source": {"canvas": {"width": 8, "height": 8}}})).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    assert!(server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_have_one_object_a_line_with_the_id_of_the_job() {
    let server = Server::builder().set("telemetry", "format", "json").start().await;
    let job = server.run(&json!({"source": {"canvas": {"width": 8, "height": 8}}})).await;
    let id = job["id"].as_str().unwrap();
    let line = eventually("the end of the job is logged", Duration::from_secs(10), || async {
        let log = server.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
        lines.into_iter().find(|line| line["message"] == "job finished")
    })
    .await;
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["state"], "succeeded");
    assert_eq!(line["span"]["job"], id, "{line}");
    assert_eq!(line["span"]["account"], "demo", "{line}");
    assert!(line["timestamp"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_secrets() {
    let server = Server::builder().set("telemetry", "filter", "debug").start().await;
    let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let receiver = crate::support::Receiver::start().await;
    let job = server.run(&json!({"source": {"data": pixel}, "notification_url": receiver.url("done")})).await;
    receiver.wait_for(1).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let wrong = server.client.get(format!("{}/v1/jobs", server.url)).basic_auth("demo", Some("wr0ng-secret"));
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    let log = server.log();
    assert!(log.contains(job["id"].as_str().unwrap()), "the job is in the log");
    let token = job["outputs"][0]["url"].as_str().unwrap().split('/').nth(4).unwrap();
    for secret in [SECRET, "wr0ng-secret", "whsec_", token] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}
