//! Blurb's routes: envelopes, batches, renders, refusals.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use super::door::{Answer, Door, OTHER, png};
use crate::store::DeliveryFilter;

fn one(content: &str) -> Value {
    json!({
        "renders": [{"contentId": content, "requiredData": {"src": "http://93.184.216.34/a.png", "width": 5}}],
        "ref": "my-custom-reference",
        "webhookUrl": "http://93.184.216.34/hook",
        "mediaBundle": "mb", "media": "m", "artist": "a",
        "somethingElse": [1, 2]
    })
}

/// What an envelope holds: its status, whether it is a success, message and data.
#[track_caller]
fn envelope(answer: &Answer) -> (u16, bool, String, Value) {
    assert_eq!(answer.header("content-type"), "application/json", "{:?}", answer.body);
    let document = answer.json();
    let keys: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    let message = document["message"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), document["success"].as_bool().unwrap(), message, document["data"].clone())
}

#[tokio::test]
async fn a_batch_is_accepted_and_shown_until_its_end() {
    let door = Door::open().await;
    let (status, success, message, batch) = envelope(&door.post("/blurb/v1/batches", &one("resize")).await);
    assert_eq!((status, success, message.as_str()), (200, true, "Batch created"));
    assert_eq!(
        (&batch["status"], &batch["type"], &batch["orgId"]),
        (&json!("RENDERING"), &json!("RENDER"), &json!("demo"))
    );
    assert_eq!(
        (&batch["mediaBundleId"], &batch["mediaId"], &batch["artistId"]),
        (&json!("mb"), &json!("m"), &json!("a"))
    );
    let render = &batch["renders"][0];
    assert_eq!((&render["status"], &render["renderUrl"]), (&json!("COLLECTING_ASSETS"), &json!("")));
    assert_eq!((&render["ref"], &render["batchId"]), (&json!("my-custom-reference"), &batch["batchId"]));
    let id = render["renderId"].as_str().unwrap();
    let path = format!("/blurb/v1/batches/{}", batch["batchId"].as_str().unwrap());
    let result = format!("/blurb/render/{}", id.strip_prefix("render_").unwrap());
    assert_eq!(envelope(&door.get(&result).await).0, 404, "not made yet");

    door.complete(door.claim().await, &[&png()]).await;
    let (status, success, message, batch) = envelope(&door.get(&path).await);
    assert_eq!((status, success, message.as_str()), (200, true, "Batch found"));
    assert_eq!((&batch["status"], &batch["renders"][0]["progress"]), (&json!("COMPLETE"), &json!(100)));
    assert_eq!(batch["renders"][0]["renderUrl"], format!("http://here{result}"));
    let picture = door.ask(Method::GET, &result, &[("authorization", "")], Body::empty()).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"));
    assert_eq!(picture.body, png());
    let shown = envelope(&door.get(&format!("/blurb/v1/renders/{id}")).await);
    assert_eq!((shown.0, shown.2.as_str(), &shown.3), (200, "Render found", &batch["renders"][0]));
    let others = door.ask(Method::GET, &path, &[("authorization", OTHER)], Body::empty()).await;
    assert_eq!(envelope(&others).0, 404);
}

#[tokio::test]
async fn a_single_render_is_a_batch_of_one_and_a_key_makes_it_once() {
    let door = Door::open().await;
    let request = json!({"contentId": "resize", "requiredData": {"src": "http://93.184.216.34/a.png"}});
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let ask = async || envelope(&door.ask(Method::POST, "/blurb/v1/renders", &headers, request.to_string()).await);
    let (status, _, message, render) = ask().await;
    assert_eq!((status, message.as_str(), &render["contentId"]), (200, "Render created", &json!("resize")));
    assert_eq!(ask().await.3["renderId"], render["renderId"]);
    door.claim().await;
    let claimed = door.state.store.claim_jobs(1, std::time::Duration::from_secs(1)).await.unwrap();
    assert!(claimed.is_empty(), "the second request made nothing");
}

