//! Submitting, watching, listing and cancelling jobs.

use std::time::Duration;

use base64::Engine as _;
use futures_util::StreamExt;
use reqwest::{Method, StatusCode, multipart};
use safelight_codec::{DecodeOptions, Format, Limits, decode};
use serde_json::{Value, json};

use crate::support::{Origin, Receiver, Server, jpeg, png, tools};

/// Format, width and height of an encoded picture.
fn shape(bytes: &[u8]) -> (Format, u32, u32) {
    let limits = Limits::default();
    let picture =
        decode(bytes, &DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: true }).unwrap();
    let raster = &picture.frames[0].raster;
    (Format::sniff(bytes).unwrap(), raster.width(), raster.height())
}

fn output<'a>(job: &'a Value, list: &str, id: &str) -> &'a Value {
    job[list].as_array().unwrap().iter().find(|output| output["id"] == id).unwrap_or_else(|| panic!("no {id}: {job}"))
}

#[tokio::test]
async fn a_job_runs_from_a_url_to_pictures_and_two_callbacks() {
    let server = Server::start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let source = jpeg(1200, 900);
    let accepted = server
        .submit(&json!({
            "source": {"url": origin.bytes("photo", source.clone())},
            "steps": [{"transform": "resize", "params": {"width": 800}}],
            "outputs": [{"id": "main", "format": "jpeg", "quality": 80}],
            "eager": [{"id": "thumb", "format": "webp",
                "steps": [{"transform": "crop", "params": {"width": 150, "height": 100, "gravity": "center"}}]}],
            "notification_url": receiver.url("main"),
            "eager_notification_url": receiver.url("eager"),
            "reference": "order 7",
        }))
        .await;
    assert!(accepted["outputs"][0]["url"].is_string(), "the URL is known at once: {accepted}");
    let job = server.finished(accepted["id"].as_str().unwrap()).await;

    assert_eq!(job["state"], "succeeded");
    assert_eq!(job["reference"], "order 7");
    assert_eq!(job["progress"], json!({"done": 2, "total": 2}));
    assert_eq!(job["errors"], json!([]));
    for time in ["created_at", "started_at", "finished_at"] {
        assert!(job[time].as_str().unwrap().ends_with('Z'), "{time}: {job}");
    }
    let from = &job["source"];
    assert_eq!((&from["width"], &from["height"], &from["format"]), (&json!(1200), &json!(900), &json!("jpeg")));
    assert_eq!(from["bytes"], source.len());

    let main = output(&job, "outputs", "main");
    let bytes = server.download(main).await;
    assert_eq!(shape(&bytes), (Format::Jpeg, 800, 600));
    assert_eq!((&main["width"], &main["height"], &main["bytes"]), (&json!(800), &json!(600), &json!(bytes.len())));
    assert_eq!(main["sha256"].as_str().unwrap().len(), 64);
    let step = &main["steps"][0];
    assert_eq!((&step["transform"], &step["plugin"]), (&json!("resize"), &json!("geometry")));
    assert!(step["ms"].as_f64().unwrap() > 0.0 && step["peak_bytes"].as_u64().unwrap() > 0, "{step}");
    assert_eq!(shape(&server.download(output(&job, "eager", "thumb")).await), (Format::WebP, 150, 100));

    let received = receiver.wait_for(2).await;
    let by_path = |path: &str| received.iter().find(|request| request.path == path).unwrap().json();
    let main_event = by_path("/main");
    assert_eq!(main_event["type"], "job.finished");
    assert_eq!(main_event["data"]["id"], job["id"]);
    assert_eq!(main_event["data"]["outputs"][0]["state"], "succeeded");
    let eager_event = by_path("/eager");
    assert_eq!(eager_event["type"], "job.eager_finished");
    assert_eq!(eager_event["data"]["eager"][0]["state"], "succeeded");
    assert_eq!(origin.asked("photo"), 1);
}

#[tokio::test]
async fn an_unknown_transform_fails_its_output_only_and_the_callback_goes_out() {
    let server = Server::start().await;
    let receiver = Receiver::start().await;
    let job = server
        .run(&json!({
            "source": {"canvas": {"width": 40, "height": 30, "color": "#336699"}},
            "outputs": [
                {"id": "good", "format": "png", "steps": [{"transform": "flip", "params": {"direction": "horizontal"}}]},
                {"id": "bad", "format": "png", "steps": [{"transform": "blu3r"}]},
            ],
            "notification_url": receiver.url("done"),
        }))
        .await;
    assert_eq!(job["state"], "partially_failed");
    assert_eq!(output(&job, "outputs", "good")["state"], "succeeded");
    let error = &job["errors"][0];
    assert_eq!(error["code"], "unknown_transform");
    assert_eq!(error["message"], "Unknown function named 'blu3r'");
    assert_eq!((&error["output"], &error["step"]), (&json!("bad"), &json!(0)));
    let event = receiver.wait_for(1).await[0].json();
    assert_eq!(event["data"]["errors"][0]["code"], "unknown_transform");
}

