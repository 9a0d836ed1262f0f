//! Blitline: submissions of real clients, results, destinations, postbacks.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use safelight_codec::{DecodeOptions, Limits, decode};
use serde_json::{Value, json};

use crate::support::{Answer, Origin, Receiver, SECRET, Server, jpeg, tools};

pub(super) fn application() -> String {
    format!("demo:{SECRET}")
}

pub(super) async fn submit(server: &Server, job: &Value) -> Value {
    let answer = server.client.post(format!("{}/job", server.url)).json(job).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["results"].clone()
}

pub(super) async fn listen(server: &Server, id: &Value) -> Value {
    let url = format!("{}/listen/{}", server.url, id.as_str().unwrap());
    server.client.get(url).send().await.unwrap().json().await.unwrap()
}

pub(super) async fn size(server: &Server, url: &Value) -> (u32, u32) {
    let bytes = server.client.get(url.as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false };
    let first = decode(&bytes, &options).unwrap().frames.remove(0).raster;
    (first.width(), first.height())
}

/// Runs a program of `clients/` with the real packages.
fn client(server: &Server, program: &str, arguments: &[&str]) -> String {
    let packages =
        tools::existing(tools::release_dir().parent().unwrap().join("test-node/node_modules"), "make test-tools");
    let clients = tools::fixture("../dialects/clients");
    let port = server.url.rsplit(':').next().unwrap();
    let output = Command::new("node")
        .arg("--require")
        .arg(clients.join("redirect.cjs"))
        .arg(clients.join(program))
        .args(arguments)
        .env("NODE_PATH", packages)
        .env("BLITLINE_PORT", port)
        .output()
        .expect("node is there: run `make test-tools`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_clients_submit_and_the_results_are_what_they_asked_for() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let src = origin.bytes("a.jpg", jpeg(720, 540));
    let jobs = json!([
        {"application_id": application(), "src": src, "v": 1.21,
         "functions": [{"name": "resize_to_fit", "params": {"width": 100}, "save": {"image_identifier": "small"}}]},
        {"application_id": "wrong", "src": src, "functions": []}
    ]);
    let answer: Value = serde_json::from_str(&client(&server, "simple.cjs", &[&jobs.to_string()])).unwrap();
    let results = listen(&server, &answer["results"][0]["job_id"]).await;
    let image = &results["results"]["images"][0];
    assert_eq!(image["meta"], json!({"width": 100, "height": 75}));
    assert_eq!(image["s3_url"], answer["results"][0]["images"][0]["s3_url"], "known before any work is done");
    assert_eq!(size(&server, &image["s3_url"]).await, (100, 75));
    assert!(answer["results"][1]["error"].as_str().unwrap().contains("application ID"), "{answer}");

    // It sends null for what it does not have, and a list as text.
    let answer: Value = serde_json::from_str(&client(&server, "legacy.cjs", &[&application(), &src])).unwrap();
    let polled = listen(&server, &answer["results"][0]["job_id"]).await;
    let results: Value =
        serde_json::from_str(polled["results"].as_str().expect("a text, as it says no version")).unwrap();
    let told = |image: &Value| (image["image_identifier"].as_str().unwrap().to_owned(), image["meta"]["width"].clone());
    let images: Vec<_> = results["images"].as_array().unwrap().iter().map(told).collect();
    let expected = [("blurred", json!(720)), ("sepia", json!(720)), ("cropped", json!(50))];
    assert_eq!(images, expected.map(|(name, width)| (name.to_owned(), width)));
    assert_eq!(results["original_meta"], json!({"width": 720, "height": 540}));
}

#[tokio::test]
async fn an_unknown_function_is_told_by_postback_and_the_rest_is_kept() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let receiver = Receiver::start().await;
    let accepted = submit(
        &server,
        &json!({
            "application_id": application(), "v": "1.21", "src": origin.bytes("a.jpg", jpeg(64, 48)),
            "postback_url": receiver.url("hook"), "postback_headers": {"X-Secret": "s3cret"},
            "functions": [
                {"name": "blu3r", "save": {"image_identifier": "MY_CLIENT_ID"}},
                {"name": "crop_to_square", "save": {"image_identifier": "square", "extension": ".png"}}
            ]
        }),
    )
    .await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!((received.header("content-type"), received.header("x-secret")), ("application/json", "s3cret"));
    let expected = json!({"results": {
        "original_meta": {"width": 64, "height": 48},
        "images": [{
            "image_identifier": "square",
            "s3_url": accepted["images"][1]["s3_url"],
            "meta": {"width": 48, "height": 48}
        }],
        "job_id": accepted["job_id"],
        "errors": ["Image processing failed. Unknown function named 'blu3r'"],
        "failed_image_identifiers": ["MY_CLIENT_ID"]
    }});
    assert_eq!(received.json(), expected);
    assert_eq!(listen(&server, &accepted["job_id"]).await, expected, "a poll answers the same");
}