#[tokio::test]
async fn a_dry_run_checks_and_keeps_nothing() {
    let door = Door::open().await;
    let mut request = one("resize");
    request["dryRun"] = json!(true);
    let (status, success, _, batch) = envelope(&door.post("/blurb/v1/batches", &request).await);
    assert_eq!((status, success), (200, true));
    assert_eq!(
        (&batch["dryRun"], &batch["status"], &batch["renders"][0]["status"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert!(door.state.store.claim_jobs(1, std::time::Duration::from_secs(1)).await.unwrap().is_empty());
    assert_eq!(envelope(&door.get(&format!("/blurb/v1/batches/{}", batch["batchId"].as_str().unwrap())).await).0, 404);
    request["renders"][0]["contentId"] = json!("blu3r");
    assert_eq!(envelope(&door.post("/blurb/v1/batches", &request).await).0, 422);
}

#[tokio::test]
async fn a_cancelled_render_fails_and_the_batch_is_told_once() {
    let door = Door::open().await;
    door.post("/blurb/v1/batches", &one("resize")).await;
    let jobs = door.get("/v1/jobs").await.json();
    let path = format!("/v1/jobs/{}", jobs["items"][0]["id"].as_str().unwrap());
    assert_eq!(door.ask(Method::DELETE, &path, &[], Body::empty()).await.status, 200);
    let filter = DeliveryFilter { limit: 10, ..DeliveryFilter::default() };
    let mut told = door.state.store.deliveries("demo", filter).await.unwrap().items;
    told.sort_by_key(|row| row.delivery.sequence);
    let bodies: Vec<Value> = told.iter().map(|row| serde_json::from_slice(&row.delivery.body).unwrap()).collect();
    let summary: Vec<_> = bodies.iter().map(|body| (&body["type"], &body["status"])).collect();
    assert_eq!(summary, [(&json!("RENDER"), &json!("FAILED")), (&json!("BATCH"), &json!("FAILED"))]);
    assert_eq!(bodies[1]["renders"][0]["message"], "the job was cancelled");
}

#[tokio::test]
async fn every_refusal_comes_in_an_envelope() {
    let door = Door::open().await;
    let check = |answer: Answer, status: u16, part: &str| {
        let (found, success, message, data) = envelope(&answer);
        assert_eq!((found, success), (status, false), "{message}");
        assert!(format!("{message} {data}").contains(part), "{message} {data} does not say {part:?}");
    };
    let json = [("content-type", "application/json")];
    let path = "/blurb/v1/batches";
    check(door.ask(Method::POST, path, &json, "{\"renders\": [").await, 400, "not JSON");
    check(door.ask(Method::POST, path, &[("content-type", "text/plain")], "{}").await, 415, "application/json");
    check(door.post(path, &json!([])).await, 422, "expected struct BatchRequest");
    check(door.post(path, &json!({})).await, 422, "renders");
    check(door.post(path, &json!({"renders": [{"contentId": 5}]})).await, 422, "renders[0].contentId");
    check(door.post(path, &one("blu3r")).await, 422, "expected the name of a transform");
    let mut wrong = one("resize");
    wrong["renders"][0]["requiredData"]["width"] = json!(0);
    check(door.post(path, &wrong).await, 422, "renders[0].requiredData.width");
    let mut private = one("resize");
    private["webhookUrl"] = json!("http://127.0.0.1/");
    check(door.post(path, &private).await, 422, "webhookUrl");
    for token in ["", "Bearer demo", "Bearer demo:wrong", "Basic ZGVtbzpyaWdodA=="] {
        let headers = [("authorization", token), json[0]];
        check(door.ask(Method::POST, path, &headers, one("resize").to_string()).await, 401, "");
    }
    for path in ["/blurb/v1/batches/batch_x", "/blurb/v1/renders/x", "/blurb/v1/nothing", "/blurb/render/x"] {
        check(door.get(path).await, 404, "");
    }
    let wrong_method = door.ask(Method::DELETE, path, &[], Body::empty()).await;
    assert!(wrong_method.header("allow").contains("POST"));
    check(wrong_method, 405, "does not take DELETE");
}

#[tokio::test]
async fn a_host_name_of_its_own_reaches_the_dialect_at_its_documented_paths() {
    let door = Door::with(|config| config.blurb.mount.host = "api.blurb.test".into()).await;
    let headers = [("host", "api.blurb.test:80"), ("content-type", "application/json")];
    let answer = door.ask(Method::POST, "/v1/batches", &headers, one("resize").to_string()).await;
    assert_eq!(envelope(&answer).2, "Batch created");
    let native = door.ask(Method::POST, "/v1/batches", &headers[1..], one("resize").to_string()).await;
    assert_eq!(native.problem().0, 422, "others get the native API");
}
