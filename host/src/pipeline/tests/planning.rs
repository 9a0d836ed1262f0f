use super::*;
use crate::pipeline::{Need, plan_outputs, walk_bytes};

fn plan(outputs: &[Output], size: Size) -> Plan {
    let shape = Shape { size: Some(size), timeline: Some(Timeline::still()), scalable: false };
    Plan::new(&FakeTransforms::default(), outputs, Some(&Images::new()), shape, LIMITS, &[])
}

fn resize(width: u32, height: u32) -> crate::job::Step {
    step("resize", &format!(r#"{{"width": {width}, "height": {height}}}"#))
}

fn needs(outputs: &[Output], expected: Need) {
    assert_eq!(plan(outputs, FULL).need, expected);
}

#[test]
fn the_decoder_may_shrink_to_what_all_first_steps_need() {
    let reduced = |width, height| Need::Reduced(Size { width, height });
    let thumb = || output("thumb", Group::Eager, [resize(10, 30)]);
    needs(&[thumb()], reduced(10, 30));
    needs(&[thumb(), output("b", Group::Main, [resize(40, 5)])], reduced(40, 30));
    // What comes after the first step does not matter.
    needs(&[output("b", Group::Main, [resize(40, 5), resize(79, 59)])], reduced(40, 5));
    needs(&[thumb(), output("b", Group::Main, [])], Need::Full);
    needs(&[thumb(), output("b", Group::Main, [step("invert", "{}")])], Need::Full);
    needs(&[thumb(), output("b", Group::Main, [step("colors", "{}"), resize(4, 4)])], Need::Full);
    // What fails or generates needs nothing.
    needs(&[thumb(), output("b", Group::Main, [step("blu3r", "{}")])], reduced(10, 30));
    needs(&[output("b", Group::Main, [step("noise", r#"{"width": 4, "height": 4}"#)])], Need::Nothing);
    needs(&[output("b", Group::Main, [step("refuse", "{}")])], Need::Nothing);
}

#[test]
fn a_dry_run_tells_sizes_and_problems() {
    let outputs = [
        output("source", Group::Main, []),
        output("small", Group::Main, [resize(40, 30), step("invert", "{}")]),
        output("trimmed", Group::Main, [step("trim", "{}"), step("invert", "{}")]),
        output("overlaid", Group::Main, [step("overlay", r#"{"image": {"asset": "logo"}}"#)]),
        output("unknown", Group::Main, [resize(40, 30), step("blu3r", "{}")]),
        output("negative", Group::Main, [step("resize", r#"{"width": -1, "height": -2}"#)]),
    ];
    let transforms = FakeTransforms::default();
    let told = |size: Option<Size>| -> Vec<String> {
        let planned = plan_outputs(&transforms, &outputs, size, LIMITS);
        let line = |output: &crate::pipeline::PlannedOutput| match (&output.failure, output.size) {
            (Some((step, failure)), None) => format!("{} step {step}: {failure}", output.id),
            (None, Some(size)) => format!("{} {size}", output.id),
            (None, None) => format!("{} ?", output.id),
            (Some(_), Some(_)) => unreachable!("a failed output has no size"),
        };
        planned.iter().map(line).collect()
    };
    let problems = [
        "unknown step 1: unknown_transform: Unknown function named 'blu3r'",
        "negative step 0: invalid_params: height is -2, expected 0 or more; width is -1, expected 0 or more",
    ];
    let known = ["source 80 x 60", "small 40 x 30", "trimmed ?", "overlaid ?"];
    assert_eq!(told(Some(FULL)), [&known[..], &problems[..]].concat());
    let unknown = ["source ?", "small ?", "trimmed ?", "overlaid ?"];
    assert_eq!(told(None), [&unknown[..], &problems[..]].concat());
    assert!(transforms.runs().is_empty());
}

#[test]
fn what_cannot_be_known_ahead_is_planned_when_the_size_is_there() {
    let outputs = [output("a", Group::Main, [step("trim", "{}"), step("invert", "{}")])];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.summary(&outputs), ["a 9x1"]);
    assert_eq!(*walk.transforms.plans.lock().unwrap(), ["trim 80 x 60", "invert 9 x 1"]);
}

#[test]
fn memory_grows_with_what_is_held_at_once() {
    let frame = 80 * 60 * 4;
    let bytes = |outputs: &[Output]| walk_bytes(&plan(outputs, FULL), frame);
    let small = 40 * 30 * 4;
    // The guest's copy of the source, twice the result, and the result on our side.
    assert_eq!(bytes(&[output("a", Group::Main, [resize(40, 30)])]), frame + 3 * small);
    // Siblings come one after the other: the dearer one counts.
    let siblings = [output("a", Group::Main, [resize(40, 30)]), output("b", Group::Main, [resize(4, 3)])];
    assert_eq!(bytes(&siblings), frame + 3 * small);
    assert_eq!(bytes(&[output("a", Group::Main, [])]), 0);
    // A result that waits for an eager output while the main ones are made.
    let shared =
        [output("a", Group::Main, [resize(40, 30)]), output("b", Group::Eager, [resize(40, 30), step("invert", "{}")])];
    assert!(bytes(&shared) > frame + 3 * small);
}
