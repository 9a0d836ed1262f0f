//! Blurb: a batch from submission to its last webhook.

use safelight_codec::{DecodeOptions, Limits, decode};
use serde_json::{Value, json};

use crate::support::{Answer, Origin, Receiver, Server, jpeg};

pub(super) async fn submit(server: &Server, path: &str, request: &Value) -> Value {
    let token = format!("Bearer demo:{}", crate::support::SECRET);
    let request = server.client.post(format!("{}{path}", server.url)).header("authorization", token).json(request);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let envelope: Value = answer.json().await.unwrap();
    assert_eq!((status.as_u16(), &envelope["success"]), (200, &json!(true)), "{envelope}");
    envelope["data"].clone()
}

/// Status by status, what a receiver was told of one render.
fn told_of<'a>(bodies: &'a [Value], render: &str) -> Vec<&'a str> {
    bodies.iter().filter(|body| body["renderId"] == render).map(|body| body["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_status_of_every_render_is_told_in_order_then_the_batch_once() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    // The first attempt of the first webhook fails, and everything behind it waits.
    let receiver = Receiver::with(|index| match index {
        0 => Answer::StatusWith(503, "retry-after", "1".to_owned()),
        _ => Answer::Status(200),
    })
    .await;
    let good = origin.bytes("good.jpg", jpeg(64, 48));
    let bad = origin.bytes("bad.jpg", &b"no picture at all"[..]);
    let batch = submit(
        &server,
        "/blurb/v1/batches",
        &json!({
            "renders": [
                {"contentId": "resize", "requiredData": {"src": good, "width": 20}, "videoSettings": {"aspectRatio": "1x1"}},
                {"contentId": "sepia", "requiredData": {"src": bad}},
            ],
            "ref": "my-custom-reference",
            "webhookUrl": receiver.url("hook"),
        }),
    )
    .await;
    let ids: Vec<&str> =
        batch["renders"].as_array().unwrap().iter().map(|one| one["renderId"].as_str().unwrap()).collect();
    // Three of the first render, two of the second, the batch; the first one twice.
    let received = receiver.wait_for(7).await;
    let bodies: Vec<Value> = received.iter().skip(1).map(|one| one.json()).collect();
    assert_eq!(received[0].body, received[1].body, "the failed attempt is repeated before anything else");
    assert_eq!(told_of(&bodies, ids[0]), ["COLLECTING_ASSETS", "RENDERING", "COMPLETE"]);
    assert_eq!(told_of(&bodies, ids[1]), ["COLLECTING_ASSETS", "FAILED"]);
    let end = bodies.last().unwrap();
    assert_eq!(
        (&end["type"], &end["status"], &end["ref"]),
        (&json!("BATCH"), &json!("FAILED"), &json!("my-custom-reference"))
    );
    assert_eq!(bodies.iter().filter(|body| body["type"] == "BATCH").count(), 1);
    assert_eq!(end["renders"][0]["renderId"], ids[0]);
    assert_eq!(end["renders"][1]["status"], "FAILED");

    let url = end["renders"][0]["renderUrl"].as_str().unwrap();
    assert_eq!(url, format!("{}/blurb/render/{}", server.url, ids[0].strip_prefix("render_").unwrap()));
    let picture = server.client.get(url).send().await.unwrap().bytes().await.unwrap();
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false };
    let first = &decode(&picture, &options).unwrap().frames[0].raster;
    assert_eq!((first.width(), first.height()), (15, 15), "20 x 15, of which the middle square is kept");
}

#[tokio::test]
async fn a_template_and_a_host_name_make_it_a_drop_in() {
    let template = r#"{ CARD = { steps = [{ transform = "resize", params = { width = "${width}" } }], defaults = { width = 8 }, format = "png" } }"#;
    let server = Server::builder()
        .set("blurb", "templates", template)
        .set("blurb", "mount__host", "localhost")
        .set("blurb", "sign_webhooks", true)
        .start()
        .await;
    let origin = Origin::start().await;
    let receiver = Receiver::start().await;
    let src = origin.bytes("good.jpg", jpeg(64, 48));
    let named = server.url.replace("127.0.0.1", "localhost");
    let token = format!("Bearer demo:{}", crate::support::SECRET);
    let request = json!({"contentId": "CARD", "requiredData": {"src": src}, "webhookUrl": receiver.url("hook")});
    let request = server.client.post(format!("{named}/v1/renders")).header("authorization", token).json(&request);
    let render: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(render["message"], "Render created", "{render}");
    let received = receiver.wait_for(4).await;
    assert!(received.iter().all(|one| one.header("webhook-signature").starts_with("v1,")));
    let end = received[3].json();
    assert_eq!((&end["type"], &end["status"]), (&json!("BATCH"), &json!("COMPLETE")));
    let picture = server.client.get(end["renders"][0]["renderUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
}
