//! Jobs as clients send them.

use serde_json::json;

use super::*;
use crate::pipeline::testing::FakeTransforms;

/// Lends out a context with transforms that run no Wasm.
pub(in crate::dialect::blitline) fn with_context<T>(work: impl FnOnce(&Context<'_>) -> T) -> T {
    let transforms = FakeTransforms::default();
    let rules = Rules {
        transforms: &transforms,
        check_address: &|_| Ok(()),
        max_steps: 5,
        max_outputs: 5,
        max_pixels: 1000,
        max_picture_bytes: 1000,
        has_file: false,
    };
    work(&Context {
        rules,
        object_url: &|bucket, _, key| Ok(format!("http://s3/{bucket}/{key}?signed")),
        place_url: &|bucket, key| Ok(format!("http://s3/{bucket}/{key}")),
        key_transform: None,
    })
}

fn lowered(request: Value) -> Result<Lowered, String> {
    with_context(|context| job(request.as_object().unwrap(), context))
}

fn with_functions(functions: Value) -> Result<Lowered, String> {
    lowered(json!({"src": "http://a/b.jpg", "functions": functions}))
}

/// `f0 jpeg: resize, invert`
fn outputs(lowered: &Lowered) -> Vec<String> {
    let line = |output: &Output| {
        let steps: Vec<&str> = output.steps.iter().map(|step| step.transform.as_str()).collect();
        let format = output.encoding.format.as_deref().unwrap_or("as the source");
        format!("{} {format}: {}", output.id, steps.join(", "))
    };
    lowered.outputs.iter().map(line).collect()
}

fn shown(lowered: &Lowered) -> Vec<String> {
    lowered.extra.images.iter().map(|image| format!("{} {}", image.output, image.identifier)).collect()
}

#[test]
fn nested_functions_become_paths_with_a_functions_own_result_first() {
    let found = with_functions(json!([
        {
            "name": "resize_to_fit", "params": {"width": "40"}, "save": {"image_identifier": "outer"},
            "functions": [
                {"name": "blu3r", "save": {"image_identifier": "inner", "extension": "png"}},
                {"name": "crop", "params": {"width": 5, "height": 5}}
            ]
        },
        {"name": "no_op", "params": null, "functions": null, "save": {"image_identifier": "plain", "s3_destination": null}}
    ]))
    .unwrap();
    assert_eq!(
        outputs(&found),
        ["f0 jpeg: resize", "f1 png: resize, blu3r", "f2 as the source: resize, crop", "f3 jpeg: "]
    );
    assert_eq!(shown(&found), ["f0 outer", "f1 inner", "f3 plain"]);
}

#[test]
fn functions_say_how_the_results_behind_them_are_written() {
    let found = with_functions(json!([
        {"name": "density", "params": {"dpi": 300}, "save": {"image_identifier": "a"}, "functions": [
            {"name": "interlace", "params": {"type": "LineInterlace"}, "save": {"image_identifier": "b"}}
        ]},
        {"name": "no_op", "save": {"image_identifier": "c"}}
    ]))
    .unwrap();
    let written = |index: usize| {
        let encoding = &found.outputs[index].encoding;
        (encoding.dpi, encoding.progressive)
    };
    assert_eq!([written(0), written(1), written(2)], [(Some(300.0), false), (Some(300.0), true), (None, false)]);
}

#[test]
fn what_is_skipped_is_tried_and_not_shown() {
    let save = json!({"image_identifier": "a", "skip": true, "s3_destination": {"bucket": "b", "key": "k"}});
    let found = with_functions(json!([{"name": "no_op", "save": save}])).unwrap();
    assert_eq!((found.outputs.len(), found.extra.images.len()), (1, 0));
    assert_eq!(found.outputs[0].destination, None);
}

#[test]
fn the_fields_of_a_job_are_read() {
    let found = lowered(json!({
        "src": {"name": "canvas", "width": "20", "height": 10, "color": "#ff0000"},
        "v": "1.21", "postback_url": "http://hooks/x", "postback_headers": {"X-A": 5}, "retry_postback": "true",
        "content_type_json": true, "notify_error_only": true, "force_longpoll_cache": true, "long_running": true,
        "suppress_auto_orient": true, "src_data": {"dpi": 5}, "passthrough_metadata": {"k": "v"}, "who": "knows",
        "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]
    }))
    .unwrap();
    assert_eq!(found.source, Wanted::Canvas { width: 20, height: 10, color: [255, 0, 0, 255] });
    assert_eq!(found.postback_url.as_deref(), Some("http://hooks/x"));
    let extra = &found.extra;
    assert_eq!((extra.v, extra.retry_postback, extra.content_type_json), (1.21, true, true));
    assert_eq!((extra.postback_error_only, extra.pollable), (true, true));
    assert_eq!(extra.postback_headers, [("X-A".to_owned(), "5".to_owned())]);
    assert_eq!((found.rendering.dpi, found.rendering.as_stored, found.priority), (Some(72.0), true, LONG_RUNNING));
    let spec = found.clone().into_spec(Source::Canvas { width: 20, height: 10, color: [255, 0, 0, 255] });
    assert_eq!(JobExtra::of(&spec), found.extra);
}

#[test]
fn pages_make_numbered_results() {
    let function = json!([{
        "name": "no_op", "save": {"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "x.y/k.png"}},
        "functions": [{"name": "blu3r", "save": {"image_identifier": "b"}}]
    }]);
    let pages = |pages: Value| {
        let src_type = json!({"name": "multi_page", "pages": pages});
        lowered(json!({"src": "http://a/", "src_type": src_type, "functions": function})).unwrap()
    };
    let found = pages(json!([0, 2]));
    assert_eq!(
        outputs(&found),
        ["f0 png: frames", "f1 jpeg: frames, blu3r", "f2 png: frames", "f3 jpeg: frames, blu3r"]
    );
    assert_eq!(shown(&found), ["f0 a_0", "f1 b_0", "f2 a_2", "f3 b_2"]);
    assert_eq!(found.extra.images[2].url.as_deref(), Some("http://s3/b/x.y/k_2.png"));
    assert_eq!(found.rendering.page, Some(Pages::All));
    let one = pages(json!("1"));
    assert_eq!((outputs(&one)[0].as_str(), one.rendering.page), ("f0 png: ", Some(Pages::One(2))));
}

#[test]
fn an_animation_has_its_function_with_the_source() {
    let found = lowered(json!({
        "src": "http://a/b.gif", "src_type": "gif",
        "src_data": {"name": "resize_gif", "params": {"width": 4, "height": 3}, "save": {"image_identifier": "a"}}
    }))
    .unwrap();
    assert_eq!((outputs(&found), shown(&found)), (vec!["f0 gif: resize".to_owned()], vec!["f0 a".to_owned()]));
}

#[test]
fn the_source_itself_may_be_looked_at() {
    let found = lowered(json!({
        "src": "http://a/", "extract_colors": {"max_colors": 3}, "extended_metadata": true,
        "functions": [{"name": "no_op", "save": {"image_identifier": "a", "check_blank": true}}]
    }))
    .unwrap();
    assert_eq!(outputs(&found), ["f0 jpeg: statistics", "source as the source: colors"]);
    assert_eq!(shown(&found), ["f0 a"]);
    assert!(found.extra.measures.of_results && found.extra.images[0].checks_blank);
    for peek in
        [json!({"pre_process": {"peek": true}}), json!({"src_type": "pre_process_only"}), json!({"hash": "sha256"})]
    {
        let mut request = json!({"src": "http://a/", "functions": null});
        request.as_object_mut().unwrap().extend(peek.as_object().unwrap().clone());
        assert_eq!(outputs(&lowered(request).unwrap()), ["source as the source: "], "{peek}");
    }
    let moved =
        json!({"src": "http://a/", "functions": [], "pre_process": [{"move_original": {"s3_destination": {}}}]});
    assert!(lowered(moved).unwrap_err().contains("pre_process.move_original is not offered here"));
}

#[test]
fn what_is_wrong_is_told_in_a_sentence() {
    let no_op = |save: Value| json!([{"name": "no_op", "save": save}]);
    for (request, part) in [
        (json!({"functions": no_op(json!({}))}), "src is missing"),
        (json!({"src": "http://a/"}), "functions is missing"),
        (json!({"src": "http://a/", "functions": []}), "functions is [], expected a list with at least one"),
        (json!({"src": "http://a/", "functions": "x"}), "functions is \"x\", expected a list"),
        (json!({"src": "http://a/", "functions": [5]}), "functions[0] is 5, expected an object"),
        (json!({"src": "http://a/", "functions": [{}]}), "functions[0].name is missing"),
        (
            json!({"src": "http://a/", "functions": no_op(json!({"extension": "png"}))}),
            "functions[0].save.image_identifier",
        ),
        (
            json!({"src": "http://a/", "functions": [{"name": "no_op", "functions": [{"name": "resize"}]}]}),
            "functions[0].functions[0].params.width is missing",
        ),
        (
            json!({"src": "http://a/", "src_type": "screen_shot_url", "functions": []}),
            "src_type is \"screen_shot_url\"",
        ),
        (json!({"src": "http://a/", "functions": no_op(json!({})), "postback_url": "x"}), "postback_url"),
        (json!({"src": "http://a/", "functions": no_op(json!({})), "v": "new"}), "v is \"new\", expected a number"),
        (
            json!({"src": "http://a/", "functions": [{"name": "stegano", "params": {"watermark_url": "http://a/"},
            "save": {"image_identifier": "a"}}]}),
            "expected png",
        ),
        (json!({"src": "http://a/", "functions": vec![json!({"name": "no_op"}); 6]}), "more than 5 results"),
    ] {
        let problem = lowered(request.clone()).unwrap_err();
        assert!(problem.contains(part), "{request}: {problem}");
    }
}
