//! Wrong values in every place of the requests of the dialects: each answer has the dialect's own form, and none is a
//! failure of the server.

use axum::http::Method;
use serde_json::{Value, json};

use super::door::{Answer, Door};

/// Values that somebody may send in the place of another.
fn wrong() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("&WHO"),
        json!("http://127.0.0.1/"),
        json!("data:image/png;base64,!"),
        json!("\u{0}\u{202e}"),
        json!("y".repeat(5000)),
        json!([]),
        json!([[]]),
        json!([null, 1, "a", {}]),
        json!(vec![1; 5000]),
        json!({}),
        json!({"name": 5}),
        json!({"name": "s3", "bucket": {"name": []}, "key": {}}),
        json!({"a": {"b": {"c": 1}}}),
        deep,
    ]
}

/// The document with each of its members, however deep, replaced by each of the wrong values.
fn variants(document: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    pointers(document, String::new(), &mut places);
    let mut variants = Vec::new();
    for place in places {
        for value in wrong() {
            let mut variant = document.clone();
            *variant.pointer_mut(&place).unwrap() = value;
            variants.push(variant);
        }
    }
    variants
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| pointers(member, format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, format!("{at}/{index}"), found));
        }
        _ => {}
    }
    found.push(at);
}

/// Sends every variant; what comes back is an answer or a refusal of this form.
async fn try_all(door: &Door, path: &str, token: &str, document: &Value, message: fn(&Value) -> Option<&str>) {
    let headers = [("content-type", "application/json"), ("authorization", token)];
    let mut refused = 0;
    for variant in variants(document) {
        let answer: Answer = door.ask(Method::POST, path, &headers, variant.to_string()).await;
        let status = answer.status.as_u16();
        assert!(status == 200 || (400..500).contains(&status), "{status} for {variant}: {:?}", answer.body);
        let told = answer.json();
        if status != 200 {
            let message = message(&told).unwrap_or_else(|| panic!("{told}"));
            assert!(!message.is_empty() && message.len() < 1000, "{message}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused} were refused");
    for body in ["", "{", "nul", "\"", "[[[[", "{\"a\":1e999}", "\u{feff}{}"] {
        let answer = door.ask(Method::POST, path, &headers, body.to_owned()).await;
        assert!((400..500).contains(&answer.status.as_u16()), "{body}: {}", answer.status);
        assert!(message(&answer.json()).is_some(), "{body}: {:?}", answer.body);
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = door.ask(Method::POST, path, &headers, nested).await;
    assert!((400..500).contains(&answer.status.as_u16()), "{}", answer.status);
}

/// A door without limits of requests: thousands are sent.
async fn open() -> Door {
    Door::with(|config| {
        config.server.requests_per_s = 0;
        config.store.queue_limit = 1_000_000;
    })
    .await
}

fn of_blitline(told: &Value) -> Option<&str> {
    told["results"]["error"].as_str()
}

#[tokio::test]
async fn blitline_answers_every_wrong_job_with_a_sentence() {
    let door = open().await;
    let save = json!({
        "image_identifier": "a", "quality": 80, "extension": ".jpg", "save_metadata": true, "png_quantize": true,
        "max_filesize": 1000, "set_exif": {"Artist": "me"}, "interlace": "PlaneInterlace", "check_blank": true,
        "s3_destination": {"bucket": {"name": "b", "location": "eu"}, "key": "k.jpg", "headers": {"x-a": "b"}, "return_keys": true}
    });
    let job = json!({
        "application_id": "demo:right", "v": 1.22, "src": "http://93.184.216.34/a.png",
        "src_type": {"name": "multi_page", "pages": [0, 1]}, "src_data": {"dpi": 200},
        "postback_url": "http://93.184.216.34/hook", "postback_headers": {"X-A": "b"}, "retry_postback": true,
        "content_type_json": true, "notify_error_only": true, "force_longpoll_cache": true, "wait_retry_delay": 5,
        "get_exif": true, "extended_metadata": true, "include_iptc": true, "hash": "md5", "suppress_auto_orient": true,
        "extract_colors": {"max_colors": 4}, "passthrough_metadata": {"k": "v"}, "long_running": true,
        "pre_process": [
            {"peek": true}, {"move_original": {"s3_destination": {"bucket": "b", "key": "k"}}},
            {"find_subimage": {"subimage_src": "http://93.184.216.34/b.png"}},
            {"phash_compare": {"other_sources": [{"image_identifier": "x", "src": "http://93.184.216.34/c.png"}]}},
            {"resize_gif": {"params": {"width": 5, "height": 5}}},
            {"job": {"src": "http://93.184.216.34/d.png", "functions": [{"name": "no_op", "save": {"image_identifier": "D"}}]}}
        ],
        "functions": [{
            "name": "composite", "params": {"src": "&D", "x": 1, "gravity": "NorthGravity"}, "save": save,
            "functions": [{"name": "annotate", "params": {"text": "hi", "color": "#fff", "point_size": 12}, "save": {"image_identifier": "b"}}]
        }]
    });
    try_all(&door, "/job", "", &job, of_blitline).await;
    let zip = json!({
        "application_id": "demo:right", "src_type": "zip", "src": {"urls": ["http://93.184.216.34/a"]},
        "src_data": {"s3_destination": {"bucket": "b", "key": "all.zip"}}
    });
    try_all(&door, "/job", "", &zip, of_blitline).await;
}

#[tokio::test]
async fn image_intelligence_answers_every_wrong_job_with_a_message() {
    let door = open().await;
    let ask = json!({"clientId": "demo", "clientSecret": "right"});
    let answer = door.ask(Method::POST, "/oauth/token", &[("authorization", "")], ask.to_string()).await.json();
    let token = format!("Bearer {}", answer["accessToken"].as_str().unwrap());
    let about = |mut document: Value| {
        document["images"] = json!([{"url": "http://93.184.216.34/a.png", "customId": "a"}, {"blob": "QUJD"}]);
        for (name, value) in [("customId", "c"), ("feedId", "f"), ("webhookUrl", "http://93.184.216.34/hook")] {
            document[name] = json!(value);
        }
        document
    };
    let zones = json!({"type": "GRID", "size": 32, "zones": [[0, 1]]});
    for (path, document) in [
        ("/v2/detect", about(json!({"classes": [{"class": "qr_code", "verify": "AUTO", "exclusionZones": zones}]}))),
        (
            "/v2/match",
            about(json!({"target": {"class": "logo", "customId": "t", "images": ["http://93.184.216.34/t"]}})),
        ),
        (
            "/v2/ask",
            about(
                json!({"question": "Is it?", "examples": {"yes": ["http://93.184.216.34/y"], "no": ["http://93.184.216.34/n"]}}),
            ),
        ),
        ("/v2/webhooks", json!({"url": "http://93.184.216.34/all", "secretKey": "long enough"})),
    ] {
        try_all(&door, path, &token, &document, |told| told["error"]["message"].as_str()).await;
    }
}

#[tokio::test]
async fn blurb_answers_every_wrong_batch_with_an_envelope() {
    let door = open().await;
    let batch = json!({
        "renders": [{
            "contentId": "resize", "requiredData": {"src": "http://93.184.216.34/a.png", "width": 5},
            "videoSettings": {"numVideos": 2, "aspectRatio": "16x9", "outputQuality": "PREVIEW", "format": "png"}
        }],
        "ref": "r", "webhookUrl": "http://93.184.216.34/hook", "mediaBundle": "mb", "media": "m", "artist": "a",
        "serviceParams": {"a": 1}, "effectOverrides": {"b": 2}, "dryRun": false, "useV3": true
    });
    fn message(told: &Value) -> Option<&str> {
        assert!(told["success"] == false && told["data"].is_object(), "{told}");
        told["message"].as_str()
    }
    try_all(&door, "/blurb/v1/batches", "Bearer demo:right", &batch, message).await;
    let render = json!({
        "contentId": "resize", "requiredData": {"src": "http://93.184.216.34/a.png"}, "ref": "r",
        "webhookUrl": "http://93.184.216.34/hook", "dryRun": true
    });
    try_all(&door, "/blurb/v1/renders", "Bearer demo:right", &render, message).await;
}
