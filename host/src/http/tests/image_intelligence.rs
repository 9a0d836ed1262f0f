//! Image Intelligence's routes: tokens, jobs, lists, refusals.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use super::door::{Answer, Door, png};
use crate::store::DeliveryFilter;

async fn token(door: &Door, key: &str) -> String {
    let ask = json!({"clientId": key, "clientSecret": "right"}).to_string();
    let answer = door.ask(Method::POST, "/oauth/token", &[("authorization", "")], ask).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let token = answer.json();
    assert_eq!(token["expiresAt"].as_u64().unwrap() - token["issuedAt"].as_u64().unwrap(), 86_400_000);
    assert!(token["scope"].as_str().unwrap().contains("detect:create"));
    format!("Bearer {}", token["accessToken"].as_str().unwrap())
}

fn detect(camera: &str) -> Value {
    json!({
        "images": [{"url": "http://93.184.216.34/a.png", "customId": "first"}, {"url": "http://93.184.216.34/b.png"}],
        "classes": [{"class": "qr_code", "verify": "NEVER"}],
        "feedId": camera, "webhookUrl": "http://93.184.216.34/hook"
    })
}

/// Sends with a token and without a content type, as real callers do.
async fn send(door: &Door, token: &str, method: Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    door.ask(method, path, &[("authorization", token)], body).await
}

