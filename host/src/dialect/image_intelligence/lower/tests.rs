//! Requests as clients send them.

use serde::de::DeserializeOwned;

use super::*;
use crate::pipeline::testing::FakeTransforms;

fn lowered<T: DeserializeOwned>(
    request: Value,
    check: impl FnOnce(T, &Config, &Rules<'_>) -> Result<Lowered, String>,
) -> Result<Lowered, String> {
    let config: Config = serde_json::from_value(json!({
        "mount": {"prefix": "", "host": "", "public_url": ""}, "sign_webhooks": false, "token_s": 60,
        "classes": {"person": {"model": "yolo", "threshold": 0.4}, "car": {"model": "yolo", "label": "automobile"}}
    }))
    .unwrap();
    let transforms = FakeTransforms::default();
    let rules = Rules {
        transforms: &transforms,
        check_address: &|_| Ok(()),
        max_steps: 100,
        max_outputs: 10,
        max_pixels: 1000,
        max_picture_bytes: 1000,
        has_file: false,
    };
    check(serde_json::from_value(request).unwrap(), &config, &rules)
}

fn detected(request: Value) -> Result<Lowered, String> {
    lowered(request, detect)
}

#[test]
fn each_picture_gets_a_step_for_each_class() {
    let found = detected(json!({
        "images": [{"url": "http://a/1.jpg", "customId": "one"}, {"blob": "QUJD"}],
        "classes": [
            {"class": "person", "verify": "ALWAYS", "exclusionZones": {"type": "GRID", "size": 32, "zones": [[1, 0]]}},
            {"class": "car", "hitl": true},
            {"class": "qr_code"}
        ],
        "customId": "mine", "feedId": "camera", "webhookUrl": "http://hooks/"
    }))
    .unwrap();
    let (job, extra) = &found.images[1];
    assert_eq!((extra.index, &extra.url), (1, &None));
    assert!(matches!(&job.source, lower::Wanted::Data(bytes) if &bytes[..] == b"ABC"));
    let expected = json!([
        {"transform": "detect", "params": {"model": "yolo", "classes": ["person"], "threshold": 0.4, "exclusion_grid": [[1, 0]]}},
        {"transform": "detect", "params": {"model": "yolo", "classes": ["automobile"], "threshold": 0.5}},
        {"transform": "codes", "params": {"kinds": ["qr", "micro_qr"]}}
    ]);
    assert_eq!(json!(job.outputs[0].steps), expected);
    assert_eq!(found.extra.wish, Wish::Detect(vec!["person".into(), "car".into(), "qr_code".into()]));
    let kept: BatchExtra = serde_json::from_value(json!(found.extra)).unwrap();
    assert_eq!(kept, found.extra);
    let (job, extra) = found.images[0].clone();
    let spec = into_spec(job, &extra, Source::Url { url: "http://a/1.jpg".into() });
    assert_eq!((spec.dialect.as_str(), &spec.extra["custom_id"]), (NAME, &json!("one")));
}

#[test]
fn a_match_looks_for_each_picture_of_the_target() {
    let request =
        json!({"images": [{"url": "http://a/"}], "target": {"class": "logo", "images": ["http://b/", "http://c/"]}});
    let found = lowered(request, |request, _, rules| matching(request, rules)).unwrap();
    let images: Vec<_> =
        found.images[0].0.outputs[0].steps.iter().map(|step| step.params["image"]["url"].clone()).collect();
    assert_eq!(images, ["http://b/", "http://c/"]);
}

#[test]
fn a_question_is_answered_by_examples() {
    let ask = |examples: Value| {
        let request = json!({"images": [{"url": "http://a/"}], "question": "Is the gate open?", "examples": examples});
        lowered(request, |request, _, rules| asking(request, rules))
    };
    let found = ask(json!({"yes": ["http://y/"], "no": ["http://n/1", "http://n/2"]})).unwrap();
    let steps = &found.images[0].0.outputs[0].steps;
    assert_eq!(steps.iter().map(|step| step.transform.as_str()).collect::<Vec<_>>(), ["compare"; 3]);
    assert_eq!((found.extra.kind.as_str(), &steps[2].params["image"]["url"]), ("ask", &json!("http://n/2")));
    for (examples, part) in [
        (json!(null), "examples.yes has 0 pictures"),
        (json!({"yes": ["http://y/"]}), "examples.no has 0 pictures"),
        (json!({"yes": ["x"], "no": ["http://n/"]}), "examples.yes[0]"),
    ] {
        let problem = ask(examples).unwrap_err();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn what_is_wrong_is_told_in_a_sentence() {
    let with = |name: &str, value: Value| {
        let mut request = json!({"images": [{"url": "http://a/"}], "classes": [{"class": "code"}]});
        request[name] = value;
        request
    };
    let zones =
        |kind: &str, zones: Value| json!([{"class": "person", "exclusionZones": {"type": kind, "zones": zones}}]);
    for (request, part) in [
        (with("images", json!([])), "images has 0 items, expected 1 to 64"),
        (with("images", json!(vec![json!({"url": "http://a/"}); 65])), "images has 65 items"),
        (with("images", json!([{}])), "images[0]: expected one of url and blob"),
        (with("images", json!([{"url": "ftp://a"}])), "images[0].url has the scheme"),
        (with("images", json!([{"blob": "*"}])), "images[0].blob"),
        (with("images", json!([{"url": "http://a/", "customId": "x".repeat(65)}])), "images[0].customId has 65 bytes"),
        (with("classes", json!([])), "classes has 0 items"),
        (
            with("classes", json!([{"class": "dragon"}])),
            "classes[0].class is \"dragon\", expected one of code, qr_code",
        ),
        (with("classes", zones("CIRCLE", json!([[1]]))), "expected \"GRID\""),
        (with("classes", zones("GRID", json!([[1], [1, 0]]))), "exclusionZones.zones"),
        (with("webhookUrl", json!("x")), "webhookUrl"),
        (with("webhookUrl", json!(format!("http://a/{}", "x".repeat(2048)))), "expected at most 2048"),
    ] {
        let problem = detected(request.clone()).unwrap_err();
        assert!(problem.contains(part), "{request}: {problem}");
    }
}
