//! Blitline's routes: shapes of bodies, answers, polls, refusals.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::door::{Answer, Door, png};

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn job() -> Value {
    json!({
        "application_id": "demo:right", "v": 1.21, "src": "http://93.184.216.34/a.png",
        "functions": [
            {"name": "sepia_tone", "params": {"threshold": "0.5"}, "save": {"image_identifier": "MY_CLIENT_ID"},
             "functions": [{"name": "blu3r", "save": {"image_identifier": "inner", "extension": "png"}}]}
        ]
    })
}

async fn ask(door: &Door, path: &str, header: (&str, &str), body: String) -> Answer {
    door.ask(Method::POST, path, &[header, ("authorization", "")], body).await
}

/// The sentence of a refusal.
#[track_caller]
fn refusal(answer: &Answer) -> (u16, String) {
    let document = answer.json();
    let sentence = document["results"]["error"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned();
    (answer.status.as_u16(), sentence)
}

#[tokio::test]
async fn every_shape_of_body_is_taken_and_a_list_is_answered_by_a_list() {
    let door = Door::open().await;
    let escaped =
        |value: &Value| url::form_urlencoded::byte_serialize(value.to_string().as_bytes()).collect::<String>();
    let (one, list) = (job(), json!([job()]));
    for (header, body, is_list) in [
        (FORM, format!("json={}", escaped(&one)), false),
        (FORM, format!("json={}", escaped(&list)), true),
        (JSON, one.to_string(), false),
        (JSON, json!({"json": one}).to_string(), false),
        (JSON, json!({"json": list}).to_string(), true),
        (JSON, json!({"json": list.to_string()}).to_string(), true),
        (("content-type", "text/plain"), one.to_string(), false),
    ] {
        let answer = ask(&door, "/job", header, body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert!(!String::from_utf8_lossy(&answer.body).contains("error"));
        let results = &answer.json()["results"];
        assert_eq!(results.is_array(), is_list);
        let result = if is_list { &results[0] } else { results };
        let mut keys: Vec<_> = result.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["images", "job_id"]);
        assert_eq!(result["images"][0]["image_identifier"], "MY_CLIENT_ID");
        let url = result["images"][1]["s3_url"].as_str().unwrap();
        assert!(url.starts_with("http://here/o/") && url.ends_with("/f1.png"), "{url}");
    }
    let mut bare = job();
    bare.as_object_mut().unwrap().remove("application_id");
    let answer = ask(&door, "/job?application_id=demo:right", JSON, bare.to_string()).await;
    assert_eq!(answer.status, 200, "an application id may come in the address");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let preflight = door.ask(Method::OPTIONS, "/job", &[], Body::empty()).await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
}

#[tokio::test]
async fn a_poll_answers_what_a_postback_would_say_until_the_results_expire() {
    let door = Door::open().await;
    let accepted = ask(&door, "/job", JSON, job().to_string()).await.json();
    let id = accepted["results"]["job_id"].as_str().unwrap();
    let pending = door.get(&format!("/poll?job_id={id}")).await.json();
    assert_eq!(pending["is_complete"], false);
    let claimed = door.claim().await;
    let listening = async { door.get(&format!("/listen/{id}")).await };
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        door.complete(claimed, &[&png()]).await;
    };
    let (answer, ()) = tokio::join!(listening, ending);
    assert_eq!(answer.status, 200);
    let results = &answer.json()["results"];
    assert_eq!(results["job_id"], id);
    assert_eq!(results["images"][0]["s3_url"], accepted["results"]["images"][0]["s3_url"]);
    assert_eq!(results["images"][0]["meta"], json!({"width": 3, "height": 2}));
    assert_eq!(results["errors"], json!(["Image processing failed. Unknown function named 'blu3r'"]));
    assert_eq!(results["failed_image_identifiers"], json!(["inner"]));
    let polled = door.get(&format!("/poll?job_id={id}")).await.json();
    assert_eq!((&polled["is_complete"], &polled["results"]), (&json!(true), results));

    let door = Door::with(|config| config.blitline.results_s = 0).await;
    let accepted = ask(&door, "/job", JSON, job().to_string()).await.json();
    door.complete(door.claim().await, &[&png()]).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let gone = door.get(&format!("/listen/{}", accepted["results"]["job_id"].as_str().unwrap())).await;
    assert_eq!(refusal(&gone).0, 404);
}

