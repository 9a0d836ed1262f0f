use serde_json::json;

use super::*;
use crate::{
    job::Params,
    pipeline::{Arrangement, Call, CallError, Outcome, Planned, Size, Timeline, TransformInfo, View},
};

/// A transform without parameters.
fn transform(name: &str) -> TransformInfo {
    TransformInfo {
        name: name.into(),
        kind: crate::pipeline::Kind::Filter,
        summary: String::new(),
        schema: json!({"type": "object"}),
        formats: Vec::new(),
        image_params: Vec::new(),
        plugin: std::sync::Arc::new(crate::pipeline::PluginInfo {
            name: "played".into(),
            version: "1.0.0".into(),
            license: "Apache-2.0".into(),
            summary: String::new(),
            digest: String::new(),
            assets: String::new(),
            bundled: true,
        }),
    }
}

/// Knows no transform.
struct Nothing;

impl Transforms for Nothing {
    fn resolve(&self, name: &str) -> Result<std::sync::Arc<TransformInfo>, Failure> {
        Err(Failure::new(Code::UnknownTransform, format!("Unknown function named '{name}'")))
    }

    fn check_params(&self, _: &TransformInfo, _: &Params) -> Vec<Failure> {
        Vec::new()
    }

    fn plan(&self, _: &Call, _: Size) -> Result<Planned, CallError> {
        unreachable!("lowering does not plan")
    }

    fn arrange(&self, _: &Call, _: &Timeline) -> Result<Arrangement, CallError> {
        unreachable!("no frames are arranged here")
    }

    fn run(&self, _: &[Call], _: Option<&safelight_codec::Raster>, _: View) -> Result<Outcome, CallError> {
        unreachable!("lowering does not run")
    }
}

fn lowered(document: serde_json::Value) -> Lowered {
    let rules = Rules {
        transforms: &Nothing,
        check_address: &|_| Ok(()),
        max_steps: 10,
        max_outputs: 10,
        max_pixels: 1000,
        max_picture_bytes: 1000,
        has_file: false,
    };
    let mut issues = Vec::new();
    let lowered = job(serde_json::from_value(document).unwrap(), &rules, "", &mut issues);
    assert_eq!(issues, []);
    lowered
}

#[test]
fn a_job_without_outputs_has_one() {
    let job = lowered(json!({"source": {"url": "http://a/"}, "steps": [{"transform": "blu3r"}]}));
    assert_eq!(job.outputs.len(), 1);
    assert_eq!((job.outputs[0].id.as_str(), job.outputs[0].group), ("main", Group::Main));
    assert_eq!(job.outputs[0].steps.len(), 1, "an unknown transform is no refusal");
    assert_eq!(job.outputs[0].encoding.format, None);
    let eager = lowered(json!({"source": {"url": "http://a/"}, "eager": [{}, {"format": "JPG"}]}));
    let ids: Vec<_> = eager.outputs.iter().map(|output| (output.id.as_str(), output.group)).collect();
    assert_eq!(ids, [("eager", Group::Eager), ("eager-2", Group::Eager)]);
    assert_eq!(eager.outputs[1].encoding.format.as_deref(), Some("jpeg"));
}

#[test]
fn steps_of_an_output_come_after_those_of_the_job() {
    let job = lowered(json!({
        "source": {"canvas": {"width": 2, "height": 3, "color": "#f00"}},
        "steps": [{"transform": "a"}],
        "outputs": [{"steps": [{"transform": "b", "params": {"x": 1}}], "metadata": "keep", "background": "#fff"}],
        "priority": -3,
        "events": ["output.finished", "output.finished"]
    }));
    let names: Vec<_> = job.outputs[0].steps.iter().map(|step| step.transform.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(job.outputs[0].steps[1].params["x"], 1);
    assert!(job.outputs[0].encoding.keep_metadata);
    assert_eq!(job.outputs[0].encoding.background, Some([255; 3]));
    assert_eq!(job.source, Wanted::Canvas { width: 2, height: 3, color: [255, 0, 0, 255] });
    assert_eq!((job.priority, job.callbacks.events), (-3, vec!["output.finished".to_owned()]));
}

#[test]
fn quality_and_format_may_be_left_to_the_server() {
    let job = lowered(json!({
        "source": {"url": "http://a/"},
        "outputs": [
            {"quality": 80, "chroma": "4:4:4", "effort": 0},
            {"format": "auto", "accept": "image/avif", "quality": "auto"},
            {"format": "webp", "quality": "auto:low"},
            {"format": "png", "colors": 64, "dither": false},
            {"format": "tiff", "compression": "pack_bits"}
        ]
    }));
    let encodings: Vec<_> = job.outputs.iter().map(|output| &output.encoding).collect();
    assert_eq!((encodings[0].quality, encodings[0].chroma), (Some(Quality::Fixed(80)), Chroma::Full444));
    assert_eq!((encodings[0].effort, encodings[1].effort), (Some(0), None));
    assert_eq!((encodings[1].format.as_deref(), encodings[1].accept.as_deref()), (Some("auto"), Some("image/avif")));
    assert_eq!(encodings[1].quality, Some(Quality::Auto(Look::Good)));
    assert_eq!(encodings[2].quality, Some(Quality::Auto(Look::Low)));
    assert_eq!((encodings[0].colors, encodings[0].dither), (None, None));
    assert_eq!((encodings[3].colors, encodings[3].dither), (Some(64), Some(false)));
    assert_eq!(encodings[4].tiff_compression, TiffCompression::PackBits);
    // What is stored is read again.
    for encoding in encodings {
        let stored = serde_json::to_string(encoding).unwrap();
        assert_eq!(&serde_json::from_str::<Encoding>(&stored).unwrap(), encoding, "{stored}");
    }
}

#[test]
fn colours_are_read() {
    for (text, expected) in [
        ("#123", Some([0x11, 0x22, 0x33, 255])),
        ("#A0b1C2", Some([0xa0, 0xb1, 0xc2, 255])),
        ("#01020304", Some([1, 2, 3, 4])),
        ("transparent", Some([0; 4])),
        ("#1234", None),
        ("#\u{20ac}", None),
        ("red", None),
        ("", None),
    ] {
        assert_eq!(color(text).ok(), expected, "{text}");
    }
}

#[test]
fn places_of_parameters_become_pointers() {
    let resize = transform("resize");
    for (message, pointer, rest) in [
        ("width: is 0, expected 1", "/width", "is 0, expected 1"),
        ("point.x[2]: is a", "/point/x/2", "is a"),
        ("a/b~c: is a", "/a~1b~0c", "is a"),
        ("resize: is 7, expected object", "", "is 7, expected object"),
        ("something is wrong: a", "", "something is wrong: a"),
        ("no colon", "", "no colon"),
    ] {
        assert_eq!(param_place(&resize, message), (pointer.to_owned(), rest), "{message}");
    }
    let mut gamma = transform("gamma");
    gamma.schema = json!({"type": "object", "properties": {"gamma": {"type": "number"}}});
    assert_eq!(param_place(&gamma, "gamma: is \"x\""), ("/gamma".to_owned(), "is \"x\""));
}