#[tokio::test]
async fn results_go_where_the_job_says_and_trouble_there_is_tried_again() {
    let origin = Origin::start().await;
    // The bucket has a problem at first.
    let places = Receiver::with(|index| Answer::Status(if index == 0 { 503 } else { 200 })).await;
    let server = Server::builder()
        .set("storage", "s3_endpoint", places.url("s3"))
        .set("storage", "s3_access_key", "AKID")
        .set("storage", "s3_secret_key", "secret")
        .set("worker", "retry_ms", 50)
        .start()
        .await;
    let function = |name: &str, identifier: &str, to: Value| json!({"name": "no_op", "save": {"image_identifier": identifier, name: to}});
    let s3 = json!({"bucket": "pictures", "key": "a/b c.png", "headers": {"cache-control": "max-age=5"}});
    let job = |functions: Value| {
        let src = origin.bytes("a.jpg", jpeg(64, 48));
        json!({"application_id": application(), "v": 1.21, "src": src, "functions": functions})
    };
    let accepted = submit(&server, &job(json!([function("s3_destination", "s3", s3)]))).await;
    let results = listen(&server, &accepted["job_id"]).await["results"].clone();
    assert!(results.get("errors").is_none(), "{results}");
    assert_eq!(results["images"][0]["s3_url"], places.url("s3/pictures/a/b%20c.png"));
    let received = places.received();
    assert_eq!((received.len(), received[1].path.as_str()), (2, "/s3/pictures/a/b%20c.png"));
    assert!(received[1].header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
    assert_eq!((received[1].header("x-amz-acl"), received[1].header("cache-control")), ("public-read", "max-age=5"));
    assert_eq!((received[1].header("content-type"), &received[1].body[1..4]), ("image/png", &b"PNG"[..]));

    let signed = format!("{}?signature=1", places.url("signed/x.webp"));
    let azure = format!("{}?sig=2", places.url("container/y.jpg"));
    let functions = json!([
        function("signed_destination", "signed", json!({"signed_url": signed})),
        function("azure_destination", "azure", json!({"account_name": "me", "shared_access_signature": azure}))
    ]);
    let accepted = submit(&server, &job(functions)).await;
    let results = listen(&server, &accepted["job_id"]).await["results"].clone();
    assert_eq!(results["images"][1]["azure_url"], places.url("container/y.jpg"), "{results}");
    let received = places.received();
    let of = |path: &str| received.iter().find(|one| one.path == path).unwrap();
    assert_eq!(of("/signed/x.webp").header("content-type"), "image/webp");
    assert_eq!(of("/container/y.jpg").header("x-ms-blob-type"), "BlockBlob");
}

#[tokio::test]
async fn a_place_that_says_no_fails_its_result_alone() {
    let server = Server::start().await;
    let refusing = Receiver::with(|_| Answer::Status(403)).await;
    let job = json!({
        "application_id": application(), "v": 1.21, "src": {"name": "canvas", "width": 8, "height": 8},
        "functions": [
            {"name": "no_op", "save": {"image_identifier": "there", "signed_destination": {"signed_url": refusing.url("a.png")}}},
            {"name": "no_op", "save": {"image_identifier": "here"}}
        ]
    });
    let accepted = submit(&server, &job).await;
    let results = listen(&server, &accepted["job_id"]).await["results"].clone();
    assert_eq!(results["failed_image_identifiers"], json!(["there"]));
    assert_eq!(results["images"][0]["image_identifier"], "here");
    assert!(results["errors"][0].as_str().unwrap().contains("status 403"), "{results}");
    assert_eq!(refusing.received().len(), 1);
}

#[tokio::test]
async fn postbacks_have_the_form_and_the_retries_that_the_job_asks_for() {
    let server = Server::start().await;
    let failing = Receiver::with(|_| Answer::Status(500)).await;
    let recovering = Receiver::with(|index| Answer::Status(if index < 2 { 500 } else { 204 })).await;
    let job = |url: String, retry: bool, v: f64| {
        json!({
            "application_id": application(), "v": v, "src": {"name": "canvas"}, "postback_url": url,
            "retry_postback": retry, "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]
        })
    };
    let begun = Instant::now();
    submit(&server, &job(failing.url("once"), false, 1.21)).await;
    submit(&server, &job(recovering.url("again"), true, 1.0)).await;
    // After 1 and 3 seconds.
    let received = recovering.wait_for(3).await;
    assert!(begun.elapsed() >= Duration::from_secs(4));
    assert!(received.iter().all(|one| one.body == received[0].body));
    assert_eq!(received[0].header("content-type"), "application/x-www-form-urlencoded");
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&received[0].body).map(|(name, value)| (name.into(), value.into())).collect();
    let results: Value = serde_json::from_str(&form[0].1).unwrap();
    assert_eq!(
        (form.len(), form[0].0.as_str(), &results["images"][0]["meta"]),
        (1, "results", &json!({"width": 10, "height": 10}))
    );
    assert_eq!(failing.received().len(), 1, "nobody asked for another attempt");
}

