//! Steps that arrange frames.

use serde_json::json;

use super::*;
use crate::pipeline::{image_key, walk_bytes};

/// Shade and time of each frame.
fn frames(leaf: &Leaf) -> Vec<(u8, u32)> {
    leaf.picture.frames.iter().map(|frame| (frame.raster.pixels()[0], frame.delay_ms)).collect()
}

fn walked(outputs: &[Output], source: Picture, animated: &[bool]) -> Walk {
    Walk::with(outputs, source, FULL, &Images::new(), animated, &|| false)
}

fn named(shade: u8, size: Size) -> (serde_json::Value, Arc<Raster>) {
    let raster = Raster::filled(size.width, size.height, [shade, shade, shade, 255]);
    (json!({"asset": shade.to_string()}), Arc::new(raster))
}

#[test]
fn frames_come_in_another_order_without_a_run() {
    let outputs = [output("a", Group::Main, [step("reverse", "{}"), step("invert", "{}")])];
    let walk = walked(&outputs, animation(&[1, 2, 3]), &[true]);
    assert_eq!(frames(walk.leaf(0)), [(252, 30), (253, 20), (254, 10)]);
    assert_eq!(walk.leaf(0).picture.loops, Loops::Times(3));
    assert_eq!(walk.transforms.runs(), ["invert 80x60 Rgb8"; 3]);
    let steps: Vec<_> = walk.leaf(0).steps.iter().map(|step| step.transform.as_str()).collect();
    assert_eq!(steps, ["reverse", "invert"]);
}

#[test]
fn one_frame_of_many_is_a_still_picture() {
    // The output keeps one frame; all are there for the step that chooses it, one for those after it.
    let outputs = [output("a", Group::Main, [step("sepia", "{}"), step("reverse", "{}"), step("invert", "{}")])];
    let walk = walked(&outputs, animation(&[1, 2, 3]), &[false]);
    assert_eq!(frames(walk.leaf(0)), [(3, 0)]);
    assert_eq!(walk.leaf(0).picture.loops, Loops::Times(1));
    let runs = walk.transforms.runs();
    assert_eq!(runs.iter().filter(|run| run.starts_with("sepia")).count(), 3);
    assert_eq!(runs.iter().filter(|run| run.starts_with("invert")).count(), 1);
}

#[test]
fn siblings_see_the_frames_as_they_were() {
    let outputs = [
        output("a", Group::Main, [step("reverse", "{}")]),
        output("b", Group::Main, [step("repeat", "{}")]),
        output("c", Group::Eager, []),
    ];
    let walk = walked(&outputs, animation(&[1, 2]), &[true; 3]);
    assert_eq!(frames(walk.leaf(0)), [(2, 20), (1, 10)]);
    assert_eq!(frames(walk.leaf(1)), [(1, 10), (2, 20), (1, 10), (2, 20)]);
    assert_eq!(frames(walk.leaf(2)), [(1, 10), (2, 20)]);
}

#[test]
fn named_pictures_become_frames_of_the_same_size_and_format() {
    let images = Images::from_iter(
        [named(5, FULL), named(6, Size { width: 3, height: 4 })]
            .map(|(reference, raster)| (image_key(&reference), Ok(raster))),
    );
    let outputs = [output("a", Group::Main, [step("join", r#"{"image": [{"asset": "5"}, {"asset": "6"}]}"#)])];
    let gray = Raster::new(80, 60, safelight_codec::PixelFormat::Gray8, vec![9; 80 * 60]).unwrap();
    let walk = Walk::with(&outputs, Picture::still(gray), FULL, &images, &[true], &|| false);
    assert_eq!(frames(walk.leaf(0)), [(9, 0), (5, 70), (6, 70)]);
    // Only the smaller one needs the guest; the view tells the size that it has to get.
    assert_eq!(walk.transforms.runs(), ["join 3x4 Rgba8 of 80 x 60 at 0,0 80x60"]);
    let formats: Vec<_> = walk.leaf(0).picture.frames.iter().map(|frame| frame.raster.format()).collect();
    assert_eq!(formats, [safelight_codec::PixelFormat::Rgb8; 3]);
}

#[test]
fn arrangements_over_a_limit_or_against_the_contract_are_refused_before_a_run() {
    let times = |times: u32| step("repeat", &format!(r#"{{"times": {times}}}"#));
    let outputs = [
        output("frames", Group::Main, [step("invert", "{}"), times(11)]),
        output("twice", Group::Main, [times(4), times(3)]),
        output("nothing", Group::Main, [step("nothing", "{}")]),
        output("beyond", Group::Main, [step("beyond", "{}")]),
    ];
    let walk = walked(&outputs, animation(&[1, 2]), &[true; 4]);
    assert_eq!(
        walk.summary(&outputs),
        [
            "frames step 1: image_limit: the result of 'repeat': 22 frames are over the limit of 20",
            "twice step 1: image_limit: the result of 'repeat': 24 frames are over the limit of 20",
            "nothing step 0: plugin_misbehaved: 'nothing' shows no frame",
            "beyond step 0: plugin_misbehaved: 'beyond' shows frame 2 of 2, counted from 0",
        ]
    );
    assert!(walk.transforms.runs().is_empty());
    // Pixels of all frames count where the output keeps them.
    let large = Size { width: 1000, height: 400 };
    let picture = || Picture { frames: vec![still(large).frames[0].clone(); 2], ..still(large) };
    let outputs = [output("a", Group::Main, [times(6)])];
    let expected = "a step 0: image_limit: the result of 'repeat': 12 frames of 1000 x 400 px are over the limit of \
                    4000000 px in all";
    let walk = Walk::with(&outputs, picture(), large, &Images::new(), &[true], &|| false);
    assert_eq!(walk.summary(&outputs), [expected]);
    let walk = Walk::with(&outputs, picture(), large, &Images::new(), &[false], &|| false);
    assert_eq!(walk.summary(&outputs), ["a 1000x400"]);
}

#[test]
fn memory_counts_the_frames_that_there_will_be() {
    let bytes = |times: u32, animated: bool| {
        let outputs = [output("a", Group::Main, [step("repeat", &format!(r#"{{"times": {times}}}"#))])];
        let shape = Shape {
            size: Some(FULL),
            timeline: Some(Timeline { delays_ms: vec![10; 2], loops: Loops::Forever }),
            scalable: false,
        };
        let transforms = FakeTransforms::default();
        let plan = Plan::new(&transforms, &outputs, Some(&Images::new()), shape, LIMITS, &[animated]);
        assert!(plan.failures[0].is_none());
        walk_bytes(&plan, 80 * 60 * 4)
    };
    assert_eq!(bytes(5, true) - bytes(4, true), 2 * 80 * 60 * 4);
    assert_eq!(bytes(5, false), bytes(4, false));
}
