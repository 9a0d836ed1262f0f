//! What the server says of itself, and what it answers to requests that no route knows.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Server;

#[tokio::test]
async fn the_openapi_document_names_every_route_of_the_contract() {
    let server = Server::start().await;
    let document: Value =
        server.client.get(format!("{}/v1/openapi.json", server.url)).send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for (path, method) in [
        ("/v1/jobs", "post"),
        ("/v1/jobs", "get"),
        ("/v1/jobs/{id}", "get"),
        ("/v1/jobs/{id}", "delete"),
        ("/v1/jobs/{id}/events", "get"),
        ("/v1/batches", "post"),
        ("/v1/batches/{id}", "get"),
        ("/v1/transforms", "get"),
        ("/v1/plugins/{name}", "put"),
        ("/v1/deliveries", "get"),
        ("/v1/deliveries/{id}/replay", "post"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
}

#[tokio::test]
async fn the_catalogue_holds_the_standard_transforms_with_their_schemas() {
    let server = Server::start().await;
    let catalogue: Value = server.get("/v1/transforms").send().await.unwrap().json().await.unwrap();
    let list =
        catalogue["items"].as_array().or(catalogue["transforms"].as_array()).or(catalogue.as_array()).unwrap().clone();
    for name in [
        "resize",
        "crop",
        "rotate",
        "flip",
        "pad",
        "trim",
        "grayscale",
        "sepia",
        "brightness",
        "contrast",
        "saturation",
        "invert",
        "gamma",
        "blur",
        "sharpen",
        "pixelate",
    ] {
        let transform = list.iter().find(|transform| transform["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(transform["schema"]["type"], "object", "{name}");
        assert!(!transform["summary"].as_str().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn probes_and_metrics_answer_without_credentials() {
    let server = Server::start().await;
    server.run(&json!({"source": {"canvas": {"width": 4, "height": 4}}})).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.client.get(format!("{}{path}", server.url)).send().await.unwrap().status(), StatusCode::OK);
    }
    let metrics = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("# TYPE"), "{metrics}");
    assert!(metrics.lines().any(|line| line.contains("jobs") && line.contains("succeeded")), "{metrics}");
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let server = Server::start().await;
    let url = |path: &str| format!("{}{path}", server.url);
    let json_type = ("content-type", "application/json");
    let cases = [
        (server.get("/v1/nothing"), 404, "not_found"),
        (server.request(Method::PATCH, "/v1/jobs"), 405, "method_not_allowed"),
        (server.get("/v1/jobs/not-an-id"), 404, "not_found"),
        (server.get("/v1/jobs/0193b3a0-0000-7000-8000-000000000000"), 404, "not_found"),
        (server.client.get(url("/v1/jobs")), 401, "unauthorized"),
        (server.client.get(url("/v1/jobs")).header("authorization", "Bearer"), 401, "unauthorized"),
        (server.client.get(url("/v1/jobs")).header("authorization", "Basic %%%"), 401, "unauthorized"),
        (server.post("/v1/jobs").header(json_type.0, json_type.1).body("{\"source\": "), 400, "malformed_body"),
        (server.post("/v1/jobs").header(json_type.0, json_type.1).body(vec![0xff, 0xfe, b'{']), 400, "malformed_body"),
        (server.post("/v1/jobs").header(json_type.0, "text/plain").body("{}"), 415, "unsupported_media_type"),
        (server.post("/v1/jobs").json(&json!({})), 422, "invalid_request"),
        (server.post("/v1/jobs").json(&json!({"source": {"url": "x"}, "surprise": 1})), 422, "invalid_request"),
        (server.get("/v1/jobs?limit=0"), 422, "invalid_request"),
        (server.get("/v1/jobs?state=lost"), 422, "invalid_request"),
        (server.post("/v1/deliveries/0193b3a0-0000-7000-8000-000000000000/replay"), 404, "not_found"),
    ];
    for (index, (request, status, code)) in cases.into_iter().enumerate() {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "case {index}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "case {index}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "case {index}: {problem}");
        assert_eq!(problem["status"], status, "case {index}");
        assert!(
            !problem["title"].as_str().unwrap().is_empty() && problem["detail"].is_string(),
            "case {index}: {problem}"
        );
    }
}

#[tokio::test]
async fn huge_and_deep_documents_are_refused_early() {
    let server = Server::builder().set("server", "max_document_bytes", 100_000).start().await;
    let deep = format!("{}1{}", "[".repeat(40_000), "]".repeat(40_000));
    let answer = server.post("/v1/jobs").header("content-type", "application/json").body(deep).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    // Far more than the buffers between the two hold: the client is still sending when it is refused.
    for bytes in [200_000, 30_000_000] {
        let huge = format!("{{\"reference\": \"{}\"}}", "x".repeat(bytes));
        let request = server.post("/v1/jobs").header("content-type", "application/json").body(huge);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE, "{bytes} bytes");
    }
    // Nobody is asked for a body that is not wanted.
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\
                expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("100 Continue"), "{answer}");
    let steps: Vec<Value> = (0..2000).map(|_| json!({"transform": "invert"})).collect();
    let (status, problem) =
        server.refused(&json!({"source": {"canvas": {"width": 2, "height": 2}}, "steps": steps})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem.to_string().contains("2000"), "{problem}");
}
