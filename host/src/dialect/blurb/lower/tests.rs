//! Requests as clients send them.

use super::*;
use crate::{job::Quality, pipeline::testing::FakeTransforms};

fn lowered(request: Value) -> Result<Lowered, Vec<(String, String)>> {
    let template = json!({
        "steps": [{"transform": "resize", "params": {"width": "${width}", "height": 10}}, {"transform": "sepia"}],
        "defaults": {"width": 20},
        "format": "png"
    });
    let config: Config = serde_json::from_value(json!({
        "mount": {"prefix": "/blurb", "host": "", "public_url": ""},
        "sign_webhooks": false,
        "templates": {"CARD": template, "STRICT": {"steps": [{"transform": "resize", "params": {"width": "${w}"}}]}}
    }))
    .unwrap();
    let transforms = FakeTransforms::default();
    let rules = Rules {
        transforms: &transforms,
        check_address: &|_| Ok(()),
        max_steps: 10,
        max_outputs: 10,
        max_pixels: 1000,
        max_picture_bytes: 1000,
        has_file: false,
    };
    let mut issues = Vec::new();
    let context = Context { config: &config, rules, max_renders: 5 };
    let lowered = batch(serde_json::from_value(request).unwrap(), context, &mut issues);
    let told = |issue: Issue| (issue.field.unwrap_or_default(), issue.message);
    if issues.is_empty() { Ok(lowered) } else { Err(issues.into_iter().map(told).collect()) }
}

fn steps(render: &Render) -> Value {
    json!(render.job.outputs[0].steps)
}

#[test]
fn a_transform_gets_the_required_data_as_its_parameters() {
    let found = lowered(json!({
        "ref": "my", "webhookUrl": "http://a/", "media": "m1",
        "renders": [{
            "contentId": "resize",
            "requiredData": {"src": "http://a/b.png", "width": 5},
            "videoSettings": {"numVideos": 2, "aspectRatio": "16x9", "outputQuality": "PREVIEW", "format": "mp4"}
        }]
    }))
    .unwrap();
    assert_eq!(found.renders.len(), 2);
    assert_eq!(found.renders[1].extra.index, 1);
    assert_eq!(found.extra.media_id.as_deref(), Some("m1"));
    let render = &found.renders[0];
    let crop = json!({"transform": "crop", "params": {"aspect_ratio": "16:9", "gravity": "center"}});
    assert_eq!(steps(render), json!([{"transform": "resize", "params": {"width": 5}}, crop]));
    let encoding = &render.job.outputs[0].encoding;
    assert_eq!((encoding.format.as_deref(), encoding.animated), (Some("webp"), Some(true)));
    assert!(matches!(encoding.quality, Some(Quality::Auto(_))));
    assert_eq!(render.job.callbacks.notification_url.as_deref(), Some("http://a/"));
    let spec = found.renders[0].clone().into_spec(Source::Url { url: "http://a/b.png".into() });
    assert_eq!((spec.dialect.as_str(), spec.reference.as_deref()), ("blurb", Some("my")));
}

#[test]
fn a_template_is_filled_from_the_required_data_and_its_defaults() {
    let of = |data: Value| lowered(json!({"renders": [{"contentId": "CARD", "requiredData": data}]})).unwrap();
    let found = of(json!({"src": "data:image/png;base64,AAAA", "width": 7}));
    let sepia = json!({"transform": "sepia", "params": {}});
    let resize = |width: u32| json!({"transform": "resize", "params": {"width": width, "height": 10}});
    assert_eq!(steps(&found.renders[0]), json!([resize(7), sepia]));
    assert_eq!(found.renders[0].job.outputs[0].encoding.format.as_deref(), Some("png"));
    assert_eq!(steps(&of(json!({"src": "http://a/"})).renders[0]), json!([resize(20), sepia]));
}

#[test]
fn a_generator_needs_no_source_and_pictures_may_be_plain_urls() {
    let found = lowered(json!({"renders": [{"contentId": "noise"}]})).unwrap();
    assert!(matches!(found.renders[0].job.source, lower::Wanted::Canvas { width: 1, height: 1, .. }));
    let data = json!({"src": "http://a/", "image": "http://a/b"});
    let found = lowered(json!({"renders": [{"contentId": "overlay", "requiredData": data}]})).unwrap();
    assert_eq!(steps(&found.renders[0])[0]["params"]["image"], json!({"url": "http://a/b"}));
}

#[test]
fn what_is_wrong_is_told_under_the_names_of_the_request() {
    let check = |request: Value, field: &str, part: &str| {
        let issues = lowered(request.clone()).unwrap_err();
        let found = issues.iter().any(|(name, message)| name == field && message.contains(part));
        assert!(found, "{request}: {issues:?}, expected {field} {part:?}");
    };
    let render = |id: &str, data: Value, settings: Value| json!({"renders": [{"contentId": id, "requiredData": data, "videoSettings": settings}]});
    let src = || json!({"src": "http://a/"});
    check(json!({"renders": []}), "renders", "at least 1");
    check(json!({"renders": [], "webhookUrl": "ftp://a"}), "webhookUrl", "http or https");
    check(json!({"renders": [], "ref": "x".repeat(2000)}), "ref", "1024");
    check(render("blu3r", src(), json!({})), "renders[0].contentId", "a template (CARD, STRICT)");
    check(render("resize", json!({}), json!({})), "renders[0].requiredData.src", "is missing");
    check(render("resize", json!({"src": 5}), json!({})), "renders[0].requiredData.src", "is 5");
    check(render("resize", json!({"src": "file:///etc"}), json!({})), "renders[0].requiredData.src", "http or https");
    check(render("STRICT", src(), json!({})), "renders[0].requiredData", "no \"w\"");
    check(render("resize", src(), json!({"numVideos": 0})), "renders[0].videoSettings.numVideos", "1 to 100");
    check(render("resize", src(), json!({"numVideos": 6})), "renders", "at most 5");
    check(render("resize", src(), json!({"format": "xyz"})), "renders[0].videoSettings.format", "xyz");
}

#[test]
fn places_in_the_steps_are_places_in_the_request() {
    for (pointer, is_transform, expected) in [
        ("/steps/0/params/point/x", true, "requiredData.point.x"),
        ("/steps/0/params", true, "requiredData"),
        ("/steps/0/params/width", false, "contentId"),
        ("/steps/1/params/aspect_ratio", true, "videoSettings.aspectRatio"),
        ("/source/url", true, "requiredData.src"),
    ] {
        assert_eq!(field(pointer, is_transform, 1), expected);
    }
}
