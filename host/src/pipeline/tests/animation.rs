use super::*;

fn walked(outputs: &[Output], source: Picture, animated: &[bool]) -> Walk {
    Walk::with(outputs, source, FULL, &Images::new(), animated, &|| false)
}

#[test]
fn every_frame_goes_through_the_steps_and_timing_is_kept() {
    let outputs = [output("a", Group::Main, [step("invert", "{}")])];
    let walk = walked(&outputs, animation(&[1, 2, 3]), &[true]);
    let picture = &walk.leaf(0).picture;
    let frames: Vec<_> = picture.frames.iter().map(|frame| (frame.raster.pixels()[0], frame.delay_ms)).collect();
    assert_eq!(frames, [(254, 10), (253, 20), (252, 30)]);
    assert_eq!(picture.loops, Loops::Times(3));
    assert_eq!(walk.transforms.runs(), ["invert 80x60 Rgb8"; 3]);
    let steps = &walk.leaf(0).steps;
    assert_eq!((steps.len(), steps[0].ms), (1, Some(6.0)));
}

#[test]
fn an_output_that_keeps_one_frame_pays_for_one() {
    let outputs =
        [output("still", Group::Main, [step("invert", "{}")]), output("moving", Group::Main, [step("sepia", "{}")])];
    let walk = walked(&outputs, animation(&[1, 2]), &[false, true]);
    assert_eq!(walk.leaf(0).picture.frames.len(), 1);
    assert_eq!(walk.leaf(0).picture.loops, Loops::Times(1));
    assert_eq!(walk.leaf(1).picture.frames.len(), 2);
    assert_eq!(walk.transforms.runs().len(), 3);
}

#[test]
fn frames_that_come_out_in_different_sizes_are_an_error() {
    let outputs = [output("a", Group::Main, [step("trim", "{}")])];
    let walk = walked(&outputs, animation(&[4, 4, 5]), &[true]);
    assert_eq!(
        walk.summary(&outputs),
        ["a step 0: unsupported_image: the frames of the animation come out in different sizes: \
          the first is 4 x 1 px, number 3 is 5 x 1 px"]
    );
}

#[test]
fn what_analysis_finds_is_of_the_first_frame() {
    let outputs = [output("a", Group::Main, [step("colors", "{}")])];
    let walk = walked(&outputs, animation(&[1, 2]), &[true]);
    assert_eq!(walk.leaf(0).data.len(), 1);
    assert_eq!(*walk.leaf(0).picture, animation(&[1, 2]));
}

#[test]
fn an_animation_can_be_stopped_between_frames() {
    let outputs = [output("a", Group::Main, [step("invert", "{}")])];
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let walk = Walk::with(&outputs, animation(&[1, 2, 3, 4]), FULL, &Images::new(), &[true], &stop);
    assert_eq!(walk.end, Err(Stopped));
    assert_eq!(walk.transforms.runs().len(), 2);
    assert!(walk.told.is_empty());
}
