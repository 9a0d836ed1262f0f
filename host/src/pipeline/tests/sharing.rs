use super::*;

#[test]
fn a_shared_beginning_runs_once_and_consecutive_steps_are_one_run() {
    let resize = || step("resize", r#"{"width": 40, "height": 30}"#);
    let outputs = [
        output("a", Group::Main, [resize(), step("invert", "{}"), step("sepia", "{}")]),
        output("b", Group::Main, [resize(), step("crop", r#"{"width": 4, "height": 3}"#)]),
    ];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.summary(&outputs), ["a 40x30", "b 4x3"]);
    assert_eq!(
        walk.transforms.runs(),
        ["resize 80x60 Rgb8", "invert+sepia 40x30 Rgb8", "crop 4x3 Rgb8 of 40 x 30 at 0,0 4x3"]
    );
    assert_eq!(walk.end, Ok(()));
}

#[test]
fn a_path_of_one_plugin_is_one_run_however_long() {
    let crop = |width: u32| step("crop", &format!(r#"{{"width": {width}, "height": 3}}"#));
    let outputs = [output("a", Group::Main, [step("resize", r#"{"width": 40}"#), crop(20), crop(10), crop(5)])];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.transforms.runs(), ["resize+crop+crop+crop 80x60 Rgb8"]);
    let steps = &walk.leaf(0).steps;
    assert_eq!(steps.iter().map(|step| step.ms).collect::<Vec<_>>(), [None, None, None, Some(2.0)]);
    assert_eq!(steps[3].peak_bytes, Some(1000));
    assert_eq!((steps[0].plugin.as_str(), steps[0].digest.as_str()), ("geometry", "digest of geometry"));
}

#[test]
fn an_output_in_mid_path_ends_a_run() {
    let resize = || step("resize", r#"{"width": 40, "height": 30}"#);
    let outputs = [
        output("long", Group::Main, [resize(), step("crop", r#"{"width": 39, "height": 30}"#)]),
        output("short", Group::Main, [resize()]),
        output("source", Group::Main, []),
    ];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.summary(&outputs), ["source 80x60", "short 40x30", "long 39x30"]);
    assert_eq!(walk.transforms.runs(), ["resize 80x60 Rgb8", "crop 40x30 Rgb8"]);
}

#[test]
fn main_outputs_come_first_and_what_they_share_with_eager_ones_runs_once() {
    let resize = || step("resize", r#"{"width": 40, "height": 30}"#);
    let outputs = [
        output("eager", Group::Eager, [resize(), step("invert", "{}")]),
        output("eager-2", Group::Eager, [step("sepia", "{}")]),
        output("main", Group::Main, [resize(), step("sepia", "{}")]),
    ];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.summary(&outputs), ["main 40x30", "eager-2 80x60", "eager 40x30"]);
    assert_eq!(
        walk.transforms.runs(),
        ["resize 80x60 Rgb8", "sepia 40x30 Rgb8", "sepia 80x60 Rgb8", "invert 40x30 Rgb8"]
    );
}

#[test]
fn a_small_region_of_the_source_is_cut_out_before_it_is_handed_over() {
    let crop = step("crop", r#"{"x": 10, "y": 20, "width": 8, "height": 6}"#);
    let outputs = [output("a", Group::Main, [crop])];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.transforms.runs(), ["crop 8x6 Rgb8 of 80 x 60 at 10,20 8x6"]);
}

#[test]
fn a_source_decoded_small_is_handed_over_with_its_full_size() {
    let outputs = [output("a", Group::Main, [step("resize", r#"{"width": 20, "height": 15}"#)])];
    let small = still(Size { width: 40, height: 30 });
    let walk = Walk::with(&outputs, small, FULL, &Images::new(), &[], &|| false);
    assert_eq!(walk.transforms.runs(), ["resize 40x30 Rgb8 of 80 x 60 at 0,0 80x60"]);
    assert_eq!(walk.summary(&outputs), ["a 20x15"]);
}

#[test]
fn analysis_passes_the_picture_on_and_leaves_its_data() {
    let outputs = [output("a", Group::Main, [step("colors", "{}"), step("invert", "{}"), step("colors", "{}")])];
    let source = Arc::new(still(FULL));
    let walk = Walk::of(&outputs, Picture::clone(&source));
    assert_eq!(walk.transforms.runs(), ["colors 80x60 Rgb8", "invert 80x60 Rgb8", "colors 80x60 Rgb8"]);
    assert_eq!(walk.leaf(0).data.len(), 2);
    assert_eq!(walk.leaf(0).data[0], serde_json::json!({"width": 80, "height": 60}));
    assert_eq!(walk.leaf(0).steps.len(), 3);

    let only = [output("a", Group::Main, [step("colors", "{}")])];
    assert_eq!(*Walk::of(&only, Picture::clone(&source)).leaf(0).picture, *source);
}

#[test]
fn a_generator_gets_no_picture() {
    let noise = step("noise", r#"{"width": 5, "height": 4}"#);
    let outputs = [output("a", Group::Main, [noise, step("invert", "{}")])];
    let walk = Walk::of(&outputs, still(FULL));
    assert_eq!(walk.transforms.runs(), ["noise", "invert 5x4 Rgb8"]);
    assert_eq!(walk.summary(&outputs), ["a 5x4"]);
}

#[test]
fn pictures_named_by_parameters_are_handed_over() {
    let overlay = step("overlay", r#"{"image": [{"url": "http://a/"}, {"asset": "b"}]}"#);
    let outputs = [output("a", Group::Main, [overlay])];
    let raster = Arc::new(Raster::filled(2, 2, [0, 0, 0, 255]));
    let references = crate::pipeline::all_image_references(&FakeTransforms::default(), &outputs);
    let mut images = Images::new();
    for reference in &references {
        images.insert(reference.key.clone(), Ok(raster.clone()));
    }
    let walk = Walk::with(&outputs, still(FULL), FULL, &images, &[], &|| false);
    assert_eq!(references.len(), 2);
    // The fake paints how many pictures it got.
    assert_eq!(walk.leaf(0).picture.frames[0].raster.pixels()[0], 2);
}

#[test]
fn a_result_is_freed_when_nothing_needs_it_any_more() {
    let outputs = [
        output("a", Group::Main, [step("resize", r#"{"width": 40}"#), step("invert", "{}")]),
        output("b", Group::Main, [step("resize", r#"{"width": 40}"#), step("sepia", "{}")]),
    ];
    let transforms = FakeTransforms::default();
    let shape = Shape { size: Some(FULL), timeline: Some(Timeline::still()), scalable: false };
    let plan = Plan::new(&transforms, &outputs, Some(&Images::new()), shape, LIMITS, &[]);
    let source = Arc::new(still(FULL));
    let watched = Arc::downgrade(&source);
    let mut alive = Vec::new();
    walk(&transforms, &plan, Some(source), FULL, &|| false, &mut |_, leaf| {
        assert_eq!(Arc::strong_count(&leaf.unwrap().picture), 1);
        alive.push(watched.strong_count());
    })
    .unwrap();
    assert_eq!(alive, [0, 0]);
}

#[test]
fn a_walk_can_be_stopped_between_runs() {
    let outputs = [output("a", Group::Main, [step("invert", "{}")]), output("b", Group::Main, [step("sepia", "{}")])];
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    let walk = Walk::with(&outputs, still(FULL), FULL, &Images::new(), &[], &stop);
    assert_eq!(walk.end, Err(Stopped));
    assert_eq!(walk.summary(&outputs), ["a 80x60"]);
}
