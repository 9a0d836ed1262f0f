//! Every refusal: status, code, and where.

use std::time::Duration;

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use super::door::{Door, OTHER};

const JSON: (&str, &str) = ("content-type", "application/json");

fn canvas() -> Value {
    json!({"canvas": {"width": 4, "height": 4}})
}

#[tokio::test]
async fn what_is_wrong_with_a_job_is_listed_with_pointers() {
    let door = Door::open().await;
    let check = async |document: Value, expected: &[(&str, &str)]| {
        let answer = door.post("/v1/jobs", &document).await;
        let (status, _) = answer.problem();
        assert_eq!(status, 422, "{document}");
        let expected: Vec<_> = expected.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect();
        assert_eq!(answer.issues(), expected, "{document}\n{}", answer.json());
    };
    const WRONG: &str = "invalid_request";
    // The form.
    check(json!({}), &[("", WRONG)]).await;
    check(json!([]), &[("", WRONG)]).await;
    check(json!({"source": canvas(), "colour": 1}), &[("", WRONG)]).await;
    check(json!({"source": canvas(), "priority": 101}), &[("/priority", WRONG)]).await;
    check(json!({"source": canvas(), "steps": [{}]}), &[("/steps/0", WRONG)]).await;
    check(
        json!({"source": canvas(), "outputs": [{"quality": 0}, {"quality": 300}, {"colors": 1}], "events": ["job.done"]}),
        &[
            ("/events/0", WRONG),
            ("/outputs/0/quality", WRONG),
            ("/outputs/1/quality", WRONG),
            ("/outputs/2/colors", WRONG),
        ],
    )
    .await;
    // The source.
    check(json!({"source": {}}), &[("/source", WRONG)]).await;
    check(json!({"source": {"url": "http://a/", "asset": "b"}}), &[("/source", WRONG)]).await;
    check(json!({"source": {"asset": "none"}}), &[("/source/asset", "source_not_found")]).await;
    check(json!({"source": {"asset": "a\nb"}}), &[("/source/asset", WRONG), ("/source/asset", "source_not_found")])
        .await;
    check(json!({"source": {"upload": "file"}}), &[("/source/upload", WRONG)]).await;
    check(json!({"source": {"data": "data:image/png;base64,!!"}}), &[("/source/data", WRONG)]).await;
    check(json!({"source": {"data": "data:,"}}), &[("/source/data", WRONG)]).await;
    check(json!({"source": {"canvas": {"width": 0, "height": 1}}}), &[("/source/canvas/width", WRONG)]).await;
    check(json!({"source": {"canvas": {"width": 100000, "height": 100000}}}), &[("/source/canvas", WRONG)]).await;
    check(json!({"source": {"canvas": {"width": 1, "height": 1, "color": "#12"}}}), &[("/source/canvas/color", WRONG)])
        .await;
    for url in ["ftp://a/b", "nonsense", "file:///etc/passwd", "http://"] {
        check(json!({"source": {"url": url}}), &[("/source/url", WRONG)]).await;
    }
    for url in
        ["http://127.0.0.1/", "http://[::1]/", "http://0x7f.1/", "http://169.254.169.254/latest", "http://10.0.0.1:80/"]
    {
        check(json!({"source": {"url": url}}), &[("/source/url", "address_refused")]).await;
    }
    // Outputs and steps.
    check(
        json!({"source": canvas(), "outputs": [{"id": "a"}, {"id": "a", "format": "xyz"}], "eager": [{"id": "../b", "background": "#00000000"}]}),
        &[("/outputs/1/format", WRONG), ("/outputs/1/id", WRONG), ("/eager/0/id", WRONG), ("/eager/0/background", WRONG)],
    )
    .await;
    check(
        json!({"source": canvas(), "steps": [{"transform": "resize", "params": {"width": 0}}],
            "eager": [{"steps": [{"transform": "colors"}, {"transform": "resize", "params": {"width": "x"}}]}]}),
        &[("/steps/0/params/width", "invalid_params"), ("/eager/0/steps/1/params/width", "invalid_params")],
    )
    .await;
    check(json!({"source": canvas(), "outputs": vec![json!({}); 201]}), &[("", WRONG)]).await;
    check(json!({"source": canvas(), "steps": vec![json!({"transform": "resize"}); 101]}), &[("/steps", WRONG)]).await;
    // The rest.
    check(json!({"source": canvas(), "reference": "\u{fc}".repeat(513)}), &[("/reference", WRONG)]).await;
    check(json!({"source": canvas(), "store_as": "a"}), &[("/store_as", WRONG)]).await;
    check(
        json!({"source": canvas(), "notification_url": "x", "eager_notification_url": "http://192.168.1.1/"}),
        &[("/notification_url", WRONG), ("/eager_notification_url", "address_refused")],
    )
    .await;
    let nothing = door.get("/v1/jobs").await.json();
    assert_eq!(nothing["items"], json!([]), "a refused job leaves nothing");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_was_expected() {
    let door = Door::open().await;
    let check = async |document: Value, expected: &str| {
        let answer = door.post("/v1/jobs", &document).await.json();
        assert_eq!(answer["errors"][0]["message"], expected, "{answer}");
    };
    check(json!({"source": canvas(), "priority": 101}), "priority: is 101, expected an integer from -100 to 100").await;
    check(json!({"source": canvas(), "priority": 1.5}), "priority: is 1.5, expected integer or null").await;
    check(json!({"source": canvas(), "outputs": [{"id": 1}]}), "outputs[0].id: is 1, expected string or null").await;
    check(json!({"source": canvas(), "steps": [{}]}), "steps[0].transform: is missing, expected string").await;
    check(
        json!({"source": canvas(), "outputs": [{"colour": 1}]}),
        "outputs[0].colour: is unknown, expected one of accept, animated, background, chroma, colors, \
         compression, dither, dpi, effort, format, id, lossless, metadata, progressive, quality, steps",
    )
    .await;
    check(
        json!({"source": canvas(), "outputs": [{"quality": "superb"}]}),
        "outputs[0].quality: is \"superb\", expected one of an integer from 1 to 100, \"auto\", \"auto:best\", \
         \"auto:good\", \"auto:eco\", \"auto:low\"",
    )
    .await;
    check(
        json!({"source": canvas(), "outputs": [{"format": "png", "accept": "image/webp"}]}),
        "is given without \"format\": \"auto\", which alone uses it",
    )
    .await;
    // A number that is whole however it is written.
    let job = door.submit(&json!({"source": {"canvas": {"width": 4.0, "height": 4}}, "priority": 1e1})).await;
    assert!(job["id"].is_string());
}

#[tokio::test]
async fn all_jobs_of_a_batch_are_checked_and_none_accepted() {
    let door = Door::open().await;
    let jobs = json!([{"source": canvas()}, {"source": {"asset": "none"}}, {"source": {"url": "x:y"}, "outputs": [{"format": "?"}]}]);
    let answer = door.post("/v1/batches", &json!({"jobs": jobs, "notification_url": "http://127.0.0.1/"})).await;
    assert_eq!(answer.problem(), (422, "invalid_request".into()));
    let places: Vec<_> = answer.issues().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/notification_url", "/jobs/2/source/url", "/jobs/2/outputs/0/format", "/jobs/1/source/asset"]);
    assert_eq!(door.get("/v1/jobs").await.json()["items"], json!([]));
    assert_eq!(door.post("/v1/batches", &json!({"jobs": []})).await.problem().0, 422);
}

#[tokio::test]
async fn requests_that_are_no_jobs_are_refused() {
    let door = Door::with(|config| config.server.max_document_bytes = 4096).await;
    let no_job = "/v1/jobs/018f0000-0000-7000-8000-000000000000";
    let no_delivery = "/v1/deliveries/018f0000-0000-7000-8000-000000000000";
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let long_key = "k".repeat(256);
    type Case<'a> = (Method, &'a str, &'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);
    let cases: &[Case<'_>] = &[
        (Method::GET, "/", &[], b"", 404, "not_found"),
        (Method::GET, "/v2/jobs", &[], b"", 404, "not_found"),
        (Method::PUT, "/v1/jobs", &[], b"", 405, "method_not_allowed"),
        (Method::POST, "/healthz", &[], b"", 405, "method_not_allowed"),
        (Method::GET, no_job, &[], b"", 404, "not_found"),
        (Method::GET, "/v1/jobs/nonsense", &[], b"", 404, "not_found"),
        (Method::GET, "/v1/jobs/nonsense/events", &[], b"", 404, "not_found"),
        (Method::DELETE, no_job, &[], b"", 404, "not_found"),
        (Method::GET, "/v1/jobs?state=done&limit=0&page=2", &[], b"", 422, "invalid_request"),
        (Method::GET, "/v1/jobs?batch=7", &[], b"", 422, "invalid_request"),
        (Method::GET, "/v1/jobs?cursor=made-up", &[], b"", 422, "invalid_request"),
        (Method::GET, "/v1/jobs/x?wait=soon", &[], b"", 422, "invalid_request"),
        (Method::POST, "/v1/jobs?dry_run=maybe", &[JSON], b"{}", 422, "invalid_request"),
        (Method::POST, "/v1/jobs", &[], b"{}", 415, "unsupported_media_type"),
        (Method::POST, "/v1/jobs", &[("content-type", "text/plain")], b"{}", 415, "unsupported_media_type"),
        (Method::POST, "/v1/jobs", &[JSON], b"{", 400, "malformed_body"),
        (Method::POST, "/v1/jobs", &[JSON], b"\"\xff\"", 400, "malformed_body"),
        (Method::POST, "/v1/jobs", &[JSON], deep.as_bytes(), 400, "malformed_body"),
        (Method::POST, "/v1/jobs", &[JSON], &[b' '; 5000], 413, "body_too_large"),
        (Method::POST, "/v1/batches", &[JSON], &[b' '; 5000], 413, "body_too_large"),
        (
            Method::POST,
            "/v1/batches",
            &[("content-type", "multipart/form-data; boundary=x")],
            b"",
            415,
            "unsupported_media_type",
        ),
        (Method::POST, "/v1/jobs", &[("content-type", "multipart/form-data")], b"", 400, "malformed_body"),
        (
            Method::POST,
            "/v1/jobs",
            &[("content-type", "multipart/form-data; boundary=x")],
            b"--y",
            400,
            "malformed_body",
        ),
        (Method::POST, "/v1/jobs", &[JSON, ("idempotency-key", "a b")], b"{}", 422, "invalid_request"),
        (Method::POST, "/v1/jobs", &[JSON, ("idempotency-key", &long_key)], b"{}", 422, "invalid_request"),
        (Method::GET, "/v1/batches/x", &[], b"", 404, "not_found"),
        (Method::GET, "/v1/deliveries?state=late&job=x", &[], b"", 422, "invalid_request"),
        (Method::GET, no_delivery, &[], b"", 404, "not_found"),
        (Method::POST, "/v1/deliveries/x/replay", &[], b"", 404, "not_found"),
        (Method::GET, "/v1/assets/none", &[], b"", 404, "not_found"),
        (Method::DELETE, "/v1/assets/none", &[], b"", 404, "not_found"),
        (Method::PUT, "/v1/assets/a", &[], b"", 422, "invalid_request"),
        (Method::PUT, "/v1/assets/a%0Ab", &[], b"x", 422, "invalid_request"),
        (Method::PUT, "/v1/assets/a", &[], b"no picture", 422, "unknown_format"),
        (Method::PUT, "/v1/assets/a", &[], b"\x89PNG\r\n\x1a\n\0\0", 422, "corrupt_image"),
        (Method::GET, "/v1/plugins/none", &[], b"", 404, "not_found"),
        (Method::PUT, "/v1/plugins/mine", &[], b"other", 422, "plugin_invalid"),
        (Method::PUT, "/v1/plugins/mine", &[("content-type", "text/plain")], b"mine", 415, "unsupported_media_type"),
        (Method::PUT, "/v1/plugins/mine", &[JSON], b"mine", 400, "malformed_body"),
        (Method::PUT, "/v1/plugins/mine", &[JSON], b"{\"reference\": \"oci://\"}", 422, "invalid_request"),
        (Method::PUT, "/v1/plugins/mine", &[JSON], b"{\"reference\": \"/etc/passwd\"}", 422, "invalid_request"),
        (
            Method::PUT,
            "/v1/plugins/mine",
            &[JSON],
            b"{\"reference\": \"oci://r.example/a:1\"}",
            422,
            "source_not_found",
        ),
        (
            Method::PUT,
            "/v1/plugins/mine",
            &[("authorization", OTHER), JSON],
            b"{\"reference\": \"oci://r.example/a:1\"}",
            403,
            "forbidden",
        ),
        (Method::PUT, "/v1/plugins/geometry", &[], b"x", 409, "conflict"),
        (Method::DELETE, "/v1/plugins/geometry", &[], b"", 409, "conflict"),
        (Method::DELETE, "/v1/plugins/none", &[], b"", 404, "not_found"),
        (Method::DELETE, "/v1/plugins/geometry", &[("authorization", OTHER)], b"", 404, "not_found"),
        (
            Method::PATCH,
            "/v1/plugins/geometry",
            &[("authorization", OTHER), JSON],
            b"{\"enabled\": false}",
            404,
            "not_found",
        ),
        (Method::PATCH, "/v1/plugins/x", &[("authorization", OTHER), JSON], b"{\"limits\": {}}", 403, "forbidden"),
        (Method::PATCH, "/v1/plugins/x", &[JSON], b"{\"enabled\": 1}", 422, "invalid_request"),
        (Method::PATCH, "/v1/plugins/x", &[JSON], b"{\"on\": true}", 422, "invalid_request"),
        (Method::POST, "/v1/plugins/x/rollback", &[], b"", 404, "not_found"),
        (Method::GET, "/v1/plugins/x/usage", &[], b"", 404, "not_found"),
        (Method::GET, "/v1/audit", &[("authorization", OTHER)], b"", 403, "forbidden"),
        (Method::GET, "/o/AAAA/main.png", &[], b"", 404, "not_found"),
    ];
    for (method, path, headers, body, status, code) in cases {
        let answer = door.ask(method.clone(), path, headers, body.to_vec()).await;
        assert_eq!(answer.problem(), (*status, (*code).to_owned()), "{method} {path} {:?}", answer.body);
        assert!(!answer.header("x-request-id").is_empty());
    }
    let wrong_method = door.ask(Method::PATCH, "/v1/jobs", &[], Body::empty()).await;
    let allowed: Vec<_> = wrong_method.header("allow").split(',').map(str::trim).collect();
    assert!(allowed.contains(&"GET") && allowed.contains(&"POST"), "{allowed:?}");
    let place = door.ask(Method::POST, "/v1/jobs", &[JSON], "{\n  \"a\": x}").await.json();
    assert!(place["detail"].as_str().unwrap().contains("line 2 column 8"), "{place}");
    let query = door.get("/v1/jobs?state=done&limit=0&page=2").await;
    let fields: Vec<_> = query.issues().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["state", "limit", "page"]);
}

