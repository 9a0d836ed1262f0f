//! What works: from submission to the last byte.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::door::{Door, OTHER, png};

const JSON: (&str, &str) = ("content-type", "application/json");

fn canvas() -> Value {
    json!({"canvas": {"width": 64, "height": 48}})
}

/// A body of two parts.
fn multipart(job: &Value, file: &[u8]) -> Vec<u8> {
    let mut body = format!(
        "--x\r\ncontent-disposition: form-data; name=\"job\"\r\ncontent-type: application/json\r\n\r\n{job}\r\n--x\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x--\r\n");
    body
}

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");

#[tokio::test]
async fn a_job_is_accepted_with_the_urls_of_its_outputs() {
    let door = Door::open().await;
    let document = json!({
        "source": canvas(), "reference": "order 4711",
        "outputs": [{"id": "a", "format": "jpeg"}, {"id": "b"}],
        "eager": [{"id": "c", "format": "webp", "steps": [{"transform": "blu3r"}]}]
    });
    let answer = door.post("/v1/jobs", &document).await;
    assert_eq!(answer.status, 202);
    let job = answer.json();
    assert_eq!(answer.header("location"), format!("/v1/jobs/{}", job["id"].as_str().unwrap()));
    let keys: Vec<_> = job.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "id",
        "state",
        "reference",
        "created_at",
        "started_at",
        "finished_at",
        "progress",
        "source",
        "outputs",
        "eager",
        "errors",
        "batch",
    ];
    expected.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&job["state"], &job["reference"]), (&json!("queued"), &json!("order 4711")));
    assert_eq!(job["progress"], json!({"done": 0, "total": 3}));
    assert_eq!((&job["started_at"], &job["source"], &job["batch"]), (&Value::Null, &Value::Null, &Value::Null));
    let mut tokens = Vec::new();
    for (output, name) in [(&job["outputs"][0], "a.jpg"), (&job["outputs"][1], "b.png"), (&job["eager"][0], "c.webp")] {
        let url = output["url"].as_str().unwrap();
        let (token, file) = url.strip_prefix("http://here/o/").unwrap().split_once('/').unwrap();
        assert_eq!((token.len(), file), (43, name));
        assert_eq!(output["state"], "pending");
        tokens.push(token.to_owned());
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(door.get(&path).await.json(), job);
    let other = door.ask(Method::GET, &path, &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(other.problem(), (404, "not_found".into()), "another account's job is none");
}

#[tokio::test]
async fn every_source_becomes_a_spec() {
    let door = Door::open().await;
    let sha256 = hex::encode(Sha256::digest(png()));
    let put = door.ask(Method::PUT, "/v1/assets/my%2Flogo", &[], png()).await;
    assert_eq!(put.status, 200, "{:?}", put.body);
    let asset = put.json();
    assert_eq!(asset["id"], "my/logo");
    assert_eq!((&asset["width"], &asset["height"], &asset["format"]), (&json!(3), &json!(2), &json!("png")));
    assert_eq!(asset["sha256"], sha256);
    assert_eq!(door.get("/v1/assets/my%2Flogo").await.json(), asset);

    let data =
        format!("data:image/png;base64,{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, png()));
    for source in
        [json!({"data": data}), json!({"asset": "my/logo"}), json!({"url": "http://93.184.216.34/x"}), canvas()]
    {
        door.submit(&json!({"source": source})).await;
    }
    let job = json!({"source": {"upload": "file"}});
    let uploaded = door.ask(Method::POST, "/v1/jobs", &[MULTIPART], multipart(&job, &png())).await;
    assert_eq!(uploaded.status, 202, "{:?}", uploaded.body);
    use crate::source::Source;
    let blob = |asset: Option<&str>| Source::Blob { sha256: sha256.clone(), asset: asset.map(str::to_owned) };
    let expected = [
        blob(None),
        blob(Some("my/logo")),
        Source::Url { url: "http://93.184.216.34/x".into() },
        Source::Canvas { width: 64, height: 48, color: [255; 4] },
        blob(None),
    ];
    for source in expected {
        assert_eq!(door.claim().await.job.spec.source, source);
    }
    assert_eq!(door.state.blobs.get(&sha256).await.unwrap(), png());
    assert_eq!(door.ask(Method::DELETE, "/v1/assets/my%2Flogo", &[], Body::empty()).await.status, 204);
}

#[tokio::test]
async fn multipart_mistakes_are_named() {
    let door = Door::open().await;
    let canvas = json!({"source": canvas()});
    let upload = json!({"source": {"upload": "file"}});
    let only_file = b"--x\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--x--\r\n".to_vec();
    let unknown = b"--x\r\ncontent-disposition: form-data; name=\"picture\"\r\n\r\nabc\r\n--x--\r\n".to_vec();
    let cut = multipart(&upload, &png())[..200].to_vec();
    for (body, status, places) in [
        (multipart(&upload, b""), 422, vec!["file"]),
        (multipart(&canvas, &png()), 422, vec!["/source"]),
        (multipart(&json!({"source": {"upload": "picture"}}), &png()), 422, vec!["/source/upload"]),
        (only_file, 422, vec!["job"]),
        (unknown, 422, vec!["picture"]),
        (cut, 400, vec![]),
    ] {
        let answer = door.ask(Method::POST, "/v1/jobs", &[MULTIPART], body).await;
        assert_eq!(answer.problem().0, status, "{:?}", answer.body);
        let found: Vec<_> = answer.issues().into_iter().map(|(place, _)| place).collect();
        assert_eq!(found, places);
    }
    let small = Door::with(|config| config.codec.max_bytes = 50).await;
    let answer = small.ask(Method::POST, "/v1/jobs", &[MULTIPART], multipart(&upload, &[0; 51])).await;
    assert_eq!(answer.problem(), (413, "body_too_large".into()));
}

#[tokio::test]
async fn the_same_key_is_the_same_job() {
    let door = Door::open().await;
    let document = json!({"source": canvas()}).to_string();
    let send = async |key: &str, body: String, path: &str| {
        door.ask(Method::POST, path, &[JSON, ("idempotency-key", key)], body).await
    };
    let first = send("k1", document.clone(), "/v1/jobs").await;
    let again = send("k1", document.clone(), "/v1/jobs").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.json(), again.json());
    let other = send("k2", document.clone(), "/v1/jobs").await;
    assert_ne!(first.json()["id"], other.json()["id"]);
    let changed = send("k1", json!({"source": canvas(), "priority": 1}).to_string(), "/v1/jobs").await;
    assert_eq!(changed.problem(), (422, "idempotency_mismatch".into()));

    let batch = json!({"jobs": [{"source": canvas()}]}).to_string();
    let first = send("b1", batch.clone(), "/v1/batches").await;
    let again = send("b1", batch, "/v1/batches").await;
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotency-replayed"), "true");

    // Boundaries of multipart bodies differ from try to try: the parts count.
    let job = json!({"source": {"upload": "file"}});
    let headers = [MULTIPART, ("idempotency-key", "m1")];
    let first = door.ask(Method::POST, "/v1/jobs", &headers, multipart(&job, &png())).await;
    let mut body = String::from_utf8_lossy(&multipart(&job, b"FILE")).replace("--x", "--y").into_bytes();
    let at = body.windows(4).position(|part| part == b"FILE").unwrap();
    body.splice(at..at + 4, png());
    let headers = [("content-type", "multipart/form-data; boundary=y"), ("idempotency-key", "m1")];
    let again = door.ask(Method::POST, "/v1/jobs", &headers, body).await;
    assert_eq!(first.json()["id"], again.json()["id"]);
}

#[tokio::test]
async fn a_dry_run_plans_and_stores_nothing() {
    let door = Door::open().await;
    let document = json!({
        "source": canvas(),
        "steps": [{"transform": "resize", "params": {"width": 32}}],
        "outputs": [{"id": "a"}, {"id": "b", "steps": [{"transform": "colors"}, {"transform": "geometry/resize", "params": {"height": 5}}]}],
        "eager": [{"id": "c", "steps": [{"transform": "blu3r"}]}]
    });
    let answer = door.post("/v1/jobs?dry_run=true", &document).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let plan = answer.json();
    assert_eq!(plan["valid"], true);
    let sizes: Vec<_> =
        plan["outputs"].as_array().unwrap().iter().map(|o| json!([o["id"], o["width"], o["height"]])).collect();
    assert_eq!(sizes, [json!(["a", 32, 48]), json!(["b", 32, 5]), json!(["c", null, null])]);
    assert_eq!(plan["outputs"][1]["steps"][2]["plugin"], "geometry");
    assert_eq!(plan["outputs"][2]["error"]["message"], "Unknown function named 'blu3r'");

    let unknown = door.post("/v1/jobs?dry_run=true", &json!({"source": {"url": "http://a.example/"}})).await.json();
    assert_eq!(unknown["outputs"][0]["width"], Value::Null);
    let wide = json!({"source": canvas(), "eager": [{"steps": [{"transform": "resize", "params": {"width": 2000}}]}]});
    let refused = door.post("/v1/jobs?dry_run=true", &wide).await;
    assert_eq!(refused.issues(), [("/eager/0".to_owned(), "unsupported_image".to_owned())]);

    let job = json!({"source": {"upload": "file"}});
    let uploaded = door.ask(Method::POST, "/v1/jobs?dry_run", &[MULTIPART], multipart(&job, &png())).await;
    assert_eq!(
        (&uploaded.json()["outputs"][0]["width"], &uploaded.json()["outputs"][0]["height"]),
        (&json!(3), &json!(2))
    );
    let broken = door.ask(Method::POST, "/v1/jobs?dry_run", &[MULTIPART], multipart(&job, b"nothing")).await;
    assert_eq!(broken.issues(), [("/source/upload".to_owned(), "unknown_format".to_owned())]);

    assert_eq!(door.get("/v1/jobs").await.json()["items"], json!([]));
    let sha256 = hex::encode(Sha256::digest(png()));
    assert!(door.state.blobs.get(&sha256).await.is_err(), "no blob was kept");
}

#[tokio::test]
async fn a_finished_job_shows_its_outputs_and_hands_them_out() {
    let door = Door::open().await;
    let job = door.submit(&json!({"source": canvas(), "outputs": [{"id": "a", "format": "png"}, {"id": "b"}]})).await;
    let path = |url: &Value| url.as_str().unwrap().strip_prefix("http://here").unwrap().to_owned();
    let (made, failed) = (path(&job["outputs"][0]["url"]), path(&job["outputs"][1]["url"]));
    let early = door.get(&made).await;
    assert_eq!((early.problem(), early.header("retry-after")), ((404, "not_found".into()), "1"));

    let bytes: Vec<u8> = (0..3_000_000u32).map(|index| (index / 7) as u8).collect();
    let claimed = door.claim().await;
    door.complete(claimed, &[&bytes]).await;
    let shown = door.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await.json();
    assert_eq!((&shown["state"], &shown["outputs"][0]["state"]), (&json!("partially_failed"), &json!("succeeded")));
    assert_eq!(shown["outputs"][0]["url"], job["outputs"][0]["url"]);
    let error =
        json!({"code": "unknown_transform", "message": "Unknown function named 'blu3r'", "output": "b", "step": 0});
    assert_eq!(shown["errors"], json!([error]));
    assert_eq!(shown["outputs"][1]["error"], error);

    let whole = door.get(&made).await;
    assert!(whole.body == bytes, "all bytes come, over several reads");
    let etag = whole.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", hex::encode(Sha256::digest(&bytes))));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "3000000"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-disposition", "inline; filename=\"a.png\""),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }
    let open = Request::get(&made).body(Body::empty()).unwrap();
    assert_eq!(door.send(open).await.status, 200, "no credentials are needed");
    let head = door.ask(Method::HEAD, &made, &[], Body::empty()).await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, "3000000", 0));
    for tag in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let known = door.ask(Method::GET, &made, &[("if-none-match", &tag)], Body::empty()).await;
        assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, etag.as_str()));
    }
    let part = door.ask(Method::GET, &made, &[("range", "bytes=1048570-2097160")], Body::empty()).await;
    assert_eq!((part.status.as_u16(), part.header("content-range")), (206, "bytes 1048570-2097160/3000000"));
    assert!(part.body == bytes[1048570..2097161], "the part spans several reads");
    let outside = door.ask(Method::GET, &made, &[("range", "bytes=3000000-")], Body::empty()).await;
    assert_eq!((outside.problem().0, outside.header("content-range")), (416, "bytes */3000000"));
    let stale = door.ask(Method::GET, &made, &[("range", "bytes=0-1"), ("if-range", "\"x\"")], Body::empty()).await;
    assert_eq!((stale.status.as_u16(), stale.body.len()), (200, 3_000_000));
    let missing = door.get(&failed).await;
    assert_eq!(missing.problem(), (404, "not_found".into()));
    assert!(missing.json()["detail"].as_str().unwrap().contains("unknown_transform"));
    assert_eq!(missing.header("retry-after"), "");
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_soon() {
    let door = Door::open().await;
    let document = json!({"source": canvas(), "eager": [{}], "eager_notification_url": "http://93.184.216.34/hook"});
    let job = door.submit(&document).await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let cancelled = door.ask(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!(cancelled.status, 200);
    let job = cancelled.json();
    assert_eq!((&job["state"], &job["progress"]), (&json!("cancelled"), &json!({"done": 1, "total": 1})));
    assert_eq!(job["eager"][0]["error"]["code"], "cancelled");
    assert!(job["finished_at"].is_string());
    let owed = door.get("/v1/deliveries").await.json();
    assert_eq!(owed["items"][0]["type"], "job.eager_finished", "the callback goes out");
    let again = door.ask(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!(again.problem(), (409, "conflict".into()));

    let job = door.submit(&json!({"source": canvas()})).await;
    let claimed = door.claim().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let other = door.ask(Method::DELETE, &path, &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(other.problem().0, 404);
    let asked = door.ask(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["state"]), (202, &json!("running")));
    door.complete(claimed, &[b"x"]).await;
}

#[tokio::test]
async fn a_long_poll_ends_with_the_job_or_the_time() {
    let door = Door::open().await;
    let job = door.submit(&json!({"source": canvas()})).await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let began = Instant::now();
    let waited = door.get(&format!("{path}?wait=1")).await;
    assert_eq!(waited.json()["state"], "queued");
    assert!(began.elapsed() >= Duration::from_secs(1));

    let claimed = door.claim().await;
    let began = Instant::now();
    let finish = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        door.complete(claimed, &[b"x"]).await;
    };
    let prefer = [("prefer", "wait=5")];
    let (waited, ()) = tokio::join!(door.ask(Method::GET, &path, &prefer, Body::empty()), finish);
    assert_eq!(waited.json()["state"], "succeeded");
    assert_eq!(waited.header("preference-applied"), "wait=5");
    assert!(began.elapsed() < Duration::from_secs(1), "the hint wakes, not the second: {:?}", began.elapsed());

    let job = door.submit(&json!({"source": canvas()})).await;
    let path = format!("/v1/jobs/{}?wait=5", job["id"].as_str().unwrap());
    let stop = async { door.state.draining.cancel() };
    let began = Instant::now();
    let (waited, ()) = tokio::join!(door.get(&path), stop);
    assert_eq!(waited.status, 200);
    assert!(began.elapsed() < Duration::from_secs(1), "nobody waits for a server that stops");
    assert_eq!(door.get("/readyz").await.problem(), (503, "unavailable".into()));
}

#[tokio::test]
async fn events_tell_every_version_and_end_with_the_job() {
    let door = Door::open().await;
    let job = door.submit(&json!({"source": canvas()})).await;
    let path = format!("/v1/jobs/{}/events", job["id"].as_str().unwrap());
    let work = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let claimed = door.claim().await;
        door.state.changes.changed(claimed.job.id);
        tokio::time::sleep(Duration::from_millis(100)).await;
        door.complete(claimed, &[b"x"]).await;
    };
    let (answer, ()) = tokio::join!(door.get(&path), work);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let events = read_events(&answer.body);
    let states: Vec<_> = events.iter().map(|(_, job)| job["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["queued", "running", "succeeded"]);
    assert!(events.is_sorted_by(|a, b| a.0 < b.0), "ids grow");
    let last = events[2].0.to_string();
    let again = door.ask(Method::GET, &path, &[("last-event-id", &last)], Body::empty()).await;
    assert_eq!(read_events(&again.body).len(), 1, "who comes back sees the end");
}

fn read_events(body: &[u8]) -> Vec<(u64, Value)> {
    let text = std::str::from_utf8(body).unwrap();
    let mut events = Vec::new();
    for event in text.split("\n\n").filter(|event| event.contains("event: job")) {
        let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        events.push((line("id: ").parse().unwrap(), serde_json::from_str(line("data: ")).unwrap()));
    }
    events
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let door = Door::open().await;
    let mut ids = Vec::new();
    for index in 0..5 {
        let reference = if index % 2 == 0 { "even" } else { "odd" };
        ids.push(door.submit(&json!({"source": canvas(), "reference": reference})).await["id"].clone());
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/jobs?limit=2".to_owned();
    loop {
        let page = door.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|job| job["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/jobs?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let count = async |path: &str| door.get(path).await.json()["items"].as_array().unwrap().len();
    assert_eq!(count("/v1/jobs?reference=odd").await, 2);
    assert_eq!(count("/v1/jobs?state=queued").await, 5);
    assert_eq!(count("/v1/jobs?state=succeeded").await, 0);
    let other = door.ask(Method::GET, "/v1/jobs", &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(other.json()["items"], json!([]));
}

#[tokio::test]
async fn a_batch_counts_its_jobs_and_tells_its_end() {
    let door = Door::open().await;
    let jobs = vec![json!({"source": canvas()}); 3];
    let document = json!({"jobs": jobs, "reference": "r", "notification_url": "http://93.184.216.34/hook"});
    let answer = door.post("/v1/batches", &document).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let batch = answer.json();
    assert_eq!(batch["items"].as_array().unwrap().len(), 3);
    assert_eq!((&batch["counts"]["total"], &batch["counts"]["queued"]), (&json!(3), &json!(3)));
    let id = batch["id"].as_str().unwrap();
    assert_eq!(batch["items"][0]["batch"], id);
    assert_eq!(answer.header("location"), format!("/v1/batches/{id}"));
    let list = batch["jobs"].as_str().unwrap().strip_prefix("http://here").unwrap();
    assert_eq!(door.get(list).await.json()["items"].as_array().unwrap().len(), 3);
    for job in batch["items"].as_array().unwrap() {
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        assert_eq!(door.ask(Method::DELETE, &path, &[], Body::empty()).await.status, 200);
    }
    let batch = door.get(&format!("/v1/batches/{id}")).await.json();
    assert_eq!(batch["counts"]["cancelled"], 3);
    assert!(batch["finished_at"].is_string());
    let owed = door.get("/v1/deliveries?state=pending").await.json();
    assert_eq!(owed["items"][0]["type"], "batch.finished");
    assert_eq!(owed["items"][0]["batch"], id);
}

#[tokio::test]
async fn a_delivery_is_shown_and_replayed() {
    let door = Door::open().await;
    let job = door.submit(&json!({"source": canvas(), "notification_url": "http://93.184.216.34/hook"})).await;
    let claimed = door.claim().await;
    door.complete(claimed, &[b"x"]).await;
    let list = door.get(&format!("/v1/deliveries?job={}", job["id"].as_str().unwrap())).await.json();
    let delivery = &list["items"][0];
    assert_eq!(
        (&delivery["type"], &delivery["state"], &delivery["attempts"]),
        (&json!("job.finished"), &json!("pending"), &json!(0))
    );
    let path = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    assert_eq!(door.get(&path).await.json()["id"], delivery["id"]);
    let other = door.ask(Method::GET, &path, &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(other.problem().0, 404);
    let replay = door.ask(Method::POST, &format!("{path}/replay"), &[], Body::empty()).await;
    assert_eq!(replay.status, 202, "{:?}", replay.body);
    let new = door.get(&format!("/v1/deliveries/{}", replay.json()["id"].as_str().unwrap())).await.json();
    assert_eq!((&new["replay_of"], &new["webhook_id"]), (&delivery["id"], &delivery["webhook_id"]));
}

#[tokio::test]
async fn the_catalogue_and_the_plugins_are_shown_and_changed() {
    let door = Door::open().await;
    let catalogue = door.get("/v1/transforms").await.json();
    let resize = &catalogue["items"][0];
    assert_eq!(
        (&resize["name"], &resize["plugin"], &resize["kind"]),
        (&json!("resize"), &json!("geometry"), &json!("filter"))
    );
    assert_eq!((&resize["formats"], &resize["schema"]["type"]), (&json!(["rgb8", "rgba8"]), &json!("object")));
    assert_eq!(door.get("/v1/plugins/geometry").await.json()["transforms"], json!(["resize", "colors"]));
    let put = door.ask(Method::PUT, "/v1/plugins/mine", &[("content-type", "application/wasm")], "mine").await;
    assert_eq!((put.status.as_u16(), &put.json()["bundled"]), (200, &json!(false)));
    assert_eq!(door.get("/v1/plugins").await.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(door.ask(Method::DELETE, "/v1/plugins/mine", &[], Body::empty()).await.status, 204);
    assert_eq!(door.get("/v1/plugins/mine").await.problem().0, 404);
}

#[tokio::test]
async fn health_and_metrics_need_no_credentials() {
    let door = Door::open().await;
    door.submit(&json!({"source": canvas()})).await;
    for path in ["/healthz", "/readyz"] {
        let answer = door.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "ok"})));
    }
    let page = door.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert!(page.header("content-type").starts_with("application/openmetrics-text"));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for line in [
        "safelight_http_requests_total{method=\"POST\",route=\"/v1/jobs\",status=\"202\"} 1",
        "safelight_jobs_accepted_total 1",
        "safelight_jobs{state=\"queued\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn request_ids_are_echoed() {
    let door = Door::open().await;
    let answer = door.ask(Method::GET, "/healthz", &[("x-request-id", "abc-1")], Body::empty()).await;
    assert_eq!(answer.header("x-request-id"), "abc-1");
    let long = "x".repeat(200);
    let answer = door.ask(Method::GET, "/healthz", &[("x-request-id", &long)], Body::empty()).await;
    assert_eq!(answer.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn every_route_is_in_the_document() {
    let door = Door::open().await;
    let document = door.send(Request::get("/v1/openapi.json").body(Body::empty()).unwrap()).await.json();
    assert_eq!(document["openapi"].as_str().unwrap().split_once('.').unwrap().0, "3");
    let routes = [
        ("/v1/jobs", "get post"),
        ("/v1/jobs/{id}", "delete get"),
        ("/v1/jobs/{id}/events", "get"),
        ("/v1/batches", "post"),
        ("/v1/batches/{id}", "get"),
        ("/v1/transforms", "get"),
        ("/v1/plugins", "get"),
        ("/v1/plugins/{name}", "delete get patch put"),
        ("/v1/plugins/{name}/usage", "get"),
        ("/v1/plugins/{name}/rollback", "post"),
        ("/v1/audit", "get"),
        ("/v1/deliveries", "get"),
        ("/v1/deliveries/{id}", "get"),
        ("/v1/deliveries/{id}/replay", "post"),
        ("/v1/assets/{id}", "delete get put"),
        ("/v1/account", "get patch"),
        ("/v1/accounts/{key}", "get patch"),
        ("/v1/nodes", "get"),
        ("/v1/openapi.json", "get"),
        ("/o/{token}/{file}", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    ];
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), routes.len());
    let mut ids = std::collections::HashSet::new();
    for (path, methods) in routes {
        let mut found: Vec<_> = paths[path].as_object().unwrap().keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), methods, "{path}");
        for (method, operation) in paths[path].as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
            assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is the id of another operation");
        }
        // What is documented is served: no route of the list is unknown to the router.
        for method in ["GET", "PUT", "POST", "DELETE"] {
            let asked = path.replace("{id}", "x").replace("{name}", "x").replace("{token}", "x").replace("{file}", "x");
            let answer = door.ask(method.parse().unwrap(), &asked, &[], Body::empty()).await;
            let is_there = methods.split(' ').any(|each| each.eq_ignore_ascii_case(method));
            assert_eq!(answer.status != 405, is_there, "{method} {path}");
        }
    }
    // Every reference leads somewhere, and the examples of requests are good ones.
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let example = document["components"]["schemas"]["BatchRequest"]["example"].clone();
    assert!(example.is_object());
    let schema = json!({"$ref": "#/components/schemas/BatchRequest", "components": document["components"]});
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&example));
}