#[tokio::test]
async fn an_accepted_job_survives_a_kill() {
    // A callback that is under way in the kill comes again when its lease has run out.
    let mut server = Server::builder().set("webhook", "lease_s", 30).start().await;
    let receiver = Receiver::start().await;
    let origin = Origin::start().await;
    let src = origin.bytes("a.jpg", jpeg(1200, 900));
    let mut ids = Vec::new();
    for index in 0..20 {
        let job = json!({
            "application_id": application(), "v": 1.21, "src": src, "postback_url": receiver.url("hook"),
            "functions": [{"name": "resize_to_fit", "params": {"width": 400 + index}, "save": {"image_identifier": "a"}}]
        });
        ids.push(submit(&server, &job).await["job_id"].clone());
    }
    server.kill().await;
    server.start_again().await;
    // Some come twice.
    let mut told: Vec<Value> = Vec::new();
    while !ids.iter().all(|id| told.contains(id)) {
        let received = receiver.wait_for(told.len() + 1).await;
        told = received.iter().map(|one| one.json()["results"]["job_id"].clone()).collect();
    }
}

#[tokio::test]
async fn the_settings_file_sets_limits_of_an_account_at_each_start() {
    let mut server = Server::builder().set("accounts", "demo__polls_per_s", 1).start().await;
    let job = json!({
        "application_id": application(), "v": 1.22, "src": {"name": "canvas"},
        "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]
    });
    let accepted = submit(&server, &job).await;
    let poll = format!("/poll?job_id={}", accepted["job_id"].as_str().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(server.client.get(format!("{}{poll}", server.url)).send().await.unwrap().status().as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    // What is set elsewhere is written over by the settings, others stay.
    let set = ["account", "set", "demo", "--polls-per-s", "9", "--event-bus", "orders"];
    server.terminate().await;
    assert_eq!(tools::safelight(&set, &server.data_dir).0, 0);
    server.start_again().await;
    let account: Value = server.get("/v1/account").send().await.unwrap().json().await.unwrap();
    let settings = &account["settings"];
    assert_eq!((&settings["polls_per_s"], &settings["event_bus"]), (&json!(1), &json!("orders")), "{account}");
}