#[tokio::test]
async fn without_the_right_secret_nothing_is_told() {
    let door = Door::open().await;
    let paths = [
        (Method::POST, "/v1/jobs"),
        (Method::GET, "/v1/jobs"),
        (Method::GET, "/v1/jobs/x"),
        (Method::DELETE, "/v1/jobs/x"),
        (Method::GET, "/v1/jobs/x/events"),
        (Method::POST, "/v1/batches"),
        (Method::GET, "/v1/batches/x"),
        (Method::GET, "/v1/transforms"),
        (Method::GET, "/v1/plugins"),
        (Method::GET, "/v1/plugins/x"),
        (Method::PUT, "/v1/plugins/x"),
        (Method::PATCH, "/v1/plugins/x"),
        (Method::GET, "/v1/plugins/x/usage"),
        (Method::POST, "/v1/plugins/x/rollback"),
        (Method::GET, "/v1/audit"),
        (Method::DELETE, "/v1/plugins/x"),
        (Method::GET, "/v1/deliveries"),
        (Method::GET, "/v1/deliveries/x"),
        (Method::POST, "/v1/deliveries/x/replay"),
        (Method::PUT, "/v1/assets/x"),
        (Method::GET, "/v1/assets/x"),
        (Method::DELETE, "/v1/assets/x"),
    ];
    for (method, path) in paths {
        for header in ["Bearer demo:wrong", "Bearer nobody:right", "Bearer demo", "Basic x", "Digest demo:right", ""] {
            let answer = door.ask(method.clone(), path, &[("authorization", header)], Body::empty()).await;
            assert_eq!(answer.problem(), (401, "unauthorized".into()), "{method} {path} {header}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
    let none = axum::http::Request::get("/v1/jobs").body(Body::empty()).unwrap();
    assert_eq!(door.send(none).await.problem(), (401, "unauthorized".into()));
    let basic = door.ask(Method::GET, "/v1/jobs", &[("authorization", "Basic ZGVtbzpyaWdodA==")], Body::empty()).await;
    assert_eq!(basic.status, 200);
}

#[tokio::test]
async fn an_account_over_its_rate_is_told_when_to_come_back() {
    let door = Door::with(|config| config.server.requests_per_s = 2).await;
    let mut refused = 0;
    for _ in 0..10 {
        let answer = door.get("/v1/jobs").await;
        if answer.status == 429 {
            assert_eq!(answer.problem().1, "too_many_requests");
            assert_eq!(answer.header("retry-after"), "1");
            refused += 1;
        }
    }
    assert!(refused >= 6, "{refused}");
    let other = door.ask(Method::GET, "/v1/jobs", &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_full_queue_is_told() {
    let door = Door::with(|config| config.store.queue_limit = 1).await;
    door.submit(&json!({"source": canvas()})).await;
    let answer = door.post("/v1/jobs", &json!({"source": canvas()})).await;
    assert_eq!(answer.problem(), (429, "too_many_requests".into()));
    assert_eq!(answer.header("retry-after"), "10");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let door = Door::with(|config| config.server.request_timeout_s = 1).await;
    let slow = || Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    for (path, kind) in [("/v1/jobs", "application/json"), ("/v1/jobs", "multipart/form-data; boundary=x")] {
        let headers = [("content-type", kind)];
        let asked = door.ask(Method::POST, path, &headers, slow());
        let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap();
        assert_eq!(answer.problem(), (408, "request_timeout".into()), "{kind}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_goes_on() {
    let door = Door::open().await;
    let answer = door.post("/v1/jobs", &json!({"source": canvas(), "steps": [{"transform": "panic"}]})).await;
    assert_eq!(answer.problem(), (500, "internal".into()));
    assert!(!answer.body.windows(9).any(|part| part == b"catalogue"), "the panic's text stays here");
    door.submit(&json!({"source": canvas()})).await;
}