#[tokio::test]
async fn polls_are_counted_for_each_account() {
    let door = Door::open().await;
    let accepted = ask(&door, "/job", JSON, job().to_string()).await.json();
    let path = format!("/poll?job_id={}", accepted["results"]["job_id"].as_str().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(door.get(&path).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let refused = door.get(&path).await;
    assert_eq!((refusal(&refused).0, refused.header("retry-after")), (429, "1"));
}

#[tokio::test]
async fn a_job_with_a_postback_is_pollable_unless_the_server_is_strict() {
    for (strict, force, status) in [(false, false, 200), (true, false, 404), (true, true, 200)] {
        let door = Door::with(|config| config.blitline.strict_polling = strict).await;
        let mut job = job();
        job["postback_url"] = json!("http://93.184.216.34/hook");
        job["force_longpoll_cache"] = json!(force);
        let accepted = ask(&door, "/job", JSON, job.to_string()).await.json();
        let path = format!("/poll?job_id={}", accepted["results"]["job_id"].as_str().unwrap());
        assert_eq!(door.get(&path).await.status, status, "{strict} {force}");
    }
}

#[tokio::test]
async fn each_element_of_a_list_is_refused_for_itself() {
    let door = Door::open().await;
    let mut wrong = job();
    wrong["src"] = Value::Null;
    let answer = ask(&door, "/job", JSON, json!([job(), wrong, job()]).to_string()).await;
    assert_eq!(answer.status, 200);
    let results = answer.json()["results"].clone();
    assert_eq!(results[1], json!({"error": "src is missing, expected a URL"}));
    assert!(results[0]["job_id"].is_string() && results[2]["job_id"].is_string());
}

#[tokio::test]
async fn every_refusal_is_a_sentence_in_results() {
    let door = Door::open().await;
    let with = |name: &str, value: Value| {
        let mut job = job();
        job[name] = value;
        job.to_string()
    };
    for (header, body, status, part) in [
        (JSON, "{\"application_id\": \"dem".to_owned(), 400, "cannot be read"),
        (JSON, String::new(), 400, "cannot be read"),
        (FORM, "a=b".to_owned(), 400, "no field 'json'"),
        (JSON, "5".to_owned(), 400, "expected an object"),
        (JSON, format!("[{}]", vec!["{}"; 1001].join(",")), 400, "1001 jobs"),
        (JSON, with("application_id", Value::Null), 401, "Your application ID is required"),
        (JSON, with("application_id", json!("who")), 401, "not known here"),
        (JSON, with("application_id", json!("demo:wrong")), 401, "wrong"),
        (JSON, with("application_id", json!([1])), 401, "expected a text"),
        (JSON, with("src", json!("http://127.0.0.1/")), 422, "src"),
        (JSON, with("functions", json!({})), 422, "functions is {}"),
        (
            JSON,
            with("functions", json!([{"name": "resize", "params": {"width": 0, "height": 1}}])),
            422,
            "functions[0] ('resize')",
        ),
        (JSON, with("functions", json!([{"name": "script"}])), 422, "not offered here"),
    ] {
        let answer = ask(&door, "/job", header, body.clone()).await;
        let (found, sentence) = refusal(&answer);
        assert!(found == status && sentence.contains(part), "{body}: {found} {sentence}");
    }
    for path in ["/listen/x", "/listen/4weK03Kd0j-D_ttohR7GTcg", "/poll?job_id=x"] {
        assert_eq!(refusal(&door.get(path).await).0, 404, "{path}");
    }
    assert_eq!(refusal(&door.get("/poll").await).0, 400);
}

#[tokio::test]
async fn known_applications_and_signed_jobs_need_no_secret() {
    let door = Door::with(|config| {
        config.blitline.applications.insert("old-id".into(), "demo".into());
        config.blitline.applications.insert("lost".into(), "nobody".into());
    })
    .await;
    let of = |id: &str| {
        let mut job = job();
        job["application_id"] = json!(id);
        job.to_string()
    };
    assert_eq!(ask(&door, "/job", JSON, of("old-id")).await.status, 200);
    assert_eq!(refusal(&ask(&door, "/job", JSON, of("lost")).await).0, 401);

    let signed = |transform: &str, key: &str| {
        let mut job = job();
        job["application_id"] = Value::Null;
        let expires = "Fri, 20 Jun 2098 17:34:20 +0000";
        let signature = hex::encode(Sha1::digest(format!("right{expires}{transform}")));
        let to = json!({"bucket": "b", "key": key});
        job["functions"] = json!([{"name": "no_op", "save": {"image_identifier": "a", "s3_destination": to}}]);
        for (name, value) in
            [("public_token", "demo"), ("expires", expires), ("key_transform", transform), ("signature", &signature)]
        {
            job[name] = json!(value);
        }
        job
    };
    let good = ask(&door, "/job", JSON, signed("^uploads/", "uploads/a.jpg").to_string()).await;
    assert_eq!(good.json()["results"]["images"][0]["s3_url"], "https://s3.amazonaws.com/b/uploads/a.jpg");
    let elsewhere = ask(&door, "/job", JSON, signed("^uploads/", "a.jpg").to_string()).await;
    assert!(refusal(&elsewhere).1.contains("does not match the signed key_transform"));
    let broken = ask(&door, "/job", JSON, signed("(", "a.jpg").to_string()).await;
    assert!(refusal(&broken).1.contains("no regular expression"));
    let mut forged = signed("^uploads/", "uploads/a.jpg");
    forged["signature"] = json!("00");
    assert_eq!(refusal(&ask(&door, "/job", JSON, forged.to_string()).await).0, 401);
}