#[tokio::test]
async fn a_picture_can_come_with_the_request() {
    let server = Server::start().await;
    let job = json!({
        "source": {"upload": "file"},
        "outputs": [{"id": "small", "format": "png", "steps": [{"transform": "resize", "params": {"width": 50}}]}],
    });
    let form = multipart::Form::new()
        .part("job", multipart::Part::text(job.to_string()).mime_str("application/json").unwrap())
        .part("file", multipart::Part::bytes(png(100, 60)).file_name("misleading.gif"));
    let answer = server.post("/v1/jobs").multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert!(answer.headers()["location"].to_str().unwrap().contains("/v1/jobs/"));
    let accepted: Value = answer.json().await.unwrap();
    let job = server.finished(accepted["id"].as_str().unwrap()).await;
    assert_eq!(job["source"]["format"], "png", "the bytes tell the format, not the name");
    assert_eq!(shape(&server.download(&job["outputs"][0]).await), (Format::Png, 50, 30));

    let data = base64::engine::general_purpose::STANDARD.encode(png(20, 10));
    let job = server.run(&json!({"source": {"data": format!("data:image/png;base64,{data}")}})).await;
    assert_eq!(job["state"], "succeeded");
    assert_eq!((&job["outputs"][0]["id"], &job["outputs"][0]["format"]), (&json!("main"), &json!("png")));
    assert_eq!(job["outputs"][0]["width"], 20);
}

