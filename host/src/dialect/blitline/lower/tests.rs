//! Jobs as clients send them.

use serde_json::json;

use super::*;
use crate::{job::Pages, pipeline::testing::FakeTransforms};

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
        writes_buckets: true,
        made: &[],
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
fn named_pages_make_numbered_results() {
    let function = json!([{
        "name": "no_op", "save": {"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "x.y/k.png"}},
        "functions": [{"name": "blu3r", "save": {"image_identifier": "b"}}]
    }]);
    let request = json!({
        "src": "http://a/", "hash": "phash_dct", "functions": function,
        "src_type": {"name": "multi_page", "pages": [0, "2"]}
    });
    let spec = lowered(request).unwrap().into_spec(Source::Url { url: "http://a/".into() });
    let foreseen = JobExtra::of(&spec).follow.unwrap().foreseen();
    let line = |(spec, report): &(Spec, crate::job::Report)| {
        let images = JobExtra::of(spec).images;
        let names: Vec<String> = images.iter().map(|image| image.identifier.clone()).collect();
        let ids: Vec<&str> = report.outputs.iter().map(|output| output.id.as_str()).collect();
        (spec.rendering.page, ids.join(" "), names.join(" "), images[0].url.clone().unwrap())
    };
    let expected = [
        (Some(Pages::One(1)), "f0 f1 source".to_owned(), "a_0 b_0".to_owned(), "http://s3/b/x.y/k_0.png".to_owned()),
        (Some(Pages::One(3)), "f0 f1".to_owned(), "a_2 b_2".to_owned(), "http://s3/b/x.y/k_2.png".to_owned()),
    ];
    assert_eq!(foreseen.iter().map(line).collect::<Vec<_>>(), expected);
    let tokens: Vec<&str> = foreseen.iter().map(|(_, report)| report.outputs[0].token.as_str()).collect();
    assert_ne!(tokens[0], tokens[1]);
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
}

#[test]
fn a_source_that_is_prepared_is_moved_looked_into_and_compared() {
    let s3 = |key: &str| json!({"bucket": "b", "key": key});
    let found = lowered(json!({
        "src": "http://a/b.gif", "hash": "md5", "functions": null, "pre_process": [
            {"move_original": {"s3_destination": s3("original.gif")}},
            {"find_subimage": {"subimage_src": "http://a/part.png"}},
            {"phash_compare": {"other_sources": [{"image_identifier": "x", "src": "http://a/x.png"}]}},
            {"resize_gif": {"params": {"width": 4, "height": 3}, "s3_destination": s3("small.gif")}},
            {"gif_overlay": {"overlay_src": "http://a/o.png"}}
        ]
    }))
    .unwrap();
    let expected =
        ["f0 gif: resize", "f1 gif: composite", "source as the source: match_template, compare", "original3 as_sent: "];
    assert_eq!(outputs(&found), expected);
    assert_eq!(shown(&found), ["f0 resize_gif", "f1 gif_overlay"]);
    assert_eq!(format!("{:?}", found.outputs[3].destination), "Some(S3(b/original.gif))");
    assert!(found.extra.measures.finds_part && found.extra.measures.compared == ["x"] && found.intake.md5);
    for (preparation, part) in [
        (json!({"gif_to_vid": {"loop_count": 1}}), "pre_process.gif_to_vid is not offered here"),
        (json!({"move_original": {"s3_destination": {}}}), "pre_process.move_original has no destination"),
        (json!({"phash_compare": {"other_sources": []}}), "other_sources has 0 sources"),
        (json!({"find_subimage": {"a": 1}}), "pre_process.find_subimage.subimage_src is missing"),
        (json!([5]), "pre_process is [5]"),
        (json!({"job": {"functions": []}}), "pre_process.job: src is missing"),
    ] {
        let problem = lowered(json!({"src": "http://a/", "pre_process": preparation, "functions": []})).unwrap_err();
        assert!(problem.contains(part), "{preparation}: {problem}");
    }
}

#[test]
fn a_job_before_makes_what_the_next_one_names() {
    let before = json!({
        "src": "http://a/", "functions": [{"name": "sepia_tone", "save": {"image_identifier": "LOGO"}}]
    });
    let request = |src: &str, other: &str| {
        json!({
            "src": src, "pre_process": {"job": before},
            "functions": [{"name": "composite", "params": {"src": other}, "save": {"image_identifier": "a"}}]
        })
    };
    let found = lowered(request("&LOGO", "&LOGO")).unwrap();
    assert_eq!(found.source, Wanted::Url("&LOGO".into()));
    assert_eq!(found.outputs[0].steps[0].params["image"], json!({"url": "&LOGO"}));
    assert_eq!(found.before.unwrap().extra.images[0].identifier, "LOGO");
    for (src, other, part) in [("&WHO", "&LOGO", r#"src is "&WHO""#), ("&LOGO", "&WHO", r#"params.src is "&WHO""#)] {
        let problem = lowered(request(src, other)).unwrap_err();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn pages_that_nobody_has_counted_follow_a_job_that_counts() {
    let request = |kind: Value, save: Value| json!({"src": "http://a/", "src_type": kind, "functions": [{"name": "no_op", "save": save}]});
    let save = json!({"image_identifier": "a", "s3_destination": {"bucket": "b", "key": "k.png"}});
    for (kind, how) in [
        (json!("multi_page"), Told::AsOne),
        (json!({"name": "multi_page"}), Told::AsOne),
        (json!("burst_pdf"), Told::AsGroup),
    ] {
        let found = lowered(request(kind, save.clone())).unwrap();
        assert_eq!(found.pages, Some(Paged { told: how, only: Vec::new() }));
        let spec = found.into_spec(Source::Url { url: "http://a/".into() });
        assert_eq!((spec.outputs.len(), spec.intake.keep), (0, true));
        let (next, report) = JobExtra::of(&spec).follow.unwrap().foreseen().remove(0);
        let image = &JobExtra::of(&next).images[0];
        let (name, url) = match how {
            Told::AsGroup => ("a__0", "http://s3/b/k__0.png"),
            Told::AsOne => ("a_0", "http://s3/b/k_0.png"),
        };
        assert_eq!((report.outputs[0].id.as_str(), image.identifier.as_str()), ("f0", name));
        assert_eq!(image.url.as_deref(), Some(url));
    }
    let signed = json!({"image_identifier": "a", "signed_destination": {"signed_url": "http://x.test/a.png"}});
    assert!(lowered(request(json!("burst_pdf"), signed)).unwrap_err().contains("a signed URL takes one result"));
    assert!(lowered(request(json!("screen_shot_url"), save)).unwrap_err().contains("takes a browser"));
}

#[test]
fn an_archive_takes_files_by_name() {
    let found = lowered(json!({
        "src_type": "zip", "src": {"urls": ["http://a/x/1.jpg", "http://b/1.jpg?q", "http://c/"]},
        "src_data": {"s3_destination": {"bucket": "b", "key": "all.zip"}}
    }))
    .unwrap();
    let Wanted::Archive(parts) = &found.source else { panic!("{:?}", found.source) };
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["1.jpg", "1_1.jpg", "file2"]);
    assert_eq!((outputs(&found), found.extra.is_archive), (vec!["original0 as_sent: ".to_owned()], true));
    assert_eq!(found.extra.images[0].url.as_deref(), Some("http://s3/b/all.zip"));
    for src in [json!("http://a/"), json!({"urls": []}), json!({"urls": [5]}), json!({"urls": ["ftp://a/"]})] {
        assert!(lowered(json!({"src_type": "zip", "src": src})).unwrap_err().starts_with("src"), "{src}");
    }
}

#[test]
fn a_postback_may_be_a_file_and_a_job_may_be_patient() {
    let request = |postback: Value| {
        json!({"src": "http://a/", "postback_url": postback, "wait_retry_delay": 500, "get_exif": true,
            "functions": [{"name": "no_op", "save": {"image_identifier": "a", "max_filesize": "9000", "set_exif": {"artist": "me"}}}]})
    };
    let found = lowered(request(json!({"save": {"s3_destination": {"bucket": "b", "key": "told.json"}}}))).unwrap();
    assert_eq!(format!("{:?}", found.extra.written.unwrap().to), "S3(b/told.json)");
    assert_eq!((found.postback_url, found.patience), (None, Some(Patience { tries: 5, delay_s: 5 })));
    let encoding = &found.outputs[0].encoding;
    assert_eq!((encoding.max_bytes, &encoding.exif[..]), (Some(9000), &[("Artist".to_owned(), "me".to_owned())][..]));
    assert!(found.intake.facts && found.intake.texts);
    assert!(lowered(request(json!({"save": {}}))).unwrap_err().contains("has no destination"));
    assert!(lowered(request(json!({}))).unwrap_err().contains("postback_url.save is missing"));
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
        (json!({"src": "http://a/", "src_type": "what", "functions": []}), "src_type is \"what\", expected image"),
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