#[track_caller]
fn refusal(answer: &Answer) -> (u16, String) {
    let document = answer.json();
    assert!(document["error"]["code"].is_string(), "{document}");
    (answer.status.as_u16(), document["error"]["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_job_is_in_progress_until_its_last_picture_is_done() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    let answer = send(&door, &token, Method::POST, "/v2/detect/", &detect("camera 1")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let job = answer.json();
    assert_eq!(
        (&job["status"], &job["jobResults"], &job["feedId"]),
        (&json!("IN_PROGRESS"), &json!([]), &json!("camera 1"))
    );
    assert_eq!(job["imageResults"][0]["customId"], "first");
    let path = format!("/v2/detect/{}", job["id"].as_str().unwrap());
    door.complete(door.claim().await, &[&png()]).await;
    let half = send(&door, &token, Method::GET, &path, &Value::Null).await.json();
    assert_eq!(
        (&half["status"], &half["imageResults"][0]["status"]),
        (&json!("IN_PROGRESS"), &json!("COMPLETED_SUCCESSFULLY"))
    );
    door.complete(door.claim().await, &[]).await;
    let done = send(&door, &token, Method::GET, &path, &Value::Null).await.json();
    assert_eq!(done["status"], "COMPLETED_PARTIAL_ERROR");
    assert_eq!(done["imageResults"][1]["status"], "MODEL_SERVICE_ERROR");

    let proxy = done["imageResults"][0]["proxyUrl"].as_str().unwrap().strip_prefix("http://here").unwrap();
    let picture = door.ask(Method::GET, proxy, &[("authorization", "")], Body::empty()).await;
    assert_eq!((picture.status.as_u16(), &picture.body[..]), (200, &png()[..]));

    let feedback =
        json!({"jobId": job["id"], "createdAt": 1, "classes": [{"class": "qr_code", "code": "FALSE_NEGATIVE"}]});
    let told = send(&door, &token, Method::POST, "/v2/feedback", &feedback).await.json();
    assert!(told["id"].is_string() && told["classes"] == feedback["classes"], "{told}");
    let foreign = super::image_intelligence::token(&door, "other").await;
    assert_eq!(refusal(&send(&door, &foreign, Method::GET, &path, &Value::Null).await).0, 404);
}

#[tokio::test]
async fn nothing_is_told_of_single_pictures() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    send(&door, &token, Method::POST, "/v2/detect", &detect("a")).await;
    door.complete(door.claim().await, &[&png()]).await;
    let filter = DeliveryFilter { limit: 10, ..DeliveryFilter::default() };
    assert!(door.state.store.deliveries("demo", filter).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn jobs_are_listed_by_kind_ids_and_time() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    let first = send(&door, &token, Method::POST, "/v2/detect", &detect("camera 1")).await.json();
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let second = send(&door, &token, Method::POST, "/v2/detect", &detect("camera 2")).await.json();
    let target = json!({"images": [{"url": "http://93.184.216.34/a"}], "target": {"class": "logo", "images": ["http://93.184.216.34/b"]}});
    let matched = send(&door, &token, Method::POST, "/v2/match", &target).await.json();
    assert_eq!(matched["jobResults"]["target"]["class"], "logo");
    let list = async |path: String| -> Vec<Value> {
        let answer = send(&door, &token, Method::GET, &path, &Value::Null).await;
        answer.json().as_array().unwrap().iter().map(|job| job["id"].clone()).collect()
    };
    let ids = |jobs: &[&Value]| jobs.iter().map(|job| job["id"].clone()).collect::<Vec<_>>();
    assert_eq!(list("/v2/detect".into()).await, ids(&[&second, &first]));
    assert_eq!(list("/v2/detect?feedId=camera%201".into()).await, ids(&[&first]));
    assert_eq!(list("/v2/detect?customId=none".into()).await, ids(&[]));
    assert_eq!(list(format!("/v2/detect?after={}", first["createdAt"])).await, ids(&[&second]));
    assert_eq!(list(format!("/v2/detect?before={}", second["createdAt"])).await, ids(&[&first]));
    assert_eq!(list("/v2/match/".into()).await, ids(&[&matched]));
}

#[tokio::test]
async fn every_refusal_has_the_same_form() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    let check = |answer: Answer, status: u16, part: &str| {
        let (found, message) = refusal(&answer);
        assert!(found == status && message.contains(part), "{found} {message}");
    };
    let bad = json!({"clientId": "demo", "clientSecret": "wrong"});
    check(send(&door, "", Method::POST, "/oauth/token", &bad).await, 401, "wrong");
    check(send(&door, "", Method::POST, "/oauth/token", &json!({"clientId": 5})).await, 400, "clientId: invalid type");
    check(door.ask(Method::POST, "/oauth/token", &[], "{").await, 400, "not JSON");
    for token in ["", "Bearer x", "Bearer demo:right", "Bearer MTAwOmRlbW8.AAAA"] {
        check(send(&door, token, Method::POST, "/v2/detect", &detect("a")).await, 401, "token");
    }
    check(send(&door, &token, Method::POST, "/v2/detect", &json!({"images": []})).await, 400, "classes");
    check(
        send(&door, &token, Method::POST, "/v2/detect", &json!({"images": [], "classes": [{"class": "code"}]})).await,
        400,
        "1 to 64",
    );
    check(send(&door, &token, Method::GET, "/v2/detect?after=now", &Value::Null).await, 400, "after is \"now\"");
    check(send(&door, &token, Method::GET, "/v2/detect/x", &Value::Null).await, 404, "no job");
    let question = json!({"images": [{"url": "http://93.184.216.34/a"}], "question": "Is it?"});
    check(send(&door, &token, Method::POST, "/v2/ask", &question).await, 400, "nobody reads the question");
    for (webhook, part) in [
        (json!({}), "url"),
        (json!({"url": "http://127.0.0.1/"}), "url"),
        (json!({"url": "http://93.184.216.34/", "secretKey": "short"}), "secretKey has 5 bytes"),
        (json!({"url": ["a"]}), "url: invalid type"),
    ] {
        check(send(&door, &token, Method::POST, "/v2/webhooks", &webhook).await, 400, part);
    }
    check(send(&door, &token, Method::DELETE, "/v2/detect", &Value::Null).await, 405, "does not take DELETE");
    check(door.get("/images/x").await, 404, "no such output");
}

#[tokio::test]
async fn a_registered_webhook_is_told_of_every_job_and_signs() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    let none = send(&door, &token, Method::GET, "/v2/webhooks", &Value::Null).await.json();
    assert_eq!(none, json!([]));
    for url in ["http://93.184.216.34/old", "http://93.184.216.34/all"] {
        let webhook = json!({"url": url, "secretKey": "a secret key"});
        let made = send(&door, &token, Method::POST, "/v2/webhooks", &webhook).await.json();
        assert_eq!(
            (&made["url"], &made["application"], &made["secretKey"]),
            (&json!(url), &json!("demo"), &webhook["secretKey"])
        );
        let listed = send(&door, &token, Method::GET, "/v2/webhooks/", &Value::Null).await.json();
        assert_eq!(listed, json!([made]), "there is one, the last");
    }
    let job = send(&door, &token, Method::POST, "/v2/detect", &detect("a")).await.json();
    door.complete(door.claim().await, &[&png()]).await;
    door.complete(door.claim().await, &[&png()]).await;
    let id: uuid::Uuid = job["id"].as_str().unwrap().parse().unwrap();
    let batch = door.state.store.batch("demo", id).await.unwrap().unwrap();
    let dialect = door.state.dialect("image_intelligence").unwrap();
    let owed = dialect.batch_deliveries(&batch, door.state.store.as_ref()).await.unwrap();
    let urls: Vec<&str> = owed.iter().map(|owed| owed.url.as_str()).collect();
    assert_eq!(urls, ["http://93.184.216.34/hook", "http://93.184.216.34/all"]);
    assert_eq!(owed[0].body, owed[1].body);
    assert!(
        owed.iter().all(|owed| owed.headers[0].0 == "x-niro-signature" && owed.headers[0].1.starts_with("sha256="))
    );
}

#[tokio::test]
async fn questions_are_jobs_of_their_own_kind() {
    let door = Door::open().await;
    let token = token(&door, "demo").await;
    let question = json!({
        "images": [{"url": "http://93.184.216.34/a"}], "question": "Is the gate open?", "customId": "q",
        "examples": {"yes": ["http://93.184.216.34/y"], "no": ["http://93.184.216.34/n"]}
    });
    let job = send(&door, &token, Method::POST, "/v2/ask", &question).await.json();
    assert_eq!((&job["status"], &job["question"]), (&json!("IN_PROGRESS"), &question["question"]));
    let path = format!("/v2/ask/{}", job["id"].as_str().unwrap());
    assert_eq!(send(&door, &token, Method::GET, &path, &Value::Null).await.json(), job);
    let listed = send(&door, &token, Method::GET, "/v2/ask?customId=q", &Value::Null).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &job["id"]));
}