#[tokio::test]
async fn a_dry_run_lists_every_problem_and_runs_nothing() {
    let server = Server::start().await;
    let answer = server
        .post("/v1/jobs?dry_run=true")
        .json(&json!({
            "source": {"canvas": {"width": 400, "height": 300, "color": "white"}},
            "outputs": [{"id": "a", "steps": [{"transform": "resize", "params": {"width": 200}}]}],
        }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let plan: Value = answer.json().await.unwrap();
    assert_eq!(plan["valid"], true);
    assert_eq!((&plan["outputs"][0]["width"], &plan["outputs"][0]["height"]), (&json!(200), &json!(150)));

    let answer = server
        .post("/v1/jobs?dry_run=true")
        .json(&json!({
            "source": {"canvas": {"width": 400, "height": 300}},
            "outputs": [
                {"id": "a", "format": "docx", "quality": 0},
                {"id": "a", "steps": [{"transform": "resize", "params": {"width": -5, "colour": 1}}]},
            ],
            "notification_url": "ftp://example.org",
        }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    let said = problem["errors"].to_string();
    for part in ["docx", "quality", "width", "-5", "notification_url", "ftp"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let jobs: Value = server.get("/v1/jobs").send().await.unwrap().json().await.unwrap();
    assert_eq!(jobs["items"], json!([]));
}

#[tokio::test]
async fn an_idempotency_key_makes_one_job_of_a_repeated_request() {
    let server = Server::start().await;
    let send = async |width: u32| {
        let job = json!({"source": {"canvas": {"width": width, "height": 10}}});
        server.post("/v1/jobs").header("idempotency-key", "key-1").json(&job).send().await.unwrap()
    };
    let first: Value = send(10).await.json().await.unwrap();
    let again = send(10).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!(first["id"], again["id"]);
    let other = send(11).await;
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = other.json().await.unwrap();
    assert_eq!(problem["code"], "idempotency_mismatch");
}

#[tokio::test]
async fn a_batch_is_told_once_when_its_last_job_has_ended() {
    let server = Server::start().await;
    let receiver = Receiver::start().await;
    let canvas = json!({"source": {"canvas": {"width": 8, "height": 8}}});
    let answer = server
        .post("/v1/batches")
        .json(&json!({"jobs": [canvas, canvas, canvas], "notification_url": receiver.url("batch"), "reference": "b-1"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let batch: Value = answer.json().await.unwrap();
    let id = batch["id"].as_str().unwrap();
    let event = receiver.wait_for(1).await[0].json();
    assert_eq!((&event["type"], &event["data"]["id"]), (&json!("batch.finished"), &batch["id"]));
    let batch: Value = server.get(&format!("/v1/batches/{id}")).send().await.unwrap().json().await.unwrap();
    assert!(batch["finished_at"].is_string(), "{batch}");
    assert_eq!(batch["reference"], "b-1");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_batch_with_one_bad_job_is_refused_whole() {
    let server = Server::start().await;
    let good = json!({"source": {"canvas": {"width": 8, "height": 8}}});
    let bad = json!({"source": {"canvas": {"width": 0, "height": 8}}});
    let answer = server.post("/v1/batches").json(&json!({"jobs": [good, bad]})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert!(problem["errors"].to_string().contains("/jobs/1"), "{problem}");
    let jobs: Value = server.get("/v1/jobs").send().await.unwrap().json().await.unwrap();
    assert_eq!(jobs["items"], json!([]));
}

#[tokio::test]
async fn progress_is_streamed_until_the_end() {
    let server = Server::start().await;
    let accepted = server
        .submit(&json!({"source": {"canvas": {"width": 600, "height": 600}},
        "steps": [{"transform": "blur", "params": {"sigma_px": 5}}]}))
        .await;
    let answer = server.get(&format!("/v1/jobs/{}/events", accepted["id"].as_str().unwrap())).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let mut text = String::new();
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = tokio::time::timeout(Duration::from_secs(30), stream.next()).await.expect("it ends") {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let last = text.lines().rfind(|line| line.starts_with("data:")).expect("there were events");
    let job: Value = serde_json::from_str(last.trim_start_matches("data:").trim()).unwrap();
    assert_eq!((&job["id"], &job["state"]), (&accepted["id"], &json!("succeeded")));
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        let job = server.run(&json!({"source": {"canvas": {"width": 4, "height": 4}}})).await;
        made.push(job["id"].as_str().unwrap().to_owned());
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/jobs?limit=3&state=succeeded".to_owned());
    loop {
        let page: Value = server.get(&path).send().await.unwrap().json().await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/jobs?limit=3&state=succeeded&cursor={cursor}"),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(seen, made, "newest first, none twice, none left out");
    let answer = server.get("/v1/jobs?cursor=forged").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_waiting_job_can_be_called_off() {
    let server = Server::builder().set("worker", "slots", 1).start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let slow = origin.serve("slow", crate::support::Served::Dripping(png(30, 30).into(), Duration::from_millis(20)));
    let first = server.submit(&json!({"source": {"url": slow}})).await;
    let second = server
        .submit(&json!({"source": {"canvas": {"width": 4, "height": 4}}, "notification_url": receiver.url("second")}))
        .await;
    let cancel = async |job: &Value| {
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        server.request(Method::DELETE, &path).send().await.unwrap().status()
    };
    assert_eq!(cancel(&second).await, StatusCode::OK);
    let job = server.finished(second["id"].as_str().unwrap()).await;
    assert_eq!(job["state"], "cancelled");
    assert_eq!(receiver.wait_for(1).await[0].json()["data"]["state"], "cancelled");
    assert_eq!(cancel(&second).await, StatusCode::CONFLICT);

    let status = cancel(&first).await;
    assert!(status == StatusCode::OK || status == StatusCode::ACCEPTED, "{status}");
    assert_eq!(server.finished(first["id"].as_str().unwrap()).await["state"], "cancelled");
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let server = Server::start().await;
    let job = server.run(&json!({"source": {"canvas": {"width": 4, "height": 4}}})).await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let (code, out, err) = tools::safelight(&["account", "create", "other"], &server.data_dir);
    assert_eq!(code, 0, "{err}");
    let secret = out.split("secret ").nth(1).unwrap().split_whitespace().next().unwrap();
    let other = |path: &str| {
        server.client.get(format!("{}{path}", server.url)).header("authorization", format!("Bearer other:{secret}"))
    };
    assert_eq!(other(&path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let list: Value = other("/v1/jobs").send().await.unwrap().json().await.unwrap();
    assert_eq!(list["items"], json!([]));
    let wrong = server.client.get(format!("{}{path}", server.url)).bearer_auth("demo:wrong").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn stored_assets_are_sources() {
    let server = Server::start().await;
    let put = server.request(Method::PUT, "/v1/assets/cats%2Ftom").body(png(60, 40)).send().await.unwrap();
    assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    let job = server.run(&json!({"source": {"asset": "cats/tom"}, "outputs": [{"id": "x", "format": "bmp"}]})).await;
    assert_eq!(job["state"], "succeeded");
    assert_eq!(shape(&server.download(&job["outputs"][0]).await), (Format::Bmp, 60, 40));
    let (status, problem) = server.refused(&json!({"source": {"asset": "cats/none"}})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["errors"].to_string().contains("cats/none"), "{problem}");
}
