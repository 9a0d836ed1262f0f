use super::*;
use crate::error::{Code, Failure};

#[test]
fn an_unknown_transform_fails_the_outputs_below_it_and_no_others() {
    let outputs = [
        output("a", Group::Main, [step("invert", "{}"), step("blu3r", "{}"), step("sepia", "{}")]),
        output("b", Group::Main, [step("invert", "{}"), step("blu3r", "{}")]),
        output("c", Group::Main, [step("invert", "{}")]),
    ];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(
        walk.summary(&outputs),
        [
            "a step 1: unknown_transform: Unknown function named 'blu3r'",
            "b step 1: unknown_transform: Unknown function named 'blu3r'",
            "c 80x60",
        ]
    );
    assert_eq!(walk.transforms.runs(), ["invert 80x60 Rgb8"]);
}

#[test]
fn nothing_runs_for_an_output_that_is_known_to_fail() {
    let outputs = [output("a", Group::Main, [step("invert", "{}"), step("resize", r#"{"width": -3}"#)])];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.summary(&outputs), ["a step 1: invalid_params: width is -3, expected 0 or more"]);
    assert_eq!(walk.transforms.runs(), [""; 0]);
}

#[test]
fn a_trap_names_its_step_within_the_run_and_siblings_go_on() {
    let outputs = [
        output("a", Group::Main, [step("invert", "{}"), step("slow", "{}"), step("trap", "{}"), step("sepia", "{}")]),
        output("b", Group::Eager, [step("invert", "{}"), step("slow", "{}"), step("trap", "{}")]),
        output("c", Group::Eager, [step("invert", "{}"), step("sepia", "{}")]),
    ];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(
        walk.summary(&outputs),
        ["a step 2: plugin_trapped: unreachable", "b step 2: plugin_trapped: unreachable", "c 80x60"]
    );
    assert_eq!(walk.transforms.runs(), ["invert 80x60 Rgb8", "slow+trap 80x60 Rgb8", "sepia 80x60 Rgb8"]);
}

fn fails(steps: [crate::job::Step; 2], expected: &str) {
    let outputs = [output("a", Group::Main, steps), output("b", Group::Main, [])];
    let walk = Walk::of(&outputs, still(FULL));
    let summary = walk.summary(&outputs);
    assert!(summary.contains(&format!("a {expected}")), "{summary:?}");
    assert!(summary.contains(&"b 80x60".to_owned()), "{summary:?}");
}

#[test]
fn a_result_of_another_size_than_planned_is_the_plugins_fault() {
    fails(
        [step("invert", "{}"), step("lie", "{}")],
        "step 1: plugin_misbehaved: 'lie' promised 80 x 60 px and gave 1 x 1 px",
    );
}

#[test]
fn a_filter_must_give_a_picture() {
    fails([step("invert", "{}"), step("vanish", "{}")], "step 1: plugin_misbehaved: 'vanish' gave no picture");
}

#[test]
fn a_refusal_of_a_step_after_an_unknown_size_comes_when_it_is_its_turn() {
    fails([step("trim", "{}"), step("refuse", "{}")], "step 1: plugin_refused: not today");
}

#[test]
fn a_region_outside_of_the_picture_is_the_plugins_fault() {
    fails(
        [step("invert", "{}"), step("crop", r#"{"x": 75, "y": 1, "width": 10, "height": 1}"#)],
        "step 1: plugin_misbehaved: 'crop' asks for 10 x 1 px at 75,1 of a picture of 80 x 60 px",
    );
}

#[test]
fn a_result_over_the_limit_is_refused_before_anything_runs() {
    fails(
        [step("resize", r#"{"width": 2000, "height": 1000}"#), step("invert", "{}")],
        "step 0: image_limit: the result of 'resize': 2000 x 1000 px is over the limit of 1000000 px",
    );
}

#[test]
fn a_picture_that_could_not_be_had_fails_the_outputs_that_need_it() {
    let outputs = [
        output("a", Group::Main, [step("overlay", r#"{"image": {"url": "http://a/"}}"#)]),
        output("b", Group::Main, []),
    ];
    let mut images = Images::new();
    images.insert(r#"{"url":"http://a/"}"#.to_owned(), Err(Failure::new(Code::SourceNotFound, "404")));
    let walk = Walk::with(&outputs, still(FULL), FULL, &images, &[], &|| false);
    assert_eq!(walk.summary(&outputs), ["a step 0: source_not_found: 404", "b 80x60"]);
}
